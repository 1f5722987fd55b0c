"""The daemon's clock is set to every awkward moment, forwards and back, while it runs."""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from schedules.model import Schedule
from tests.e2e.daemon import AT, Answer, Daemon, wait_until
from tests.engine import schedule_of
from tests.faults.fault_table import note_fault
from tests.oracle import Oracle, clock_changes
from tests.pbx.suites import find_beside

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
# Something else begins at each quarter of the hours in which clocks change.
BOUNDARIES: Final = (0, 60, 90, 105, 120, 121, 135, 150, 165, 179, 180, 195, 240, 600, 1_380, 1_440)
ZONES: Final = ("Europe/Amsterdam", "Europe/London", "America/New_York", "Australia/Lord_Howe")


def day_of(offset: int) -> list[str]:
    """Make a day of which every slot forwards to another number."""
    spans = list(pairwise(BOUNDARIES))
    statuses = ("open", "closed", "break")
    return [
        f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02} "
        f"{statuses[(place + offset) % 3]} forward=f{place + offset}"
        for place, (start, end) in enumerate(spans)
    ]


def schedule_in(zone: str) -> Schedule:
    """Make a schedule in which no two neighbouring moments are treated alike."""
    slots = len(BOUNDARIES) - 1
    forwards = {
        f"f{place}": {"name": f"F {place}", "number": f"+3161234{place:04}"}
        for place in range(4 * slots)
    }
    return schedule_of(
        tuple(day_of(0)),
        sun=tuple(day_of(slots)),
        id=zone.lower().replace("/", "-").replace("_", "-"),
        timezone=zone,
        forwards=forwards,
        exceptions={
            "schrikkeldag": {
                "name": "Schrikkeldag",
                "dates": ["2028-02-29", "2032-02-29"],
                "slots": day_of(2 * slots),
            }
        },
        holidays={"koningsdag": {"slots": day_of(3 * slots)}, "nieuwjaarsdag": {}},
        overrides={
            # Across the autumn hour of 2026, which comes twice.
            "storing": {
                "from": "2026-10-25T02:30+02:00",
                "until": "2026-10-25T02:30+01:00",
                "slot": "closed",
                "reason": "Storing",
            }
        },
    )


class FakeClock:
    """The clock of one process, set through a file that the library reads each time."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "clock"
        self.offset = 0
        self.set_to(int(time.time()))

    def set_to(self, at: int) -> None:
        """Let it be some epoch second; from there it goes on."""
        self.offset = at - int(time.time())
        # Never read half.
        new = self.path.with_suffix(".new")
        new.write_text(f"{self.offset:+d}\n")
        new.replace(self.path)

    def now(self) -> int:
        """Return what it shows."""
        return int(time.time()) + self.offset


@pytest.fixture
def fake_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Give the processes of a test a clock that can be set."""
    fake = FakeClock(tmp_path)
    for name, value in {
        "LD_PRELOAD": str(find_beside("libfaketimeMT.so.1")),
        "FAKETIME_TIMESTAMP_FILE": str(fake.path),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
        # The times of files aren't the clock's.
        "NO_FAKE_STAT": "1",
    }.items():
        monkeypatch.setenv(name, value)
    return fake


def check_call(fake: FakeClock, oracle: Oracle, call: Callable[[], Answer], at: int) -> None:
    """Set the clock and call; compare with what a plain reading of the rules says."""
    fake.set_to(at)
    earliest = fake.now()
    answer = call()
    told = answer.fields
    decided_at = int(datetime.fromisoformat(told["at"]).timestamp())
    assert earliest <= decided_at <= fake.now(), "the clock wasn't the one that was set"
    expected = oracle.answer(decided_at)
    lot = tuple(told[name] for name in ("status", "action", "audio", "forward", "voicemail"))
    assert (lot, told["rule"]) == (tuple(expected.lot), expected.rule), (told, expected)
    until = int(datetime.fromisoformat(told["valid_until"]).timestamp())
    assert (until, told["next_status"]) == oracle.change(decided_at), told


