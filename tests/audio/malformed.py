"""WAVs that nobody should play, each with the words that its refusal must contain."""

import struct
from collections.abc import Callable
from math import pi, sin
from typing import NamedTuple

RATE = 8_000
FRAMES = 4_000
TONE = [0.3 * sin(2 * pi * 997 * i / RATE) for i in range(FRAMES)]
SAMPLES = struct.pack(f"<{FRAMES}h", *(round(32_767 * value) for value in TONE))
PCM_GUID = bytes.fromhex("0100000000001000800000aa00389b71")


class Malformed(NamedTuple):
    """Bytes, made when they are needed as some are large, and what must be said of them."""

    id: str
    make: Callable[[], bytes]
    words: str


def chunk(name: bytes, body: bytes, *, said: int | None = None) -> bytes:
    """Write a chunk that may lie about its size."""
    size = len(body) if said is None else said
    return name + struct.pack("<I", size) + body + bytes(len(body) % 2)


def riff(*chunks: bytes, said: int | None = None) -> bytes:
    """Write a RIFF that may lie about its size."""
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if said is None else said) + body


def form(
    code: int = 1,
    channels: int = 1,
    rate: int = RATE,
    bits: int = 16,
    *,
    frame: int | None = None,
    rest: bytes = b"",
) -> bytes:
    """Write a `fmt ` chunk."""
    derived = channels * bits // 8 % 65_536
    frame = derived if frame is None else frame
    speed = rate * frame % (1 << 32)
    return chunk(b"fmt ", struct.pack("<HHIIHH", code, channels, rate, speed, frame, bits) + rest)


def floats(*odd: float) -> bytes:
    """Write the tone as floats of 32 bits, followed by odd ones."""
    values = [*TONE, *odd]
    return chunk(b"data", struct.pack(f"<{len(values)}f", *values))


def extended(valid_bits: int, guid: bytes = PCM_GUID, bits: int = 16) -> bytes:
    """Write a `fmt ` chunk of WAVE_FORMAT_EXTENSIBLE."""
    return form(0xFFFE, bits=bits, rest=struct.pack("<HHI", 22, valid_bits, 4) + guid)


GOOD = chunk(b"data", SAMPLES)
WHOLE = riff(form(), GOOD)


def patched(place: int, pattern: str, value: int) -> bytes:
    """Write a whole WAV with one field altered."""
    data = bytearray(WHOLE)
    struct.pack_into(pattern, data, place, value)
    return bytes(data)


def cut(length: int) -> Callable[[], bytes]:
    """Write no more than the first bytes of a whole WAV."""
    return lambda: WHOLE[:length]


def fixed(data: bytes) -> Callable[[], bytes]:
    """Write these bytes."""
    return lambda: data


