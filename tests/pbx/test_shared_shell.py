"""The shell functions that the scripts of several PBXs share, in dash with mawk."""

import hashlib
import os
import stat
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from tests.pbx.bad_server import Page, bad_server
from tests.pbx.shell import KEY, TABLE, TOKEN, run_shared, signature_of, table_page

ASKED = "schedule=office"
IN_TIME = "2026-11-22T12:00:00Z"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return the folder in which the table is kept that the golden answers are about."""
    folder = tmp_path / "kept"
    with bad_server("500") as server:
        server.pages["/table/office"] = table_page()
        done = run_shared(server.url, folder, f"bereikbaar_keep_table {ASKED}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


def _answer(folder: Path, now: str, **others: str) -> str:
    """Return what the kept table says, empty where it says nothing and fails."""
    command = f"bereikbaar_table_answer {ASKED} {now}"
    done = run_shared(NOWHERE, folder, command, **others)
    assert (done.returncode == 0) == bool(done.stdout)
    return done.stdout


@pytest.mark.parametrize("text", ["0850000000", "sip:+31 é'\"\\&=%x@y", "", "a\nb", "-n"])
def test_what_is_asked_arrives_as_it_was(tmp_path: Path, text: str) -> None:
    """Whatever a trunk delivers; an option of echo, quotes and ampersands among it."""
    quoted = text.replace("'", "'\\''")
    done = run_shared(NOWHERE, tmp_path, f"bereikbaar_encoded '{quoted}'")
    assert unquote_to_bytes(done.stdout).decode() == text
    assert set(done.stdout) <= set("%0123456789abcdefghijklmnopqrstuvwxyz-")


@pytest.mark.parametrize("body", [b"", b"x", TABLE, bytes(range(256)) * 40], ids=len)
@pytest.mark.parametrize("key", [KEY, "36" * 32, "5c" * 32, "00" * 32])
def test_the_signature_is_an_hmac(tmp_path: Path, body: bytes, key: str) -> None:
    """The same as the library's, also for bytes that become zero in it."""
    (tmp_path / "body").write_bytes(body)
    done = run_shared(NOWHERE, tmp_path, f"bereikbaar_hmac <'{tmp_path}/body'", key=key)
    assert f"v1={done.stdout}" == signature_of(body, key)


@pytest.mark.parametrize(
    ("now", "line"),
    [
        pytest.param("2026-11-22T09:59:59Z", "", id="before it was made"),
        pytest.param("2026-11-22T10:00:00Z", "status=open", id="first second"),
        pytest.param("2026-11-22T15:59:59Z", "status=open", id="last second of the first"),
        pytest.param("2026-11-22T16:00:00Z", "status=closed", id="first second of the second"),
        pytest.param("2026-11-29T09:59:59Z", "status=closed", id="last second"),
        pytest.param("2026-11-29T10:00:00Z", "", id="expired"),
        pytest.param("", "", id="no time"),
        pytest.param("2026-11-22", "", id="a day only"),
    ],
)
def test_a_table_answers_within_its_time(kept: Path, now: str, line: str) -> None:
    """From its first second up to the one in which it expires."""
    assert line in _answer(kept, f"'{now}'").splitlines() or not line
    assert bool(_answer(kept, f"'{now}'")) == bool(line)


def test_an_answer_has_every_field_on_a_line(kept: Path) -> None:
    """Unescaped; what would be a control character is a space."""
    assert _answer(kept, IN_TIME).splitlines() == [
        "from=2026-11-22T10:00:00Z",
        "until=2026-11-22T16:00:00Z",
        "status=open",
        "action=continue",
        "audio=",
        "forward=",
        'schedule_name=Café "Wit" } \\n  !',
    ]


def test_what_is_kept_is_private(kept: Path) -> None:
    """Nobody else reads where calls are forwarded to, and nothing temporary is left."""
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert {path.name for path in kept.iterdir()} == {f"table-{ASKED}", f"table-{ASKED}.tried"}
    assert stat.S_IMODE((kept / f"table-{ASKED}").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"+31612345678", b"+31612345679", id="another forward"),
        pytest.param(b"v1=", b"v1=0", id="another signature"),
        pytest.param(b"v1=", b"v2=", id="another version"),
        pytest.param(b"]}\n", b"", id="last line gone"),
        pytest.param(b"]}\n", b"]}", id="last byte gone"),
        pytest.param(b"]}\n", b"]}\n\n", id="a line more"),
    ],
)
def test_a_table_that_was_altered_answers_nothing(kept: Path, before: bytes, after: bytes) -> None:
    """Its signature no longer fits."""
    file = kept / f"table-{ASKED}"
    assert before in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(before, after))
    assert not _answer(kept, IN_TIME)


