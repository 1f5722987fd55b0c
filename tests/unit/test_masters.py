"""Canonical masters: what is one, and how they are kept."""

import stat
import struct
import wave
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywav import WavRead

from audio_store.errors import DamagedAudioError, MissingAudioError, RefusedAudioError
from audio_store.masters import MAX_BYTES, MasterFiles, check_master


def wav(
    frames: int = 8_000, *, rate: int = 8_000, channels: int = 1, width: int = 2, fill: int = 0
) -> bytes:
    """Write a WAV with the standard library."""
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setframerate(rate)
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.writeframes(bytes([fill]) * (frames * channels * width))
    return buffer.getvalue()


def patched(place: int, pattern: str, value: int) -> bytes:
    """Write a canonical master with one field of its header altered."""
    data = bytearray(wav())
    struct.pack_into(pattern, data, place, value)
    return bytes(data)


@pytest.mark.parametrize(("frames", "seconds"), [(1, 0.000125), (8_000, 1.0), (2_400_000, 300.0)])
def test_canonical_master_is_accepted(frames: int, seconds: float) -> None:
    """Anything up to five minutes passes, and its duration is told."""
    assert check_master(wav(frames)) == seconds


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"", "not a WAV", id="empty"),
        pytest.param(b"RIFF", "not a WAV", id="short"),
        pytest.param(b"ID3" + bytes(100), "not a WAV", id="mp3"),
        pytest.param(wav()[:43], "not a WAV", id="cut-in-header"),
        pytest.param(wav().replace(b"WAVE", b"AVI "), "not a WAV", id="other-riff"),
        pytest.param(wav(rate=16_000), "16000 Hz", id="16-khz"),
        pytest.param(wav(channels=2), "2 channel", id="stereo"),
        pytest.param(wav(width=1), "8 bit", id="8-bit"),
        pytest.param(patched(20, "<H", 6), "encoding 6", id="a-law"),
        pytest.param(patched(28, "<I", 8_000), "8000 bytes a second", id="wrong-byte-rate"),
        pytest.param(patched(32, "<H", 4), "is PCM", id="wrong-alignment"),
        pytest.param(patched(16, "<I", 18), "chunks besides", id="long-format"),
        pytest.param(wav().replace(b"data", b"LIST"), "chunks besides", id="list-chunk"),
        pytest.param(wav() + b"xx", "another length", id="trailing-bytes"),
        pytest.param(wav()[:-2], "another length", id="cut-off"),
        pytest.param(patched(4, "<I", 0), "another length", id="riff-size"),
        pytest.param(patched(40, "<I", 0xFFFFFFFF), "another length", id="data-size"),
        pytest.param(wav(0), "lasts 0.0 s", id="silent"),
        pytest.param(wav(2_400_001), "lasts 300.0 s", id="long"),
        pytest.param(bytes(MAX_BYTES + 1), "10,485,761 bytes", id="huge"),
    ],
)
def test_other_bytes_are_refused(data: bytes, problem: str) -> None:
    """Whatever a PBX might not play is refused, saying what was found and what to do."""
    with pytest.raises(RefusedAudioError, match=problem) as caught:
        check_master(data)
    assert caught.value.remedy


def test_half_a_sample_is_refused() -> None:
    """An odd number of bytes is no whole number of samples."""
    data = bytearray(wav() + b"x")
    struct.pack_into("<I", data, 4, len(data) - 8)
    struct.pack_into("<I", data, 40, len(data) - 44)
    with pytest.raises(RefusedAudioError, match="another length"):
        check_master(bytes(data))


@given(st.binary(max_size=100) | st.binary(max_size=80).map(lambda rest: wav()[:20] + rest))
def test_any_bytes_are_judged(data: bytes) -> None:
    """No bytes make the check fail in another way."""
    try:
        check_master(data)
    except RefusedAudioError:
        return
    pytest.fail("no such short bytes are a master")


def test_master_is_kept_under_its_hash(tmp_path: Path) -> None:
    """What was stored is found by the hash of its bytes, byte for byte."""
    masters, data = MasterFiles(tmp_path / "a" / "audio"), wav(fill=7)
    digest = masters.add(data)
    assert digest == sha256(data).hexdigest()
    assert masters.has(digest)
    assert masters.path_of(digest).read_bytes() == data


def test_all_messages_are_looked_up_at_once(tmp_path: Path) -> None:
    """One look tells of each message what was there at that moment."""
    masters, absent = MasterFiles(tmp_path / "audio"), "0" * 64
    assert not masters.look_up()(absent)
    digest = masters.add(wav())
    masters.path_of(absent).mkdir()
    (masters.folder / ".incoming-x").touch()
    has = masters.look_up()
    later = masters.add(wav(fill=7))
    assert [has(one) for one in (digest, absent, later)] == [True, False, False]


def test_a_message_that_cannot_be_looked_at_is_not_here(tmp_path: Path) -> None:
    """A folder that can't even be entered has no messages, and is no fault of whoever asks."""
    # What a folder of another user says to others, this says to everybody.
    masters = MasterFiles(tmp_path / ("x" * 300))
    digest = "0" * 64
    assert (masters.has(digest), masters.look_up()(digest)) == (False, False)


