"""What is typed of one PBX beside one daemon: read, and judged as far as it can be here."""

import hmac
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from admin_cli.invocation import Invocation, format_utc, tell
from pbx_adapters import clock
from pbx_adapters.pbx_scripts import check_value
from schedules.errors import FaultyValueError, NotFoundError, StoreUnavailableError
from schedules.sqlite_store import DATABASE_NAME
from schedules.telephone import NumberBlock, read_number

if TYPE_CHECKING:
    from schedules.sqlite_store import SqliteStore
    from schedules.store import Token

_STDIN: Final = "-"
# Far more than a token or a key takes, far less than a file named by mistake may be.
_MOST_READ: Final = 4_096
_ANOTHER: Final = "create another with `bereikbaar token create NAME`"


def read_secret(text: str | None, path: str | None, option: str) -> str:
    """Return a secret that was typed, or that stands on the first line of a file; `-` is stdin.

    Empty where neither is given. Raises `click.UsageError` where both are, `OSError`, and
    `FaultyValueError` for a file without text.
    """
    if text is not None and path is not None:
        raise click.UsageError(f"give either {option} or {option}-file")
    if text is not None and text != _STDIN:
        return text
    if text is None and path is None:
        return ""
    if _STDIN in (text, path):
        content = sys.stdin.buffer.read(_MOST_READ)
    else:
        with Path(path or "").open("rb") as file:
            content = file.read(_MOST_READ)
    line = content.decode(errors="replace").strip().partition("\n")[0].strip()
    if not line:
        raise FaultyValueError(("holds nothing", "put it on the first line"))
    return line


def read_token(text: str) -> str:
    """Return a token; raises `FaultyValueError` for what can't be one."""
    if not text:
        remedy = f"give --token-file FILE, or --token - and the token on stdin; {_ANOTHER}"
        raise FaultyValueError(("a PBX needs one", remedy))
    return check_value("TOKEN", text)


def read_address(text: str) -> str:
    """Return a daemon's address without a trailing slash; raises `FaultyValueError`."""
    address = check_value("BASE_URL", text.rstrip("/"))
    with suppress(ValueError):
        if urlsplit(address).port != 0:
            return address
    raise FaultyValueError((f"{text[:80]!r} has no such port", "ports are 1 to 65535"))


def address_in(invocation: Invocation) -> str:
    """Return where the configuration says that PBXs reach the daemon, with a warning if they can't.

    Raises `FaultyValueError` where it says nothing that they could.
    """
    config = invocation.config
    if config.public_url is not None:
        return read_address(config.public_url)
    if config.lacks_public_url:
        raise FaultyValueError(
            (
                f"the daemon listens on all addresses ({config.listen}), of which none is named",
                "give --address URL, or set public_url in the configuration",
            )
        )
    address = read_address(f"http://{config.listen}")
    if is_loopback(address):
        tell(
            f"Warning: {address} reaches the daemon from this machine only; for a PBX elsewhere "
            "give --address URL, or set public_url and listen in the configuration"
        )
    return address


def is_loopback(address: str) -> bool:
    """Tell whether an address leads to the machine that asks."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_called(text: str, region: str) -> str:
    """Return a number in E.164, typed in any form; raises `FaultyValueError`."""
    number = read_number(text, region)
    if number is None:
        raise FaultyValueError(
            (f"{text[:64]!r} is no telephone number", "write it as +31850000100")
        )
    return number


def read_table_key(text: str) -> str:
    """Return the key of tables, which may be empty; raises `FaultyValueError`."""
    return check_value("TABLE_KEY", text.lower())


@dataclass(frozen=True, slots=True)
class Known:
    """What the store here knows: the token, and the schedule that is asked for."""

    token: "Token | None" = None
    schedule: str = ""
    warnings: tuple[str, ...] = ()


def look_up(invocation: Invocation, number: str, schedule: str, token: str) -> Known:
    """Look up what the store here says of a PBX: `number` in E.164, or `schedule`, or neither.

    Raises `FaultyValueError` with each reason for which the token would not do. Without a store
    that can be read a warning says so, and nothing is known.
    """
    if not (invocation.data_dir / DATABASE_NAME).is_file():
        return _unknown(f"there is no store in {invocation.data_dir}")
    try:
        with invocation.open_store() as store, store.reading():
            asked, warnings = _asked_schedule(store, number, schedule)
            found = next((one for one in store.all_tokens() if one.id == _id_of(token)), None)
    except StoreUnavailableError as error:
        return _unknown(str(error))
    if found is not None and found.is_operator:
        warnings.append(
            f"token {found.id} ({found.name}) has an operator's rights, which a PBX doesn't need; "
            f"{_ANOTHER}, without --operator"
        )
    if faults := list(_token_faults(found, token, asked)):
        raise FaultyValueError(*faults)
    return Known(found, asked, tuple(warnings))


def _unknown(why: str) -> Known:
    return Known(warnings=(f"{why}; token, table key, number and schedule are not looked up",))


def _asked_schedule(store: "SqliteStore", number: str, schedule: str) -> tuple[str, list[str]]:
    """Return the schedule that every call asks for, empty for that of the number called."""
    if number:
        digits = int(number[1:])
        holder = store.holder_of(NumberBlock(digits, digits))
        if holder is None:
            why = f"{number} is not linked to any schedule, so its calls take the normal route"
            return "", [f"{why}; link it with `bereikbaar schedule link ID {number}`"]
        return holder, []
    if schedule:
        try:
            store.current(schedule)
        except NotFoundError as error:
            return schedule, [f"{error}; until it is there calls take the normal route"]
    return schedule, []


def _id_of(token: str) -> str:
    return token.split("_", 2)[1]


def _token_faults(found: "Token | None", token: str, asked: str) -> Iterator[tuple[str, str]]:
    """Say why a token would not do for a schedule, empty for any."""
    secret = sha256(token.split("_", 2)[2].encode()).hexdigest()
    if found is None or not hmac.compare_digest(secret, found.sha256):
        yield (
            "is not known in this store",
            f"name the daemon's own store with --data-dir; {_ANOTHER}",
        )
        return
    if found.revoked_at is not None:
        yield f"was revoked on {format_utc(found.revoked_at)}", _ANOTHER
    if found.expires_at is not None and found.expires_at <= clock.utc_now():
        yield f"expired on {format_utc(found.expires_at)}", _ANOTHER
    if asked and found.schedules and not found.is_operator and asked not in found.schedules:
        yield (
            f"is for {', '.join(sorted(found.schedules))}, not for {asked}",
            f"{_ANOTHER} --schedule {asked}",
        )
