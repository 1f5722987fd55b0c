"""Sound on loopback: what a telephone hears and says, apart from the PBX and from our own code."""

import io
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.float64]
RATE: Final = 8_000
_FRAME: Final = 160
_HEADER: Final = struct.Struct("!BBHII")
_ALAW: Final = 8


def chirp(seconds: float, first: float, last: float) -> Samples:
    """Return a tone that rises or falls, in Hz, and beats, so that it fits itself in one place."""
    at = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * (first * at + (last - first) * at**2 / (2 * seconds))
    return np.asarray(0.4 * np.sin(phase) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * at)))


def write_wav(path: Path, samples: Samples) -> None:
    """Write samples as people record them."""
    soundfile.write(path, samples, RATE, subtype="PCM_16")


def read_wav(path: Path) -> Samples:
    """Return the samples of a recording at the telephone's rate."""
    samples, rate = soundfile.read(path)
    assert rate == RATE
    return np.asarray(samples, dtype=np.float64)


def best_fit(sent: Samples, heard: Samples) -> float:
    """Return the correlation where `sent`, from beginning to end, fits best in `heard`."""
    if len(heard) < len(sent):
        heard = np.pad(heard, (0, len(sent) - len(heard)))
    size = 1 << (len(heard) + len(sent)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sent, size))
    aligned = np.fft.irfft(product, size)[: len(heard) - len(sent) + 1]
    energies = np.concatenate(([0.0], np.cumsum(heard**2)))
    windows = energies[len(sent) :] - energies[: len(heard) - len(sent) + 1]
    return float(np.max(aligned / np.sqrt(np.maximum(windows, 1e-9) * np.sum(sent**2))))


@dataclass
class Ear:
    """Takes RTP in A-law on a port of its own; says `voice` from the first packet on."""

    endpoint: socket.socket
    voice: Samples | None = None
    packets: dict[int, bytes] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        """Return the UDP port it listens on."""
        return int(self.endpoint.getsockname()[1])

    def heard(self) -> Samples:
        """Return what was heard, in the order of its numbers, lost packets as silence."""
        if not self.packets:
            return np.zeros(0)
        first, last = min(self.packets), max(self.packets)
        silence = b"\xd5" * _FRAME
        sound = b"".join(self.packets.get(number, silence) for number in range(first, last + 1))
        return _decode(sound)

    def listen(self) -> None:
        """Take packets until told to stop."""
        speaker: threading.Thread | None = None
        turns, before = 0, 0
        while not self.stopping.is_set():
            with suppress(TimeoutError):
                packet, peer = self.endpoint.recvfrom(2_048)
                _, kind, number, _, _ = _HEADER.unpack_from(packet)
                if kind & 0x7F == _ALAW:
                    turns += number < before - 32_768
                    before = number
                    self.packets[turns * 65_536 + number] = packet[_HEADER.size :]
                if speaker is None and self.voice is not None:
                    speaker = threading.Thread(target=self.speak, args=(peer,))
                    speaker.start()
        if speaker is not None:
            speaker.join()

    def speak(self, peer: Any) -> None:  # noqa: ANN401 - an address as sockets have it
        """Say the voice again and again, a frame every 20 ms."""
        assert self.voice is not None
        sound = _encode(self.voice)
        for number in range(10_000):
            if self.stopping.wait(_FRAME / RATE):
                return
            start = number * _FRAME % (len(sound) - _FRAME)
            head = _HEADER.pack(0x80, _ALAW, number, number * _FRAME, 1)
            self.endpoint.sendto(head + sound[start : start + _FRAME], peer)


@contextmanager
def new_ear(voice: Samples | None = None) -> Iterator[Ear]:
    """Listen, and speak, until the block ends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind(("127.0.0.1", 0))
        endpoint.settimeout(0.05)
        ear = Ear(endpoint, voice)
        thread = threading.Thread(target=ear.listen)
        thread.start()
        try:
            yield ear
        finally:
            ear.stopping.set()
            thread.join()


def _encode(samples: Samples) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="RAW", subtype="ALAW")
    return file.getvalue()


def _decode(sound: bytes) -> Samples:
    samples, _ = soundfile.read(
        io.BytesIO(sound), samplerate=RATE, channels=1, format="RAW", subtype="ALAW"
    )
    return np.asarray(samples, dtype=np.float64)
