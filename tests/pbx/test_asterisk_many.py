"""Two hundred calls through a real Asterisk, ten a second, while schedules change under them."""

import itertools
import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schedules.model import Schedule
from tests.e2e.daemon import PATIENCE
from tests.oracle import Lot, Oracle
from tests.pbx.asterisk import VERSIONS
from tests.pbx.documents import STORING, WACHT
from tests.pbx.matrix import Matrix
from tests.pbx.ports import free_port
from tests.pbx.shop import Shop, new_shop
from tests.pbx.sip import Message, telephone
from tests.pbx.sound import chirp, write_wav
from tests.pbx.suites import find_beside

pytestmark = pytest.mark.pbx

CALLS = 200
_A_SECOND = 10
# The daemon's clock runs so much faster: in twenty seconds of calls twenty minutes pass.
_SPEED = 60
_SLOT_MINUTES = 3
_TICKS = 20
_NUMBERS = tuple(f"+31850002{number:03}" for number in range(8))
_TREATMENTS = (
    *("open", "closed", "closed audio=kort", "closed forward=storing"),
    *("break forward=wacht", "break audio=kort", "closed forward=wacht"),
)


@dataclass(frozen=True, slots=True)
class Clock:
    """The daemon's clock, which was `told` at the real instant `at`, give or take `doubt`."""

    at: datetime
    told: datetime
    doubt: timedelta

    def read(self, at: datetime) -> int:
        """Return what it shows at a real instant, in epoch seconds."""
        return int((self.told + _SPEED * (at - self.at)).timestamp())


@pytest.fixture(scope="module", params=list(VERSIONS))
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """Open a shop with eight numbers, whose hours change every few minutes, at a fast clock."""
    folder = tmp_path_factory.mktemp("shop")
    with new_shop(request.param, folder) as shop, pytest.MonkeyPatch.context() as patch:
        shop.command("apply", *_write_documents(folder))
        patch.setenv("LD_PRELOAD", str(find_beside("libfaketimeMT.so.1")))
        patch.setenv("DONT_FAKE_MONOTONIC", "1")
        patch.setenv("TZ", "UTC")
        # Should it crash, its log says where.
        patch.setenv("PYTHONFAULTHANDLER", "1")
        patch.setenv("FAKETIME", f"@{datetime.now(UTC):%Y-%m-%d} 09:00:00 x{_SPEED}")
        shop.daemon.stop()
        shop.daemon.start()
        patch.undo()
        # Ample: were an answer late, the table would decide by the real clock.
        shop.install(table_key=shop.table_key, timeout_seconds=10)
        yield shop


def _write_documents(folder: Path) -> list[Path]:
    """Write schedules that are treated differently every few minutes from 09:00 UTC on."""
    write_wav(folder / "kort.wav", chirp(0.4, 500, 2_600))
    minutes = [0, *range(10 * 60, 10 * 60 + 46 * _SLOT_MINUTES, _SLOT_MINUTES), 24 * 60]
    ends = [f"{minute // 60:02}:{minute % 60:02}" for minute in minutes]
    paths = []
    for seed, number in enumerate(_NUMBERS):
        drawn = random.Random(seed)
        slots = [
            f"{start}-{end} {drawn.choice(_TREATMENTS)}" for start, end in itertools.pairwise(ends)
        ]
        week = "".join(
            f"  {day}: [{', '.join(slots)}]\n"
            for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        )
        path = folder / f"druk-{seed}.yaml"
        path.write_text(
            f"id: druk-{seed}\nname: Druk {seed}\npbx: asterisk\ntimezone: Etc/GMT-1\n"
            f'numbers: ["{number}"]\naudio:\n  kort: {{name: Kort, file: kort.wav}}\n'
            f'forwards:\n  storing: {{name: Storing, number: "{STORING}"}}\n'
            f'  wacht: {{name: Wacht, number: "{WACHT}"}}\nweek:\n{week}'
        )
        paths.append(path)
    return paths


def _read_clock(shop: Shop) -> Clock:
    """Read the daemon's clock: it tells whole seconds, of which sixty pass in one of ours."""
    # One of these is read without a pause of either process.
    return min((_read_tick(shop) for _ in range(_TICKS)), key=lambda clock: clock.doubt)


def _read_tick(shop: Shop) -> Clock:
    """Wait until the next second of the daemon's clock begins."""

    def ask() -> tuple[datetime, str]:
        return datetime.now(UTC), str(shop.daemon.call(schedule="druk-0").fields["at"])

    before, first = asked, told = ask()
    while told == first:
        before = asked
        asked, told = ask()
    # It began after the time before that we asked, and before this answer.
    now = datetime.now(UTC)
    return Clock(now, datetime.fromisoformat(told), now - before)


def _schedules(shop: Shop) -> dict[str, Schedule]:
    """Return the schedules by their number, as they are stored."""
    with shop.daemon.store() as store:
        schedules = [revision.schedule() for revision in store.currents()]
    by_id = {schedule.id: schedule for schedule in schedules}
    return {number: by_id[f"druk-{seed}"] for seed, number in enumerate(_NUMBERS)}


