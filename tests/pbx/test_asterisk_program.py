"""The program beside the dialplan, told what Asterisk tells it; and the dialplan's own text."""

import hashlib
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pbx_adapters.pbx_scripts import Installation, render_scripts
from schedules.errors import FaultyValueError
from tests.e2e.daemon import wait_until
from tests.pbx.bad_server import Page, bad_server
from tests.pbx.shell import KEY, TOKEN, signature_of, table_page

NOWHERE = "http://127.0.0.1:9"
SOUND = b"RIFF" + bytes(range(200))
HASH = hashlib.sha256(SOUND).hexdigest()
# What Asterisk tells a program first, and its replies to what the program tells it.
TOLD = 'agi_request: x\nagi_calleridname: "; touch pwned\n\n' + "200 result=1\n" * 5


def run_program(folder: Path, *arguments: str, url: str = NOWHERE, told: str = TOLD) -> str:
    """Run the program as AGI does; return what it tells Asterisk."""
    settings = {"folder": str(folder / "kept")}
    installation = Installation(url, TOKEN, table_key=KEY, settings=settings)
    path = folder / "bereikbaar-asterisk"
    path.write_text(render_scripts("asterisk", installation)["bereikbaar-asterisk"])
    done = subprocess.run(
        ["sh", path, *arguments],
        input=told,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        cwd=folder,
    )
    return done.stdout


def table_for_today(*, voicemail: str) -> bytes:
    """Return a table that is valid now."""
    start, end = (
        f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in (-1, 6)
    )
    return (
        f'{{"schedule":"office","revision":"1","generated_at":"{start}","expires_at":"{end}",'
        '"intervals":[\n'
        f'{{"from":"{start}","until":"{end}","status":"closed","action":"voicemail",'
        f'"audio":"{HASH}.wav","forward":"","voicemail":"{voicemail}","error":""}}\n]}}\n'
    ).encode()


def test_table_sets_the_variables_of_the_call(tmp_path: Path) -> None:
    """What decides the call is told by the protocol, a reply awaited each time."""
    body = table_for_today(voicemail="a@example.nl")
    (tmp_path / "kept").mkdir()
    kept = tmp_path / "kept" / "table-did=+31850000000"
    kept.write_bytes(f"{signature_of(body)}\n".encode() + body)
    assert run_program(tmp_path, "table", "+31850000000").splitlines() == [
        'SET VARIABLE bb_status "closed"',
        'SET VARIABLE bb_action "voicemail"',
        f'SET VARIABLE bb_audio "{HASH}.wav"',
        'SET VARIABLE bb_forward ""',
        'SET VARIABLE bb_voicemail "a@example.nl"',
    ]


def test_quote_in_a_value_is_not_told(tmp_path: Path) -> None:
    """A value that would end its own quotes is left out."""
    body = table_for_today(voicemail='\\"x')
    (tmp_path / "kept").mkdir()
    kept = tmp_path / "kept" / "table-did=1"
    kept.write_bytes(f"{signature_of(body)}\n".encode() + body)
    assert "voicemail " not in run_program(tmp_path, "table", "1")


@pytest.mark.parametrize(
    "arguments", [("table", "+31850000000"), ("table", "../x"), ("renew", "../x"), ("message",), ()]
)
def test_nothing_known_tells_nothing(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Without a table, or with arguments that are none, the call's variables stay as they are."""
    assert run_program(tmp_path, *arguments) == ""
    assert not (tmp_path / "pwned").exists()


def test_message_is_fetched_whole(tmp_path: Path) -> None:
    """A message is kept under its hash; one that is another's isn't."""
    with bad_server("404") as server:
        server.pages[f"/audio/{HASH}.wav"] = Page(SOUND)
        server.pages[f"/audio/{'0' * 64}.wav"] = Page(SOUND)
        for name in (HASH, "0" * 64, "1" * 64):
            run_program(tmp_path, "message", name, url=server.url)
    files = {path.name: path.read_bytes() for path in (tmp_path / "kept").iterdir()}
    assert files == {f"{HASH}.wav": SOUND}


def test_renewal_brings_table_and_messages(tmp_path: Path) -> None:
    """A renewal goes on after the program has ended, and fetches what the table will need."""
    with bad_server("404") as server:
        server.pages["/table"] = table_page(table_for_today(voicemail=""))
        server.pages[f"/audio/{HASH}.wav"] = Page(SOUND)
        assert run_program(tmp_path, "renew", "+31850000000", url=server.url) == ""
        message = tmp_path / "kept" / f"{HASH}.wav"
        wait_until(message.exists, "the message is kept")
    assert (tmp_path / "kept" / "table-did=+31850000000").exists()


@pytest.mark.parametrize("trunk", ["PJSIP/trunk", "PJSIP/{nummer}@trunk", "{number}&PJSIP/x"])
def test_trunk_takes_the_number(trunk: str) -> None:
    """One that doesn't would dial the same for every forward, or two at once."""
    with pytest.raises(FaultyValueError, match="trunk"):
        render_scripts("asterisk", Installation(NOWHERE, TOKEN, settings={"trunk": trunk}))


def test_dialplan_goes_where_there_is_something() -> None:
    """Each label that the dialplan jumps to is in it, and each action has one."""
    told = render_scripts("asterisk", Installation(NOWHERE, TOKEN))
    text = told["extensions_bereikbaar.conf"]
    labels = set(re.findall(r"n\(([a-z]+)\)", text))
    jumps = {
        label
        for targets in re.findall(r"GotoIf\(.*\?([a-z:]+)\)$|Goto\(([a-z]+)\)$", text, re.MULTILINE)
        for label in ":".join(targets).split(":")
        if label
    }
    assert jumps | {"continue", "forward", "voicemail", "hangup"} <= labels
    assert "@@" not in text
