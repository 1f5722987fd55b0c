"""`bereikbaar audio`: list, rename, remove, import-from and export."""

import struct
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, document, wav

LOUD, SOFT = wav(0.5), wav(1.0, peak=0.05)
SHA_LOUD, SHA_SOFT = (sha256(one).hexdigest() for one in (LOUD, SOFT))
SHA_GONE = "ab" * 32
AUDIO = (
    f"{{gesloten: {{name: Gesloten, sha256: {SHA_LOUD}}}, pauze: {{name: Pauze, sha256: "
    f"{SHA_SOFT}}}, weg: {{name: Weg, sha256: {SHA_GONE}}}}}"
)
NIGHT = "00:00-24:00 closed audio=gesloten"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@pytest.fixture
def winkel(cli: CommandLine) -> CommandLine:
    """Have a shop with two messages that are stored and one that is not, and an empty branch."""
    folder = cli.folder / "data" / "audio"
    folder.mkdir(parents=True)
    for one in (LOUD, SOFT):
        (folder / f"{sha256(one).hexdigest()}.wav").write_bytes(one)
    cli.apply(document("winkel", NIGHT, audio=AUDIO), document("filiaal"))
    return cli


def names_of(cli: CommandLine, schedule_id: str = "winkel") -> dict[str, str]:
    """Return the name of each message by its id."""
    listed = cli.json("audio", "list", schedule_id)["messages"]
    return {one["id"]: one["name"] for one in listed}


def test_the_list_tells_length_size_uses_and_shape(winkel: CommandLine) -> None:
    """A message that is missing stands among the others, and is told with its remedy."""
    result = winkel("audio", "list", "winkel")
    full, soft = "\u2582" * 32, "\u2581" * 32
    assert result.stdout == (
        "ID        NAME      DURATION  SIZE   USES  WAVEFORM\n"
        f"gesloten  Gesloten  0.5 s     8 kB   7     {full}\n"
        f"pauze     Pauze     1.0 s     16 kB  0     {soft}\n"
        "weg       Weg       -         -      0     missing\n"
    )
    assert result.stderr == (
        f"Warning: weg: message {SHA_GONE} is not stored here; add it again, or restore a backup\n"
    )


def test_the_list_for_a_program(winkel: CommandLine) -> None:
    """Every field is there, `null` where nothing is known."""
    listed = winkel.json("audio", "list", "winkel")
    assert (listed["schedule"], listed["revision"]) == ("winkel", 1)
    assert listed["messages"][0] == {
        "id": "gesloten",
        "name": "Gesloten",
        "sha256": SHA_LOUD,
        "uses": [f"week.{day}[0]" for day in DAYS],
        "state": "stored",
        "seconds": 0.5,
        "bytes": 8_044,
        "peaks": [14] * 32,
        "problem": None,
        "remedy": None,
    }
    gone = listed["messages"][2]
    assert (gone["state"], gone["seconds"], gone["peaks"]) == ("missing", None, None)
    assert gone["remedy"] == "add it again, or restore a backup"


def test_a_damaged_message_is_told(winkel: CommandLine) -> None:
    """One byte more is enough: what is there is not what the schedule names."""
    path = winkel.folder / "data" / "audio" / f"{SHA_LOUD}.wav"
    path.write_bytes(LOUD + b"\0")
    result = winkel("audio", "list", "winkel")
    assert "\ngesloten  Gesloten  -         -      7     damaged\n" in result.stdout
    assert f"Warning: gesloten: message {SHA_LOUD} is damaged: " in result.stderr
    assert winkel.json("audio", "list", "winkel")["messages"][0]["state"] == "damaged"


def test_a_schedule_without_messages(winkel: CommandLine) -> None:
    """An empty list is said to be empty."""
    assert winkel("audio", "list", "filiaal").stderr == "filiaal has no messages\n"


def test_a_new_name_holds_everywhere(winkel: CommandLine) -> None:
    """The id, the sound and the uses stay."""
    result = winkel("audio", "rename", "winkel", "gesloten", "Wij zijn dicht")
    assert result.stdout.startswith("winkel: changed, revision 2\n  audio: gesloten changed\n")
    first = winkel.json("audio", "list", "winkel")["messages"][0]
    assert (first["name"], first["sha256"], len(first["uses"])) == ("Wij zijn dicht", SHA_LOUD, 7)
    summary = winkel.json("schedule", "show", "winkel")["summary"]
    assert summary == "message gesloten renamed to Wij zijn dicht"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ("rename", "winkel", "pauze", "GESLOTEN"),
            "audio.pauze.name: is the name of gesloten already; give another name",
            id="name-taken",
        ),
        pytest.param(
            ("rename", "winkel", "geslotn", "X"),
            "Error: winkel has no message 'geslotn'; did you mean gesloten?",
            id="misspelt",
        ),
        pytest.param(
            ("remove", "winkel", "q"),
            "Error: winkel has no message 'q'; see `audio list`",
            id="not-there",
        ),
        pytest.param(
            ("export", "winkel", "q", "gesloten", "z", "--output", "uit"),
            "Error: winkel has no message 'q'; see `audio list`\nError: winkel has no message 'z'",
            id="export-of-some-not-there",
        ),
        pytest.param(
            ("import-from", "winkel", "filiaal", "--only", "Geslotn"),
            "Error: there is no 'Geslotn' among them; did you mean gesloten?",
            id="choice-not-there",
        ),
    ],
)
def test_what_is_refused_changes_nothing(
    winkel: CommandLine, arguments: tuple[str, ...], message: str
) -> None:
    """Every fault is told with its remedy, and the store stays as it was."""
    before = winkel.rows()
    assert winkel("audio", *arguments, code=1).stderr.startswith(message)
    assert winkel.rows() == before
    assert not (winkel.folder / "uit").exists()


