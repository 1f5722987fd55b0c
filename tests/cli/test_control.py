"""Commands with a daemon running: what it answers, and what it serves after a save."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from admin_cli import control
from pbx_adapters.answer import ANSWER_FIELDS
from tests.cli.command_line import CommandLine, document, wav

PROGRAM = Path(sys.executable).with_name("bereikbaar")


class Pretender(threading.Thread):
    """Listens on a control socket and gives every request the same answer, or none."""

    def __init__(self, path: Path, answer: bytes | None) -> None:
        super().__init__(daemon=True)
        path.parent.mkdir(exist_ok=True)
        self.asked: list[bytes] = []
        self._answer = answer
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._held: list[socket.socket] = []

    def run(self) -> None:
        """Answer until the socket is closed."""
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._held.append(client)
            self.asked.append(client.recv(65_536))
            if self._answer is not None:
                client.sendall(self._answer)
                client.close()

    def stop(self) -> None:
        """Close everything."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.join(10)
        for client in self._held:
            client.close()


def response(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """Write an HTTP answer."""
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{told}Connection: close\r\n\r\n"
    return head.encode() + body


@pytest.fixture
def pretend(cli: CommandLine) -> Iterator[type]:
    """Start pretenders on the control socket, and stop them."""
    started: list[Pretender] = []

    def start(answer: bytes | None) -> Pretender:
        started.append(Pretender(cli.folder / "data" / "control.sock", answer))
        started[-1].start()
        return started[-1]

    yield start  # type: ignore[misc]
    for one in started:
        one.stop()


@pytest.fixture
def serve(cli: CommandLine) -> Iterator[str]:
    """Run the real daemon on a free port until the test is over; give its address."""
    log = cli.folder / "serve.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0"], cwd=cli.folder, stderr=stderr
        )
    names: dict[str, dict[str, str]] = {}
    try:
        for _ in range(600):
            events = [json.loads(line) for line in log.read_text().splitlines() if line[:1] == "{"]
            names = {event["event"]: event for event in events}
            if {"listening", "loaded"} <= names.keys():
                break
            process.poll()
            assert process.returncode is None, log.read_text()
            threading.Event().wait(0.05)
        yield names["listening"]["address"]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_change_is_served_when_the_command_ends(cli: CommandLine, serve: str) -> None:
    """`check` gets the daemon's own answer, with the decision's id, and says nothing of itself."""
    assert serve.startswith("http://127.0.0.1:")
    for status in ("open", "closed", "break"):
        cli.apply(document("winkel", f"00:00-24:00 {status}", numbers='["+31850000001"]'))
        result = cli("check", "--number", "0850000001", "--expect", status, "--json")
        assert result.stderr == ""
        assert json.loads(result.stdout)["decision_id"]
    both = cli.json("check", "--schedule", "winkel", "--at", "2026-10-25 02:30", "--explain")
    assert [one["at"] for one in both] == ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]
    assert [one["considered"][0]["wins"] for one in both] == [True, True]
    for dialect in ("3cx", "swyx", "asterisk", "freeswitch"):
        cli("check", "--schedule", "winkel", "--expect", "break", "--dialect", dialect)
    cli("schedule", "unlink", "winkel", "+31850000001")
    cli("check", "--number", "0850000001", "--expect", "unknown")
    assert cli("check", "--number", "x" * 300, code=1).stderr == (
        "Error: did is longer than 256 characters\n"
    )


