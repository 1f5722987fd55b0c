"""The sockets that `pbx_adapters.listening` binds, and what it says of those it can't."""

import asyncio
import os
import socket
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from pbx_adapters.listening import (
    ListenError,
    bind_tcp,
    bind_unix,
    find_readable,
    to_be_closed_first,
)
from pbx_adapters.server import serve_guarded
from tests.http.probe import CALM, Client, Probe, Run


def test_listens_on_ipv6(run: Run) -> None:
    """An IPv6 host is served."""
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 here")

    async def main() -> None:
        probe = Probe()
        server = await serve_guarded(probe.app, bind_tcp("::1", 0), CALM, probe.on_drop)
        client = Client(*await asyncio.open_connection("::1", server.addresses[0][1]))
        assert (await client.ask())[0] == 200
        await server.close()

    run(main())


def test_name_with_two_addresses_listens_on_one_port() -> None:
    """Every address of a host gets the same port, also when the kernel chose it."""
    sockets = bind_tcp("localhost", 0)
    assert len({sock.getsockname()[1] for sock in sockets}) == 1
    for sock in sockets:
        sock.close()


def test_shared_port_can_be_bound_twice() -> None:
    """Workers may share a port."""
    [first] = bind_tcp("127.0.0.1", 0, is_shared=True)
    port = first.getsockname()[1]
    [second] = bind_tcp("127.0.0.1", port, is_shared=True)
    assert second.getsockname()[1] == port
    first.close()
    second.close()


def test_moved_socket_goes_on_listening_beyond_all_other_files() -> None:
    """Of a killed process the highest descriptor is closed first; what is opened later is lower."""
    [bound] = bind_tcp("127.0.0.1", 0, is_shared=True)
    with to_be_closed_first(bound) as moved, ExitStack() as stack:
        address = moved.getsockname()
        clients = [stack.enter_context(socket.create_connection(address)) for _ in range(10)]
        accepted = [stack.enter_context(moved.accept()[0]) for _ in clients]
        assert bound.fileno() == -1
        assert max(sock.fileno() for sock in (*clients, *accepted)) < moved.fileno()


def test_port_in_use_is_a_clear_error() -> None:
    """The error for a port in use names the address and the remedy."""
    [taken] = bind_tcp("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with pytest.raises(ListenError, match=rf"127\.0\.0\.1:{port}: another process .* choose"):
        bind_tcp("127.0.0.1", port)
    taken.close()


@pytest.mark.parametrize(
    ("host", "message"),
    [
        pytest.param("no-such-host.invalid", "not a known host", id="unknown-name"),
        pytest.param("192.0.2.1", "no such address", id="address-of-another-machine"),
    ],
)
def test_wrong_host_is_a_clear_error(host: str, message: str) -> None:
    """The error for a host this machine does not have says so."""
    with pytest.raises(ListenError, match=message):
        bind_tcp(host, 0)


def test_socket_file_is_private_and_removed(run: Run, folder: Path) -> None:
    """The socket file has mode 0600 whatever the umask, and goes when the server closes."""

    async def main() -> None:
        probe, path = Probe(), folder / "s"
        before = os.umask(0)
        try:
            sock = bind_unix(path)
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        server = await serve_guarded(probe.app, [sock], CALM, probe.on_drop)
        assert (await (await Client.unix(path)).ask())[0] == 200
        await server.close()
        assert not path.exists()

    run(main())


def test_socket_file_of_a_successor_is_left(run: Run, folder: Path) -> None:
    """A closing server does not remove the file that another has put in its place."""

    async def main() -> None:
        probe, path = Probe(), folder / "s"
        server = await serve_guarded(probe.app, [bind_unix(path)], CALM, probe.on_drop)
        path.rename(folder / "old")
        successor = bind_unix(path)
        await server.close()
        assert path.exists()
        successor.close()

    run(main())


def test_stale_socket_file_is_replaced(folder: Path) -> None:
    """A socket file that nobody listens on does not stand in the way."""
    path = folder / "s"
    bind_unix(path).close()
    assert path.exists()
    sock = bind_unix(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    sock.close()


def test_live_socket_is_refused(folder: Path) -> None:
    """A socket that someone listens on is not taken over."""
    path = folder / "s"
    live = bind_unix(path)
    with pytest.raises(ListenError, match="another process already does; stop it"):
        bind_unix(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    live.close()


def test_other_file_is_left_alone(folder: Path) -> None:
    """A file that is no socket is refused and kept."""
    path = folder / "s"
    path.write_text("kept")
    with pytest.raises(ListenError, match="is no socket"):
        bind_unix(path)
    assert path.read_text() == "kept"


def test_missing_folder_is_a_clear_error(folder: Path) -> None:
    """A folder that does not exist is named in the error."""
    with pytest.raises(ListenError, match="No such file or directory"):
        bind_unix(folder / "none" / "s")


@pytest.mark.parametrize("length", [pytest.param(107, id="at"), pytest.param(108, id="past")])
def test_length_of_a_socket_path(folder: Path, length: int) -> None:
    """107 bytes are the most a socket path may have."""
    path = folder / ("s" * (length - len(str(folder)) - 1))
    if length > 107:
        with pytest.raises(ListenError, match="108 bytes long and may be at most 107"):
            bind_unix(path)
    else:
        bind_unix(path).close()


def test_closed_descriptor_has_nothing_to_read() -> None:
    """A connection that closed meanwhile keeps nobody waiting for its request."""
    ours, theirs = socket.socketpair()
    theirs.send(b"x")
    closed = socket.socket()
    descriptor = closed.fileno()
    closed.close()
    assert find_readable([ours.fileno(), descriptor, -1]) == {ours.fileno()}
    ours.close()
    theirs.close()
