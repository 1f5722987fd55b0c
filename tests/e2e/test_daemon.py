"""The real daemon: changes reach calls, reloads, logs, sockets, and how it ends."""

import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import wave
from contextlib import ExitStack
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from audio_store.masters import MasterFiles
from tests.e2e.daemon import (
    AT,
    COMMAND,
    PATIENCE,
    Daemon,
    read_all,
    several_sizes,
    wait_until,
)
from tests.engine import WEEKDAYS


def test_saved_change_reaches_calls(running: Daemon) -> None:
    """What another process commits is answered soon, without any signal."""
    before = int(running.call().fields["revision"])
    running.save("closed")
    wait_until(lambda: running.status() == "closed", "the change is answered")
    answer = running.call().fields
    assert (answer["revision"], answer["action"]) == (str(before + 1), "hangup")
    assert running.ready().fields["status"] == "ok"


def test_change_by_the_command_line_reaches_calls(running: Daemon, tmp_path: Path) -> None:
    """A document applied with the command line is answered."""
    days = "\n".join(f"  {day}: [00:00-24:00 break]" for day in WEEKDAYS)
    document = tmp_path / "branch.yaml"
    document.write_text(
        f'id: branch\nname: Branch\npbx: swyx\nnumbers: ["+31850000001"]\nweek:\n{days}\n'
    )
    subprocess.run(
        [COMMAND, "apply", document, "--data-dir", running.data_dir],
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    wait_until(lambda: running.call(did="0850000001").fields["status"] == "break", "it is answered")


def test_many_changes_in_a_row_all_arrive(running: Daemon) -> None:
    """After a burst of commits the last one is answered."""
    before = int(running.call().fields["revision"])
    for number in range(20):
        running.save("open" if number % 2 else "closed", name=f"Office {number}")
    wait_until(lambda: running.call().fields["schedule_name"] == "Office 19", "the last arrived")
    assert running.call().fields["revision"] == str(before + 20)


def test_deleted_schedule_is_unknown(running: Daemon) -> None:
    """The number of a deleted schedule takes the normal route."""
    with running.store() as store, store.writing("test", AT) as writer:
        writer.delete("office", summary="closed down", is_forced=True)
    wait_until(lambda: running.call().fields["reason"] == "unknown-number", "it is unknown")


def test_tokens_come_and_go(running: Daemon) -> None:
    """A new token is good soon, and a revoked one soon isn't, while the other goes on."""
    pbx = running.add_token()
    wait_until(lambda: running.call(token=pbx).status == 200, "the new token is good")
    with running.store() as store, store.writing("test", AT) as writer:
        writer.revoke_token(pbx.split("_")[1])
    wait_until(lambda: running.call(token=pbx).status == 401, "the revoked token is refused")
    assert running.call().status == 200


def reloads(daemon: Daemon) -> float:
    """Return how many loads were made."""
    return daemon.metric("bereikbaar_reload_duration_seconds_count")


def test_reload_over_http(running: Daemon) -> None:
    """A reload has read everything anew by the time it is answered."""
    before = reloads(running)
    assert running.ask("POST", "/-/reload").fields["status"] == "ok"
    assert reloads(running) == before + 1


def test_reload_by_signal(running: Daemon) -> None:
    """SIGHUP has everything read anew; the daemon goes on."""
    before = reloads(running)
    running.signal(signal.SIGHUP)
    wait_until(lambda: reloads(running) == before + 1, "it was reloaded")
    assert running.status() == "open"


def test_many_reloads_at_once(running: Daemon) -> None:
    """Reloads asked for together are all answered."""
    with ExitStack() as stack:
        clients = []
        for _ in range(10):
            client = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE)
            stack.callback(client.close)
            client.request(
                "POST", "/-/reload", headers={"Authorization": f"Bearer {running.token}"}
            )
            clients.append(client)
        assert [client.getresponse().status for client in clients] == [200] * 10


def test_message_arrives_and_is_downloaded(running: Daemon) -> None:
    """A message that is missing is told; once it is stored, PBXs hear of it and download it."""
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(b"\x10\x20" * 4_000)
    master = buffer.getvalue()
    digest = sha256(master).hexdigest()
    running.save("closed audio=bye", audio={"bye": {"name": "Bye", "sha256": digest}})
    wait_until(lambda: running.call().fields["error"] == "audio-missing", "its absence is told")
    assert running.metric("bereikbaar_degraded_targets") == 7
    MasterFiles(running.data_dir / "audio").add(master)
    running.ask("POST", "/-/reload")
    answer = running.call().fields
    assert (answer["audio"], answer["error"]) == (f"{digest}.wav", "")
    prefix = f"http://127.0.0.1:{running.port}"
    status, headers, body = running.request("GET", answer["audio_url"].removeprefix(prefix))
    assert (status, headers["Content-Type"], body) == (200, "audio/wav", master)


