"""Calls through a real Kamailio, placed and taken by sipp, decided by the real daemon."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.daemon import Daemon, new_daemon, wait_until
from tests.pbx.bad_server import BELIEVED, MODES, Page, bad_server
from tests.pbx.kamailio_site import MEDIA_ADDRESS, Site, new_site
from tests.pbx.matrix import Column, Matrix
from tests.pbx.shell import TOKEN
from tests.pbx.suites import find_beside, require_suite
from tests.pbx.treated import FAILURES, TREATED, treating_daemon

pytestmark = pytest.mark.pbx

# Debian's older and newer one; the project's own suites have each.
SUITE_OF: Final = {"kamailio 5.4": "bullseye", "kamailio 6": "sid"}
_NO_TABLE: Final = "Kamailio's script keeps no table"
_NO_VOICE: Final = "Kamailio has no voice; a media server gets the call"
SCENARIOS: Final = (
    *("forwarded", "voicemail", "hang-up", "continue", "break", "override", "exception"),
    *("holiday", "unknown number", "slow daemon", "dead daemon without table"),
    *("wrong token", "malformed answer", "unknown action", "audio missing", "500 answer"),
)
_NOT_RUN: Final = dict.fromkeys(("message heard", "open with message"), _NO_VOICE) | dict.fromkeys(
    ("dead daemon with table", "expired table", "table wrongly signed"), _NO_TABLE
)
COLUMNS: Final = tuple(
    Column(pbx, SCENARIOS, suite=suite, not_run=_NOT_RUN) for pbx, suite in SUITE_OF.items()
)
# By what becomes of the caller: the endpoint that the call goes to, and what it asks for there.
ENDPOINT_OF: Final = {
    "hangup": (),
    "forward +31612345678": (("trunk", "sip:+31612345678@"),),
    "voicemail desk@example.nl": (("voicebox", "sip:box@"),),
    "continue": (("office", "sip:{number}@"),),
}
FORWARDED: Final = TREATED["forwarded"][0]
VOICEMAIL: Final = TREATED["voicemail"][0]
CLOSED_WITH_MESSAGE: Final = TREATED["message heard"][0]
OPEN_WITH_MESSAGE: Final = TREATED["open with message"][0]
UNKNOWN: Final = "+31850009999"


@pytest.fixture(scope="module", params=SUITE_OF)
def pbx(request: pytest.FixtureRequest) -> str:
    """Give each Kamailio's name in the matrix."""
    return str(request.param)


@pytest.fixture(scope="module")
def root(pbx: str) -> Path:
    """Give the root that this Kamailio is in."""
    return require_suite(SUITE_OF[pbx])


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon with a schedule for each way in which a call is treated."""
    with treating_daemon(tmp_path_factory.mktemp("kamailio")) as daemon:
        yield daemon


def url_of(daemon: Daemon) -> str:
    """Return the daemon's address."""
    return f"http://127.0.0.1:{daemon.port}"


@pytest.fixture(scope="module")
def site(root: Path, daemon: Daemon) -> Iterator[Site]:
    """Run a Kamailio that has a voice box, and nothing to play messages."""
    settings = {"voicemail": "sip:box@{voicebox}"}
    with new_site(root, url_of(daemon), daemon.token, settings=settings) as site:
        yield site


@pytest.fixture(scope="module")
def playing(root: Path, daemon: Daemon) -> Iterator[Site]:
    """Run a Kamailio that has a media server, and a route of its own for calls that go on."""
    settings = {"media_server": "sip:{media}"}
    given = {"settings": settings, "default_route": "CLOSING"}
    with new_site(root, url_of(daemon), daemon.token, **given) as site:
        yield site


def check_treated(site: Site, number: str, lot: str) -> None:
    """Place a call: the caller reaches whom he should, or is refused with 480."""
    call = site.call(number)
    expected = [(name, uri.format(number=number)) for name, uri in ENDPOINT_OF[lot]]
    assert call.status == (200 if expected else 480)
    assert [(one.endpoint, f"{one.uri.partition('@')[0]}@") for one in call.invites] == expected


@pytest.mark.parametrize("scenario", [name for name in TREATED if name in SCENARIOS])
def test_call_is_treated_as_decided(pbx: str, site: Site, matrix: Matrix, scenario: str) -> None:
    """The caller reaches whom the schedule names, or is refused."""
    number, _, lot = TREATED[scenario]
    with matrix.scenario(pbx, scenario):
        check_treated(site, number, lot)


@pytest.mark.parametrize("scenario", ["message heard", "open with message"])
def test_message_that_nobody_can_play_is_left_out(site: Site, scenario: str) -> None:
    """The caller is treated as decided for the rest."""
    number, _, lot = TREATED[scenario]
    check_treated(site, number, lot)


