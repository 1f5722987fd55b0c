"""Recordings that wait: kept whole, found again, capped and expired."""

import fcntl
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audio_store.errors import InboxFullError, MissingRecordingError, RefusedAudioError
from audio_store.inbox import RecordingInbox
from tests.unit.test_masters import wav

AT = datetime(2026, 11, 22, 10, 0, 5, 250_000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def inbox(tmp_path: Path) -> RecordingInbox:
    """Give an inbox whose folder isn't there yet, for two recordings a schedule."""
    return RecordingInbox(tmp_path / "data" / "inbox", max_per_schedule=2)


def test_a_recording_waits_until_it_is_discarded(inbox: RecordingInbox) -> None:
    """It is found by its id with its bytes, and gone afterwards, however often that is asked."""
    put = inbox.put("filiaal-2", wav(), AT)
    assert (put.schedule, put.recorded_at) == ("filiaal-2", AT.replace(microsecond=0))
    assert put.expires_at == put.recorded_at + timedelta(days=7)
    assert put.path.name == f"filiaal-2.20261122T100005Z.{put.id}.{put.sha256}.wav"
    assert inbox.find(put.id, AT) == put
    assert inbox.read(put) == wav()
    inbox.discard(put)
    inbox.discard(put)
    with pytest.raises(MissingRecordingError, match="audio inbox list"):
        inbox.find(put.id, AT)
    with pytest.raises(MissingRecordingError, match=put.id):
        inbox.read(put)


def test_recordings_are_private(inbox: RecordingInbox) -> None:
    """Only the daemon's user can read them."""
    path = inbox.put("filiaal", wav(), AT).path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_oldest_comes_first(inbox: RecordingInbox) -> None:
    """All that wait are listed, or those of one schedule; other files aren't."""
    later = inbox.put("a", wav(), AT + MINUTE)
    other = inbox.put("b", wav(), AT)
    local = AT.astimezone(tz=None) - MINUTE
    first = inbox.put("a", wav(), local)
    rest = f"0a1b2c3d.{'ab' * 32}.wav"
    for name in (f"a.20261322T100005Z.{rest}", "lees-mij.txt", ".incoming-x"):
        (inbox.folder / name).touch()
    (inbox.folder / f"a.99991231T235959Z.{rest}").touch()
    assert inbox.waiting(AT + MINUTE) == [first, other, later]
    assert inbox.waiting(AT, "a") == [first, later]
    assert inbox.waiting(AT, "c") == []


def test_an_absent_folder_is_an_empty_inbox(inbox: RecordingInbox) -> None:
    """Nothing waits, and nothing expires."""
    assert inbox.waiting(AT) == []
    assert inbox.remove_expired(AT) == 0
    assert not inbox.folder.exists()


def test_a_recording_expires(inbox: RecordingInbox) -> None:
    """After a week, to the second, it waits no longer; then it can be removed."""
    put = inbox.put("a", wav(), AT)
    kept = inbox.put("a", wav(), AT + MINUTE)
    end = put.expires_at
    assert inbox.waiting(end - timedelta(seconds=1)) == [put, kept]
    assert inbox.remove_expired(end - timedelta(seconds=1)) == 0
    assert inbox.waiting(end) == inbox.waiting(end, "a") == [kept]
    with pytest.raises(MissingRecordingError):
        inbox.find(put.id, end)
    assert inbox.remove_expired(end) == 1
    assert [path.name for path in inbox.folder.iterdir()] == [kept.path.name]


def test_a_full_inbox_refuses_until_there_is_room(inbox: RecordingInbox) -> None:
    """The cap is per schedule; what has expired makes room by itself."""
    first = inbox.put("a", wav(), AT)
    inbox.put("a", wav(), AT + MINUTE)
    inbox.put("b", wav(), AT + MINUTE)
    with pytest.raises(InboxFullError, match="2 recordings wait for schedule a already"):
        inbox.put("a", wav(), AT + MINUTE)
    third = inbox.put("a", wav(), first.expires_at)
    assert not first.path.exists()
    inbox.discard(third)
    inbox.put("a", wav(), first.expires_at)


def test_only_masters_wait(inbox: RecordingInbox) -> None:
    """Anything else is refused on the way in."""
    with pytest.raises(RefusedAudioError, match="not a WAV"):
        inbox.put("a", b"no wav", AT)
    assert not inbox.folder.exists()


@pytest.mark.parametrize("damaged", [b"", wav()[:-2], wav(fill=1)], ids=["empty", "cut", "other"])
def test_a_damaged_recording_is_told_on_the_way_out(inbox: RecordingInbox, damaged: bytes) -> None:
    """Its name says what its bytes were, and the refusal which one it is and what to do."""
    put = inbox.put("a", wav(), AT)
    put.path.write_bytes(damaged)
    with pytest.raises(RefusedAudioError, match=f"{put.id} is damaged: .* inbox discard {put.id}"):
        inbox.read(put)


@pytest.mark.parametrize("schedule", ["../a", "a.b", "", "A"])
def test_no_schedule_leads_out_of_the_folder(inbox: RecordingInbox, schedule: str) -> None:
    """What is no id makes no file."""
    with pytest.raises(ValueError, match="not the id of a schedule"):
        inbox.put(schedule, wav(), AT)
    assert list(inbox.folder.iterdir()) == []


def test_another_one_that_counts_is_waited_for(tmp_path: Path) -> None:
    """Two that count at the same time would both find room for the last one."""
    inbox = RecordingInbox(tmp_path, max_per_schedule=1)
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    putting = threading.Thread(target=inbox.put, args=("winkel", wav(), AT))
    putting.start()
    putting.join(0.3)
    assert (putting.is_alive(), inbox.waiting(AT)) == (True, [])
    os.close(descriptor)
    putting.join(10)
    assert len(inbox.waiting(AT)) == 1


def test_an_id_is_never_given_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that waits already under an id that is drawn stays the only one."""
    drawn = iter(["0a0a0a0a", "0a0a0a0a", "0b0b0b0b"])
    monkeypatch.setattr("audio_store.inbox.secrets.token_hex", lambda _: next(drawn))
    inbox = RecordingInbox(tmp_path)
    put = [inbox.put(one, wav(), AT).id for one in ("winkel", "filiaal")]
    assert put == ["0a0a0a0a", "0b0b0b0b"]
