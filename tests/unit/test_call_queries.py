"""Recorded calls are found again: one, those that are meant, and how many."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from pbx_adapters import call_queries
from pbx_adapters.call_queries import (
    CallFilter,
    count_kinds,
    count_numbers,
    find_call,
    list_calls,
)
from pbx_adapters.call_record import RecordedCall, RecordedOutcome, write_calls
from pbx_adapters.call_slice import CallSlice
from pbx_adapters.calls_aside import set_aside, take_oldest
from pbx_adapters.decisions_db import DecisionsUnavailableError, writing_decisions

# 2026-11-22 10:00:00 UTC.
AT = 1_795_341_600
OPEN = RecordedOutcome(
    "kantoor", 3, "open", "continue", "weekly", "week/sun", "", "", "", "", AT + 3_600
)
KINDS = (
    OPEN,
    OPEN._replace(valid_until=None),
    OPEN._replace(status="closed", action="forward", forward="+31612345678"),
    OPEN._replace(schedule="winkel", status="closed", action="hangup", audio="ab.wav"),
    OPEN._replace(schedule="winkel", status="closed", action="hangup", reason="holiday"),
    OPEN._replace(schedule="winkel", action="voicemail", voicemail="a@b.nl", error="audio-missing"),
    RecordedOutcome("", None, "unknown", "continue", "unknown-number", "", "", "", "", "", None),
)
NUMBERS = ("+31850000100", "+31850000200", "+441632960001", None)
CALLERS = (None, 1, 2, 2**63 - 1)


def made_calls() -> list[RecordedCall]:
    """Return some hundreds of unlike calls of two runs, several in many a second, newest first."""
    rng = Random(6)
    calls = [
        RecordedCall(
            f"{rng.choice(('00000000000a', 'ffffffffffff'))}-{count:08x}",
            AT + rng.randrange(200) * 613,
            rng.choice(("3cx", "generic")),
            rng.choice(NUMBERS),
            rng.choice(CALLERS),
            f"'{count}\n",
            rng.choice(KINDS),
        )
        for count in range(1, 600)
    ]
    return sorted(calls, key=lambda one: (one.at, one.decision_id), reverse=True)


CALLS = made_calls()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(1, id="all-filed"),
        pytest.param(3, id="two-thirds-aside"),
        pytest.param(20, id="nearly-all-aside"),
    ],
)
def path(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Have these calls recorded: every so many filed, the others set aside."""
    path = tmp_path_factory.mktemp("record") / "decisions.db"
    with writing_decisions(path) as db:
        write_calls(db, CALLS[:: request.param])
        aside = [call for place, call in enumerate(CALLS) if place % request.param]
        for first in range(0, len(aside), 100):
            set_aside(db, CallSlice.of(aside[first : first + 100]))
    return path


def test_call_is_found_by_its_id_whole(path: Path) -> None:
    """Every field comes back as it was noted."""
    for call in CALLS:
        assert find_call(path, call.decision_id) == call
    other = CALLS[0].decision_id[:-1] + "z"
    assert find_call(path, other) is None
    assert find_call(path, "0123456789ab-00000001") is None
    assert find_call(path, "") is None


