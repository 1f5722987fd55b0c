"""`bereikbaar pbx doctor`: beside the real daemon, and beside what may stand in its place."""

import json
import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from admin_cli import pbx_asking, pbx_fetch
from admin_cli.main import bereikbaar
from admin_cli.pbx_findings import CODES
from audio_store.masters import MasterFiles
from pbx_adapters import clock
from pbx_adapters.answer import ANSWER_FIELDS
from tests.cli.command_line import CommandLine
from tests.e2e.daemon import NUMBER, Daemon, new_daemon, wait_until
from tests.e2e.test_audio import tone
from tests.pbx.bad_server import HUGE, Page, bad_server
from tests.pbx.shell import KEY, TOKEN, signature_of

READY: Final = Page(b'{"status": "ok", "why": []}')
PAGE: Final = (Path(__file__).parents[2] / "docs/pbx/README.md").read_text()
# The certificate of an authority that is trusted is checked by the clock of the machine.
EXPIRED: Final = 10


class Doctor(CommandLine):
    """Runs `pbx doctor` and returns what it found."""

    def find(self, url: str, *options: str, token: str = TOKEN) -> list[str]:
        """Return the codes of all findings; the exit code is checked."""
        told = self.tell(url, *options, token=token)
        return [one["code"] for one in told["findings"]]

    def tell(self, url: str, *options: str, token: str = TOKEN) -> dict[str, Any]:
        """Return all that is told; each finding has its sentence and its remedy."""
        command = ("pbx", "doctor", "--address", url, "--token", "-", "--requests", "2", *options)
        result = self._run(*command, "--json", stdin=token)
        told: dict[str, Any] = json.loads(result.stdout)
        codes = {one["severity"] for one in told["findings"]}
        assert result.exit_code == (3 if "error" in codes else 0)
        assert all(one["problem"] and one["remedy"] for one in told["findings"])
        assert token not in result.output
        return told

    def _run(self, *arguments: str, stdin: str) -> Result:
        return CliRunner().invoke(bereikbaar, arguments, input=stdin, catch_exceptions=False)


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Run it in an empty folder, with little patience."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pbx_asking, "PATIENCE_SECONDS", 2.0)
    return Doctor(tmp_path)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon whose one schedule has a message."""
    with new_daemon(tmp_path_factory.mktemp("doctor")) as daemon:
        message = MasterFiles(daemon.data_dir / "audio").add(tone(0.1))
        daemon.save("closed audio=m", audio={"m": {"name": "M", "sha256": message}})
        daemon.save("open", "elsewhere")
        daemon.start()
        yield daemon


def _url(daemon: Daemon) -> str:
    return f"http://127.0.0.1:{daemon.port}"


def _token(daemon: Daemon, **rights: object) -> tuple[str, str]:
    """Add a token, and wait until it is in service; return it and its table key."""
    text = daemon.add_token(**rights)
    token_id = text.split("_")[1]
    with daemon.store() as store:
        (key,) = (one.table_key for one in store.tokens() if one.id == token_id)
    wait_until(lambda: daemon.call(token=text).status != 401, "the token is known")
    return text, key


@pytest.mark.parametrize("asked", [("--number", "085 000 00 00"), ("--schedule", "office")])
def test_a_good_installation(doctor: Doctor, daemon: Daemon, asked: tuple[str, str]) -> None:
    """Everything a call needs is looked at, and found well."""
    text, key = _token(daemon)
    told = doctor.tell(_url(daemon), *asked, "--table-key", key, token=text)
    assert told["findings"] == []
    assert [one["check"] for one in told["passed"]] == [
        *("address", "ready", "clock", "token", "answer", "table", "message", "time"),
    ]
    assert told["counts"] == {"error": 0, "warning": 0, "info": 0}


def test_it_tells_a_person_the_same(doctor: Doctor, daemon: Daemon) -> None:
    """One line each."""
    text, _ = _token(daemon)
    shown = doctor(
        *("pbx", "doctor", "--address", _url(daemon), "--token", "-", "--number", NUMBER),
        stdin=text,
    ).stdout.splitlines()
    words = [line.split()[0] for line in shown]
    assert words == ["ok"] * 5 + ["info", "ok", "ok", "ok", "errors:"]
    assert shown[5].startswith("info     table-unsigned: ")
    assert "10 answers: median" in shown[-2]


def test_faults_of_a_token(doctor: Doctor, daemon: Daemon) -> None:
    """Unknown, for other networks, for other schedules, or signing with another key."""
    url, asked = _url(daemon), ("--number", NUMBER)
    assert doctor.find(url, *asked) == ["token-refused"]
    text, _ = _token(daemon, networks=["192.0.2.0/24"])
    assert doctor.find(url, *asked, token=text) == ["network-refused"]
    text, _ = _token(daemon, schedules=["elsewhere"])
    assert doctor.find(url, *asked, token=text) == ["schedule-refused"]
    text, _ = _token(daemon)
    found = doctor.find(url, *asked, "--table-key", "0" * 64, token=text)
    assert found == ["table-wrongly-signed"]
    text, key = _token(daemon, is_operator=True)
    found = doctor.find(url, *asked, "--table-key", key, token=text)
    assert found == ["token-of-operator"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (("--number", "0850009999"), "number-unknown"),
        (("--schedule", "nowhere"), "schedule-unknown"),
        ((), "nothing-asked"),
    ],
)
def test_what_is_asked_is_known(
    doctor: Doctor, daemon: Daemon, asked: tuple[str, ...], code: str
) -> None:
    """Else calls would take the normal route, whatever the hours."""
    assert doctor.find(_url(daemon), *asked, token=daemon.token) == [code]


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("refused", "connection-refused"),
        ("slow", "answer-timed-out"),
        ("drip", "answer-timed-out"),
        ("huge", "answer-too-long"),
        ("redirect", "redirected"),
        ("html", "not-the-daemon"),
        ("empty", "not-the-daemon"),
        ("malformed", "not-the-daemon"),
        ("closed", "no-answer"),
        ("no-http", "no-answer"),
        ("bad-chunks", "no-answer"),
        ("cut", "no-answer"),
    ],
)
def test_what_is_no_daemon(doctor: Doctor, mode: str, code: str) -> None:
    """Each kind of it is told apart, in bounded time, and no redirect is followed."""
    with bad_server(mode) as server:
        assert doctor.find(server.url, "--number", NUMBER) == [code]
        assert not [path for path in server.requests if path.startswith("/followed")]


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("malformed", "answer-malformed"),
        ("empty", "answer-malformed"),
        ("html", "answer-malformed"),
        ("unknown-action", "answer-malformed"),
        ("unknown-status", "answer-malformed"),
        ("bad-forward", "answer-malformed"),
        ("400", "request-refused"),
        ("401", "token-refused"),
        ("403", "schedule-refused"),
        ("404", "request-refused"),
        ("429", "too-many-attempts"),
        ("500", "daemon-not-ready"),
        ("503", "daemon-not-ready"),
    ],
)
def test_answers_that_are_no_use(doctor: Doctor, mode: str, code: str) -> None:
    """Of a daemon that says it is ready."""
    with bad_server(mode) as server:
        server.pages["/-/ready"] = READY
        assert doctor.find(server.url, "--number", NUMBER) == [code]


@pytest.mark.parametrize(
    ("page", "codes"),
    [
        (Page(b'{"status": "degraded", "why": ["no disk"]}'), ["daemon-degraded"]),
        (Page(b'{"status": "starting", "why": []}', 503), ["daemon-not-ready"]),
        (replace(READY, headers={"Date": "Sun, 22 Nov 2020 10:00:00 GMT"}), ["clock-differs"]),
        (replace(READY, headers={"Date": "yesterday"}), []),
    ],
)
def test_readiness_and_clock(doctor: Doctor, page: Page, codes: list[str]) -> None:
    """What the daemon says of itself, and what time it is there."""
    with bad_server("unknown-action") as server:
        server.pages["/-/ready"] = page
        found = doctor.find(server.url, "--number", NUMBER)
    # The server sends a date of its own first.
    assert [code for code in found if code != "answer-malformed"] == codes


@pytest.mark.parametrize("path", ["/-/ready", "/hook/generic"])
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "not-the-daemon"),
        (502, "proxy-without-daemon"),
        (503, "proxy-without-daemon"),
        (504, "proxy-without-daemon"),
    ],
)
def test_a_proxy_without_its_daemon(doctor: Doctor, path: str, status: int, code: str) -> None:
    """Its own page says that nobody answers behind it, at once or from a moment on."""
    with bad_server("500") as server:
        page = Page(b"<html><h1>Bad Gateway</h1></html>", status)
        server.pages |= {"/-/ready": READY, path: page}
        assert doctor.find(server.url, "--number", NUMBER) == [code]


def _answer(**others: str) -> Page:
    fields = dict.fromkeys(ANSWER_FIELDS, "")
    fields |= {"status": "closed", "action": "hangup", "reason": "weekly", "schedule": "office"}
    return Page(json.dumps(fields | others).encode())


def _table(**others: object) -> bytes:
    """Return a table of which one field may be another."""
    now = clock.utc_now()
    start, end = (f"{now + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in (-1, 6))
    treatment = dict.fromkeys(("audio", "forward", "voicemail"), "")
    interval = {"from": start, "until": end, "status": "closed", "action": "hangup", **treatment}
    table = {"generated_at": start, "expires_at": end, "intervals": [interval]}
    return json.dumps(table | others).encode()


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        ({"error": "forward-refused"}, ["forward-refused"]),
        ({"error": "audio-missing"}, ["audio-missing"]),
        ({"reason": "outside-service"}, ["outside-service"]),
        ({"audio": "../x.wav"}, ["answer-malformed"]),
    ],
)
def test_answers_that_say_something_is_wrong(
    doctor: Doctor, answer: dict[str, str], codes: list[str]
) -> None:
    """The call goes on, but not as the schedule says."""
    assert _found_beside(doctor, answer, _table()) == codes


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (b"{}", "table-malformed"),
        (b"[]", "table-malformed"),
        (_table(intervals=[]), "table-malformed"),
        (_table(expires_at="2020-01-01T00:00:00Z"), "table-malformed"),
        (_table().replace(b"-", b"1"), "table-not-in-force"),
        (_table().replace(b"hangup", b"continue"), "table-differs"),
        (_table().ljust(1_048_577), "table-too-long"),
    ],
    ids=("no fields", "a list", "no intervals", "a gap", "of later", "otherwise", "too long"),
)
def test_tables_that_could_not_stand_in(doctor: Doctor, table: bytes, code: str) -> None:
    """Rightly signed, but wrong, or longer than every script takes."""
    at = f"{clock.utc_now():%Y-%m-%dT%H:%M:%SZ}"
    assert _found_beside(doctor, {"at": at}, table) == [code]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (tone(0.1), ["audio-elsewhere"]),
        (tone(0.2), ["audio-elsewhere", "audio-damaged"]),
        (b"RIFF", ["audio-elsewhere", "audio-unplayable"]),
        (b"", ["audio-elsewhere", "audio-unavailable"]),
        (bytes(HUGE + 1), ["audio-elsewhere", "answer-too-long"]),
    ],
    ids=len,
)
def test_messages_that_could_not_be_played(doctor: Doctor, body: bytes, codes: list[str]) -> None:
    """Not there, altered, no recording, or far too long."""
    named = body if body == b"RIFF" else tone(0.1)
    name = f"{sha256(named).hexdigest()}.wav"
    answer = {"audio": name, "audio_url": f"http://192.0.2.1/audio/{name}"}
    page = Page(body) if body else Page(b"{}", 404)
    assert _found_beside(doctor, answer, _table(), {f"/audio/{name}": page}) == codes


def _found_beside(
    doctor: Doctor, answer: dict[str, str], table: bytes, pages: dict[str, Page] | None = None
) -> list[str]:
    """Return what is found where a daemon answers thus."""
    with bad_server("500") as server:
        signed = Page(table, headers={"Bereikbaar_Signature": signature_of(table)})
        server.pages |= {"/-/ready": READY, "/hook/generic": _answer(**answer)}
        server.pages |= {"/table": signed} | (pages or {})
        # So that a busy machine is no finding.
        patiently = ("--timeout", "30")
        return doctor.find(server.url, "--number", NUMBER, "--table-key", KEY, *patiently)


@pytest.mark.parametrize(("seconds", "code"), [(15.0, "slow"), (30.0, "too-slow")])
def test_answers_that_take_long(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, seconds: float, code: str
) -> None:
    """More than half of what a call waits, or more than all of it."""
    real = pbx_fetch.fetch
    taken = seconds + 0.1

    def late(*arguments: Any, **options: Any) -> pbx_fetch.Reply:
        return real(*arguments, **options)._replace(seconds=taken)

    monkeypatch.setattr(pbx_asking, "fetch", late)
    assert _found_beside(doctor, {}, _table()) == [code]


def test_names_and_addresses_that_lead_nowhere(doctor: Doctor) -> None:
    """A name that nobody has; a faulty address is refused before anything is sent."""
    assert doctor.find("http://nowhere.invalid", "--number", NUMBER) == ["name-unknown"]
    refused = doctor("pbx", "doctor", "--address", "x", "--number", "y", code=1)
    places = [line.partition(":")[0] for line in refused.stderr.splitlines()]
    assert places == ["--address", "--token", "--number"]
    assert "either" in doctor("pbx", "doctor", "--number", "1", "--schedule", "x", code=2).stderr


@contextmanager
def _over_tls(folder: Path, name: str) -> Iterator[str]:
    """Serve nothing much over TLS, with a certificate for a name that it itself stands for."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-addext", f"subjectAltName={name}"),
            *("-keyout", folder / "key.pem", "-out", folder / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's signature
            """Keep quiet: clients are meant to give up."""

    with Quiet(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        plain = server.socket
        server.socket = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("name", "is_trusted", "code"),
    [
        ("IP:127.0.0.1", False, "certificate-untrusted"),
        ("DNS:other.example", True, "certificate-of-another"),
        ("IP:127.0.0.1", True, "no-answer"),
    ],
)
def test_certificates(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, name: str, code: str, *, is_trusted: bool
) -> None:
    """Of nobody known, and for another name; a right one leads on to the answer."""
    with _over_tls(doctor.folder, name) as url:
        if is_trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(doctor.folder / "cert.pem"))
        found = doctor.find(url, "--number", NUMBER)
    assert found in ([code], ["not-the-daemon"] if code == "no-answer" else [code])


def test_a_certificate_that_has_expired_and_no_tls_at_all(doctor: Doctor) -> None:
    """OpenSSL's own verdict on the first; the second is a plain server asked with https."""
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = EXPIRED, "certificate has expired"
    parts = urlsplit("https://daemon.example")
    assert pbx_fetch._tls_fault(error, parts).finding.code == "certificate-expired"
    with bad_server("500") as server:
        url = server.url.replace("http:", "https:")
        assert doctor.find(url, "--number", NUMBER) == ["tls-failed"]


def test_the_page_explains_every_code_and_no_other() -> None:
    """In the order of the program, with its severity."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning|info) \| .+ \|$", PAGE, re.MULTILINE)
    assert rows == list(CODES.items())
