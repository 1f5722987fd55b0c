"""Bundles: `schedule export --bundle`, and `apply` of a ZIP file."""

import os
import sqlite3
import unicodedata
import zipfile
from collections.abc import Mapping
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pytest

from tests.cli.command_line import CommandLine, document, recording, wav

SOUND = wav(0.5, peak=0.02)
DIGEST = sha256(SOUND).hexdigest()
GONE = "ab" * 32
NIGHT = "00:00-24:00 closed audio=gesloten"
Members = Mapping[str, str | bytes]
AUDIO = f"{{gesloten: {{name: Gesloten, sha256: {DIGEST}}}}}"


def pack(name: str, members: Members) -> str:
    """Write a ZIP file as a person would make it, and return its name."""
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as bundle:
        for member, content in members.items():
            bundle.writestr(member, content)
    return name


@pytest.fixture
def stored(cli: CommandLine) -> CommandLine:
    """Have two schedules that share a stored message, which is softer than intake would make it."""
    master = f"audio/{DIGEST}.wav"
    members: dict[str, str | bytes] = {
        "a.yaml": document("winkel", NIGHT, audio=AUDIO),
        master: SOUND,
    }
    members["b.yaml"] = document("filiaal", NIGHT, audio=AUDIO, numbers='["+31850000001"]')
    cli("apply", pack("begin.zip", members))
    assert cli.messages() == {DIGEST: SOUND}
    return cli


def test_a_bundle_goes_to_another_machine_and_back(stored: CommandLine) -> None:
    """Documents and messages arrive as they were; a second time nothing changes."""
    result = stored("schedule", "export", "--all", "--bundle", "alles.zip")
    assert result.stdout == (
        "filiaal: revision 1 in alles.zip/filiaal.yaml\n"
        "winkel: revision 1 in alles.zip/winkel.yaml\n"
    )
    exported = [stored("schedule", "export", one).stdout for one in ("winkel", "filiaal")]
    stored("--data-dir", "elders", "apply", "alles.zip")
    arrived = [
        stored("--data-dir", "elders", "schedule", "export", one).stdout
        for one in ("winkel", "filiaal")
    ]
    assert arrived == exported
    assert Path(f"elders/audio/{DIGEST}.wav").read_bytes() == SOUND
    again = stored("--data-dir", "elders", "apply", "alles.zip")
    assert again.stderr == "2 unchanged\n"


