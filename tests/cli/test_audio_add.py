"""`bereikbaar audio add`: a WAV file becomes a message."""

import unicodedata
from hashlib import sha256

import pytest

from admin_cli.audio_add import name_of_file
from schedules.errors import FaultyValueError
from tests.cli.command_line import CommandLine, document, recording, wav

LEVELLED = (
    "PCM 16 bit, 16,000 Hz, stereo, 0.5 s; level \N{MINUS SIGN}40.0 \N{RIGHTWARDS ARROW} "
    "\N{MINUS SIGN}20.0 LUFS\n"
)


@pytest.fixture
def two(cli: CommandLine) -> CommandLine:
    """Have two schedules without messages, and a recording."""
    cli.apply(document("filiaal"), document("winkel"))
    cli.write("welkom.wav", recording())
    return cli


def messages_of(cli: CommandLine, schedule_id: str) -> dict[str, tuple[str, str]]:
    """Return name and hash of each message by its id."""
    audio = cli.json("schedule", "show", schedule_id)["document"].get("audio", {})
    return {one: (message["name"], message["sha256"]) for one, message in audio.items()}


def test_a_message_for_several_schedules(two: CommandLine) -> None:
    """Each gets it in the same save; what was found and done is told."""
    result = two("audio", "add", "welkom.wav", "winkel", "filiaal")
    assert result.stderr == f"welkom.wav: {LEVELLED}"
    assert result.stdout == "".join(
        f"{one}: changed, revision 2\n"
        "  audio: welkom added\n"
        "  hours, messages and targets stay the same for callers\n"
        for one in ("winkel", "filiaal")
    )
    ((digest, master),) = two.messages().items()
    assert (sha256(master).hexdigest(), len(master)) == (digest, 8_044)
    assert messages_of(two, "winkel") == {"welkom": ("welkom", digest)}
    assert messages_of(two, "filiaal") == {"welkom": ("welkom", digest)}
    assert two.json("schedule", "show", "winkel")["summary"] == "message welkom added"


def test_what_a_program_is_told(two: CommandLine) -> None:
    """What the file held, what became of it, and its id in each schedule."""
    two("audio", "add", two.write("a.wav", wav()), "winkel", "--name", "Zomer")
    told = two.json("audio", "add", "welkom.wav", "winkel", "filiaal", "--name", "Zomer!")
    audio = told["audio"]
    assert audio["ids"] == {"winkel": "zomer-2", "filiaal": "zomer"}
    assert (audio["name"], audio["file"], audio["seconds"]) == ("Zomer!", "welkom.wav", 0.5)
    assert audio["found"] == {
        "encoding": "PCM 16 bit",
        "channels": 2,
        "rate": 16_000,
        "frames": 8_000,
        "told": "PCM 16 bit, 16,000 Hz, stereo, 0.5 s",
    }
    assert audio["level_before"] == pytest.approx(-40, abs=0.2)
    assert audio["level_after"] == pytest.approx(-20, abs=0.2)
    assert audio["peak"] == pytest.approx(-17, abs=0.2)
    assert (audio["notes"], audio["sha256"] in two.messages()) == ([], True)


def test_letters_with_accents_are_told_as_they_are(two: CommandLine) -> None:
    """As in every other answer in JSON."""
    two.write("café.wav", recording())
    told = two("audio", "add", "café.wav", "winkel", "--json").stdout
    assert '"name": "café"' in told
    assert "\\u" not in told


def test_a_kept_level_and_a_given_id(two: CommandLine) -> None:
    """The recording stays as soft as it was."""
    told = two.json(
        *("audio", "add", "welkom.wav", "winkel"), *("--keep-level", "--id", "w", "--name", "Hallo")
    )
    assert told["audio"]["ids"] == {"winkel": "w"}
    assert told["audio"]["level_after"] == pytest.approx(-40, abs=0.2)


def test_a_message_from_stdin_needs_a_name(two: CommandLine) -> None:
    """A file's name isn't there to take it from."""
    assert "give --name" in two("audio", "add", "-", "winkel", code=2).stderr
    two("audio", "add", "-", "winkel", "--name", "Hallo", stdin=recording())
    assert list(messages_of(two, "winkel")) == ["hallo"]


def test_a_dry_run_judges_and_stores_nothing(two: CommandLine) -> None:
    """It is converted all the same, so that its faults would be told."""
    before = two.rows()
    result = two("audio", "add", "welkom.wav", "winkel", "--dry-run")
    assert result.stderr == f"welkom.wav: {LEVELLED}a dry run: nothing was saved\n"
    assert "audio: welkom added" in result.stdout
    two.write("tekst.wav", "geen geluid")
    two("audio", "add", "tekst.wav", "winkel", "--dry-run", code=1)
    assert (two.rows(), two.messages()) == (before, {})


