"""Decoding and levelling, for any samples at all."""

import os
import struct
from operator import mul

import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st

from audio_store.conversion import Sound, decode, encode_law, make_master, widen
from audio_store.errors import RefusedAudioError

FRAME_BYTES = {
    "PCM 8 bit": 1,
    "PCM 16 bit": 2,
    "PCM 24 bit": 3,
    "PCM 32 bit": 4,
    "float 32 bit": 4,
    "float 64 bit": 8,
    "A-law": 1,
    "µ-law": 1,
}
RATES = st.sampled_from([8_000, 8_001, 11_025, 44_100, 95_999, 96_000])


def decoded(data: bytes, encoding: str, channels: int, rate: int) -> Sound:
    """Decode headerless samples."""
    with os.fdopen(os.memfd_create("samples"), "w+b") as file:
        file.write(data)
        file.seek(0)
        return decode(file.fileno(), encoding, channels, rate)


FORMS = st.tuples(st.sampled_from([*FRAME_BYTES]), st.integers(1, 2), RATES)


@given(
    form=FORMS,
    data=st.builds(mul, st.binary(min_size=16, max_size=400), st.integers(50, 400)),
    is_levelled=st.booleans(),
)
@example(
    form=("float 32 bit", 1, 8_000),
    data=struct.pack("<4f", 1.5, -1.5, 1e-40, 0) * 2_000,
    is_levelled=True,
)
def test_any_samples_become_a_final_master_or_are_refused(
    *, form: tuple[str, int, int], data: bytes, is_levelled: bool
) -> None:
    """Any bytes can be samples: refused, or a master that converting again leaves as it is."""
    encoding, channels, rate = form
    frame = FRAME_BYTES[encoding] * channels
    data = data[: len(data) - len(data) % frame]
    try:
        sound = decoded(data, encoding, channels, rate)
    except RefusedAudioError:
        return
    frames = len(data) // frame
    assert abs(len(sound.samples) - frames * 8_000 / rate) <= 2
    measured, master = make_master(sound, is_levelled=is_levelled)
    assert len(master) == 2 * len(sound.samples)
    assert measured["peak"] is not None
    assert measured["peak"] <= 0
    try:
        again = decoded(master, "PCM 16 bit", 1, 8_000)
    except RefusedAudioError:
        # Only one that is kept as soft as it was can be near enough to silence.
        assume(is_levelled)
        raise
    assert make_master(again, is_levelled=is_levelled)[1] == master


@given(
    st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=300),
    st.sampled_from([("ALAW", "A-law"), ("ULAW", "µ-law")]),
)
def test_companding_keeps_samples_to_a_few_percent(
    values: list[int], names: tuple[str, str]
) -> None:
    """A-law and µ-law round each sample by at most 1/16 of it, or by 16 near zero (G.711)."""
    subtype, encoding = names
    # Something that can be heard, so that it is decoded again.
    samples = [20_000, *values]
    scratch = os.memfd_create("law")
    try:
        encoded = encode_law(struct.pack(f"<{len(samples)}h", *samples), subtype, scratch)
    finally:
        os.close(scratch)
    assert len(encoded) == len(samples)
    found = np.rint(decoded(encoded, encoding, 1, 8_000).samples * 32_768)
    for before, after in zip(samples, found, strict=True):
        assert abs(before - after) <= max(16, abs(before) / 16)


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=2_000))
def test_widening_doubles_the_samples(values: list[int]) -> None:
    """At 16 kHz there are twice as many samples, none of them wrapped around."""
    wide = np.frombuffer(widen(struct.pack(f"<{len(values)}h", *values)), "<i2")
    assert abs(len(wide) - 2 * len(values)) <= 1
    if min(values) >= 20_000:
        assert wide[len(values)] > 0