def test_unknown_number_takes_the_normal_route(pbx: str, site: Site, matrix: Matrix) -> None:
    """As if there were no Bereikbaar."""
    with matrix.scenario(pbx, "unknown number"):
        check_treated(site, UNKNOWN, "continue")


def test_each_call_is_asked_for_once(daemon: Daemon, site: Site) -> None:
    """Neither the answer to the caller nor the end of the call asks again."""
    before = daemon.metric("bereikbaar_decisions_total")
    site.call(UNKNOWN)
    assert daemon.metric("bereikbaar_decisions_total") == before + 1


def test_voice_box_knows_whose_message(site: Site) -> None:
    """The schedule's e-mail address goes along, and not what the caller says of it."""
    call = site.call(VOICEMAIL, headers="X-Bereikbaar-Voicemail: evil@example.org\n")
    (invite,) = call.invites
    assert invite.values_of("X-Bereikbaar-Voicemail") == ["desk@example.nl"]


@pytest.mark.parametrize(
    ("number", "action"),
    [
        pytest.param(CLOSED_WITH_MESSAGE, "hangup", id="closed"),
        pytest.param(OPEN_WITH_MESSAGE, "continue", id="open"),
    ],
)
def test_media_server_gets_the_message(
    daemon: Daemon, playing: Site, number: str, action: str
) -> None:
    """It is told what to play and what to do then; the number called stays as it was."""
    audio = daemon.ask("GET", f"/hook/generic?did=%2B{number[1:]}").fields["audio"]
    assert audio
    (invite,) = playing.call(number, headers="X-Bereikbaar-Action: forward\n").invites
    assert (invite.endpoint, invite.uri) == ("media", f"sip:{number}@127.0.0.1:{playing.port}")
    assert invite.values_of("X-Bereikbaar-Audio") == [audio]
    assert invite.values_of("X-Bereikbaar-Action") == [action]


def test_media_server_may_call_back(daemon: Daemon, playing: Site) -> None:
    """What it sends takes the normal route, and isn't asked for again."""
    before = daemon.metric("bereikbaar_decisions_total")
    call = playing.call(OPEN_WITH_MESSAGE, address=MEDIA_ADDRESS)
    assert call.went_to == ("office",)
    assert daemon.metric("bereikbaar_decisions_total") == before


@pytest.mark.parametrize("number", [VOICEMAIL, UNKNOWN], ids=["voicemail", "unknown"])
def test_route_that_was_named_for_calls_that_go_on(playing: Site, number: str) -> None:
    """Voicemail without a voice box goes on too: a box that nobody named is not guessed."""
    assert playing.call(number).went_to == ("closing",)


def test_route_that_is_not_there_costs_no_call(root: Path, daemon: Daemon) -> None:
    """A slip in its name leaves the call its normal route."""
    given = {"default_route": "NOWHERE"}
    with new_site(root, url_of(daemon), daemon.token, **given) as site:
        assert site.call(UNKNOWN).went_to == ("office",)


@pytest.mark.parametrize(
    ("number", "went_to"),
    [
        pytest.param(CLOSED_WITH_MESSAGE, (), id="closed"),
        pytest.param(FORWARDED, ("trunk",), id="forwarded"),
        pytest.param(OPEN_WITH_MESSAGE, ("closing",), id="open"),
    ],
)
def test_dead_media_server_costs_the_message_only(
    root: Path, daemon: Daemon, number: str, went_to: tuple[str, ...]
) -> None:
    """A media server that never answers leaves the caller with what was decided."""
    settings = {"media_server": "sip:127.0.0.3:9"}
    with new_site(
        root,
        url_of(daemon),
        daemon.token,
        settings=settings,
        default_route="CLOSING",
    ) as site:
        call = site.call(number)
        assert call.went_to == went_to
        for invite in call.invites:
            assert invite.values_of("X-Bereikbaar-Audio") == []
            assert invite.values_of("X-Bereikbaar-Voicemail") == []


def test_fixed_schedule_is_asked_for(root: Path, daemon: Daemon) -> None:
    """Whatever number is called, a named schedule decides."""
    with new_site(root, url_of(daemon), daemon.token, schedule="forwarded") as site:
        assert site.call("whatever").went_to == ("trunk",)


def test_fixed_number_is_asked_for(root: Path, daemon: Daemon) -> None:
    """Whatever number is called, a named one decides."""
    number = FORWARDED
    with new_site(root, url_of(daemon), daemon.token, number=number) as site:
        assert site.call("whatever").went_to == ("trunk",)


