"""Messages of a running daemon: gone from the disk and back, in other encodings, by telephone."""

import json
import math
import wave
from hashlib import sha256
from io import BytesIO

import pytest

from audio_store.inbox import RecordingInbox
from audio_store.masters import MasterFiles
from pbx_adapters import clock
from schedules.recording_pins import PinHash
from tests.e2e.daemon import AT, Daemon, wait_until

PIN = "271828"


def tone(seconds: float, rate: int = 8_000) -> bytes:
    """Write a WAV of a tone at half of full scale, with the standard library."""
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setframerate(rate)
        file.setnchannels(1)
        file.setsampwidth(2)
        for number in range(int(seconds * rate)):
            sample = round(16_000 * math.sin(2 * math.pi * 440 * number / rate))
            file.writeframesraw(sample.to_bytes(2, "little", signed=True))
    return buffer.getvalue()


@pytest.fixture
def masters(daemon: Daemon) -> MasterFiles:
    """Give the folder of the daemon's messages."""
    return MasterFiles(daemon.data_dir / "audio")


def save_with(daemon: Daemon, digest: str) -> None:
    """Save a schedule whose callers always hear a message."""
    message = {"m": {"name": "M", "sha256": digest}}
    daemon.save("open audio=m", audio=message)


def heard(daemon: Daemon) -> tuple[str, str]:
    """Return what callers hear, and the error."""
    fields = daemon.call().fields
    assert bool(fields["audio"]) == bool(fields["audio_url"])
    return fields["audio"], fields["error"]


def test_message_that_is_gone_and_comes_back(daemon: Daemon, masters: MasterFiles) -> None:
    """Calls are answered without a message that is gone, and with it once it is restored.

    Nothing is saved and nothing asked for meanwhile; damage that only a download can find, too.
    """
    message = tone(1)
    digest = masters.add(message)
    save_with(daemon, digest)
    daemon.start()
    path = masters.path_of(digest)
    assert heard(daemon) == (f"{digest}.wav", "")
    path.unlink()
    wait_until(lambda: heard(daemon) == ("", "audio-missing"), "callers hear nothing")
    assert daemon.ask("GET", f"/audio/{digest}.wav").fields["error"] == "audio-missing"
    assert daemon.metric("bereikbaar_audio_bytes") == 0
    assert daemon.metric("bereikbaar_degraded_targets") > 0
    path.write_bytes(message)
    wait_until(lambda: heard(daemon) == (f"{digest}.wav", ""), "callers hear it again")
    assert daemon.metric("bereikbaar_audio_bytes") == len(message)
    assert daemon.metric("bereikbaar_degraded_targets") == 0
    path.write_bytes(bytes(len(message)))
    damaged = daemon.ask("GET", f"/audio/{digest}.wav")
    assert (damaged.status, damaged.fields["error"]) == (503, "audio-damaged")
    wait_until(lambda: heard(daemon) == ("", "audio-missing"), "callers hear no damage")
    assert daemon.metric("bereikbaar_audio_failures_total") == 2
    assert masters.add(message) == digest
    wait_until(lambda: heard(daemon) == (f"{digest}.wav", ""), "callers hear the mended one")
    assert sha256(daemon.request("GET", f"/audio/{digest}.wav")[2]).hexdigest() == digest


def test_message_damaged_while_nothing_ran(daemon: Daemon, masters: MasterFiles) -> None:
    """A message whose bytes changed before the start is left out of the answers, unasked."""
    message = tone(1)
    digest = masters.add(message)
    save_with(daemon, digest)
    masters.path_of(digest).write_bytes(bytes(len(message)))
    daemon.start()
    wait_until(lambda: heard(daemon) == ("", "audio-missing"), "callers hear no damage")
    assert daemon.metric("bereikbaar_audio_failures_total") == 0


@pytest.mark.parametrize(
    ("encoding", "code", "rate", "bits"),
    [("alaw", 6, 8_000, 8), ("ulaw", 7, 8_000, 8), ("pcm16k", 1, 16_000, 16)],
)
def test_message_in_another_encoding(
    shared: Daemon, encoding: str, code: int, rate: int, bits: int
) -> None:
    """A variant is a WAV of that encoding, as long as the message, with a tag of its own."""
    digest = MasterFiles(shared.data_dir / "audio").add(tone(1))
    status, headers, body = shared.request("GET", f"/audio/{digest}.wav?encoding={encoding}")
    assert (status, headers["ETag"]) == (200, f'"{digest}-{encoding}"')
    fields = [int.from_bytes(body[at : at + size], "little") for at, size in WAV_FIELDS]
    assert (body[:4], body[8:16], fields) == (b"RIFF", b"WAVEfmt ", [code, 1, rate, bits])
    assert abs(len(body) - rate * bits // 8) < 100


# Where the encoding, the channels, the rate and the bits a sample stand in a WAV's header.
WAV_FIELDS = ((20, 2), (22, 2), (24, 4), (34, 2))


def test_recording_by_telephone(shared: Daemon) -> None:
    """A recording of any form is sent with the PIN, waits as a master, and is levelled."""
    with shared.store() as store, store.writing("test", AT) as writer:
        writer.set_recording_pin("office", PinHash.of(PIN))
    headers = {"Bereikbaar-Pin": PIN, "Content-Type": "audio/wav"}
    assert shared.send("GET", "/recordings/office", headers=headers)[0] == 204
    status, body = shared.send("POST", "/recordings/office", tone(2, 16_000), headers)
    told = json.loads(body)
    assert (status, told["schedule"], told["seconds"]) == (
        201,
        "office",
        pytest.approx(2, abs=0.02),
    )
    inbox = RecordingInbox(shared.data_dir / "inbox")
    recording = inbox.find(told["recording"], clock.utc_now())
    with wave.open(BytesIO(inbox.read(recording))) as kept:
        assert kept.getparams()[:3] == (1, 2, 8_000)
    refused, why = shared.send("POST", "/recordings/office", b"ID3 is no WAV", headers)
    assert (refused, json.loads(why)["error"]) == (400, "bad-recording")
    assert PIN not in shared.log_path.read_text()
