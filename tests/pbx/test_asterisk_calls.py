"""Real calls through a real Asterisk, as callers hear them and other telephones ring."""

from collections.abc import Iterator

import pytest

from tests.e2e.daemon import wait_until
from tests.pbx.asterisk import VERSIONS
from tests.pbx.documents import MESSAGE, NUMBERS, PAUSE, STORING, UNKNOWN, WACHT, write_documents
from tests.pbx.matrix import Column, Matrix
from tests.pbx.shop import Shop, new_shop
from tests.pbx.sound import RATE, Samples, best_fit, chirp, read_wav

COLUMNS = tuple(
    Column(
        pbx,
        (
            *("message heard", "forwarded", "voicemail", "hang-up", "continue"),
            *("open with message", "break", "override", "exception", "holiday"),
            *("unknown number", "audio missing"),
        ),
        suite,
    )
    for pbx, suite in VERSIONS.items()
)
pytestmark = pytest.mark.pbx

_FITS = 0.9


@pytest.fixture(scope="module", params=list(VERSIONS))
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """Open a shop with a number for each scenario."""
    folder = tmp_path_factory.mktemp("shop")
    with new_shop(request.param, folder) as shop:
        shop.command("apply", *write_documents(folder))
        yield shop


def is_heard(sent: Samples, heard: Samples) -> bool:
    """Tell whether a message was heard, and was not cut short nor much longer."""
    spoken = abs(heard) > 0.01
    seconds = (len(heard) - spoken.argmax() - spoken[::-1].argmax()) / RATE if spoken.any() else 0.0
    return best_fit(sent, heard) >= _FITS and abs(seconds - len(sent) / RATE) < 0.1


def test_version(shop: Shop) -> None:
    """The column says which Asterisk it is."""
    assert shop.asterisk.command("core show version").startswith(shop.pbx)


def test_message_is_heard(shop: Shop, matrix: Matrix) -> None:
    """A closed shop's message is heard whole, then the shop hangs up; it is fetched only once."""
    with matrix.scenario(shop.pbx, "message heard"):
        for fetches in (1, 0):
            call = shop.call(NUMBERS["heard"], 10)
            assert (call.code, call.was_hung_up, call.desk, call.trunk) == ("200", True, [], [])
            assert is_heard(MESSAGE, call.heard)
            assert not is_heard(PAUSE, call.heard)
            assert call.log.count("Launched AGI Script") == fetches


def test_call_is_forwarded(shop: Shop, matrix: Matrix) -> None:
    """A forward rings at the number it is for, and at no other."""
    with matrix.scenario(shop.pbx, "forwarded"):
        call = shop.call(NUMBERS["forwarded"])
        assert (call.code, call.desk, call.trunk) == ("200", [], [STORING])


def test_message_comes_before_the_forward(shop: Shop) -> None:
    """Who is forwarded hears the message first."""
    call = shop.call(NUMBERS["announced"], 3)
    assert (call.desk, call.trunk) == ([], [STORING])
    assert best_fit(MESSAGE, call.heard) >= _FITS


def test_voicemail_is_recorded(shop: Shop, matrix: Matrix) -> None:
    """After the message, what the caller says is found in the voice box."""
    voice = chirp(2.0, 300, 1_900)
    box = shop.asterisk.folder / "spool" / "voicemail" / "default" / "100" / "INBOX"
    with matrix.scenario(shop.pbx, "voicemail"):
        call = shop.call(NUMBERS["voicemail"], 7, voice=voice)
        assert (call.code, call.was_hung_up, call.desk, call.trunk) == ("200", False, [], [])
        assert best_fit(MESSAGE, call.heard) >= _FITS
        wait_until(lambda: list(box.glob("*.txt")), "the recording is in the voice box")
        assert best_fit(voice, read_wav(box / "msg0000.wav")) >= _FITS
    assert "BEREIKBAAR_VOICEMAIL=re-ceptie_1@example.nl" in call.log


def test_call_is_ended(shop: Shop, matrix: Matrix) -> None:
    """A closed shop with nothing to say refuses the call, unanswered."""
    with matrix.scenario(shop.pbx, "hang-up"):
        call = shop.call(NUMBERS["hangup"])
        assert (call.code >= "400", call.desk, call.trunk) == (True, [], [])


def test_call_goes_on(shop: Shop, matrix: Matrix) -> None:
    """An open shop's telephone rings."""
    with matrix.scenario(shop.pbx, "continue"):
        call = shop.call(NUMBERS["open"])
        assert (call.code, call.desk, call.trunk) == ("200", [NUMBERS["open"]], [])


def test_call_to_a_national_number(shop: Shop) -> None:
    """A trunk that sends national numbers is understood."""
    call = shop.call(f"0{NUMBERS['forwarded'].removeprefix('+31')}")
    assert (call.desk, call.trunk) == ([], [STORING])


def test_open_shop_says_something_first(shop: Shop, matrix: Matrix) -> None:
    """An open shop's message is heard, and its telephone rings after it."""
    with matrix.scenario(shop.pbx, "open with message"):
        call = shop.call(NUMBERS["welcome"], 3)
        assert (call.code, call.desk) == ("200", [NUMBERS["welcome"]])
        assert best_fit(MESSAGE, call.heard) >= _FITS


def test_break_has_its_own_message(shop: Shop, matrix: Matrix) -> None:
    """During a break the break's message is heard."""
    with matrix.scenario(shop.pbx, "break"):
        call = shop.call(NUMBERS["break"], 10)
        assert (call.was_hung_up, call.desk, call.trunk) == (True, [], [])
        assert is_heard(PAUSE, call.heard)


def test_override_holds_until_it_is_cleared(shop: Shop, matrix: Matrix) -> None:
    """An override is in force for the next call, and after it is cleared the hours are again."""
    number = NUMBERS["override"]
    with matrix.scenario(shop.pbx, "override"):
        assert shop.call(number).desk == [number]
        told = ("--for", "1h", "--reason", "Stroom", "--id", "stroom")
        shop.command("override", "set", "override", "closed forward=wacht", *told)
        call = shop.call(number)
        assert (call.desk, call.trunk) == ([], [WACHT])
        shop.command("override", "clear", "override", "stroom")
        assert shop.call(number).desk == [number]


def test_exception_of_today(shop: Shop, matrix: Matrix) -> None:
    """An exception that holds today beats the week's hours."""
    with matrix.scenario(shop.pbx, "exception"):
        call = shop.call(NUMBERS["exception"])
        assert (call.desk, call.trunk) == ([], [WACHT])


def test_unknown_number_goes_on(shop: Shop, matrix: Matrix) -> None:
    """A number that no schedule has rings as it did before."""
    with matrix.scenario(shop.pbx, "unknown number"):
        call = shop.call(UNKNOWN)
        assert (call.code, call.desk, call.trunk) == ("200", [UNKNOWN], [])


def test_missing_message_holds_nothing_up(shop: Shop, matrix: Matrix) -> None:
    """Without the bytes of its message a call is forwarded all the same."""
    with matrix.scenario(shop.pbx, "audio missing"):
        call = shop.call(NUMBERS["missing"])
        assert (call.code, call.desk, call.trunk) == ("200", [], [STORING])
