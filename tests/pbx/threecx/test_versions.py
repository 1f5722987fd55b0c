"""What differs between the script for 3CX v18 and that for v20: how a call is handed over."""

from collections.abc import Callable, Iterator

import pytest

from pbx_adapters.pbx_scripts import Installation
from tests.pbx.bad_server import BadServer, Page, bad_server
from tests.pbx.suites import require_suite
from tests.pbx.threecx.mono import Script, running_script
from tests.pbx.threecx.site import FORWARDED, answer_of

pytestmark = pytest.mark.pbx

FORWARD = answer_of(action="forward", forward="+31612345678")
VOICEMAIL = answer_of(action="voicemail", voicemail="desk@example.nl")


@pytest.fixture
def daemon_that_says(script: Script) -> Iterator[Callable[[bytes], BadServer]]:
    """Have the script ask a server that always gives one answer."""
    with bad_server("404") as server:

        def say(answer: bytes) -> BadServer:
            server.pages["/hook/3cx"] = Page(answer)
            script.set(BaseUrl=server.url)
            return server

        yield say


def test_without_a_default_route_each_version_has_its_own(
    script: Script, daemon_that_says: Callable[[bytes], BadServer]
) -> None:
    """The operator of v18, which would hang up otherwise; v20 goes on by its own rules."""
    daemon_that_says(answer_of(status="open", action="continue"))
    script.set(DefaultRoute="")
    assert (
        script.call("+31850000000").lot == {"v18": "route 0", "v20": "left to 3CX"}[script.version]
    )


def test_without_a_mailbox_voicemail_is_the_normal_route(
    script: Script, daemon_that_says: Callable[[bytes], BadServer]
) -> None:
    """It is the guide's business that there is one."""
    daemon_that_says(VOICEMAIL)
    script.set(Mailbox="")
    try:
        assert script.call("+31850000000").lot == "route 800"
    finally:
        script.set(Mailbox="100")


def test_a_forward_that_nobody_answers_ends_the_call(
    script: Script, daemon_that_says: Callable[[bytes], BadServer]
) -> None:
    """It doesn't come to the shop's normal route; v18 hands the call over and is done."""
    daemon_that_says(FORWARD)
    lot = script.call("+31850000000", "", "no answer").lot
    assert lot == {"v18": FORWARDED, "v20": "hung up"}[script.version]


def test_a_mailbox_that_does_not_answer_is_the_normal_route(
    script: Script, daemon_that_says: Callable[[bytes], BadServer]
) -> None:
    """And when that fails too, v20 is left to route the call by itself."""
    daemon_that_says(VOICEMAIL)
    lot = script.call("+31850000000", "", "no answer").lot
    assert lot == {"v18": "mailbox 100", "v20": "left to 3CX"}[script.version]


def test_a_script_that_can_do_nothing_takes_the_normal_route(script: Script) -> None:
    """Neither the call's numbers nor the log can be had, and nobody answers."""
    with bad_server("refused") as server:
        script.set(BaseUrl=server.url)
        assert script.call("+31850000000", "", "Caller", "Info").events[-1] == "route 800"


@pytest.mark.parametrize(
    ("prefix", "dialled"), [("+", "+31612345678"), ("00", "0031612345678"), ("9*", "9*31612345678")]
)
def test_a_forward_is_dialled_as_the_outbound_rules_want_it(
    script: Script, daemon_that_says: Callable[[bytes], BadServer], prefix: str, dialled: str
) -> None:
    """With what stands for the plus sign there."""
    daemon_that_says(FORWARD)
    script.set(DialPrefix=prefix)
    try:
        assert script.call("+31850000000").lot == f"route {dialled}"
    finally:
        script.set(DialPrefix="00")


@pytest.mark.parametrize("v20", ["true", "false"])
def test_settings_are_filled_in(v20: str) -> None:
    """What is installed has the values of the installation in it."""
    installation = Installation(
        base_url="https://pbx.example.nl/bereikbaar",
        token="bk_0123_secret-EN_1",
        table_key="00" * 32,
        schedule="hoofdkantoor",
        timeout_seconds=3,
        settings={"v20": v20},
    )
    with running_script(require_suite("bullseye"), installation) as script:
        names = ("BaseUrl", "Token", "TableKey", "Number", "Schedule", "DefaultRoute", "Mailbox")
        told = [
            *(script.command("get", name) for name in names),
            script.command("get", "TimeoutMs"),
        ]
    assert told == [
        *(["https://pbx.example.nl/bereikbaar"], ["bk_0123_secret-EN_1"], ["00" * 32]),
        *([""], ["hoofdkantoor"], [""], [""], ["3000"]),
    ]
