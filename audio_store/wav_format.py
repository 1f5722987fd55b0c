"""What a WAV's `fmt ` chunk says, and what other files are that end in .wav."""

import struct
from typing import Final, NamedTuple

from audio_store.errors import RefusedAudioError

CONVERT: Final = "convert it: `ffmpeg -i FILE -ar 8000 -ac 1 -c:a pcm_s16le out.wav`"

_MIN_RATE: Final = 8_000
_MAX_RATE: Final = 96_000

# What `data` may start with instead: (place, bytes, the name people know it by).
_OTHER_FORMATS: Final = (
    (0, b"RF64", "is RF64"),
    (0, b"BW64", "is BW64"),
    (0, b"RIFX", "is big-endian RIFX"),
    (0, b"riff", "is Wave64"),
    (0, b"FORM", "is AIFF"),
    (0, b"ID3", "is an MP3"),
    (0, b"\xff\xfb", "is an MP3"),
    (0, b"\xff\xfa", "is an MP3"),
    (0, b"\xff\xf3", "is an MP3"),
    (0, b"\xff\xf2", "is an MP3"),
    (0, b"\xff\xf1", "is AAC"),
    (0, b"\xff\xf9", "is AAC"),
    (0, b"OggS", "is Ogg"),
    (0, b"fLaC", "is FLAC"),
    (0, b"#!AMR", "is AMR"),
    (0, b"\x30\x26\xb2\x75", "is Windows Media"),
    (0, b"\x1a\x45\xdf\xa3", "is Matroska or WebM"),
    (0, b"caff", "is Core Audio"),
    (0, b".snd", "is Sun AU"),
    (0, b"wvpk", "is WavPack"),
    (0, b"PK\x03\x04", "is a ZIP file"),
    (4, b"ftyp", "is MPEG-4 audio or video"),
)
_PCM: Final = 1
_FLOAT: Final = 3
_A_LAW: Final = 6
_MU_LAW: Final = 7
_EXTENSIBLE: Final = 0xFFFE
_ENCODINGS: Final = {
    (_PCM, 8): "PCM 8 bit",
    (_PCM, 16): "PCM 16 bit",
    (_PCM, 24): "PCM 24 bit",
    (_PCM, 32): "PCM 32 bit",
    (_FLOAT, 32): "float 32 bit",
    (_FLOAT, 64): "float 64 bit",
    (_A_LAW, 8): "A-law",
    (_MU_LAW, 8): "µ-law",
}
_FAMILIES: Final = {_PCM: "PCM", _FLOAT: "float", _A_LAW: "A-law", _MU_LAW: "µ-law"}
# Encodings that people have in a WAV and that are not taken in.
_OTHER_CODES: Final = {
    0x0002: "Microsoft ADPCM",
    0x0011: "IMA ADPCM",
    0x0022: "TrueSpeech",
    0x0031: "GSM 6.10",
    0x0040: "G.721 ADPCM",
    0x0042: "G.723.1",
    0x0045: "G.726",
    0x0050: "MPEG",
    0x0055: "MP3",
    0x0064: "G.726",
    0x0065: "G.722",
    0x0083: "G.729",
    0x0160: "Windows Media",
    0x0161: "Windows Media",
    0x028F: "G.722",
}
# Bytes 2 to 15 of the identifier in WAVE_FORMAT_EXTENSIBLE; the first two are the code.
_EXTENSIBLE_REST: Final = bytes.fromhex("000000001000800000aa00389b71")

_FORMAT: Final = struct.Struct("<HHIIHH")
_EXTENSION: Final = struct.Struct("<HHIH14s")
_FORMAT_SIZES: Final = (16, 18, 40)
_RIFF_HEADER_BYTES: Final = 12


class WavFormat(NamedTuple):
    """A `fmt ` chunk that can be taken in."""

    encoding: str
    channels: int
    rate: int
    frame_bytes: int


def name_format(data: bytes) -> str:
    """Say what bytes are that don't start as a WAV does."""
    for place, magic, name in _OTHER_FORMATS:
        if data[place : place + len(magic)] == magic:
            return name
    if data[:4] == b"RIFF"[: len(data)]:
        is_whole = len(data) >= _RIFF_HEADER_BYTES
        return "is a RIFF file, but no WAVE" if is_whole else f"is cut off after {len(data)} bytes"
    return "is not a WAV file"


def read_format(chunk: bytes) -> WavFormat:
    """Read the body of a `fmt ` chunk.

    Raises `RefusedAudioError` that names all that is wrong with it.
    """
    if len(chunk) < _FORMAT.size:
        raise RefusedAudioError(f"has a format chunk of only {len(chunk)} bytes", CONVERT)
    code, channels, rate, _, frame_bytes, bits = _FORMAT.unpack_from(chunk)
    if code == _EXTENSIBLE:
        code = _read_extension(chunk, bits)
    if code not in _FAMILIES:
        name = _OTHER_CODES.get(code, f"encoding 0x{code:04X}")
        raise RefusedAudioError(f"is {name} in a WAV", CONVERT)
    if len(chunk) not in _FORMAT_SIZES:
        raise RefusedAudioError(f"has a format chunk of {len(chunk):,} bytes", CONVERT)
    encoding = _ENCODINGS.get((code, bits))
    faults = _find_faults(channels, rate)
    if encoding is None:
        faults.insert(0, f"is {_FAMILIES[code]} of {bits} bits")
    elif not faults and frame_bytes != channels * bits // 8:
        faults.append(f"says that {channels} channel(s) of {bits} bits take {frame_bytes:,} bytes")
    if encoding is None or faults:
        raise RefusedAudioError(", ".join(faults), CONVERT)
    return WavFormat(encoding, channels, rate, frame_bytes)


def _find_faults(channels: int, rate: int) -> list[str]:
    faults = []
    if channels not in (1, 2):
        faults.append(f"has {channels:,} channels")
    if not _MIN_RATE <= rate <= _MAX_RATE:
        faults.append(f"is sampled at {rate:,} Hz")
    return faults


def _read_extension(chunk: bytes, bits: int) -> int:
    """Return the code that a WAVE_FORMAT_EXTENSIBLE stands for."""
    if len(chunk) < _FORMAT.size + _EXTENSION.size:
        raise RefusedAudioError(f"has an extensible format of only {len(chunk)} bytes", CONVERT)
    _, valid_bits, _, code, rest = _EXTENSION.unpack_from(chunk, _FORMAT.size)
    if rest != _EXTENSIBLE_REST:
        raise RefusedAudioError("is of an unknown extensible format", CONVERT)
    # Some writers leave it 0; then all bits count.
    if valid_bits > bits:
        raise RefusedAudioError(f"says {valid_bits} of its {bits} bits count", CONVERT)
    return int(code)