def _place_calls(shop: Shop) -> tuple[dict[str, str], list[list[Message]]]:
    """Call with and without the hook in turns; return who called whom, and each call's messages."""
    called = {}
    for number in range(2 * CALLS):
        prefix = "direct" if number % 2 else ""
        called[f"0613{number:06}"] = f"{prefix}{_NUMBERS[number // 2 % len(_NUMBERS)]}"
    lines = "".join(f"{number};{caller};\n" for caller, number in called.items())
    values = {
        "CALLED": "[field0]",
        "CALLER": "<sip:[field1]@127.0.0.1>",
        "SOUND_PORT": "9",
        "PATIENCE_MS": "4000",
    }
    options = ("-m", str(2 * CALLS), "-r", str(2 * _A_SECOND), "-l", str(2 * CALLS))
    table = f"SEQUENTIAL\n{lines}"
    with telephone(shop.asterisk, "caller", free_port(), values, *options, table=table) as phone:
        phone.process.wait(3 * PATIENCE)
        calls: dict[str, list[Message]] = {}
        for message in phone.messages():
            calls.setdefault(message.call_id, []).append(message)
    return called, list(calls.values())


def _treatment(call: list[Message], desk: dict[str, str], trunk: dict[str, str]) -> str:
    """Say how a call was treated, as the telephones saw it."""
    caller = call[0].caller
    if caller in desk:
        return "continue"
    if caller in trunk:
        return f"forward {trunk[caller]}"
    if any(message.code >= "400" for message in call):
        return "hangup"
    is_hung_up = any(
        not message.is_sent and message.first_line.startswith("BYE") for message in call
    )
    return "message" if is_hung_up else "?"


def _expected(lot: Lot) -> str:
    """Say how a caller is to be treated, in the same words."""
    if lot.action == "forward":
        return f"forward {lot.forward}"
    return "message" if lot.action == "hangup" and lot.audio else lot.action


def _set_up_seconds(call: list[Message]) -> float:
    """Return how long a caller waited until he heard ringing or was answered."""
    first = next(message for message in call if message.code > "100")
    return (first.at - call[0].at).total_seconds()


def test_two_hundred_calls(shop: Shop, matrix: Matrix) -> None:
    """Each of 200 calls is treated as the naive reading of its schedule says at that instant."""
    clock = _read_clock(shop)
    schedules = _schedules(shop)
    called, calls = _place_calls(shop)
    desk, trunk = (
        {invitation.caller: invitation.called for invitation in other.invitations()}
        for other in (shop.desk, shop.trunk)
    )
    wrong, seen = [], set()
    for call in calls:
        number = called[call[0].caller]
        treatment = _treatment(call, desk, trunk)
        if number.startswith("direct"):
            assert treatment == "continue"
            continue
        first = next(message for message in call if message.code > "100")
        oracle = Oracle(schedules[number])
        slack = clock.doubt + timedelta(seconds=0.05)
        sent, decided = (
            clock.read(message.at.replace(tzinfo=UTC) + slack)
            for message, slack in ((call[0], -slack), (first, slack))
        )
        allowed = {_expected(oracle.lot(at)) for at in range(sent, decided + 1)}
        seen.add((number, treatment))
        if treatment not in allowed:
            wrong.append((number, call[0].at, treatment, allowed))
    assert not wrong, _tell(shop, wrong)
    assert len(calls) == 2 * CALLS
    # The schedules did change meanwhile: most numbers were treated in several ways.
    assert len(seen) > 2 * len(_NUMBERS)
    _note_set_up(shop, matrix, called, calls, desk)


def _tell(shop: Shop, wrong: Sequence[object]) -> str:
    """Say what went wrong, and what the daemon and Asterisk say of it."""
    assert shop.daemon.process is not None
    log = shop.asterisk.log().splitlines()
    warnings = [line for line in log if " WARNING[" in line and "bereikbaar: " in line]
    return "\n".join(
        (
            f"{len(wrong)} of {CALLS} calls, the first {wrong[0]}, the last {wrong[-1]}",
            f"the daemon's exit code: {shop.daemon.process.poll()}; its log:",
            *shop.daemon.log_path.read_text().splitlines()[-40:],
            f"{len(warnings)} warnings of Asterisk:",
            *warnings[:5],
        )
    )


def _note_set_up(
    shop: Shop,
    matrix: Matrix,
    called: dict[str, str],
    calls: list[list[Message]],
    desk: dict[str, str],
) -> None:
    """Note how much longer callers waited for the desk to ring, with the hook and without it."""
    waits: dict[bool, list[float]] = {True: [], False: []}
    for call in calls:
        caller = call[0].caller
        if caller in desk:
            waits[called[caller].startswith("direct")].append(1_000 * _set_up_seconds(call))
    middle = {is_direct: statistics.median(found) for is_direct, found in waits.items()}
    slow = {is_direct: statistics.quantiles(found, n=20)[-1] for is_direct, found in waits.items()}
    matrix.figure(
        shop.pbx,
        f"{CALLS} calls as the naive reading says; until it rings {middle[False]:.1f} ms with the "
        f"hook and {middle[True]:.1f} ms without (1 in 20: {slow[False]:.1f} and {slow[True]:.1f})",
    )