def test_wrong_token_takes_the_normal_route(
    root: Path, pbx: str, daemon: Daemon, matrix: Matrix
) -> None:
    """A token that isn't known decides nothing."""
    with (
        matrix.scenario(pbx, "wrong token"),
        new_site(root, url_of(daemon), f"{daemon.token}x") as site,
    ):
        assert site.call(FORWARDED).went_to == ("office",)
        assert "no answer (401)" in site.kamailio_log


@pytest.mark.parametrize(
    ("caller", "sent"),
    [
        pytest.param("&did=1;x=%26%0d%0a", "", id="separators"),
        pytest.param("x" * 65, "", id="too-long"),
        pytest.param("$rU'$(ru)", "", id="of-the-language"),
        pytest.param("anonymous", "anonymous", id="anonymous"),
        pytest.param("*31#", "%2a31%23", id="star-and-hash"),
    ],
)
def test_strange_caller_is_no_way_round(root: Path, caller: str, sent: str) -> None:
    """What is no number or name isn't passed on, and keeps no call from being asked for."""
    with (
        bad_server("unknown-action") as bad,
        new_site(root, bad.url) as site,
    ):
        site.call("+31850000001", caller=caller)
        (asked,) = bad.requests
    assert asked.startswith("/hook/generic?format=json&did=%2b31850000001&")
    assert ("cli=" in asked) == bool(sent)
    assert f"&cli={sent}&" in asked or not sent


@pytest.mark.parametrize("mode", ["refused", *MODES])
def test_what_cannot_be_trusted_takes_the_normal_route(
    root: Path, pbx: str, matrix: Matrix, mode: str
) -> None:
    """However an answer fails, the call goes on, and the hook was asked once, with the token."""
    with (
        matrix.scenario(pbx, FAILURES.get(mode, "malformed answer")),
        bad_server(mode) as bad,
        new_site(root, bad.url) as site,
    ):
        assert site.call("+31850000001").went_to == ("office",)
        assert BELIEVED not in site.folder.joinpath("trunk.log").read_text()
        assert bad.authorizations == ([] if mode == "refused" else [f"Bearer {TOKEN}"])


def test_redirect_is_not_followed(root: Path) -> None:
    """Not even to where it could be had: what was installed is asked, and nobody else."""
    with bad_server("redirect") as bad, new_site(root, bad.url) as site:
        bad.pages["/hook/generic"] = Page(b"", 302, {"Location": f"{bad.url}/followed"})
        assert site.call("+31850000001").went_to == ("office",)
        assert len(bad.requests) == 1


def test_overlong_answer_is_no_answer(root: Path) -> None:
    """What is longer than any answer of the daemon's isn't read, though it is well-formed."""
    fields = {"status": "closed", "action": "forward", "forward": BELIEVED, "more": "x" * 16_384}
    with bad_server("500") as bad, new_site(root, bad.url) as site:
        bad.pages["/hook/generic"] = Page(json.dumps(fields).encode())
        assert site.call("+31850000001").went_to == ("office",)
        bad.pages["/hook/generic"] = Page(json.dumps(fields | {"more": ""}).encode())
        assert site.call("+31850000001").went_to == ("trunk",)


def test_repeated_invite_asks_once(root: Path, pbx: str, matrix: Matrix) -> None:
    """A caller that repeats its INVITE while the daemon is slow gets one decision."""
    with (
        matrix.scenario(pbx, "slow daemon"),
        bad_server("slow") as bad,
        new_site(root, bad.url) as site,
    ):
        call = site.call("+31850000001", again_after_ms=700)
        assert call.went_to == ("office",)
        assert len(bad.requests) == 1


def test_holiday(
    root: Path, pbx: str, tmp_path: Path, matrix: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Koningsdag, by a daemon whose clock was moved, its hours hold and not the week's."""
    library = find_beside("libfaketime.so.1")
    with matrix.scenario(pbx, "holiday"), new_daemon(tmp_path) as daemon:
        holidays = {"koningsdag": {"slots": ["00:00-24:00 closed"]}}
        daemon.save("open", numbers=["+31850000000"], holidays=holidays)
        with monkeypatch.context() as moved:
            moved.setenv("LD_PRELOAD", str(library))
            moved.setenv("FAKETIME", "@2027-04-27 12:00:00")
            moved.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            moved.setenv("TZ", "Europe/Amsterdam")
            daemon.start()
        wait_until(lambda: daemon.status() == "closed", "it is Koningsdag")
        with new_site(root, url_of(daemon), daemon.token) as site:
            assert site.call("+31850000000").status == 480
