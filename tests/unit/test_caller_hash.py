"""Callers' numbers are hashed alike however written, with a key that only its owner has."""

import stat
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path

import pytest

from pbx_adapters.caller_hash import (
    CallerKeyError,
    hash_caller,
    make_caller_key,
    read_caller_key,
)

KEY = bytes(range(64))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the key's file."""
    return tmp_path / "caller-hash.key"


@pytest.mark.parametrize(
    "cli",
    [
        "0612345678",
        "+31612345678",
        "0031612345678",
        "31612345678",
        " 31612345678",
        "06-12345678",
        "+31 (0)6 1234 5678",
        "sip:0612345678@pbx.example.nl",
        '"Jan" <sip:+31612345678@192.0.2.1;user=phone>',
        "tel:+31-6-12345678",
    ],
)
def test_any_way_of_writing_gives_the_same_hash(cli: str) -> None:
    """It is the hash of the E.164 form, as 63 bits."""
    digest = blake2b(b"+31612345678", digest_size=8, key=KEY).digest()
    assert hash_caller(KEY, cli, "NL") == int.from_bytes(digest, "big") // 2


@pytest.mark.parametrize(
    ("cli", "digits"),
    [
        pytest.param("204", b"204", id="extension"),
        pytest.param("sip:204@192.0.2.1", b"204", id="extension-in-an-address"),
        pytest.param("2 04", b"204", id="written-apart"),
        pytest.param("112", b"112", id="short-number"),
        pytest.param("123456789012345678", b"123456789012345678", id="too-long-for-e164"),
    ],
)
def test_other_numbers_are_hashed_by_their_digits(cli: str, digits: bytes) -> None:
    """An extension's calls are found as well."""
    digest = blake2b(digits, digest_size=8, key=KEY).digest()
    assert hash_caller(KEY, cli, "NL") == int.from_bytes(digest, "big") // 2


@pytest.mark.parametrize(
    "cli",
    [
        *("", " ", "anonymous", "Anonymous", "unknown", "+", "-", "jan"),
        "sip:anonymous@anonymous.invalid",
        '"Anonymous" <sip:anonymous@192.0.2.1>',
        "sip:192.0.2.1",
        "\N{ARABIC-INDIC DIGIT TWO}04",
        "2" * 257,
    ],
)
def test_no_number_has_no_hash(cli: str) -> None:
    """Anonymous callers are nobody, and not all the same one."""
    assert hash_caller(KEY, cli, "NL") is None


def test_national_forms_are_read_in_the_region() -> None:
    """The same digits are another caller in Belgium."""
    belgian = hash_caller(KEY, "+32412345678", "NL")
    assert hash_caller(KEY, "0412345678", "BE") == belgian
    assert hash_caller(KEY, "0412345678", "NL") != belgian


def test_hash_depends_on_the_key() -> None:
    """Nobody finds a number by its hash without the key."""
    assert hash_caller(KEY, "0612345678", "NL") != hash_caller(bytes(64), "0612345678", "NL")


def test_key_is_made_once_for_its_owner_only(path: Path) -> None:
    """32 random bytes, and what is there stays; nothing is left beside it."""
    make_caller_key(path)
    made = path.read_bytes()
    assert len(made) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    make_caller_key(path)
    assert path.read_bytes() == made
    assert list(path.parent.iterdir()) == [path]
    other = path.with_name("other.key")
    make_caller_key(other)
    assert read_caller_key(other) != read_caller_key(path)


def test_processes_that_start_together_have_one_key(path: Path) -> None:
    """Whoever makes it first makes it for all, and none reads half of it."""

    def make_and_read(_: int) -> bytes:
        make_caller_key(path)
        return read_caller_key(path)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(make_and_read, range(64)))) == 1


def test_key_in_a_folder_that_cannot_be_looked_into_is_a_clear_fault() -> None:
    """Calls are answered, and recorded without their callers."""
    # As root nothing is forbidden; a name that is too long fails alike.
    with pytest.raises(CallerKeyError, match="can't be made"):
        make_caller_key(Path("/" + "x" * 300))


def test_faulty_key_is_never_replaced(path: Path) -> None:
    """Making one anew would lose the callers recorded with it, unasked."""
    path.write_bytes(b"kort")
    make_caller_key(path)
    assert path.read_bytes() == b"kort"


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        pytest.param(bytes(31), 0o600, "holds 31 bytes, and a key is 32 to 4096", id="short"),
        pytest.param(b"", 0o600, "holds 0 bytes", id="empty"),
        pytest.param(bytes(4_097), 0o600, "holds more than 4096 bytes", id="no-key"),
        pytest.param(bytes(32), 0o604, "chmod 600 it", id="everybody-reads"),
        pytest.param(bytes(32), 0o620, "chmod 600 it", id="group-writes"),
    ],
)
def test_faulty_key_is_told_with_its_remedy(
    path: Path, content: bytes, mode: int, told: str
) -> None:
    """Each names the file, what is wrong and what to do."""
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(CallerKeyError) as refused:
        read_caller_key(path)
    assert str(refused.value).startswith(str(path))
    assert told in str(refused.value)
    assert "; " in str(refused.value)


def test_key_may_be_the_groups_to_read(path: Path) -> None:
    """It may belong to root, and the service read it; text with a line's end will do as well."""
    path.write_bytes(b"f" * 64 + b"\n")
    path.chmod(0o640)
    assert len(read_caller_key(path)) == 64


def test_absent_key_is_told(path: Path) -> None:
    """What was set and isn't there has to be put back, or made."""
    with pytest.raises(CallerKeyError, match="isn't there; put it back"):
        read_caller_key(path)


def test_folder_is_no_key(path: Path) -> None:
    """What can't be read is told with the reason."""
    path.mkdir()
    with pytest.raises(CallerKeyError, match="can't be read: Is a directory"):
        read_caller_key(path)


def test_key_that_cannot_be_made_is_told(path: Path) -> None:
    """Without its folder there is no place for one."""
    with pytest.raises(CallerKeyError, match="can't be made: No such file or directory"):
        make_caller_key(path / "in" / "nowhere")