def test_call_with_an_id_from_elsewhere_is_found(tmp_path: Path) -> None:
    """Whatever the id is, and a text that is none doesn't hide it."""
    path = tmp_path / "decisions.db"
    calls = [CALLS[n]._replace(decision_id=one, at=AT) for n, one in enumerate(("van elders", ""))]
    with writing_decisions(path) as db:
        write_calls(db, [*calls, CALLS[5]._replace(callid="\udc80")])
    for call in calls:
        assert find_call(path, call.decision_id) == call
    assert len(list(list_calls(path, CallFilter(), None))) == 3


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param({}, id="all"),
        pytest.param({"from_at": AT + 6_130}, id="from"),
        pytest.param({"until_at": AT + 6_130}, id="until"),
        pytest.param({"from_at": AT + 6_130, "until_at": AT + 61_300}, id="span"),
        pytest.param({"from_at": AT + 6_131, "until_at": AT + 6_131}, id="empty-span"),
        pytest.param({"status": "closed"}, id="status"),
        pytest.param({"action": "hangup", "reason": "holiday"}, id="action-and-reason"),
        pytest.param({"status": "break"}, id="status-that-never-was"),
        pytest.param({"number": "+31850000100"}, id="number"),
        pytest.param({"number": "+31850000100", "status": "open"}, id="number-and-status"),
        pytest.param({"number": "+31850009999"}, id="number-never-called"),
        pytest.param({"schedule": "winkel"}, id="schedule"),
        pytest.param({"schedule": "winkel", "reason": "weekly"}, id="schedule-and-reason"),
        pytest.param({"schedule": "weg"}, id="schedule-never-asked"),
        pytest.param({"caller": 2**63 - 1}, id="caller"),
        pytest.param(
            {"caller": 2, "number": "+31850000200", "schedule": "kantoor", "until_at": AT + 90_000},
            id="everything-at-once",
        ),
    ],
)
@pytest.mark.parametrize("few", [0, 20_000], ids=["kinds-many", "kinds-few"])
def test_calls_that_are_meant_are_listed_newest_first(
    path: Path, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, str | int], few: int
) -> None:
    """Whichever index leads to them, and over the edges of pages."""
    monkeypatch.setattr(call_queries, "_PAGE", 7)
    monkeypatch.setattr(call_queries, "_FEW", few)
    expected = [call for call in CALLS if is_meant(call, wanted)]
    chosen = CallFilter(**wanted)  # type: ignore[arg-type]
    assert list(list_calls(path, chosen, None)) == expected
    for limit in (0, 1, 7, 8, 20):
        assert list(list_calls(path, chosen, limit)) == expected[:limit]


def is_meant(call: RecordedCall, wanted: dict[str, str | int]) -> bool:
    """Read a filter naively."""
    fields = {**call._asdict(), **call.outcome._asdict()}
    from_at, until_at = wanted.get("from_at", 0), wanted.get("until_at", 2**40)
    return int(from_at) <= call.at < int(until_at) and all(
        fields[key] == value for key, value in wanted.items() if not key.endswith("_at")
    )