def around(moment: int, minutes: int) -> Iterator[int]:
    """Yield both sides of each boundary for so many minutes before and after an instant."""
    for boundary in range(moment - minutes * MINUTE, moment + minutes * MINUTE + 1, 15 * MINUTE):
        yield from (boundary - 2, boundary, boundary + 30)


def awkward_moments(zone: str, years: range) -> Iterator[int]:
    """Yield the nights on which clocks change, leap days, turns of the year and King's Day."""
    for change in clock_changes(zone, years[0], years[-1]):
        yield from around(change, 120)
    for year in years:
        for month, day in ((1, 1), (2, 28), (3, 1), (4, 26), (4, 27), (4, 28)):
            midnight = datetime(year, month, day, tzinfo=ZoneInfo(zone))
            yield from around(int(midnight.timestamp()), 15)
        if year % 4 == 0:
            yield from around(int(datetime(year, 2, 29, 12, tzinfo=ZoneInfo(zone)).timestamp()), 60)


@pytest.mark.parametrize(
    ("zone", "few_years"), list(zip(ZONES, (3, 1, 1, 1), strict=True)), ids=ZONES
)
def test_awkward_moments_on_the_daemons_own_clock(
    daemon: Daemon,
    fake_clock: FakeClock,
    how_many: Callable[[int, int], int],
    zone: str,
    few_years: int,
) -> None:
    """Whatever its clock shows, it decides as a plain reading of the rules does, and until when."""
    schedule = schedule_in(zone)
    with daemon.store() as store, store.writing("test", AT) as writer:
        writer.save(schedule, summary="")
    oracle = Oracle(schedule)
    moments = list(awkward_moments(zone, range(2026, 2026 + how_many(few_years, 7))))
    daemon.start()
    call = lambda: daemon.call(schedule=schedule.id)  # noqa: E731 - the same call each time
    for at in moments:
        check_call(fake_clock, oracle, call, at)
    note_fault(
        "clock and DST",
        f"libfaketime on the daemon, both nights, leap days and holidays in {zone}",
        len(moments),
        "0 mismatches to a naive oracle",
    )


def test_clock_that_jumps(
    daemon: Daemon, fake_clock: FakeClock, how_many: Callable[[int, int], int]
) -> None:
    """Forwards and back, by seconds or decades, as often as it likes."""
    jumps, dice = how_many(100, 1_000), random.Random(29)
    schedule = schedule_in("Europe/Amsterdam")
    with daemon.store() as store, store.writing("test", AT) as writer:
        writer.save(schedule, summary="")
    oracle = Oracle(schedule)
    daemon.start()
    at = int(AT.timestamp())
    first, last = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2015, 2060))
    for _ in range(jumps):
        leap = dice.choice((MINUTE, HOUR, DAY, 30 * DAY, 400 * DAY, 8_000 * DAY))
        at = min(max(at + dice.randint(-leap, leap), first), last)
        check_call(fake_clock, oracle, lambda: daemon.call(schedule=schedule.id), at)
    assert daemon.ready().fields["status"] == "ok"
    # What is saved on another day is followed all the same.
    daemon.save("closed")
    wait_until(lambda: daemon.status() == "closed", "the change is served")
    note_fault(
        "clock and DST",
        "libfaketime on the daemon, jumps of seconds to decades both ways",
        jumps,
        "0 mismatches to a naive oracle; saves are followed",
    )


def test_token_ends_by_the_clock(daemon: Daemon, fake_clock: FakeClock) -> None:
    """One that has an end is refused from then on, and good again when the clock is put right."""
    token = daemon.add_token(expires_at=AT + timedelta(days=1))
    daemon.start()
    for moment, status in ((0, 200), (DAY - 5 * MINUTE, 200), (DAY, 401), (2 * DAY, 401), (0, 200)):
        fake_clock.set_to(int(AT.timestamp()) + moment)
        assert daemon.call(token=token).status == status
