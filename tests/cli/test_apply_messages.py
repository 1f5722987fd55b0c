"""`bereikbaar apply` with messages: files beside a document."""

import struct
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from admin_cli.audio_collection import collect_unneeded
from admin_cli.incoming import store_masters
from audio_store.inbox import RecordingInbox
from audio_store.masters import MasterFiles
from schedules.sqlite_store import open_store
from tests.cli.applied import EXPECT_OPEN
from tests.cli.command_line import CommandLine, document, recording, wav

AUDIO = "{gesloten: {name: Gesloten, file: geluid/gesloten.wav}}"


def test_a_message_beside_the_document_is_stored(cli: CommandLine) -> None:
    """Its hash takes the place of its path, relative to the document's folder."""
    cli.write("map/geluid/gesloten.wav", wav())
    cli("apply", cli.write("map/winkel.yaml", document("winkel", audio=AUDIO)))
    digest = sha256(wav()).hexdigest()
    assert cli.messages() == {digest: wav()}
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
    assert cli.messages() == {}


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
    assert cli.messages() == {}
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
        ("kort.wav", "says it is 1,644 bytes long, but has 1,642"),
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
        pytest.param("mp3.wav", "mp3.wav is an MP3; convert it: `ffmpeg ", id="other-format"),
    ],
)
def test_a_message_that_is_refused_says_how_to_mend_it(
    cli: CommandLine, name: str, told: str
) -> None:
    """With its path, a path that would do, or a command to convert it."""
    cli.write("map/er.wav", wav())
    cli.write("mp3.wav", b"ID3")
    path = str(cli.folder / "map/er.wav") if name == "ABSOLUTE" else name
    text = document("winkel", audio=f"{{a: {{name: A, file: '{path}'}}}}")
    assert told in cli("apply", cli.write("winkel.yaml", text), code=1).stderr


def test_any_ordinary_wav_is_converted_and_told(cli: CommandLine) -> None:
    """A soft stereo recording becomes a master at the level of all others; the same bytes once."""
    cli.write("opname.wav", recording())
    cli.write("nogmaals.wav", recording())
    audio = "{a: {name: A, file: opname.wav}, b: {name: B, file: nogmaals.wav}}"
    name = cli.write("winkel.yaml", document("winkel", audio=audio))
    result = cli("apply", name)
    lines = result.stderr.splitlines()
    assert lines[0] == (
        "opname.wav: PCM 16 bit, 16,000 Hz, stereo, 0.5 s; level \N{MINUS SIGN}40.0 \u2192 "
        "\N{MINUS SIGN}20.0 LUFS"
    )
    assert not any(line.startswith("nogmaals") for line in lines)
    ((digest, master),) = cli.messages().items()
    assert (digest, len(master)) == (sha256(master).hexdigest(), 44 + 2 * 4_000)
    shown = cli.json("schedule", "show", "winkel")["document"]["audio"]
    assert [one["sha256"] for one in shown.values()] == [digest, digest]
    assert "winkel: unchanged, revision 1" in cli("apply", name).stdout
    diff = cli.json("diff", "winkel", "--file", name)
    assert diff["document"] == []


def test_levels_are_kept_when_told(cli: CommandLine) -> None:
    """A soft recording stays soft with `--keep-levels`."""
    cli.write("opname.wav", recording())
    audio = "{a: {name: A, file: opname.wav}}"
    name = cli.write("winkel.yaml", document("winkel", audio=audio))
    cli("apply", name, "--keep-levels")
    (kept,) = cli.messages().values()
    cli("apply", name)
    (levelled,) = (one for one in cli.messages().values() if one != kept)
    loudest = [
        max(abs(value) for (value,) in struct.iter_unpack("<h", one[44:]))
        for one in (kept, levelled)
    ]
    assert loudest[1] / loudest[0] == pytest.approx(10, rel=0.03)


def test_a_master_named_by_its_hash_enters_as_it_is(cli: CommandLine) -> None:
    """What an export wrote is not levelled anew, however loud it is."""
    soft = wav(0.5, peak=0.01)
    digest = sha256(soft).hexdigest()
    cli.write(f"audio/{digest}.wav", soft)
    audio = f"{{a: {{name: A, file: audio/{digest}.wav}}}}"
    cli("apply", cli.write("winkel.yaml", document("winkel", audio=audio)))
    assert cli.messages() == {digest: soft}