def test_same_message_is_kept_once(tmp_path: Path) -> None:
    """Storing it again leaves the file that is there."""
    masters = MasterFiles(tmp_path)
    first = masters.path_of(masters.add(wav())).stat()
    second = masters.path_of(masters.add(wav())).stat()
    assert (first.st_ino, first.st_mtime_ns) == (second.st_ino, second.st_mtime_ns)
    assert len(list(tmp_path.iterdir())) == 1


def test_messages_are_private(tmp_path: Path) -> None:
    """Only the daemon's user can read them."""
    masters = MasterFiles(tmp_path / "audio")
    path = masters.path_of(masters.add(wav()))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_refused_bytes_leave_nothing(tmp_path: Path) -> None:
    """What is refused makes no file and no folder."""
    masters = MasterFiles(tmp_path / "audio")
    with pytest.raises(RefusedAudioError):
        masters.add(b"no wav")
    assert list(tmp_path.iterdir()) == []


def test_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """When the message can't be put in its place, no half of it stays."""
    masters, data = MasterFiles(tmp_path), wav()
    digest = sha256(data).hexdigest()
    (masters.path_of(digest) / "in-the-way").mkdir(parents=True)
    assert not masters.has(digest)
    with pytest.raises(OSError, match=digest):
        masters.add(data)
    assert [path.name for path in tmp_path.iterdir()] == [f"{digest}.wav"]


def test_a_message_is_read_as_it_was_added(tmp_path: Path) -> None:
    """The same bytes come back, and the list tells of nothing else that lies there."""
    masters, data = MasterFiles(tmp_path / "audio"), wav(fill=7)
    assert masters.digests() == set()
    digests = {masters.add(data), masters.add(wav(10))}
    assert masters.read(sha256(data).hexdigest()) == data
    (masters.folder / ".incoming-x").write_bytes(data)
    (masters.folder / "lees-mij.txt").touch()
    (masters.folder / f"{'0' * 64}.wav").mkdir()
    assert masters.digests() == digests


@pytest.mark.parametrize("digest", ["0" * 64, "../bereikbaar", "", "A" * 64])
def test_a_message_that_is_not_there_is_missing(tmp_path: Path, digest: str) -> None:
    """It is named, with what to do; no path leads out of the folder."""
    (tmp_path / "bereikbaar.wav").write_bytes(wav())
    with pytest.raises(MissingAudioError, match="not stored here") as caught:
        MasterFiles(tmp_path / "audio").read(digest)
    assert caught.value.digest == digest
    assert caught.value.remedy


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(wav(fill=8), id="another-message"),
        pytest.param(wav(fill=7)[:-2], id="cut-off"),
        pytest.param(b"", id="empty"),
        pytest.param(wav(fill=7) + bytes(MAX_BYTES), id="grown"),
    ],
)
def test_a_damaged_message_is_told_and_repaired(tmp_path: Path, damaged: bytes) -> None:
    """Bytes that don't match the name are never given out; adding the recording mends the file."""
    masters, data = MasterFiles(tmp_path), wav(fill=7)
    digest = masters.add(data)
    masters.path_of(digest).write_bytes(damaged)
    with pytest.raises(DamagedAudioError, match="bytes have changed") as caught:
        masters.read(digest)
    assert caught.value.digest == digest
    assert masters.add(data) == digest
    assert masters.read(digest) == data
    assert [path.name for path in tmp_path.iterdir()] == [f"{digest}.wav"]


def test_a_message_the_disk_does_not_give_is_damaged(tmp_path: Path) -> None:
    """A link that leads to itself can't be opened by anybody; adding replaces it."""
    masters, data = MasterFiles(tmp_path), wav()
    path = masters.path_of(sha256(data).hexdigest())
    path.symlink_to(path)
    with pytest.raises(DamagedAudioError, match="can't be read"):
        masters.read(path.stem)
    assert masters.read(masters.add(data)) == data


def test_a_message_that_may_not_be_read_names_owner_and_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is damaged: neither adding it again nor a backup would help."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    masters = MasterFiles(tmp_path)
    digest = masters.add(wav())
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DamagedAudioError, match="may not be read; check owner and mode of"):
        masters.read(digest)


def test_a_removed_message_is_gone(tmp_path: Path) -> None:
    """Removing it twice is no fault; the others stay."""
    masters = MasterFiles(tmp_path)
    kept, removed = masters.add(wav()), masters.add(wav(fill=7))
    masters.remove(removed)
    masters.remove(removed)
    assert masters.digests() == {kept}


def test_what_reads_back_differently_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that loses bytes is told before anybody relies on them; nothing stays."""

    class LosingDisk(WavRead):  # type: ignore[misc]
        def getdata(self) -> bytes:
            return bytes(super().getdata()[:-2])

    monkeypatch.setattr("audio_store.whole_files.WavRead", LosingDisk)
    with pytest.raises(OSError, match="reads back differently; check the disk"):
        MasterFiles(tmp_path).add(wav())
    assert list(tmp_path.iterdir()) == []
