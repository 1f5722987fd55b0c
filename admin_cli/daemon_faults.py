"""What is wrong with the daemon, and with what it keeps for bad days, for `doctor`."""

import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from admin_cli.control import NoDaemonError, ask_daemon, is_daemon_there
from admin_cli.finding import Finding
from admin_cli.invocation import Invocation
from pbx_adapters import clock
from pbx_adapters.data_dir import CONTROL_SOCKET, LAST_GOOD_FILE
from schedules.errors import StoreUnavailableError
from schedules.last_good import read_last_good

# The daemon writes it after some seconds; when it can't, it tries again for half a minute.
_STALE_SECONDS: Final = 600


def daemon_faults(invocation: Invocation) -> Iterator[Finding]:
    """Find whether the daemon on this data directory does what it should, if one runs."""
    from pbx_adapters.config import InvalidConfigError

    wanted: int | None = None
    try:
        wanted = invocation.config.max_connections
    except InvalidConfigError as error:
        for fault in error.faults:
            problem = f"{fault.place}: {fault.problem}"
            yield Finding("config-invalid", "configuration", problem, fault.remedy)
    path = invocation.control_socket
    is_there = is_daemon_there(path)
    if is_there:
        yield from _answer_faults(path)
        if wanted is not None:
            yield from _descriptor_faults(path, wanted)
    elif path.exists():
        problem = "the daemon that made it was killed, or its machine stopped"
        remedy = "start the daemon, and see its log and the kernel's"
        yield Finding("daemon-ended", CONTROL_SOCKET, problem, remedy)
    yield from _last_good_faults(invocation.data_dir, is_served=is_there)


def _answer_faults(path: Path) -> Iterator[Finding]:
    try:
        ready = ask_daemon(path, "/-/ready")
    except NoDaemonError as error:
        remedy = "see its log, and restart it"
        yield Finding("daemon-silent", CONTROL_SOCKET, str(error), remedy)
        return
    for why in ready.fields.get("why", ()):
        remedy = "mend what is told here and in its log; calls are answered from what it had"
        yield Finding("daemon-degraded", CONTROL_SOCKET, str(why), remedy)


def _descriptor_faults(path: Path, max_connections: int) -> Iterator[Finding]:
    """Find whether the daemon may hold as many connections open as it was told to take."""
    from pbx_adapters.connection_limits import ConnectionLimits, fit_to

    wanted = ConnectionLimits(max_connections=max_connections)
    soft = _open_files_limit(path)
    fitting = wanted if soft is None else fit_to(wanted, soft)
    if fitting != wanted:
        problem = (
            f"the daemon may open {soft:,} files, room for {fitting.max_connections:,} of its "
            f"{wanted.max_connections:,} connections"
        )
        remedy = "raise its limit (LimitNOFILE of the unit, ulimit -n), or lower max_connections"
        yield Finding("too-few-descriptors", CONTROL_SOCKET, problem, remedy)


def _open_files_limit(path: Path) -> int | None:
    """Return how many files the process behind a socket may open; None where that can't be told."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            peer = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            limits = Path(f"/proc/{struct.unpack('3i', peer)[0]}/limits").read_text()
        except OSError:
            return None
    words = next(line for line in limits.splitlines() if line.startswith("Max open files")).split()
    return int(words[3]) if words[3].isdigit() else None


def _last_good_faults(data_dir: Path, *, is_served: bool) -> Iterator[Finding]:
    """Find whether the file for bad days is whole, and as new as it should be."""
    from schedules.sqlite_store import DATABASE_NAME, open_store

    path = data_dir / LAST_GOOD_FILE
    kept = 0
    if path.exists():
        try:
            kept = read_last_good(path).revision()
        except StoreUnavailableError as error:
            remedy = "start or reload the daemon, which writes it anew"
            yield Finding("last-good-damaged", path.name, str(error), remedy)
            return
    elif not is_served:
        # No daemon ever ran here, or none does now that would miss it.
        return
    database = data_dir / DATABASE_NAME
    files = (database, database.with_name(f"{DATABASE_NAME}-wal"))
    written_at = max((file.stat().st_mtime for file in files if file.exists()), default=0.0)
    if clock.now() - written_at < _STALE_SECONDS:
        return
    try:
        with closing(open_store(data_dir, create=False)) as store:
            present = store.revision()
    except StoreUnavailableError:
        return
    if kept < present:
        code = "last-good-stale" if kept else "last-good-missing"
        problem = f"it holds revision {kept}, and the store stands at {present}"
        if not kept:
            problem = "there is none: nothing would answer once the database can't be opened"
        remedy = "start the daemon; where it runs, its log says why (last_good_not_written)"
        yield Finding(code, path.name, problem, remedy)
