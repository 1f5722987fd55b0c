"""The demo that `make run` starts."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

from tests.cli.command_line import CommandLine, document

RUN = Path(__file__).parents[2] / "docs/examples/run.py"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def started(folder: Path, port: int) -> "subprocess.Popen[str]":
    """Start a demo."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("BEREIKBAAR_")}
    return subprocess.Popen(
        [sys.executable, RUN],
        cwd=folder, env=env | {"BEREIKBAAR_LISTEN": f"127.0.0.1:{port}"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_a_second_demo_fails_and_leaves_the_first_alone(tmp_path: Path) -> None:
    """With the reason, and without undoing what was edited; in each other's data or not."""
    port = free_port()
    cli = CommandLine(tmp_path)
    data_dir = ("--data-dir", f"{tmp_path}/data")
    edited = cli.write("mijn.yaml", document("fietscafe", name="Mijn café"))
    cli("apply", str(tmp_path / edited), *data_dir)
    with started(tmp_path, port) as first:
        guard = threading.Timer(120, first.terminate)
        guard.start()
        assert first.stdout is not None
        lines = []
        for line in first.stdout:
            lines.append(line)
            if line.startswith("Serving until"):
                break
        for folder in (tmp_path, tmp_path / "ander"):
            folder.mkdir(exist_ok=True)
            with started(folder, port) as second:
                said, _ = second.communicate(timeout=60)
            assert second.returncode == 1, said
            assert "another process already does" in said
            assert "Serving until" not in said
        live = cli.json("token", "list", *data_dir)
        assert len(live) == 1
        # Its own token may be gone by the time it ends.
        cli("token", "revoke", live[0]["id"], *data_dir)
        first.send_signal(signal.SIGTERM)
        lines += first.stdout
        guard.cancel()
    assert first.returncode == 0, lines
    assert "there already, and left as they are: fietscafe\n" in lines
    assert cli.json("schedule", "show", "fietscafe", *data_dir)["document"]["name"] == "Mijn café"
    assert stat.S_IMODE((tmp_path / "data/demo.log").stat().st_mode) == 0o600


def test_the_demo_leaves_neither_daemon_nor_token_behind(tmp_path: Path) -> None:
    """Ended by SIGTERM, with a configuration in the folder that names other data."""
    (tmp_path / "bereikbaar.toml").write_text('data_dir = "elders"\n')
    port = free_port()
    with started(tmp_path, port) as demo:
        # Not for ever, should it never serve.
        guard = threading.Timer(120, demo.terminate)
        guard.start()
        assert demo.stdout is not None
        lines = []
        for line in demo.stdout:
            lines.append(line)
            if line.startswith("Serving until"):
                demo.send_signal(signal.SIGTERM)
        guard.cancel()
    assert demo.returncode == 0, lines
    assert lines[-1] == "Stopping.\n"
    assert not (tmp_path / "elders").exists()
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0
    tokens = CommandLine(tmp_path).json("token", "list", "--all", "--data-dir", f"{tmp_path}/data")
    assert [(one["name"], one["revoked_at"] is None) for one in tokens] == [("demo", False)]