def test_configured_address_is_in_answers(daemon: Daemon) -> None:
    """With `public_url`, messages are downloaded from there."""
    daemon.settings["public_url"] = "https://calls.example.nl/bk/"
    master = b"no audio, but a file"
    digest = sha256(master).hexdigest()
    (daemon.data_dir / "audio").mkdir()
    (daemon.data_dir / "audio" / f"{digest}.wav").write_bytes(master)
    daemon.save("open audio=hello", audio={"hello": {"name": "Hello", "sha256": digest}})
    daemon.start()
    url = f"https://calls.example.nl/bk/audio/{digest}.wav"
    assert daemon.call().fields["audio_url"] == url


def over_socket(path: Path, request: bytes) -> bytes:
    """Send a request over a Unix socket; return the body of the answer."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(str(path))
        client.sendall(request + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return read_all(client).partition(b"\r\n\r\n")[2]


def test_control_socket(running: Daemon) -> None:
    """The control socket is its user's alone, and has operator rights."""
    path = running.data_dir / "control.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    query = b"GET /hook/3cx?schedule=office&at=2026-12-25T10:00&explain=1"
    answer = json.loads(over_socket(path, query))
    assert (answer["status"], answer["considered"][0]["wins"]) == ("open", True)
    assert json.loads(over_socket(path, b"POST /-/reload"))["status"] == "ok"


