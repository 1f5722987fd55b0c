"""Secrets in files of their own, read whenever they are used: a new one needs no restart."""

import base64
import binascii
import stat
from pathlib import Path
from typing import Final

from schedules.errors import BereikbaarError

_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every such secret begins with
# Standard Webhooks: 24 to 64 random bytes.
_SECRET_BYTES: Final = range(24, 65)
_MOST_BYTES: Final = 4_096


class SecretFileError(BereikbaarError):
    """A file that should hold a secret can't be used."""


def read_secret_line(path: Path) -> str:
    """Return the one line that a file holds; raises `SecretFileError`."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8").strip()
    except OSError as error:
        raise SecretFileError(
            f"{path}: can't be read: {error.strerror}; check its owner and its mode"
        ) from None
    except UnicodeDecodeError:
        raise SecretFileError(f"{path}: is no text; write the secret there, alone") from None
    if not text or not text.isprintable():
        raise SecretFileError(f"{path}: holds not one line; write the secret there, alone")
    return text


def read_webhook_secret(path: Path) -> bytes:
    """Return the key with which a webhook's messages are signed; raises `SecretFileError`."""
    text = read_secret_line(path)
    try:
        key = base64.b64decode(text.removeprefix(_SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(_SECRET_PREFIX) or len(key) not in _SECRET_BYTES:
        raise SecretFileError(
            f"{path}: holds no secret of a webhook; write {_SECRET_PREFIX} and 24 to 64 random "
            "bytes in base64 there"
        )
    return key


def is_open_to_others(path: Path) -> bool:
    """Tell whether others than its owner and its group may read a file."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