def test_the_same_message_again_changes_nothing(two: CommandLine) -> None:
    """Where its bytes were gone or damaged, they are put back."""
    two("audio", "add", "welkom.wav", "winkel")
    ((digest, master),) = two.messages().items()
    path = two.folder / "data" / "audio" / f"{digest}.wav"
    for damaged in (master, master[:-2], None):
        path.unlink() if damaged is None else path.write_bytes(damaged)
        result = two("audio", "add", "welkom.wav", "winkel", "--name", "WELKOM")
        assert result.stdout.startswith("winkel: unchanged, revision 2\n")
        assert two.messages() == {digest: master}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ("welkom.wav", "winkel", "--name", "Vol"),
            "winkel: audio.vol-2.name: is the name of vol already; give another name: the sound",
            id="name-of-another-sound",
        ),
        pytest.param(
            ("welkom.wav", "winkel", "--id", "vol"),
            "Error: winkel has a message vol already; give another id",
            id="id-taken",
        ),
        pytest.param(
            ("welkom.wav", "filiaal", "wnkel"),
            "Error: there is no schedule 'wnkel'; did you mean winkel?",
            id="one-schedule-not-there",
        ),
        pytest.param(
            ("hallo, jij.wav", "winkel", "--id", "A B"),
            "hallo, jij.wav: is not there; check the path\n"
            "--name: the file's name 'hallo, jij' holds ,; it may hold letters, digits, spaces and "
            'full stops; give --name "hallo jij", or another name, or rename the file\n'
            "--id: 'A B' is not an id; ",
            id="every-fault-at-once",
        ),
        pytest.param(
            ("lied.wav", "winkel"),
            "lied.wav: is an MP3; convert it: `ffmpeg ",
            id="another-format",
        ),
        pytest.param((".", "winkel", "--name", "x"), ".: is a folder; name a WAV", id="folder"),
    ],
)
def test_what_is_refused_changes_nothing(
    two: CommandLine, arguments: tuple[str, ...], message: str
) -> None:
    """No schedule gets it, and no bytes are stored."""
    two("audio", "add", two.write("a.wav", wav()), "winkel", "--name", "Vol")
    two.write("lied.wav", b"ID3\3\0\0\0")
    before, stored = two.rows(), two.messages()
    assert (
        two("audio", "add", *arguments, code=1)
        .stderr.removeprefix(f"welkom.wav: {LEVELLED}")
        .startswith(message)
    )
    assert (two.rows(), two.messages()) == (before, stored)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        pytest.param("map/Welkom 2.1.wav", "Welkom 2.1", id="letters-digits-space-stop"),
        pytest.param("welkom.WAV", "welkom", id="capitals"),
        pytest.param("Café.wav", "Café", id="accent"),
        pytest.param(unicodedata.normalize("NFD", "Café.wav"), "Café", id="accent-of-a-mac"),
        pytest.param("welkom.wave", "welkom.wave", id="another-suffix"),
        pytest.param(" welkom .wav", "welkom", id="spaces-around"),
    ],
)
def test_names_taken_from_files(file: str, name: str) -> None:
    """What the file is called without .wav, as the manual allows it."""
    assert name_of_file(file) == name


@pytest.mark.parametrize(
    ("file", "suggested"),
    [
        pytest.param("welkom_2.wav", "welkom 2", id="underscore"),
        pytest.param("Gesloten, zomer (nieuw).wav", "Gesloten zomer nieuw", id="signs"),
        pytest.param("open-dag.wav", "open dag", id="hyphen"),
        pytest.param("a$(x)`y`.wav", "a x y", id="shell"),
        pytest.param("x\ny.wav", "x y", id="line-break"),
        pytest.param("___.wav", "NAME", id="nothing-left"),
        pytest.param("...wav", "NAME", id="full-stops-alone"),
        pytest.param(".wav", "NAME", id="suffix-alone"),
        pytest.param(f"{'a' * 65}.wav", "a" * 64, id="too-long"),
    ],
)
def test_names_of_files_that_are_refused(file: str, suggested: str) -> None:
    """With what is odd in it, and a name that would do."""
    with pytest.raises(FaultyValueError) as error:
        name_of_file(file)
    ((problem, remedy),) = error.value.faults
    assert remedy.startswith(f'give --name "{suggested}", ')
    assert problem.isprintable()
