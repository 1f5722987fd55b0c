"""What is typed of one PBX beside one daemon: read, and judged as far as it can be here."""

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from admin_cli.invocation import Invocation, format_utc, tell
from admin_cli.pbx_secrets import ANOTHER
from pbx_adapters import clock
from pbx_adapters.addresses import is_unspecified
from pbx_adapters.pbx_scripts import check_value
from schedules.errors import FaultyValueError, NotFoundError, StoreUnavailableError
from schedules.sqlite_store import DATABASE_NAME
from schedules.telephone import NumberBlock, read_number

if TYPE_CHECKING:
    from schedules.sqlite_store import SqliteStore
    from schedules.store import Token


def read_address(text: str) -> str:
    """Return a daemon's address without a trailing slash; raises `FaultyValueError`."""
    address = check_value("BASE_URL", text.rstrip("/"))
    try:
        host, port = urlsplit(address).hostname or "", urlsplit(address).port
    except ValueError:
        host, port = "", 0
    if port == 0:
        raise FaultyValueError((f"{text[:80]!r} has no such port", "ports are 1 to 65535"))
    if is_unspecified(host):
        raise FaultyValueError(
            (
                f"{host} stands for all addresses of a machine, so that no PBX can ask it",
                "give the one address, or the name, by which the PBX reaches the daemon",
            )
        )
    return address


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


@dataclass(frozen=True, slots=True)
class Known:
    """What the store here knows: the token, and the schedule that is asked for."""

    token: "Token | None" = None
    schedule: str = ""
    warnings: tuple[str, ...] = ()


def look_up(
    invocation: Invocation, number: str, schedule: str, token: str, recorded: str = ""
) -> Known:
    """Look up what the store here says of a PBX: `number` in E.164, or `schedule`, or neither.

    `recorded` is the schedule that messages are recorded for by telephone, if that is another.
    Raises `FaultyValueError` with each reason for which the token would not do. Without a store
    that can be read a warning says so, and nothing is known.
    """
    if not (invocation.data_dir / DATABASE_NAME).is_file():
        return _unknown(f"there is no store in {invocation.data_dir}")
    try:
        with invocation.open_store() as store, store.reading():
            asked, warnings = _asked_schedule(store, number, schedule)
            if recorded:
                warnings += _absence_of(store, recorded, "nothing can be recorded for it")
            found = next((one for one in store.all_tokens() if one.id == _id_of(token)), None)
    except StoreUnavailableError as error:
        return _unknown(str(error))
    if found is not None and found.is_operator:
        warnings.append(
            f"token {found.id} ({found.name}) has an operator's rights, which a PBX doesn't need; "
            f"{ANOTHER}, without --operator"
        )
    wanted = [one for one in dict.fromkeys((asked, recorded)) if one]
    if faults := list(_token_faults(found, token, wanted)):
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
    return schedule, _absence_of(store, schedule, "calls take the normal route") if schedule else []


def _absence_of(store: "SqliteStore", schedule: str, what: str) -> list[str]:
    """Say that a schedule isn't there, and what that means until it is."""
    try:
        store.current(schedule)
    except NotFoundError as error:
        return [f"{error}; until it is there {what}"]
    return []


def _id_of(token: str) -> str:
    return token.split("_", 2)[1]


def _token_faults(
    found: "Token | None", token: str, wanted: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Say why a token would not do for some schedules."""
    secret = sha256(token.split("_", 2)[2].encode()).hexdigest()
    if found is None or not hmac.compare_digest(secret, found.sha256):
        yield (
            "is not known in this store",
            f"name the daemon's own store with --data-dir; {ANOTHER}",
        )
        return
    if found.revoked_at is not None:
        yield f"was revoked on {format_utc(found.revoked_at)}", ANOTHER
    if found.expires_at is not None and found.expires_at <= clock.utc_now():
        yield f"expired on {format_utc(found.expires_at)}", ANOTHER
    if not found.schedules or found.is_operator:
        return
    for schedule in wanted:
        if schedule not in found.schedules:
            yield (
                f"is for {', '.join(sorted(found.schedules))}, not for {schedule}",
                f"{ANOTHER} --schedule {schedule}",
            )
