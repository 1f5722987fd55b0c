"""ZIP files that were not made by somebody who means well."""

import os
import struct
import warnings
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from admin_cli import bundles
from admin_cli.bundles import Bundle
from schedules.errors import FaultyValueError

_LISTED = struct.Struct("<4s6H3L5H2L")


def pack(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes], method: int = 8) -> Path:
    """Write a ZIP file with these members, be they allowed or not."""
    with zipfile.ZipFile(path, "w", method) as packed, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for name, content in members:
            packed.writestr(name, content)
    return path


def refused(path: Path) -> list[str]:
    """Return what keeps a ZIP file from being opened."""
    with pytest.raises(FaultyValueError) as error:
        Bundle(path)
    return [f"{problem}; {remedy}" for problem, remedy in error.value.faults]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param("../a.yaml", "holds '../a.yaml', which leads out of it", id="dots"),
        pytest.param("b/../../a.yaml", "which leads out of it", id="dots-within"),
        pytest.param("/etc/a.yaml", "which leads out of it", id="absolute"),
        pytest.param("C:\\a.yaml", "which has a backslash in its name", id="windows"),
        pytest.param("C:/a.yaml", "which leads out of it", id="drive"),
        pytest.param("a\n\x1b[2J.yaml", "which can't be printed; rename it", id="not-printable"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str, problem: str) -> None:
    """Though nothing is ever unpacked to disk; what is told is fit for a terminal."""
    (told,) = refused(pack(tmp_path / "x.zip", ("goed.yaml", b"x"), (name, b"x")))
    assert problem in told
    assert told.isprintable()


def test_every_fault_is_told(tmp_path: Path) -> None:
    """Names twice, links and odd compression, all at once."""
    link = zipfile.ZipInfo("koppeling.wav")
    link.external_attr = 0o120777 << 16
    twice = ("a.yaml", b"x")
    path = pack(tmp_path / "x.zip", twice, twice, (link, b"/etc/passwd"), method=zipfile.ZIP_LZMA)
    assert [told.partition(";")[0] for told in refused(path)] == [
        "holds 'a.yaml' 2 times",
        "holds 'a.yaml', which is compressed in an unusual way",
        "holds 'a.yaml', which is compressed in an unusual way",
        "holds 'koppeling.wav', which is a link",
    ]


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    """Its flag says so, in the listing at the end."""
    path = pack(tmp_path / "x.zip", ("a.yaml", b"x"))
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    assert refused(path) == [
        "holds 'a.yaml', which is encrypted; make the ZIP file without a password"
    ]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        pytest.param(lambda _: b"", "is not a ZIP file", id="empty"),
        pytest.param(lambda _: b"id: winkel\n", "is not a ZIP file", id="text"),
        pytest.param(lambda data: data[:-1], "isn't whole", id="cut-off"),
        pytest.param(lambda data: data + b"x", "has a comment at its end", id="something-behind"),
        pytest.param(
            lambda data: data.replace(b"PK\1\2", b"PK\1\3"),
            "is not a whole ZIP file: ",
            id="listing-that-is-none",
        ),
        pytest.param(
            lambda data: data[:-22] + struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1) + data[-22:],
            "is a ZIP file of the large kind",
            id="large-kind",
        ),
        pytest.param(
            lambda data: data[:-12] + b"\xff\xff\xff\0" + data[-8:],
            "holds more than 50,000 files, or long names",
            id="listing-of-16-mib",
        ),
        pytest.param(
            lambda data: data[:-14] + b"\xff\xff\xff\xff" + data[-10:],
            "holds more than 50,000 files",
            id="too-many",
        ),
    ],
)
def test_what_is_no_whole_zip_file_is_refused(tmp_path: Path, damage: object, problem: str) -> None:
    """Before its listing is read into memory."""
    assert callable(damage)
    path = pack(tmp_path / "x.zip", ("a.yaml", os.urandom(200)))
    path.write_bytes(damage(path.read_bytes()))
    assert problem in refused(path)[0]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, a pipe, something that isn't there, a file that is too large."""
    (tmp_path / "map.zip").mkdir()
    os.mkfifo(tmp_path / "pijp.zip")
    with (tmp_path / "groot.zip").open("wb") as file:
        file.truncate(bundles.MAX_BUNDLE_BYTES + 1)
    for name, problem in (
        ("map.zip", "is a folder; name the documents in it"),
        ("pijp.zip", "is not a regular file"),
        ("weg.zip", "is not there; check the path"),
        ("groot.zip", "is 2,147,483,649 bytes long"),
    ):
        assert refused(tmp_path / name)[0].startswith(problem)


def lie_about_size(path: Path, size: int) -> None:
    """Have the listing say another unpacked size of the one member."""
    data = path.read_bytes()
    at = data.index(b"PK\1\2")
    fields = list(_LISTED.unpack_from(data, at))
    fields[9] = size
    path.write_bytes(data[:at] + _LISTED.pack(*fields) + data[at + _LISTED.size :])


@pytest.mark.parametrize("said", [10, 1_000, 100_000_000])
def test_a_bomb_is_read_no_further_than_its_limit(tmp_path: Path, said: int) -> None:
    """Whatever it says of its size: too large, or not what it says."""
    path = pack(tmp_path / "x.zip", ("a.yaml", bytes(100_000_000)))
    lie_about_size(path, said)
    with closing(Bundle(path)) as bundle, pytest.raises(FaultyValueError) as error:
        bundle.read("a.yaml", 1_000)
    assert str(error.value).startswith(("is more than 1,000 bytes long", "can't be unpacked: "))


def test_all_members_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members may share their bytes, so that a small file holds very much."""
    monkeypatch.setattr(bundles, "MAX_TOTAL_BYTES", 2_500)
    path = pack(tmp_path / "x.zip", *((f"{n}.yaml", bytes(1_000)) for n in range(3)))
    with closing(Bundle(path)) as bundle:
        assert [len(bundle.read(f"{n}.yaml", 1_000)) for n in range(2)] == [1_000, 1_000]
        with pytest.raises(FaultyValueError, match="over 2,500 bytes, unpacked"):
            bundle.read("2.yaml", 1_000)


def test_more_members_than_it_says_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record at the end says one, and the listing has three."""
    monkeypatch.setattr(bundles, "MAX_MEMBERS", 2)
    path = pack(tmp_path / "x.zip", *((f"{n}.yaml", b"x") for n in range(3)))
    data = path.read_bytes()
    path.write_bytes(data[:-14] + b"\1\0\1\0" + data[-10:])
    assert "make several bundles" in refused(path)[0]


def test_changed_bytes_are_noticed(tmp_path: Path) -> None:
    """A member whose checksum differs is refused."""
    path = pack(tmp_path / "x.zip", ("a.yaml", b"id: winkel"), method=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"winkel", b"wankel"))
    with (
        closing(Bundle(path)) as bundle,
        pytest.raises(FaultyValueError, match="can't be unpacked: Bad"),
    ):
        bundle.read("a.yaml", 1_000)