NO_CHUNK = "has no chunk at byte"
CASES = (
    # Cut off, in each part.
    Malformed("empty", cut(0), "is empty"),
    Malformed("cut-in-the-first-name", cut(3), "is cut off after 3 bytes"),
    Malformed("cut-in-the-riff-size", cut(6), "is cut off after 6 bytes"),
    Malformed("cut-in-the-riff-type", cut(10), "is cut off after 10 bytes"),
    Malformed("cut-before-any-chunk", cut(12), "says it is 8,044 bytes long, but has 12"),
    Malformed("cut-in-the-format", cut(30), "says it is 8,044 bytes long, but has 30"),
    Malformed("cut-after-the-format", cut(36), "says it is 8,044 bytes long, but has 36"),
    Malformed("cut-before-the-samples", cut(44), "says it is 8,044 bytes long, but has 44"),
    Malformed("cut-in-the-samples", cut(5_000), "says it is 8,044 bytes long, but has 5,000"),
    Malformed("cut-by-two-bytes", cut(8_042), "says it is 8,044 bytes long, but has 8,042"),
    # Sizes that lie.
    Malformed("riff-size-zero", fixed(patched(4, "<I", 0)), "goes on for 8,036 bytes"),
    Malformed("riff-size-short", fixed(patched(4, "<I", 7_000)), "goes on for 1,036 bytes"),
    Malformed("riff-size-long", fixed(patched(4, "<I", 9_000)), "says it is 9,008 bytes long"),
    Malformed("riff-size-2-gb", fixed(patched(4, "<I", 0x7000_0000)), "1,879,048,200 bytes"),
    Malformed("data-size-long", fixed(patched(40, "<I", 8_002)), "says it has 8,002 bytes"),
    Malformed("data-size-1-gb", fixed(patched(40, "<I", 1 << 30)), "says it has 1,073,741,824"),
    Malformed("data-size-short", fixed(patched(40, "<I", 4_000)), NO_CHUNK),
    Malformed("data-size-zero", fixed(riff(form(), chunk(b"data", b""))), "has no samples"),
    Malformed("data-size-odd", fixed(riff(form(), chunk(b"data", SAMPLES[:-1]))), "middle of a"),
    Malformed("streamed-without-samples", fixed(riff(form(), b"data\xff\xff\xff\xff")), "no samp"),
    Malformed(
        "list-past-the-end", fixed(riff(form(), chunk(b"LIST", b"INFO", said=99_999), GOOD)), "LIST"
    ),
    Malformed(
        "chunk-size-overflows",
        fixed(riff(form(), chunk(b"LIST", b"INFO", said=0xFFFF_FFF8), GOOD)),
        "says its chunk 'LIST' is 4,294,967,288 bytes long",
    ),
    Malformed("list-without-pad", fixed(riff(form(), b"LIST" + b"\5\0\0\0INFOx" + GOOD)), NO_CHUNK),
    Malformed("format-size-zero", fixed(riff(chunk(b"fmt ", b""), GOOD)), "only 0 bytes"),
    Malformed("format-size-14", fixed(riff(form()[:4] + b"\x0e\0\0\0" + form()[8:22], GOOD)), "14"),
    Malformed("format-size-17", fixed(riff(form(rest=b"x"), GOOD)), "format chunk of 17 bytes"),
    Malformed("format-size-1000", fixed(riff(form(rest=bytes(984)), GOOD)), "of 1,000 bytes"),
    # Chunks out of order, missing, twice, or where none should be.
    Malformed("no-chunks", fixed(riff()), "has no format chunk"),
    Malformed("no-format", fixed(riff(GOOD)), "has its samples before their format"),
    Malformed("no-data", fixed(riff(form())), "has no data chunk"),
    Malformed("data-before-format", fixed(riff(GOOD, form())), "samples before their format"),
    Malformed("two-formats", fixed(riff(form(), form(), GOOD)), "has two format chunks"),
    Malformed("format-again-after-data", fixed(riff(form(), GOOD, form(6))), "two format chunks"),
    Malformed("two-data-chunks", fixed(riff(form(), GOOD, GOOD)), "has two data chunks"),
    Malformed("nested-riff", fixed(riff(form(), WHOLE)), "has another RIFF inside, at byte 36"),
    Malformed("two-files-in-one", fixed(WHOLE + WHOLE), "goes on for 8,044 bytes after its end"),
    Malformed("junk-after-the-end", fixed(WHOLE + b"TAG" + bytes(125)), "goes on for 128 bytes"),
    Malformed("wave-list", fixed(riff(form(), chunk(b"LIST", b"wavl" + GOOD))), "no data chunk"),
    Malformed("noise-for-chunks", fixed(riff(bytes(range(128, 256)))), NO_CHUNK),
    Malformed("endless-chunks", lambda: riff(chunk(b"JUNK", b"") * 1_000_000), "more than 1,000"),
    # Formats that contradict themselves, or that no PBX plays.
    Malformed("no-channels", fixed(riff(form(channels=0), GOOD)), "has 0 channels"),
    Malformed("three-channels", fixed(riff(form(channels=3), GOOD)), "has 3 channels"),
    Malformed("65535-channels", fixed(riff(form(channels=65_535), GOOD)), "has 65,535 channels"),
    Malformed("rate-zero", fixed(riff(form(rate=0), GOOD)), "is sampled at 0 Hz"),
    Malformed("rate-4-ghz", fixed(riff(form(rate=0xFFFF_FFFF), GOOD)), "at 4,294,967,295 Hz"),
    Malformed("rate-just-below", fixed(riff(form(rate=7_999), GOOD)), "is sampled at 7,999 Hz"),
    Malformed("rate-just-above", fixed(riff(form(rate=96_001), GOOD)), "is sampled at 96,001 Hz"),
    Malformed("frame-of-no-bytes", fixed(riff(form(frame=0), GOOD)), "take 0 bytes"),
    Malformed("frame-too-large", fixed(riff(form(frame=65_535), GOOD)), "take 65,535 bytes"),
    Malformed("frame-of-one-channel", fixed(riff(form(channels=2, frame=2), GOOD)), "take 2 bytes"),
    Malformed("no-bits", fixed(riff(form(bits=0), GOOD)), "is PCM of 0 bits"),
    Malformed("12-bits", fixed(riff(form(bits=12, frame=2), GOOD)), "is PCM of 12 bits"),
    Malformed("64-bit-integers", fixed(riff(form(bits=64), GOOD)), "is PCM of 64 bits"),
    Malformed("float-of-16-bits", fixed(riff(form(3), GOOD)), "is float of 16 bits"),
    Malformed("a-law-of-16-bits", fixed(riff(form(6), GOOD)), "is A-law of 16 bits"),
    Malformed("unknown-encoding", fixed(riff(form(0x1234), GOOD)), "is encoding 0x1234"),
    Malformed("encoding-zero", fixed(riff(form(0), GOOD)), "is encoding 0x0000"),
    Malformed("extensible-cut-off", fixed(riff(form(0xFFFE), GOOD)), "extensible format of only"),
    Malformed(
        "extensible-unknown", fixed(riff(extended(16, bytes(16)), GOOD)), "unknown extensible"
    ),
    Malformed("extensible-valid-bits", fixed(riff(extended(24), GOOD)), "24 of its 16 bits count"),
    # Samples that can't be heard, or aren't samples.
    Malformed("one-sample", fixed(riff(form(), chunk(b"data", SAMPLES[:2]))), "lasts 0.1 ms"),
    Malformed("99-ms", fixed(riff(form(), chunk(b"data", SAMPLES[:1_584]))), "lasts 99.0 ms"),
    Malformed(
        "over-five-minutes",
        lambda: riff(form(bits=8), chunk(b"data", bytes(2_400_001))),
        "lasts 300.0 s",
    ),
    Malformed("silence", fixed(riff(form(), chunk(b"data", bytes(16_000)))), "is silent"),
    Malformed("constant", fixed(riff(form(), chunk(b"data", b"\0\1" * 8_000))), "is silent"),
    Malformed("nan", fixed(riff(form(3, bits=32), floats(float("nan")))), "no numbers"),
    Malformed("infinity", fixed(riff(form(3, bits=32), floats(float("-inf")))), "no numbers"),
    Malformed("float-in-the-clouds", fixed(riff(form(3, bits=32), floats(3e38))), "full scale"),
    Malformed(
        "double-beyond-float",
        fixed(riff(form(3, bits=64), chunk(b"data", struct.pack("<d", 1e300) * FRAMES))),
        "no numbers",
    ),
    # Large.
    Malformed(
        "10-mb-and-a-byte", lambda: bytes(10 * 1024 * 1024 + 1), "is longer than 10,485,760 bytes"
    ),
    Malformed(
        "larger-inside-than-out",
        lambda: riff(form(), chunk(b"JUNK", bytes(9 << 20))),
        "no data chunk",
    ),
)