def started_beside(daemon: Daemon, data_dir: Path, listen: str) -> subprocess.CompletedProcess[str]:
    """Start another daemon that can't come up."""
    return subprocess.run(
        [COMMAND, "serve", "--listen", listen, "--data-dir", data_dir],
        cwd=daemon.data_dir.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_second_daemon_on_a_port_is_refused(running: Daemon, tmp_path: Path) -> None:
    """It says what is taken and what to do; the first one goes on."""
    second = started_beside(running, tmp_path / "other", f"127.0.0.1:{running.port}")
    assert second.returncode == 1
    assert f"cannot listen on 127.0.0.1:{running.port}" in second.stderr
    assert "Traceback" not in second.stderr
    assert running.status() == "open"


def test_second_daemon_on_a_data_directory_is_refused(running: Daemon) -> None:
    """It leaves the first one's control socket alone."""
    second = started_beside(running, running.data_dir, "127.0.0.1:0")
    assert second.returncode == 1
    assert "control.sock" in second.stderr
    assert "Traceback" not in second.stderr
    assert over_socket(running.data_dir / "control.sock", b"GET /-/healthy") == b'{"status": "ok"}'


def test_socket_of_a_killed_daemon_is_replaced(daemon: Daemon) -> None:
    """After a kill nothing has to be cleaned up by hand; after a stop nothing is there."""
    path = daemon.data_dir / "control.sock"
    daemon.start()
    daemon.kill()
    assert path.exists()
    daemon.start()
    assert over_socket(path, b"GET /-/healthy") == b'{"status": "ok"}'
    assert daemon.stop() == 0
    assert not path.exists()


def test_idle_connections_do_not_delay_the_end(daemon: Daemon) -> None:
    """A client that keeps its connection open for later is not waited for."""
    daemon.start()
    with socket.create_connection(("127.0.0.1", daemon.port), PATIENCE) as client:
        client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        daemon.signal(signal.SIGINT)
        assert daemon.wait() == 0


def test_logs_tell_calls_without_telling_callers(daemon: Daemon) -> None:
    """At the debug level each call is one JSON line, its caller masked, and no token anywhere."""
    daemon.log_level = "debug"
    daemon.start()
    decision_id = daemon.call(cli="0612345678", callid="17").fields["decision_id"]
    daemon.call(cli="sip:+31612345678@pbx.example;tag=1")
    daemon.call(cli="0612345678", format="yaml")
    daemon.call(cli="0612345678", at="2026-10-25T02:30", schedule="office")
    refused = daemon.call(cli="0612345678", token="bk_0123456789ab_made-up")
    daemon.request("GET", "/hook/3cx?did=1&did=2", token="made-up")
    assert daemon.stop() == 0
    (line, _) = daemon.events("call_decided")
    assert (line["caller"], line["decision_id"], line["callid"]) == (
        "*******678",
        decision_id,
        "17",
    )
    told = daemon.events("request_refused")
    assert refused.fields["decision_id"] in {line["decision_id"] for line in told}
    text = daemon.log_path.read_text()
    assert "612345678" not in text
    assert "made-up" not in text
    assert daemon.token not in text
    assert daemon.token.split("_", 2)[2] not in text
    assert all(re.fullmatch("[a-z_]+", line["event"]) for line in daemon.log())


def test_calls_are_not_logged_by_default(running: Daemon) -> None:
    """At the default level a call leaves no line, so that bursts cost nothing."""
    before = len(running.log())
    for _ in range(20):
        running.call(cli="0612345678")
    assert len(running.log()) == before


@several_sizes
def test_data_directory_is_made_and_private(tmp_path: Path, workers: str) -> None:
    """A first start makes the data directory and an empty store, readable by its user only."""
    daemon = Daemon(tmp_path / "data", settings={"workers": workers})
    try:
        daemon.start()
        assert stat.S_IMODE(daemon.data_dir.stat().st_mode) == 0o700
        assert daemon.ready().fields["schedules"] == 0
        daemon.save("open")
        daemon.token = daemon.add_token()
        wait_until(lambda: daemon.call().status == 200, "the first schedule is answered")
    finally:
        daemon.kill()


def test_bad_configuration_is_refused(daemon: Daemon) -> None:
    """A fault in the configuration is told before anything starts."""
    done = subprocess.run(
        [COMMAND, "serve", "--data-dir", daemon.data_dir],
        env=os.environ | {"BEREIKBAAR_LISTEN": "nowhere"},
        cwd=daemon.data_dir.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert "'nowhere' is not an address" in done.stderr
    assert "Traceback" not in done.stderr


def test_main_can_be_started_without_the_command_line(daemon: Daemon) -> None:
    """`main` serves what a configuration says, and returns when it is told to end."""
    program = (
        "from pbx_adapters.config import load_config; from pbx_adapters.daemon import main; "
        f"main(load_config(None, {{'data_dir': {str(daemon.data_dir)!r}, "
        "'listen': '127.0.0.1:0', 'log_format': 'json'}))"
    )
    with daemon.log_path.open("wb") as stderr:
        daemon.process = subprocess.Popen([sys.executable, "-c", program], stderr=stderr)
    wait_until(lambda: daemon.find_address(0), "it listens")
    wait_until(lambda: daemon.ready().status == 200, "it is ready")
    assert daemon.status() == "open"
    assert daemon.stop() == 0


# The daemon with a signal sent to it just before it is wired, when nothing is loaded yet.
HUNG_UP = """
import os, signal, sys
from pathlib import Path
from pbx_adapters import daemon
from pbx_adapters.config import Config, Listen
bind = daemon.bind_tcp
def hang_up(*address):
    os.kill(os.getpid(), signal.SIGHUP)
    return bind(*address)
daemon.bind_tcp = hang_up
daemon.main(Config(data_dir=Path(sys.argv[1]), listen=Listen("127.0.0.1", 0)))
"""


def test_reload_while_starting_ends_nothing(daemon: Daemon) -> None:
    """SIGHUP before the daemon is ready leaves it to start."""
    with daemon.log_path.open("wb") as stderr:
        daemon.process = subprocess.Popen(
            [sys.executable, "-c", HUNG_UP, daemon.data_dir],
            stdin=subprocess.DEVNULL,
            stderr=stderr,
            cwd=Path(__file__).parents[2],
        )
    wait_until(lambda: daemon.find_address(0), "the daemon listens")
    wait_until(lambda: daemon.ready().status == 200, "the daemon is ready")
    assert daemon.status() == "open"
    assert daemon.stop() == 0


def test_log_that_cannot_be_written_hinders_nothing(daemon: Daemon) -> None:
    """Once nobody reads stderr any more, everything goes on, and lost lines are counted."""
    daemon.start()
    daemon.stop()
    with socket.create_server(("127.0.0.1", 0)) as free:
        daemon.port = free.getsockname()[1]
    daemon.process = subprocess.Popen(
        [COMMAND, "serve", "--listen", f"127.0.0.1:{daemon.port}", "--data-dir", daemon.data_dir],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=daemon.data_dir.parent,
    )
    assert daemon.process.stderr is not None
    daemon.process.stderr.readline()
    daemon.process.stderr.close()

    def is_ready() -> bool:
        try:
            return daemon.ready().status == 200
        except ConnectionError:
            return False

    wait_until(is_ready, "the daemon is ready")
    daemon.save_unreadable()
    wait_until(lambda: daemon.ready().fields["status"] == "degraded", "the fault is told")
    assert daemon.call(token="bk_x_y").status == 401
    daemon.save("closed")
    wait_until(lambda: daemon.status() == "closed", "the change is served")
    assert daemon.ask("POST", "/-/reload").status == 200
    assert daemon.metric("bereikbaar_log_lines_lost_total") >= 3
    assert daemon.stop() == 0