@pytest.mark.parametrize("key", ["", "00" * 32, KEY[:-1], f"{KEY}00", "zz" * 32])
def test_without_the_right_key_a_table_answers_nothing(kept: Path, key: str) -> None:
    """Nor with a part of it, nor with none."""
    assert not _answer(kept, IN_TIME, key=key)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(table_page(signature="v1=" + "0" * 64), id="wrongly signed"),
        pytest.param(table_page(signature=signature_of(TABLE, "00" * 32)), id="another key"),
        pytest.param(Page(TABLE), id="not signed"),
        pytest.param(Page(TABLE[:-5], headers=table_page().headers), id="truncated"),
        pytest.param(Page(TABLE, 403, table_page().headers), id="refused"),
        pytest.param(table_page(TABLE + b" " * 5_000_000), id="too long"),
        pytest.param(Page(b""), id="empty"),
        pytest.param(table_page(TABLE.replace(b'"office"', b'"shop"')), id="another schedule's"),
        pytest.param(table_page(TABLE.replace(b"22T10", b"22T09")), id="older"),
    ],
)
def test_only_what_is_right_replaces_a_kept_table(kept: Path, page: Page) -> None:
    """All else leaves it as it was, and nothing beside it."""
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    _make_old(kept)
    with bad_server("500") as server:
        server.pages["/table/office"] = page
        done = run_shared(server.url, kept, f"bereikbaar_keep_table {ASKED}")
    assert done.returncode == 1
    assert done.stderr.startswith("bereikbaar: ")
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before


def test_a_table_is_renewed_after_ten_minutes(kept: Path) -> None:
    """And not before, and a failure isn't tried again at once."""
    with bad_server("500") as server:
        server.pages["/table/office"] = table_page()
        run_shared(server.url, kept, f"bereikbaar_keep_table {ASKED}")
        assert server.requests == []
        _make_old(kept)
        run_shared(server.url, kept, f"bereikbaar_keep_table {ASKED}")
        assert server.requests == ["/table/office"]
        assert server.authorizations == [f"Bearer {TOKEN}"]
        del server.pages["/table/office"]
        _make_old(kept)
        for _ in range(2):
            run_shared(server.url, kept, f"bereikbaar_keep_table {ASKED}")
        assert server.requests == ["/table/office"] * 2


@pytest.mark.parametrize("ahead", [f"table-{ASKED}", f"table-{ASKED}.tried"])
def test_a_clock_that_ran_ahead_stops_no_renewal(kept: Path, ahead: str) -> None:
    """A file of the future isn't young."""
    _make_old(kept)
    os.utime(kept / ahead, (2**32, 2**32))
    with bad_server("500") as server:
        server.pages["/table/office"] = table_page()
        done = run_shared(server.url, kept, f"bereikbaar_keep_table {ASKED}")
        assert (done.returncode, server.requests) == (0, ["/table/office"])


def test_without_openssl_no_table_counts(kept: Path) -> None:
    """One without a hash in its signature either."""
    file = kept / f"table-{ASKED}"
    file.write_bytes(b"v1=\n" + TABLE)
    done = run_shared(
        NOWHERE, kept, f"openssl() {{ return 127; }}; bereikbaar_table_answer {ASKED} {IN_TIME}"
    )
    assert (done.returncode, done.stdout) == (1, "")


def test_a_number_has_a_table_of_its_own(tmp_path: Path) -> None:
    """Asked for by the number, encoded."""
    with bad_server("500") as server:
        server.pages["/table"] = table_page()
        command = "bereikbaar_keep_table did=+31850000000"
        run_shared(server.url, tmp_path, f"{command}; bereikbaar_table_answer did=1 {IN_TIME}")
        assert server.requests == ["/table?did=%2b%33%31%38%35%30%30%30%30%30%30%30"]
    assert (tmp_path / "table-did=+31850000000").exists()


@pytest.mark.parametrize(
    "asked", ["did=../x", "schedule=../x", "schedule=A", "did=", "x", "did=1;"]
)
def test_no_table_is_kept_for_what_is_no_plain_name(tmp_path: Path, asked: str) -> None:
    """Since callers may choose what a trunk delivers."""
    with bad_server("500") as server:
        done = run_shared(server.url, tmp_path / "kept", f"bereikbaar_keep_table '{asked}'")
        assert (done.returncode, server.requests) == (1, [])
    assert list(tmp_path.iterdir()) == []


def test_a_message_is_downloaded_once(tmp_path: Path) -> None:
    """By the hash that is its name."""
    wav = b"RIFF" + bytes(100)
    name = f"{hashlib.sha256(wav).hexdigest()}.wav"
    with bad_server("500") as server:
        server.pages[f"/audio/{name}"] = Page(wav)
        paths = [run_shared(server.url, tmp_path, f"bereikbaar_audio {name}") for _ in range(2)]
        assert server.requests == [f"/audio/{name}"]
    assert {path.stdout for path in paths} == {str(tmp_path / name)}
    assert (tmp_path / name).read_bytes() == wav
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("body", [b"RIFF" + bytes(101), b"short", b"", bytes(11_000_000)], ids=len)
def test_a_message_of_another_hash_is_not_kept(tmp_path: Path, body: bytes) -> None:
    """Nor one that is no recording at all, and nothing is left of it."""
    short = hashlib.sha256(body).hexdigest() if len(body) < 44 else "ab" * 32
    with bad_server("500") as server:
        server.pages[f"/audio/{short}.wav"] = Page(body)
        done = run_shared(server.url, tmp_path, f"bereikbaar_audio {short}.wav")
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (1, "", [])


@pytest.mark.parametrize("name", ["", "x.wav", "../" * 21 + "a.wav", "AB" * 32 + ".wav"])
def test_no_message_is_asked_for_by_another_name(tmp_path: Path, name: str) -> None:
    """A name that is no hash could be a path."""
    with bad_server("500") as server:
        done = run_shared(server.url, tmp_path, f"bereikbaar_audio '{name}'")
        assert (done.returncode, done.stdout, server.requests) == (1, "", [])


def _make_old(folder: Path) -> None:
    """Let what is kept be very old."""
    for path in folder.iterdir():
        os.utime(path, (0, 0))
