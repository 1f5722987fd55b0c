"""`bereikbaar pbx doctor` beside the real daemon: what it says of an installation."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from admin_cli.pbx_findings import CODES
from audio_store.masters import MasterFiles
from tests.e2e.daemon import NUMBER, Daemon, new_daemon, wait_until
from tests.e2e.test_audio import tone
from tests.pbx.doctor import Doctor

PAGE: Final = (Path(__file__).parents[2] / "docs/pbx/README.md").read_text()


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


def test_names_and_addresses_that_lead_nowhere(doctor: Doctor) -> None:
    """A name that nobody has; a faulty address is refused before anything is sent."""
    assert doctor.find("http://nowhere.invalid", "--number", NUMBER) == ["name-unknown"]
    refused = doctor("pbx", "doctor", "--address", "x", "--number", "y", code=1)
    places = [line.partition(":")[0] for line in refused.stderr.splitlines()]
    assert places == ["--address", "--token", "--number"]
    assert "either" in doctor("pbx", "doctor", "--number", "1", "--schedule", "x", code=2).stderr


def test_the_page_explains_every_code_and_no_other() -> None:
    """In the order of the program, with its severity."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning|info) \| .+ \|$", PAGE, re.MULTILINE)
    assert rows == list(CODES.items())