def test_a_second_daemon_at_the_same_address_is_refused(cli: CommandLine, serve: str) -> None:
    """In one line, with exit code 1."""
    address = serve.removeprefix("http://")
    ended = subprocess.run(
        [PROGRAM, "serve", "--listen", address, "--data-dir", "ander"],
        cwd=cli.folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert f"Error: cannot listen on {address}" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr


READY = b'{"status": "ok", "why": [], "revision": %d}'


def test_a_daemon_that_lags_behind_is_waited_for_and_told(
    cli: CommandLine, pretend: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change is saved; that calls don't see it yet is a warning."""
    monkeypatch.setattr(control, "FOLLOW_SECONDS", 0.2)
    cli("migrate")
    daemon = pretend(response(READY % 0))
    result = cli.apply(document("winkel"))
    assert "Warning: saved as store revision 1, but after 0 s the daemon still serves 0" in (
        result.stderr
    )
    assert len(daemon.asked) > 1


def test_troubles_of_the_daemon_are_passed_on(cli: CommandLine, pretend: type) -> None:
    """It serves the revision, but not every schedule of it."""
    pretend(response(b'{"status": "degraded", "why": ["schedule x fails"], "revision": 9}'))
    assert "Warning: schedule x fails" in cli.apply(document("winkel")).stderr


@pytest.mark.parametrize("is_mute", [True, False], ids=["mute", "babble"])
def test_without_a_sound_answer_nothing_is_known_of_the_daemon(
    cli: CommandLine, pretend: type, monkeypatch: pytest.MonkeyPatch, *, is_mute: bool
) -> None:
    """The change is saved all the same, and `check` decides for itself."""
    monkeypatch.setattr(control, "FOLLOW_SECONDS", 0.2)
    monkeypatch.setattr(control, "ANSWER_SECONDS", 0.2)
    pretend(None if is_mute else response(b"[1]"))
    why = "the daemon didn't answer within 0 s" if is_mute else "the daemon's answer can't be read"
    saved = cli.apply(document("winkel"))
    assert f"Warning: saved, but whether the daemon serves it is unknown: {why}" in saved.stderr
    checked = cli("check", "--schedule", "winkel", "--expect", "open")
    assert f"{why}; decided here, from what is stored" in checked.stderr


def test_a_socket_left_over_is_no_daemon(cli: CommandLine) -> None:
    """After a crash the socket's file may remain."""
    cli("migrate")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(os.path.relpath(cli.folder / "data" / "control.sock"))
    assert cli.apply(document("winkel")).stderr == "1 created\n"
    assert "no daemon is running; decided here" in cli("check", "--schedule", "winkel").stderr


def test_a_refusal_of_the_daemon_is_shown_as_the_pbx_gets_it(
    cli: CommandLine, pretend: type
) -> None:
    """While nothing is loaded the daemon says `unavailable`: the call goes its normal route."""
    cli.apply(document("winkel"))
    fields = dict.fromkeys(
        ("audio", "audio_url", "forward", "voicemail", "schedule", "schedule_name", "reason",
         "rule", "valid_until", "next_status", "revision"), "",
    )  # fmt: skip
    fields |= {"status": "unknown", "action": "continue", "error": "unavailable"}
    fields |= {"at": "2026-11-22T10:00:00Z", "decision_id": "x-1"}
    body = json.dumps(fields).encode()
    pretend(response(body, "503 Service Unavailable", Bereikbaar_Detail="nothing is loaded yet"))
    result = cli("check", "--schedule", "winkel")
    assert "error      unavailable" in result.stdout
    assert "Warning: nothing is loaded yet" in result.stderr


def test_the_store_need_not_be_readable_while_the_daemon_answers(
    cli: CommandLine, serve: str
) -> None:
    """The answer is the daemon's, local time included: noon and 01:30 in New York.

    What the store would add is missing, and that is said.
    """
    assert serve
    cli.apply(document("winkel", numbers='["+31850000001"]', timezone="America/New_York"))
    for path in (cli.folder / "data").glob("bereikbaar.db*"):
        path.unlink()
    cli.write("data/bereikbaar.db", "x" * 4096)
    result = cli("check", "--number", "+31850000001", "--at", "25-12-2026 12:00")
    assert "at         2026-12-25T17:00:00Z\n" in result.stdout
    assert "status     open" in result.stdout
    assert "Warning: data/bereikbaar.db: it is no database" in result.stderr
    both = cli.json("check", "--number", "+31850000001", "--at", "2026-11-01 01:30")
    assert [one["at"] for one in both] == ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]
    skipped = cli("check", "--number", "+31850000001", "--at", "2027-03-14 02:30", code=1)
    assert skipped.stderr == (
        "--at: 2027-03-14T02:30 does not exist in America/New_York; "
        "choose a time that the clock shows\n"
    )


def test_the_request_of_the_dialect_is_sent(cli: CommandLine, pretend: type) -> None:
    """Swyx asks for no format and gets text lines; what is shown is what was sent."""
    fields = dict.fromkeys(ANSWER_FIELDS, "")
    fields |= {"status": "unknown", "action": "continue", "reason": "unknown-number"}
    fields |= {"at": "2026-11-22T10:00:00Z", "decision_id": "x=1"}
    lines = "".join(f"{key}={value}\r\n" for key, value in fields.items()).encode()
    daemon = pretend(response(lines, Content_Type="text/plain; charset=utf-8"))
    asked = ("check", "--number", "+31 85", "--caller", "0612", "--dialect", "swyx")
    target = "/hook/swyx?did=%2B31%2085&cli=0612&explain=1"
    assert cli(*asked).stdout.splitlines()[0] == f"request    GET {target}"
    assert daemon.asked[0].startswith(f"GET {target} HTTP/1.1\r\n".encode())
    assert cli.json(*asked) == fields


def test_a_message_that_was_lost_is_in_service_again_once_applied(
    cli: CommandLine, serve: str
) -> None:
    """Its schedule is unchanged, so that no revision tells the daemon to look again."""
    assert serve
    cli.write("gesloten.wav", wav())
    audio = "{gesloten: {name: Gesloten, file: gesloten.wav}}"
    text = document("winkel", "00:00-24:00 closed audio=gesloten", audio=audio)
    cli.apply(text)
    for path in (cli.folder / "data" / "audio").glob("*.wav"):
        path.unlink()
    cli("schedule", "link", "winkel", "0850000001")
    assert cli.json("check", "--number", "0850000001")["error"] == "audio-missing"
    restored = cli.apply(text)
    assert "1 unchanged" in restored.stderr
    assert "the daemon has read everything anew" in restored.stderr
    assert cli.json("check", "--number", "0850000001")["error"] == ""


def test_a_message_that_other_schedules_missed_is_in_service_for_all(
    cli: CommandLine, serve: str
) -> None:
    """Adding it to one of them has the daemon look at all; a new one needs no more than a save."""
    assert serve
    cli.write("nieuw.wav", wav())
    digest = sha256(wav()).hexdigest()
    audio = f"{{gesloten: {{name: Gesloten, sha256: {digest}}}}}"
    cli.apply(document("winkel", "00:00-24:00 closed audio=gesloten", audio=audio))
    cli.apply(document("filiaal"))
    cli("schedule", "link", "winkel", "0850000001")
    assert cli.json("check", "--number", "0850000001")["error"] == "audio-missing"
    added = cli("audio", "add", "nieuw.wav", "filiaal")
    assert "the daemon has read everything anew" in added.stderr
    assert cli.json("check", "--number", "0850000001")["error"] == ""
    cli.write("ander.wav", wav(pitch=500))
    assert "anew" not in cli("audio", "add", "ander.wav", "filiaal").stderr


class Reading(Pretender):
    """Answers that it is there, and that everything was read anew once it was asked that twice."""

    def run(self) -> None:
        """Hold the first request until the third one."""
        for answer in (None, b"{}", b"{}"):
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._held.append(client)
            self.asked.append(client.recv(65_536))
            if answer is not None:
                client.sendall(response(answer))
        self._held[0].sendall(response(b'{"why": ["the disk is slow"]}'))


def lose_a_message(cli: CommandLine) -> str:
    """Apply a schedule with a message and remove that; return the document's name."""
    cli.write("gesloten.wav", wav())
    audio = "{gesloten: {name: Gesloten, file: gesloten.wav}}"
    name = cli.write("winkel.yaml", document("winkel", audio=audio))
    cli("apply", name)
    for path in (cli.folder / "data" / "audio").glob("*.wav"):
        path.unlink()
    return name


def test_a_long_reload_is_waited_for(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the daemon answers anything else, and what it says then is told."""
    monkeypatch.setattr(control, "LOOK_SECONDS", 0.05)
    name = lose_a_message(cli)
    daemon = Reading(cli.folder / "data" / "control.sock", None)
    daemon.start()
    told = cli("apply", name).stderr
    daemon.stop()
    assert told.count("waiting for the daemon") == 1
    assert "the daemon has read everything anew" in told
    assert "Warning: the disk is slow" in told
    assert [asked.split()[1] for asked in daemon.asked] == [b"/-/reload", *[b"/-/healthy"] * 2]


def test_a_reload_that_may_not_have_happened_is_told(
    cli: CommandLine, pretend: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is stored all the same."""
    monkeypatch.setattr(control, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(control, "ANSWER_SECONDS", 0.2)
    name = lose_a_message(cli)
    daemon = pretend(None)
    assert "whether the daemon uses the stored messages is unknown" in cli("apply", name).stderr
    assert daemon.asked[0].startswith(b"POST /-/reload HTTP/1.1\r\n")


def test_a_reload_without_end_is_given_up(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the daemon answers: nobody waits for ever."""
    monkeypatch.setattr(control, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(control, "RELOAD_SECONDS", 0.0)
    name = lose_a_message(cli)
    daemon = Reading(cli.folder / "data" / "control.sock", None)
    daemon.start()
    told = cli("apply", name).stderr
    daemon.stop()
    assert "is unknown: after 0 s it is still reading everything anew" in told