def test_faults_of_messages_are_told_among_all_others(cli: CommandLine) -> None:
    """Each WAV with its place, line and remedy; one refused twice is told at both places."""
    cli.write("stilte.wav", wav(0.5, peak=0))
    audio = (
        "{a: {name: A, file: stilte.wav}, b: {name: '', file: stilte.wav}, c: {name: C, file: x}}"
    )
    faults = cli.json(
        "apply", cli.write("winkel.yaml", document("winkel", pbx="4cx", audio=audio)), code=1
    )["faults"]
    assert [(fault["line"], fault["place"]) for fault in faults] == [
        (3, "pbx"),
        (4, "audio.a.file"),
        (4, "audio.b.file"),
        (4, "audio.c.file"),
        (4, "audio.b.name"),
    ]
    assert "stilte.wav is silent" in faults[1]["problem"]
    assert cli.messages() == {}


def test_many_messages_are_not_all_told_to_a_person(cli: CommandLine) -> None:
    """After 25 lines it says how many more there are."""
    files = [recording(0.1, pitch=300 + n, channels=1) for n in range(14)]
    for n, one in enumerate(files):
        cli.write(f"{n}.wav", one)
    audio = ", ".join(f"m{n}: {{name: M{n}, file: {n}.wav}}" for n in range(14))
    result = cli("apply", cli.write("winkel.yaml", document("winkel", audio=f"{{{audio}}}")))
    lines = result.stderr.splitlines()
    assert lines[25] == "\u2026 and 3 more"
    assert len(cli.messages()) == 14


def test_bytes_that_are_gone_or_damaged_are_put_back(cli: CommandLine) -> None:
    """Applying the same document again mends the audio store, though nothing else changes."""
    cli.write("geluid/gesloten.wav", wav())
    name = cli.write("winkel.yaml", document("winkel", audio=AUDIO))
    cli("apply", name)
    path = cli.folder / "data" / "audio" / f"{sha256(wav()).hexdigest()}.wav"
    for bad in (b"x", None):
        path.unlink() if bad is None else path.write_bytes(bad)
        assert "winkel: unchanged, revision 1" in cli("apply", name).stdout
        assert path.read_bytes() == wav()


@pytest.mark.parametrize("is_collected", [False, True], ids=["another-save", "a-collection"])
def test_others_may_write_while_messages_are_stored(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, *, is_collected: bool
) -> None:
    """Thousands take a while: nobody's override waits; what a collection took is stored again."""
    cli.apply(document("ander"))
    cli.write("a.wav", wav(0.2))
    audio = "{a: {name: A, file: a.wav}}"
    path = cli.write("w.yaml", document("winkel", "00:00-24:00 closed audio=a", audio=audio))

    def store_slowly(masters: Iterable[bytes], files: MasterFiles) -> set[str]:
        missed = store_masters(masters, files)
        with closing(open_store(cli.folder / "data")) as store:
            if is_collected:
                at = datetime(2126, 1, 1, tzinfo=UTC)
                collect_unneeded(store, files, RecordingInbox(cli.folder), at)
                assert files.digests() == set()
            else:
                after = store.current("ander").schedule().replace(name="Intussen")
                with store.writing("jan", datetime(2026, 11, 22, tzinfo=UTC)) as writer:
                    writer.save(after, summary="")
        return missed

    monkeypatch.setattr("admin_cli.apply.store_masters", store_slowly)
    cli("apply", path)
    assert cli.messages() == {sha256(wav(0.2)).hexdigest(): wav(0.2)}
    assert cli.revisions() == {"ander": 1 if is_collected else 2, "winkel": 1}


def test_a_message_without_sound_is_told(cli: CommandLine) -> None:
    """It may be named before it is stored, but callers hear nothing: said once, when it comes."""
    text = document("winkel", audio=f"{{gesloten: {{name: Gesloten, sha256: {'ab' * 32}}}}}")
    name = cli.write("winkel.yaml", text)
    told = "  no sound is stored here of: gesloten; callers hear nothing until it is added"
    assert told in cli("apply", name, "--dry-run").stdout
    assert cli.json("apply", name)["schedules"][0]["missing_messages"] == ["gesloten"]
    cli.write("winkel.yaml", text + "notes: later\n")
    assert cli.json("apply", name)["schedules"][0]["missing_messages"] == []


def test_a_message_that_is_stored_is_not_told_as_missing(cli: CommandLine) -> None:
    """Nor is one that comes with the document itself."""
    cli.write("geluid/gesloten.wav", wav())
    name = cli.write("winkel.yaml", document("winkel", audio=AUDIO))
    assert cli.json("apply", name, "--dry-run")["schedules"][0]["missing_messages"] == []
    assert cli.json("apply", name)["schedules"][0]["missing_messages"] == []