def test_the_same_schedules_give_the_same_bundle(stored: CommandLine) -> None:
    """Byte for byte, in whatever order they are named; each message is in it once."""
    stored("schedule", "export", "--all", "--bundle", "een.zip")
    stored("schedule", "export", "winkel", "filiaal", "--bundle", "twee.zip")
    assert Path("een.zip").read_bytes() == Path("twee.zip").read_bytes()
    with zipfile.ZipFile("een.zip") as bundle:
        assert bundle.namelist() == ["filiaal.yaml", "winkel.yaml", f"audio/{DIGEST}.wav"]
        assert {member.date_time for member in bundle.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_bundle_of_json_for_a_program(stored: CommandLine) -> None:
    """The answer names each document in it."""
    told = stored.json(*("schedule", "export", "winkel", "--bundle", "x.zip", "--format", "json"))
    written = {"schedule": "winkel", "revision": 1, "file": "x.zip/winkel.json"}
    assert told == {"written": [written], "failed": []}
    assert stored("apply", "x.zip").stderr == "1 unchanged\n"


@pytest.mark.parametrize("bad", [None, b"x"], ids=["missing", "damaged"])
def test_messages_that_are_not_whole_are_told_and_left_out(
    stored: CommandLine, bad: bytes | None
) -> None:
    """The documents are in the bundle all the same, and the exit code is 1."""
    path = stored.folder / "data" / "audio" / f"{DIGEST}.wav"
    path.unlink() if bad is None else path.write_bytes(bad)
    result = stored("schedule", "export", "winkel", "--bundle", "x.zip", code=1)
    assert result.stderr.startswith(f"Error: winkel: gesloten: message {DIGEST} is ")
    assert result.stderr.endswith("1 written, 1 failed\n")
    with zipfile.ZipFile("x.zip") as bundle:
        assert bundle.namelist() == ["winkel.yaml"]
    assert stored("apply", "x.zip").stderr == "1 unchanged\n"
    told = stored.json("schedule", "export", "winkel", "--bundle", "x.zip", code=1)
    assert (told["failed"][0]["schedule"], told["failed"][0]["message"]) == ("winkel", "gesloten")
    stored("apply", "begin.zip")
    assert stored.messages() == {DIGEST: SOUND}


def test_schedules_that_are_not_there_are_left_out(stored: CommandLine) -> None:
    """Where none is left, an earlier bundle stays as it is."""
    stored.write("x.zip", "oud")
    stored("schedule", "export", "wnkel", "--bundle", "x.zip", code=1)
    assert Path("x.zip").read_text() == "oud"
    result = stored("schedule", "export", "wnkel", "winkel", "--bundle", "x.zip", code=1)
    assert "did you mean winkel?" in result.stderr
    with zipfile.ZipFile("x.zip") as bundle:
        assert bundle.namelist()[0] == "winkel.yaml"


def test_a_damaged_schedule_holds_up_no_other(stored: CommandLine) -> None:
    """It is told and left out."""
    with closing(sqlite3.connect("data/bereikbaar.db")) as db, db:
        db.execute("DROP TRIGGER revisions_are_never_rewritten")
        db.execute("UPDATE revisions SET document = '{}' WHERE schedule_id = 'filiaal'")
    result = stored("schedule", "export", "winkel", "filiaal", "--bundle", "x.zip", code=1)
    assert result.stdout == "winkel: revision 1 in x.zip/winkel.yaml\n"
    assert "filiaal" in result.stderr
    with zipfile.ZipFile("x.zip") as bundle:
        assert bundle.namelist() == ["winkel.yaml", f"audio/{DIGEST}.wav"]


def test_a_bundle_is_replaced_whole_or_not_at_all(
    stored: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that would be too large to apply is refused, and the earlier one stays."""
    stored.write("x.zip", "oud")
    monkeypatch.setattr("admin_cli.bundle_export.MAX_BUNDLE_BYTES", 5_000)
    result = stored("schedule", "export", "winkel", "--bundle", "x.zip", code=1)
    assert "would be more than 5,000 bytes long; export fewer schedules" in result.stderr
    monkeypatch.setattr("admin_cli.bundle_export.MAX_MEMBERS", 1)
    result = stored("schedule", "export", "winkel", "--bundle", "x.zip", code=1)
    assert "would hold 2 files; export fewer schedules" in result.stderr
    assert Path("x.zip").read_text() == "oud"
    assert not list(stored.folder.glob(".x.zip*"))


@pytest.mark.parametrize(("packed", "written"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_with_accents_as_a_mac_packs_them(
    cli: CommandLine, packed: Literal["NFC", "NFD"], written: Literal["NFC", "NFD"]
) -> None:
    """An é is one character in a document and two in the ZIP file, or the other way round."""
    audio = unicodedata.normalize(written, "{a: {name: A, file: geluid/café.wav}}")
    member = unicodedata.normalize(packed, "geluid/café.wav")
    cli("apply", pack("x.zip", {"a.yaml": document("winkel", audio=audio), member: SOUND}))
    assert len(cli.messages()) == 1


@pytest.mark.parametrize(
    "packed", [pytest.param("é".encode(), id="utf-8"), pytest.param(b"\x82", id="old-pc")]
)
def test_names_with_accents_that_nothing_says_how_to_read(cli: CommandLine, packed: bytes) -> None:
    """UTF-8 without the flag for it, as many programs pack, and what a PC wrote before Unicode."""
    audio = "{a: {name: A, file: café.wav}}"
    stand_in = b"caf" + b"#" * len(packed)
    name = pack(
        "x.zip", {"a.yaml": document("winkel", audio=audio), f"{stand_in.decode()}.wav": SOUND}
    )
    data = (cli.folder / name).read_bytes()
    assert data.count(stand_in) == 2
    cli.write(name, data.replace(stand_in, b"caf" + packed))
    cli("apply", name)
    assert len(cli.messages()) == 1


def test_a_bundle_is_called_what_apply_takes(stored: CommandLine) -> None:
    """Without .zip at its end, `apply` would read it as a document."""
    result = stored("schedule", "export", "winkel", "--bundle", "uit.bundle", code=2)
    assert "call it uit.bundle.zip" in result.stderr
    assert not Path("uit.bundle").exists()
    stored("schedule", "export", "winkel", "--bundle", "UIT.ZIP")
    assert stored("apply", "UIT.ZIP").stderr == "1 unchanged\n"


def test_a_bundle_never_takes_the_place_of_a_device(stored: CommandLine) -> None:
    """As root a rename would do that: it is refused, and the pipe is there still."""
    os.mkfifo("pijp.zip")
    result = stored("schedule", "export", "winkel", "--bundle", "pijp.zip", code=1)
    assert "pijp.zip is not a regular file; name another file" in result.stderr
    assert Path("pijp.zip").is_fifo()


def test_what_a_killed_export_left_behind_is_in_nobody_s_way(stored: CommandLine) -> None:
    """In a container every run may have the same process id."""
    Path(f".x.zip.{os.getpid()}").write_text("half")
    stored("schedule", "export", "winkel", "--bundle", "x.zip")
    assert stored("apply", "x.zip").stderr == "1 unchanged\n"


def test_output_and_bundle_are_two_ways(stored: CommandLine) -> None:
    """Giving both is wrong usage."""
    both = ("--output", "uit", "--bundle", "x.zip")
    result = stored("schedule", "export", "winkel", *both, code=2)
    assert "give either --output or --bundle" in result.stderr


def test_files_of_a_bundle_are_relative_to_its_documents(cli: CommandLine) -> None:
    """At any depth; folders and what a Mac adds are passed over, and so is what is not named."""
    audio = "{a: {name: A, file: geluid/opname.wav}}"
    members: Members = {
        "map/": "",
        "map/winkel.yml": document("winkel", audio=audio),
        "map/geluid/opname.wav": recording(),
        "__MACOSX/map/._winkel.yml": b"\0\5\x16\7",
        ".DS_Store": b"\0",
        "lees mij.txt": "Hallo",
        "audio/ongebruikt.wav": b"geen geluid",
    }
    result = cli("apply", pack("bundle.zip", members), "--dry-run")
    assert cli.messages() == {}
    result = cli("apply", "bundle.zip")
    assert result.stderr.splitlines()[0].startswith("geluid/opname.wav: PCM 16 bit, 16,000 Hz")
    assert len(cli.messages()) == 1
    assert cli.json("apply", "bundle.zip")["schedules"][0]["file"] == "bundle.zip/map/winkel.yml"


def test_a_bundle_beside_other_files(cli: CommandLine) -> None:
    """All are one transaction; a schedule that is in two of them is refused."""
    cli.write("winkel.yaml", document("winkel"))
    pack("bundle.zip", {"w.yaml": document("winkel"), "f.yaml": document("filiaal")})
    result = cli("apply", "winkel.yaml", "bundle.zip", code=1)
    assert result.stderr == (
        "bundle.zip/w.yaml: id: winkel is in winkel.yaml as well; apply one of the two\n"
    )
    cli("apply", cli.write("winkel.yaml", document("kantoor")), "bundle.zip")
    assert set(cli.revisions()) == {"kantoor", "winkel", "filiaal"}


def test_diff_reads_the_document_of_a_bundle(stored: CommandLine) -> None:
    """That of the schedule asked about, with the messages beside it."""
    other = SOUND[:44] + bytes(reversed(SOUND[44:]))
    digest = sha256(other).hexdigest()
    audio = f"{{gesloten: {{name: Gesloten, sha256: {digest}}}}}"
    members: dict[str, str | bytes] = {
        "a.yaml": document("filiaal"),
        "b.yaml": document("winkel", NIGHT, audio=audio),
    }
    pack("nieuw.zip", members | {f"audio/{digest}.wav": other})
    told = stored.json("diff", "winkel", "--file", "nieuw.zip")
    assert told["document"] == ["audio: gesloten changed"]
    assert {one["after"]["error"] for one in told["differences"]} == {""}
    result = stored("diff", "kantoor", "--file", "nieuw.zip", code=1)
    assert "there is no schedule 'kantoor'" in result.stderr


def test_a_bundle_that_is_refused_is_told_with_the_faults_of_other_files(cli: CommandLine) -> None:
    """Every fault at once, and nothing of it is saved."""
    pack("kwaad.zip", {"goed.yaml": document("winkel"), "../a.yaml": document("filiaal")})
    result = cli("apply", "kwaad.zip", cli.write("w.yaml", document("ander", pbx="4cx")), code=1)
    assert result.stderr.splitlines()[0] == (
        "kwaad.zip: holds '../a.yaml', which leads out of it; name files by paths inside the ZIP "
        "file, with /"
    )
    assert result.stderr.splitlines()[1].startswith("w.yaml:3: pbx: ")
    assert cli.rows() == {}


@pytest.mark.parametrize(
    ("members", "place", "problem"),
    [
        pytest.param({}, "", "holds no documents; put YAML or JSON", id="empty"),
        pytest.param(
            {"w.yaml": document("winkel", pbx="4cx")}, "/w.yaml:3: pbx", "'4cx'", id="document"
        ),
        pytest.param(
            {"w.yaml": document("winkel", audio="{a: {name: A, file: weg.wav}}")},
            "/w.yaml:4: audio.a.file",
            "weg.wav is not in the bundle; put it in, or correct the path",
            id="file-not-there",
        ),
        pytest.param(
            {"map/w.yaml": document("winkel", audio="{a: {name: A, file: ../a.wav}}")},
            "/map/w.yaml:4: audio.a.file",
            "'../a.wav' leads out of the document's folder; put the WAV file beside",
            id="file-outside",
        ),
        pytest.param(
            {"w.yaml": document("winkel", audio="{a: {name: A, file: /etc/hostname}}")},
            "/w.yaml:4: audio.a.file",
            "'/etc/hostname' leads out of the document's folder",
            id="file-of-this-machine",
        ),
        pytest.param(
            {
                "w.yaml": document("winkel", audio="{a: {name: A, file: a.wav}}"),
                "a.wav": b"ID3\3\0\0\0",
            },
            "/w.yaml:4: audio.a.file",
            "a.wav is an MP3; convert it",
            id="not-a-wav",
        ),
        pytest.param(
            {"w.yaml": document("winkel", audio=AUDIO), f"audio/{DIGEST}.wav": wav()},
            "/w.yaml:4: audio.gesloten.sha256",
            f"audio/{DIGEST}.wav has other bytes than its name says; export the bundle again",
            id="other-bytes",
        ),
        pytest.param(
            {
                "w.yaml": document(
                    "winkel",
                    audio=f"{{a: {{name: A, sha256: {sha256(recording()).hexdigest()}}}}}",
                ),
                f"audio/{sha256(recording()).hexdigest()}.wav": recording(),
            },
            "/w.yaml:4: audio.a.sha256",
            ".wav is PCM, 2 channel(s), 16000 Hz",
            id="not-a-master",
        ),
        pytest.param(
            {"w.yaml": b"#" * (4 * 1024 * 1024 + 1)},
            "/w.yaml",
            "is more than 4,194,304 bytes long, unpacked",
            id="document-that-is-a-bomb",
        ),
        pytest.param(
            {
                "w.yaml": document("winkel", audio="{a: {name: A, file: a.wav}}"),
                "a.wav": bytes(10 * 1024 * 1024 + 1),
            },
            "/w.yaml:4: audio.a.file",
            "a.wav is more than 10,485,760 bytes long, unpacked",
            id="message-that-is-a-bomb",
        ),
    ],
)
def test_faults_in_a_bundle_are_told_with_their_place(
    cli: CommandLine, members: Members, place: str, problem: str
) -> None:
    """The bundle, the document in it, its line; nothing is saved or stored."""
    result = cli("apply", pack("bundle.zip", members), code=1)
    assert result.stderr.startswith(f"bundle.zip{place}: ")
    assert problem in result.stderr
    assert (cli.rows(), cli.messages()) == ({}, {})