def empty_database() -> bytes:
    """Return a database without our tables."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE token_uses (id)")
        return db.serialize()


SPANS = [
    pytest.param(None, None, id="all"),
    pytest.param(AT + 1, None, id="from"),
    pytest.param(None, AT + 50_001, id="until"),
    pytest.param(AT + 10, AT + 613, id="within-a-quarter"),
    pytest.param(AT + 613, AT + 100_000, id="odd-ends"),
    pytest.param(AT - AT % 86_400, AT - AT % 86_400 + 86_400, id="whole-day"),
    pytest.param(AT - AT % 900 + 900, AT - AT % 900 + 9_000, id="whole-quarters"),
    pytest.param(AT + 5_000, AT + 4_000, id="backwards"),
]


@pytest.mark.parametrize(("from_at", "until_at"), SPANS)
def test_counts_are_those_of_the_calls(
    path: Path, from_at: int | None, until_at: int | None
) -> None:
    """To the second, though what lies between is counted beforehand."""
    meant = [
        call
        for call in CALLS
        if (from_at or 0) <= call.at and (until_at is None or call.at < until_at)
    ]
    kinds = Counter(
        (call.at // 900 * 900, call.outcome.status, call.outcome.action, call.outcome.reason)
        for call in meant
    )
    counted = count_kinds(path, from_at, until_at)
    assert {one[:4]: one.calls for one in counted} == kinds
    assert len(counted) == len(kinds)
    numbers = Counter(call.number or "" for call in meant)
    told = count_numbers(path, from_at, until_at)
    assert dict(told) == numbers
    assert [calls for _, calls in told] == sorted(numbers.values(), reverse=True)


def test_nothing_is_found_where_nothing_is_kept(tmp_path: Path) -> None:
    """No file, an empty one, and one of before calls were recorded."""
    path = tmp_path / "decisions.db"
    for content in (None, b"", empty_database()):
        if content is not None:
            path.write_bytes(content)
        assert find_call(path, "0123456789ab-00000001") is None
        assert not list(list_calls(path, CallFilter(), None))
        assert not count_kinds(path, None, None)
        assert not count_numbers(path, None, None)


def test_call_that_is_filed_while_a_list_is_read_is_in_it_once(tmp_path: Path) -> None:
    """Those set aside are read first."""
    path = tmp_path / "decisions.db"
    with writing_decisions(path) as db:
        set_aside(db, CallSlice.of(CALLS[:3]))
        write_calls(db, CALLS[3:6])
    listed = list_calls(path, CallFilter(), None)
    first = next(listed)
    with writing_decisions(path) as db:
        taken = take_oldest(db)
        assert taken is not None
        write_calls(db, taken.calls)
    assert [first, *listed] == CALLS[:6]


def test_calls_altered_while_set_aside_are_told(path: Path, tmp_path: Path) -> None:
    """Nobody is to take a list without them for the whole."""
    broken = tmp_path / "decisions.db"
    broken.write_bytes(path.read_bytes())
    with writing_decisions(broken) as db:
        set_aside(db, CallSlice.of(CALLS[:1]))
        db.execute("UPDATE calls_set_aside SET told = 'kapot'")
    for asked in (
        lambda: list(list_calls(broken, CallFilter(), 1)),
        lambda: find_call(broken, "0123456789ab-00000001"),
        lambda: count_kinds(broken, None, None),
        lambda: count_numbers(broken, None, None),
    ):
        with pytest.raises(DecisionsUnavailableError, match=r"altered; stop the daemon"):
            asked()


def test_damage_is_told(path: Path, tmp_path: Path) -> None:
    """A file that is no database, and one without an index that it should have."""
    broken = tmp_path / "decisions.db"
    broken.write_bytes(b"kapot" * 1_000)
    with pytest.raises(DecisionsUnavailableError, match="damaged"):
        find_call(broken, CALLS[0].decision_id)
    broken.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(broken)) as db:
        db.execute("DROP INDEX calls_by_time")
    with pytest.raises(DecisionsUnavailableError, match="damaged"):
        list(list_calls(broken, CallFilter(), None))


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(CallFilter(), id="all"),
        pytest.param(CallFilter(from_at=AT, until_at=AT + 1_000), id="span"),
        pytest.param(CallFilter(status="closed"), id="status"),
        pytest.param(CallFilter(number="+31850000100", status="closed"), id="number"),
        pytest.param(CallFilter(schedule="winkel"), id="schedule"),
        pytest.param(CallFilter(caller=2), id="caller"),
    ],
)
def test_no_list_looks_through_all_calls_nor_sorts_them(
    path: Path, monkeypatch: pytest.MonkeyPatch, wanted: CallFilter
) -> None:
    """With millions of calls a page takes as long as with hundreds: SQLite says how it goes."""
    for few in (0, 20_000):
        monkeypatch.setattr(call_queries, "_FEW", few)
        with closing(sqlite3.connect(path)) as db:
            values: dict[str, int | str] = {"from_at": 0, "before_at": 2**40, "before_id": 0}
            query = call_queries._page_query(db, wanted, values)
            assert query is not None
            steps = [
                str(row[3])
                for row in db.execute(f"EXPLAIN QUERY PLAN {query}", values | {"limit": 9})
            ]
        assert any(step.startswith("SEARCH calls USING INDEX calls_by_") for step in steps) or any(
            step.startswith("SEARCH calls USING COVERING INDEX calls_by_") for step in steps
        )
        assert not [step for step in steps if step.startswith("SCAN calls")]
        # What is found is sorted once more, as a page.
        assert steps.count("USE TEMP B-TREE FOR ORDER BY") <= 1, steps


@pytest.mark.parametrize("query", [call_queries._BY_KIND, call_queries._BY_NUMBER])
def test_no_count_looks_through_all_calls(path: Path, query: str) -> None:
    """Only those at the ends of the span."""
    span = call_queries._span(AT + 1, AT + 200_000, 900)
    with closing(sqlite3.connect(path)) as db:
        steps = [str(row[3]) for row in db.execute(f"EXPLAIN QUERY PLAN {query}", span)]
    assert sum("calls USING INDEX calls_by_time (decided_at>? AND" in step for step in steps) == 2
    assert not [step for step in steps if step.startswith("SCAN calls")]
