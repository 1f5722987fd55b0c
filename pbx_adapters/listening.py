"""Sockets to listen on: TCP on every address of a host, and a private Unix socket."""

import errno
import fcntl
import os
import resource
import select
import socket
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BACKLOG = 1024
_MAX_SOCKET_PATH_BYTES = 107
# More sockets than one process listens on, and more files than one opens: the kernel's table of
# them grows with the highest.
_LISTENING = 16
_MAX_DESCRIPTOR = 65_536


class ListenError(Exception):
    """An address the daemon cannot listen on; the message says why and what to do."""


def bind_tcp(host: str, port: int, *, is_shared: bool = False) -> list[socket.socket]:
    """Listen on every address of a host, all on one port.

    host: a name or an IPv4 or IPv6 address without brackets; empty is every interface. port: 0
    takes a free one. is_shared: other processes may bind the same port (`SO_REUSEPORT`) and the
    kernel spreads the connections. Raises ListenError.
    """
    shown = f"[{host}]:{port}" if ":" in host else f"{host or '*'}:{port}"
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        message = f"cannot listen on {shown}: {host!r} is not a known host or address ({error})"
        raise ListenError(message) from error
    sockets: list[socket.socket] = []
    absent: OSError | None = None
    for family, _type, _protocol, _name, address in dict.fromkeys(found):
        chosen = sockets[0].getsockname()[1] if sockets else port
        try:
            sockets.append(_bound(family, (address[0], chosen, *address[2:]), is_shared=is_shared))
        except OSError as error:
            # A name may have an IPv6 address on a machine without IPv6.
            if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                absent = error
                continue
            for sock in sockets:
                sock.close()
            raise ListenError(_listen_fault(shown, error)) from error
    if not sockets:
        raise ListenError(_listen_fault(shown, absent)) from absent
    return sockets


@contextmanager
def hold_tcp(host: str, port: int) -> Iterator[int]:
    """Keep a port for several processes that each `bind_tcp` it as shared; give its number.

    Arguments and errors as of `bind_tcp`. Nobody is answered here.
    """
    # To share is not to take away: alone, it can't be had where anybody else has it.
    sockets = bind_tcp(host, port)
    for sock in sockets:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held: list[socket.socket] = []
    try:
        for sock in sockets:
            held.append(_held(sock))
            sock.close()
        yield held[0].getsockname()[1]
    finally:
        for sock in (*sockets, *held):
            sock.close()


def to_be_closed_first(listening: socket.socket) -> socket.socket:
    """Move a socket to a descriptor that is higher than any of a connection.

    Of a process that is killed the kernel closes the highest first. A client whose connection dies
    then, and who asks once more at once, doesn't reach the dying process again.
    """
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        soft = _MAX_DESCRIPTOR
    lowest = min(soft, _MAX_DESCRIPTOR) - _LISTENING
    try:
        descriptor = fcntl.fcntl(listening.fileno(), fcntl.F_DUPFD_CLOEXEC, lowest)
    except OSError:
        # It answers all the same.
        return listening
    listening.close()
    moved = socket.socket(fileno=descriptor)
    moved.settimeout(0)
    return moved


def _held(listening: socket.socket) -> socket.socket:
    """Bind once more where a socket listens, without listening: calls are never led there."""
    sock = _open(listening.family, is_shared=True)
    try:
        sock.bind(listening.getsockname())
        # Else another daemon could take the port while no worker listens yet.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError:
        sock.close()
        raise
    return sock


def _open(family: int, *, is_shared: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if is_shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return sock


def _bound(family: int, address: tuple[Any, ...], *, is_shared: bool) -> socket.socket:
    sock = _open(family, is_shared=is_shared)
    try:
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.settimeout(0)
    except OSError:
        sock.close()
        raise
    return sock


def _listen_fault(shown: str, error: OSError | None) -> str:
    remedies = {
        errno.EADDRINUSE: "another process already does; stop it or choose another address",
        errno.EACCES: "not permitted; choose a port of 1024 or above",
        errno.EADDRNOTAVAIL: "this machine has no such address; choose one it has",
    }
    code = error.errno if error is not None else None
    return f"cannot listen on {shown}: {remedies.get(code or 0, str(error))}"


def bind_unix(path: Path) -> socket.socket:
    """Listen on a Unix socket of mode 0600.

    A socket file that nobody listens on any more is replaced. Raises ListenError where one does,
    where something else stands, and where the path is too long for the kernel.
    """
    if fault := fault_of_path(path):
        raise ListenError(fault)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Two daemons that start at once could each take the other's new socket for a stale one.
        with _locked_folder(path.parent):
            _remove_stale(path)
            sock.bind(os.fspath(path))
            # Nobody can connect before listen(), whatever the mode was until here.
            path.chmod(0o600)
            sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        message = f"cannot listen on {path}: {error.strerror}; see that its folder can be written"
        raise ListenError(message) from error
    except ListenError:
        sock.close()
        raise
    sock.settimeout(0)
    return sock


def fault_of_path(path: Path) -> str:
    """Say that a path is too long for a Unix socket; empty when it isn't."""
    length = len(os.fsencode(path))
    if length <= _MAX_SOCKET_PATH_BYTES:
        return ""
    return (
        f"cannot listen on {path}: the path is {length} bytes long and may be at most "
        f"{_MAX_SOCKET_PATH_BYTES}; choose a shorter data directory"
    )


@contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        message = f"cannot listen on {path}: it exists and is no socket; move it away"
        raise ListenError(message)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        # A full backlog must not hold up the start; that it is full shows that someone listens.
        probe.settimeout(0)
        outcome = probe.connect_ex(os.fspath(path))
    if outcome != errno.ECONNREFUSED:
        message = f"cannot listen on {path}: another process already does; stop it first"
        raise ListenError(message)
    path.unlink()


def is_unix(sock: socket.socket) -> bool:
    """Tell a Unix socket from a TCP one."""
    return sock.family == socket.AF_UNIX


@dataclass(frozen=True, slots=True)
class SocketFile:
    """A socket's file, told from a later one at the same path."""

    path: Path
    identity: tuple[int, int]

    @classmethod
    def of(cls, sock: socket.socket) -> "SocketFile":
        """Return the file of a bound Unix socket."""
        path = Path(sock.getsockname())
        return cls(path, _identity(path))

    def remove(self) -> None:
        """Remove the file, unless another socket has taken its place."""
        with suppress(OSError):
            if _identity(self.path) == self.identity:
                self.path.unlink()


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


def find_readable(descriptors: Iterable[int]) -> set[int]:
    """Return those of these sockets that have something to accept or to read; waits for nothing."""
    poll = select.poll()
    for descriptor in descriptors:
        if descriptor >= 0:
            poll.register(descriptor, select.POLLIN)
    # One that was closed meanwhile is told as well.
    return {descriptor for descriptor, events in poll.poll(0) if not events & select.POLLNVAL}
