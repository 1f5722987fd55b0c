"""Callers' numbers as keyed hashes: found again by whoever has the key, read back by nobody.

A plain hash of a telephone number is no secret: all numbers of a country are hashed in minutes. So
the key counts as much as the record, and lies apart from it.
"""

import os
import secrets
import stat
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

from schedules.errors import BereikbaarError
from schedules.telephone import read_local_digits, read_number

KEY_BYTES: Final = 32
_MOST_BYTES: Final = 4_096
# Its group may read it, so that it can belong to root.
_TOO_OPEN: Final = stat.S_IWGRP | stat.S_IRWXO

# `read_number` keeps what it has read, and callers would push the called numbers out of that.
_read_once: Final = read_number.__wrapped__


class CallerKeyError(BereikbaarError):
    """There is no key to hash callers' numbers with; the message says what to do."""


def hash_caller(key: bytes, cli: str, region: str) -> int | None:
    """Return a caller's number as a hash of 63 bits, None where none was sent.

    Any way of writing an E.164 number gives the same hash; national forms are read in `region`.
    Any other number, such as an extension, is hashed by its digits. A name, or a word such as
    `anonymous`, is no number. Source: quality.md (personal data).
    """
    number = _read_once(cli, region) or read_local_digits(cli)
    if not number:
        return None
    hashed = _keyed(key).copy()
    hashed.update(number.encode())
    # SQLite's integers have a sign.
    return int.from_bytes(hashed.digest()) >> 1


@lru_cache(maxsize=4)
def _keyed(key: bytes) -> blake2b:
    """Take in the key once: that is half of hashing a number."""
    return blake2b(digest_size=8, key=key)


def read_caller_key(path: Path) -> bytes:
    """Return the key in a file of at least `KEY_BYTES` bytes; raises `CallerKeyError`."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise CallerKeyError(f"{path} isn't there; {_remedy(path)}") from None
    except OSError as error:
        told = f"{path} can't be read: {error.strerror}; check its owner and its mode"
        raise CallerKeyError(told) from None
    if mode & _TOO_OPEN:
        raise CallerKeyError(
            f"{path} can be read by everybody or written by its group; chmod 600 it, and make "
            "another if somebody may have read it"
        )
    if not KEY_BYTES <= len(content) <= _MOST_BYTES:
        size = f"{len(content)}" if len(content) <= _MOST_BYTES else f"more than {_MOST_BYTES}"
        told = f"{path} holds {size} bytes, and a key is {KEY_BYTES} to {_MOST_BYTES}"
        raise CallerKeyError(f"{told}; {_remedy(path)}")
    # Whatever was put there, such as text with a line's end, becomes a key of the right size.
    return blake2b(content).digest()


def _remedy(path: Path) -> str:
    return (
        "put it back from where you keep it, or make another, after which callers recorded "
        f"before are not found any more: head -c {KEY_BYTES} /dev/urandom > {path}; "
        f"chmod 600 {path}"
    )


def make_caller_key(path: Path) -> None:
    """Make a random key, once: one that is there stays, whatever it holds.

    The file is there whole or not at all. Raises `CallerKeyError`.
    """
    # Another process may be making it at the same time.
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        if path.exists():
            return
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                path.hardlink_to(beside)
        finally:
            beside.unlink()
    except OSError as error:
        told = f"{path} can't be made: {error.strerror}; check the data directory"
        raise CallerKeyError(f"{told}, its owner, its mode and the space on its disk") from None
