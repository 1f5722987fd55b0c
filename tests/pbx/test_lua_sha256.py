"""SHA-256 and HMAC as the Lua scripts work them out, by standards' vectors and by hashlib."""

import hashlib
import hmac
import random

import pytest

from tests.pbx.lua_runtimes import RUNTIMES, Lua, load_library, new_runtime


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((name, is_bare), id=f"{name}{'-bare' if is_bare else ''}")
        for name in RUNTIMES
        for is_bare in ((False, True) if name in ("lua51", "lua54") else (False,))
    ],
)
def sha256(request: pytest.FixtureRequest) -> Lua:
    """Load the library in every Lua, also where arithmetic is all there is."""
    name, is_bare = request.param
    return load_library(new_runtime(name, is_bare=is_bare))[b"sha256"]


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        pytest.param(
            b"",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            id="empty",
        ),
        pytest.param(
            b"abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            id="one-block",
        ),
        pytest.param(
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            id="two-blocks",
        ),
    ],
)
def test_digests_are_those_of_the_standard(sha256: Lua, message: bytes, digest: str) -> None:
    """FIPS 180's examples."""
    assert sha256[b"hex"](message).decode() == digest


def test_digests_equal_hashlib(sha256: Lua) -> None:
    """Any bytes, of lengths around every edge of padding, and five thousand of them."""
    source = random.Random(180)
    lengths = [*range(52, 68), *range(116, 132), *(source.randrange(500) for _ in range(20))]
    for message in (*(source.randbytes(length) for length in lengths), source.randbytes(5_000)):
        assert sha256[b"hex"](message).decode() == hashlib.sha256(message).hexdigest()


# RFC 4231, cases 1 to 4, 6 and 7; case 5 is of a truncated code.
@pytest.mark.parametrize(
    ("key", "message", "code"),
    [
        pytest.param(
            b"\x0b" * 20,
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            id="case-1",
        ),
        pytest.param(
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            id="case-2",
        ),
        pytest.param(
            b"\xaa" * 20,
            b"\xdd" * 50,
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            id="case-3",
        ),
        pytest.param(
            bytes(range(1, 26)),
            b"\xcd" * 50,
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            id="case-4",
        ),
        pytest.param(
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            id="case-6",
        ),
        pytest.param(
            b"\xaa" * 131,
            b"This is a test using a larger than block-size key and a larger than block-size data."
            b" The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            id="case-7",
        ),
    ],
)
def test_codes_are_those_of_the_standard(
    sha256: Lua,
    key: bytes,
    message: bytes,
    code: str,
) -> None:
    """Short keys, long keys, and the keys that are hashed first."""
    assert sha256[b"hmac_hex"](key, message).decode() == code


def test_codes_equal_hmac(sha256: Lua) -> None:
    """Keys of 32 bytes, as tables are signed by, and messages of any bytes."""
    source = random.Random(2104)
    for length in (0, 1, 55, 64, 999, 4000):
        key, message = source.randbytes(32), source.randbytes(length)
        assert (
            sha256[b"hmac_hex"](key, message).decode() == hmac.digest(key, message, "sha256").hex()
        )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        pytest.param(b"00fFa0", b"\x00\xff\xa0", id="either-case"),
        pytest.param(b"", b"", id="empty"),
        pytest.param(b"0", None, id="half-a-byte"),
        pytest.param(b"0g", None, id="no-digit"),
        pytest.param(b"00\n", None, id="line-break"),
    ],
)
def test_keys_are_read(sha256: Lua, text: bytes, read: bytes | None) -> None:
    """From pairs of hexadecimal digits alone."""
    assert sha256[b"from_hex"](text) == read


@pytest.mark.parametrize(
    ("other", "is_equal"),
    [
        pytest.param(b"abcd", True, id="same"),
        pytest.param(b"abce", False, id="last-differs"),
        pytest.param(b"bacd", False, id="swapped"),
        pytest.param(b"abc", False, id="shorter"),
        pytest.param(b"", False, id="empty"),
    ],
)
def test_texts_are_compared(sha256: Lua, other: bytes, *, is_equal: bool) -> None:
    """By every byte and by length."""
    assert sha256[b"are_equal"](b"abcd", other) is is_equal
