"""`bereikbaar apply` with messages: files beside a document."""

from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.applied import EXPECT_OPEN
from tests.cli.command_line import CommandLine, document, wav


def stored_messages(cli: CommandLine) -> list[str]:
    """Return the names of the messages in the audio store."""
    return sorted(path.name for path in (cli.folder / "data" / "audio").glob("*"))


AUDIO = "{gesloten: {name: Gesloten, file: geluid/gesloten.wav}}"


def test_a_message_beside_the_document_is_stored(cli: CommandLine) -> None:
    """Its hash takes the place of its path, relative to the document's folder."""
    cli.write("map/geluid/gesloten.wav", wav())
    cli("apply", cli.write("map/winkel.yaml", document("winkel", audio=AUDIO)))
    digest = sha256(wav()).hexdigest()
    assert stored_messages(cli) == [f"{digest}.wav"]
    shown = cli.json("schedule", "show", "winkel")["document"]["audio"]
    assert shown == {"gesloten": {"name": "Gesloten", "sha256": digest}}


def test_a_dry_run_stores_no_message(cli: CommandLine) -> None:
    """Yet it is judged, and counts as present in what callers would hear."""
    cli.apply(document("winkel"))
    cli.write("geluid/gesloten.wav", wav())
    text = document("winkel", "00:00-24:00 open audio=gesloten", audio=AUDIO)
    result = cli("apply", cli.write("winkel.yaml", text), "--dry-run")
    assert "the hours stay the same; what else changes for callers in the " in result.stdout
    assert ": still open, but with message 'Gesloten'\n" in result.stdout
    assert stored_messages(cli) == []


@pytest.mark.parametrize("clash", ["fault", "number", "expectation"])
def test_no_message_is_stored_unless_all_is_well(cli: CommandLine, clash: str) -> None:
    """Neither after a fault in another file, nor after a conflict found when saving."""
    cli.apply(document("houder", numbers='["+31850000001"]'))
    cli.write("geluid/gesloten.wav", wav())
    cli.write("winkel.yaml", document("winkel", audio=AUDIO))
    others = {
        "fault": document("ander", pbx="4cx"),
        "number": document("ander", numbers='["+31850000001"]'),
        "expectation": document("ander", "00:00-24:00 closed", expect=EXPECT_OPEN),
    }
    cli("apply", "winkel.yaml", cli.write("ander.yaml", others[clash]), code=1)
    assert stored_messages(cli) == []
    assert cli.revisions() == {"houder": 1}


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/etc/hostname", "leads out of the document's folder"),
        ("../buiten.wav", "leads out of the document's folder"),
        ("map/../gesloten.wav", "leads out of the document's folder"),
        ("koppeling.wav", "leads out of the document's folder"),
        ("absent.wav", "is not there"),
        ("map", "is a folder"),
        ("tekst.wav", "is not a WAV file"),
        ("kort.wav", "says another length than it has"),
        ('"a\\0b"', "is not a path"),
    ],
)
def test_other_files_than_messages_of_the_folder_are_refused(
    cli: CommandLine, path: str, problem: str
) -> None:
    """The fault names the message's place; nothing is read from elsewhere."""
    cli.write("buiten.wav", wav())
    cli.write("doc/map/leeg", "")
    cli.write("doc/gesloten.wav", wav())
    cli.write("doc/tekst.wav", "geen geluid")
    cli.write("doc/kort.wav", wav()[:-2])
    Path("doc/koppeling.wav").symlink_to(cli.folder / "buiten.wav")
    text = document("winkel", audio=f"{{gesloten: {{name: Gesloten, file: {path}}}}}")
    result = cli("apply", cli.write("doc/winkel.yaml", text), code=1)
    assert result.stderr.startswith("doc/winkel.yaml:4: audio.gesloten.file: ")
    assert problem in result.stderr
    assert cli.rows() == {}


def test_a_document_from_stdin_names_no_files(cli: CommandLine) -> None:
    """It lies in no folder."""
    result = cli("apply", "-", stdin=document("winkel", audio=AUDIO), code=1)
    assert "a document from stdin lies in no folder" in result.stderr


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("weg.wav", "weg.wav is not there; check the path", id="missing"),
        pytest.param(
            "ABSOLUTE", "write it relative to the document: map/er.wav", id="absolute-inside"
        ),
        pytest.param("groot.wav", "sox in.wav -r 8000 -c 1 -b 16 out.wav", id="other-format"),
    ],
)
def test_a_message_that_is_refused_says_how_to_mend_it(
    cli: CommandLine, name: str, told: str
) -> None:
    """With its path, a path that would do, or a command to convert it."""
    cli.write("map/er.wav", wav())
    cli.write("groot.wav", b"ID3")
    path = str(cli.folder / "map/er.wav") if name == "ABSOLUTE" else name
    text = document("winkel", audio=f"{{a: {{name: A, file: '{path}'}}}}")
    assert told in cli("apply", cli.write("winkel.yaml", text), code=1).stderr