def test_remove_tells_every_use_and_clears_them(winkel: CommandLine) -> None:
    """In this schedule alone: another one keeps the message, and its bytes stay stored."""
    winkel("audio", "import-from", "winkel", "filiaal", "--only", "gesloten")
    result = winkel("audio", "remove", "winkel", "gesloten")
    uses = [f"  week.{day}[0]: {NIGHT}" for day in DAYS]
    assert result.stderr.splitlines() == ["gesloten is cleared from:", *uses]
    assert "gesloten" not in winkel("schedule", "export", "winkel").stdout
    assert names_of(winkel, "filiaal") == {"gesloten": "Gesloten"}
    assert winkel.messages()[SHA_LOUD] == LOUD


def test_remove_asks_at_a_terminal(winkel: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the uses were listed; `--yes` answers for the person."""
    monkeypatch.setattr("admin_cli.target_removal.is_at_terminal", lambda: True)
    result = winkel("audio", "remove", "winkel", "pauze", code=1, stdin=b"n\n")
    assert result.stderr.startswith("nothing uses pauze\nRemove message pauze?")
    assert "pauze" in names_of(winkel)
    winkel("audio", "remove", "winkel", "pauze", "--yes")
    assert "pauze" not in names_of(winkel)


def test_messages_of_another_schedule(winkel: CommandLine) -> None:
    """Each gets a verdict; one that is refused holds up no other, and makes the exit code 3."""
    audio = f"{{dicht: {{name: gesloten, sha256: {SHA_SOFT}}}}}"
    winkel.apply(document("filiaal", audio=audio))
    result = winkel("audio", "import-from", "winkel", "filiaal", code=3)
    assert result.stdout.endswith(
        "SOURCE    NAME      VERDICT  MESSAGE OR REASON\n"
        "gesloten  Gesloten  refused  message dicht has this name, and another sound; "
        "`audio rename` one of the two first\n"
        "pauze     Pauze     taken    pauze\n"
        "weg       Weg       taken    weg\n"
    )
    assert result.stderr == "2 taken, 1 refused\n"
    told = winkel.json("audio", "import-from", "winkel", "filiaal", "--only", "PAUZE")
    assert told["origin"] == {"schedule": "winkel"}
    assert told["counts"] == {"taken": 0, "present": 1, "refused": 0, "not-chosen": 2}
    assert told["rows"][1] == {
        "source": "pauze",
        "name": "Pauze",
        "sha256": SHA_SOFT,
        "verdict": "present",
        "message": "pauze",
        "faults": [],
    }


def test_export_writes_what_can_be_written(winkel: CommandLine) -> None:
    """A message that is missing or damaged is told, and holds up no other."""
    (winkel.folder / "data" / "audio" / f"{SHA_SOFT}.wav").write_bytes(SOFT[:-2])
    result = winkel("audio", "export", "winkel", "--output", "uit", code=1)
    assert result.stdout == "gesloten: uit/gesloten.wav\n"
    assert f"Error: pauze: message {SHA_SOFT} is damaged: " in result.stderr
    assert f"Error: weg: message {SHA_GONE} is not stored here; " in result.stderr
    assert result.stderr.endswith("1 written, 2 failed\n")
    assert Path("uit/gesloten.wav").read_bytes() == LOUD
    assert [path.name for path in Path("uit").iterdir()] == ["gesloten.wav"]


def test_export_of_one_message_into_a_file(winkel: CommandLine) -> None:
    """A file that is there is replaced whole."""
    winkel.write("dicht.wav", "oud")
    told = winkel.json("audio", "export", "winkel", "gesloten", "--output", "dicht.wav")
    written = {"message": "gesloten", "name": "Gesloten", "file": "dicht.wav", "bytes": 8_044}
    assert told == {"schedule": "winkel", "written": [written], "failed": []}
    assert Path("dicht.wav").read_bytes() == LOUD


@pytest.mark.parametrize(
    ("encoding", "form"),
    [
        pytest.param("alaw", (6, 1, 8_000, 8), id="alaw"),
        pytest.param("ulaw", (7, 1, 8_000, 8), id="ulaw"),
        pytest.param("pcm16k", (1, 1, 16_000, 16), id="pcm16k"),
    ],
)
def test_export_in_another_encoding(
    winkel: CommandLine, encoding: str, form: tuple[int, ...]
) -> None:
    """The file says the form that was asked for."""
    winkel("audio", "export", "winkel", "gesloten", "--output", "x.wav", "--encoding", encoding)
    data = Path("x.wav").read_bytes()
    code, channels, rate = struct.unpack_from("<HHI", data, 20)
    (bits,) = struct.unpack_from("<H", data, 34)
    assert (code, channels, rate, bits) == form
