"""Forwards that lead to linked numbers: how far, and whether callers come back."""

from typing import Any, Final

import pytest

from routing_engine.lint_findings import Finding
from routing_engine.lint_loops import MAX_HOPS, Forwarding, Hop, find_hops, lint_forwards
from routing_engine.snapshot import link_numbers
from routing_engine.table import IntervalTable
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from tests.engine import HOME, instant, schedule_of, table_of

# A Sunday, 11:00 in Amsterdam.
AT: Final = "2026-11-22T11:00"
NIGHT: Final = ("00:00-09:00 closed forward=verder", "09:00-18:00 open", "18:00-24:00 open")
DAY: Final = ("00:00-09:00 open", "09:00-17:00 closed forward=verder", "17:00-24:00 open")
ALWAYS: Final = ("00:00-24:00 closed forward=verder",)


def to(number: str, name: str = "verder") -> dict[str, dict[str, str]]:
    """Make a forward to a number."""
    return {name: {"name": name.title(), "number": number}}


def own_number(place: int) -> str:
    """Return the number of the schedule at a place."""
    return f"+3185{place:07}"


def make(name: str, week: tuple[str, ...], **fields: Any) -> Schedule:
    """Make a schedule with this id."""
    return schedule_of(week, id=name, **fields)


def lint(
    *schedules: Schedule, at: str = AT, policy: ForwardPolicy = HOME
) -> dict[str, list[Finding]]:
    """Judge where the forwards of schedules lead, those without findings left out."""
    tables = {one.id: table_of(one, first=at[:10], policy=policy) for one in schedules}
    linked = link_numbers((str(entry), one.id) for one in schedules for entry in one.numbers)
    forwardings = {}
    for one in schedules:
        if hops := find_hops(one, tables[one.id], linked):
            forwardings[one.id] = Forwarding(tables[one.id], hops)
    return lint_forwards(forwardings, instant(at))


def codes(*schedules: Schedule, at: str = AT) -> dict[str, list[str]]:
    """Return the codes found in each schedule."""
    return {name: [one.code for one in found] for name, found in lint(*schedules, at=at).items()}


def ring(count: int, week: tuple[str, ...] = ALWAYS, *, is_closed: bool = True) -> list[Schedule]:
    """Make schedules that each forward to the next, the last to the first if it is closed."""
    last = count if is_closed else count - 1
    return [
        make(
            f"s{place}",
            week if place < last else ("00:00-24:00 open",),
            numbers=[own_number(place)],
            forwards=to(own_number((place + 1) % count)),
        )
        for place in range(count)
    ]


def test_a_forward_to_a_linked_number_is_a_hop() -> None:
    """Told at the schedule that sends callers on, with the one that decides then."""
    sender = make("kantoor", ALWAYS, forwards=to("+31850000000"), numbers=["+31850000009"])
    receiver = make("winkel", ("00:00-24:00 open",), numbers=["+31850000000"])
    assert lint(sender, receiver) == {
        "kantoor": [
            Finding(
                "forward-to-linked",
                "forwards.verder.number",
                "+31850000000 is a number of schedule winkel, whose hours then decide",
                "make sure that winkel answers at those times, or forward elsewhere",
            )
        ]
    }


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"forwards": to("+31612345678")}, id="not linked"),
        pytest.param({"forwards": to("+31850000100")}, id="just past the block"),
        pytest.param({"forwards": to("+31850000050", "ander") | to("+31612345678")}, id="unused"),
        pytest.param(
            {
                "forwards": to("+31850000050", "ander") | to("+31612345678"),
                "holidays": {
                    "koningsdag": {"active": False, "slots": ["00:00-24:00 closed forward=ander"]}
                },
            },
            id="used by a holiday that is off",
        ),
    ],
)
def test_what_is_no_hop(fields: dict[str, Any]) -> None:
    """Elsewhere, or never used."""
    receiver = make("winkel", ("00:00-24:00 open",), numbers=["+31850000000..99"])
    assert codes(make("kantoor", ALWAYS, **fields), receiver) == {}


def test_a_refused_forward_leads_nowhere() -> None:
    """Nobody is sent there, so it is no hop either."""
    sender = make("kantoor", ALWAYS, forwards=to("+3232000000"))
    receiver = make("winkel", ("00:00-24:00 open",), numbers=["+3232000000"])
    assert lint(sender, receiver) == {}
    abroad = ForwardPolicy(countries=frozenset({"BE"}))
    assert list(lint(sender, receiver, policy=abroad)) == ["kantoor"]


def test_a_forward_to_its_own_number() -> None:
    """The smallest loop; the number lies within a block."""
    own = make("kantoor", ALWAYS, forwards=to("+31850000050"), numbers=["+31850000000..99"])
    assert lint(own) == {
        "kantoor": [
            Finding(
                "forward-loop",
                "forwards.verder.number",
                "callers are passed on without end: kantoor → kantoor, as on Sunday 2026-11-22 at "
                "11:00",
                "forward one of them elsewhere at such times, or to voicemail",
            )
        ]
    }


def test_a_loop_in_the_hour_that_comes_twice_says_which() -> None:
    """The clock shows 02:30 twice on 25 October 2026."""
    own = make("kantoor", ALWAYS, forwards=to(own_number(1)), numbers=[own_number(1)])
    for offset, occurrence in (("+02:00", "first"), ("+01:00", "second")):
        (loop,) = lint(own, at=f"2026-10-25T02:30{offset}")["kantoor"]
        assert loop.problem.endswith(f"as on Sunday 2026-10-25 at 02:30 ({occurrence} time)")


def test_a_loop_across_three_schedules_and_number_blocks() -> None:
    """Each is told, beginning with itself; who only leads into it is no part of it."""
    blocks = {"een": "+31850000100..99", "twee": "+31850000200..99", "drie": "+31850000300"}
    onward = {"een": "+31850000250", "twee": "+31850000300", "drie": "+31850000199"}
    trio = [
        make(name, ALWAYS, forwards=to(onward[name]), numbers=[blocks[name]]) for name in blocks
    ]
    outsider = make("vier", ALWAYS, forwards=to("+31850000100"))
    found = lint(*trio, outsider)
    told = "callers are passed on without end: {}, as on Sunday 2026-11-22 at 11:00"
    assert {name: [(one.code, one.problem) for one in ones] for name, ones in found.items()} == {
        "een": [("forward-loop", told.format("een → twee → drie → een"))],
        "twee": [("forward-loop", told.format("twee → drie → een → twee"))],
        "drie": [("forward-loop", told.format("drie → een → twee → drie"))],
        "vier": [
            (
                "forward-to-linked",
                "+31850000100 is a number of schedule een, whose hours then decide",
            )
        ],
    }


def test_it_is_a_loop_only_where_all_forward_at_one_moment() -> None:
    """One by night and the other by day: callers always end somewhere."""
    by_night = make("nacht", NIGHT, forwards=to(own_number(2)), numbers=[own_number(1)])
    by_day = make("dag", DAY, forwards=to(own_number(1)), numbers=[own_number(2)])
    assert codes(by_night, by_day) == {"nacht": ["forward-to-linked"], "dag": ["forward-to-linked"]}
    # From nine by the clock of London it is ten in Amsterdam: from nine to ten both forward.
    abroad = make(
        "nacht", NIGHT, forwards=to(own_number(2)), numbers=[own_number(1)],
        timezone="Europe/London",
    )  # fmt: skip
    found = lint(abroad, by_day)
    assert {name: [one.code for one in ones] for name, ones in found.items()} == {
        "nacht": ["forward-loop"],
        "dag": ["forward-loop"],
    }
    # Each by its own clock; the first moment after Sunday 11:00 is Monday morning.
    assert found["dag"][0].problem.endswith("as on Monday 2026-11-23 at 09:00")
    assert found["nacht"][0].problem.endswith("as on Monday 2026-11-23 at 08:00")


@pytest.mark.parametrize(
    ("day", "code"),
    [("2027-11-20", "forward-loop"), ("2027-12-05", "forward-to-linked")],
    ids=["in the coming year", "later"],
)
def test_a_loop_on_a_single_date(day: str, code: str) -> None:
    """By an exception of the one, while the other always forwards."""
    special = {
        "dag": {"name": "Dag", "dates": [day], "slots": ["00:00-24:00 closed forward=verder"]}
    }
    one = make(
        "een", ("00:00-24:00 open",), exceptions=special, forwards=to(own_number(2)),
        numbers=[own_number(1)],
    )  # fmt: skip
    other = make("twee", ALWAYS, forwards=to(own_number(1)), numbers=[own_number(2)])
    assert codes(one, other) == {"een": [code], "twee": [code]}


def test_an_override_can_make_a_loop() -> None:
    """While it is in force."""
    forced = {
        "from": "2026-12-01T10:00+01:00",
        "until": "2026-12-01T10:01+01:00",
        "slot": "closed forward=verder",
        "reason": "Brand",
    }
    one = make(
        "een", ("00:00-24:00 open",), overrides={"brand": forced}, forwards=to(own_number(2)),
        numbers=[own_number(1)],
    )  # fmt: skip
    other = make("twee", ALWAYS, forwards=to(own_number(1)), numbers=[own_number(2)])
    assert codes(one, other) == {"een": ["forward-loop"], "twee": ["forward-loop"]}
    assert codes(one, other, at="2026-12-01T10:01") == {
        "een": ["forward-to-linked"],
        "twee": ["forward-to-linked"],
    }


def test_each_forward_of_a_schedule_is_judged_by_itself() -> None:
    """One leads round by day, the other by night; a third only on."""
    week = (
        "00:00-09:00 closed forward=nacht",
        "09:00-17:00 closed forward=dag",
        "17:00-24:00 closed forward=avond",
    )
    centre = make(
        "centrale", week, numbers=[own_number(0)],
        forwards=to(own_number(1), "nacht") | to(own_number(2), "dag") | to(own_number(3), "avond"),
    )  # fmt: skip
    around = [
        make(f"s{n}", plan, numbers=[own_number(n)], forwards=to(own_number(0)))
        for n, plan in ((1, NIGHT), (2, ALWAYS), (3, NIGHT))
    ]
    found = codes(centre, *around)
    assert found["centrale"] == ["forward-loop", "forward-loop", "forward-to-linked"]
    assert [found[f"s{n}"] for n in (1, 2, 3)] == [
        ["forward-loop"],
        ["forward-loop"],
        ["forward-to-linked"],
    ]


def test_who_lies_between_two_loops_is_in_neither() -> None:
    """Its callers come from the one and end up in the other, but never come back."""
    onward = {"a": "b", "b": "a", "tussen": "c", "c": "d", "d": "c"}
    numbers = {name: own_number(place) for place, name in enumerate(onward)}
    weeks = {
        name: make(name, ALWAYS, numbers=[numbers[name]], forwards=to(numbers[callee]))
        for name, callee in onward.items()
    }
    weeks["a"] = make(
        "a", ("00:00-12:00 closed forward=verder", "12:00-24:00 closed forward=ander"),
        numbers=[numbers["a"]], forwards=to(numbers["b"]) | to(numbers["tussen"], "ander"),
    )  # fmt: skip
    found = codes(*weeks.values())
    assert found["a"] == ["forward-loop", "forward-to-linked"]
    assert found["tussen"] == ["forward-to-linked"]
    assert [found[name] for name in "bcd"] == [["forward-loop"]] * 3


def test_a_long_loop_is_told_in_short() -> None:
    """Its first schedules, how many more, and where it comes back to."""
    found = lint(*ring(9))
    assert found["s2"][0].problem == (
        "callers are passed on without end: s2 → s3 → s4 → s5 → s6 → (4 more) → s2, as on Sunday "
        "2026-11-22 at 11:00"
    )


def test_no_call_is_passed_on_more_than_seventy_times() -> None:
    """So more of them in a ring is a loop as well, of which every one is told."""
    assert set(map(tuple, codes(*ring(2 * MAX_HOPS + 3)).values())) == {("forward-loop",)}


class CountedTable(IntervalTable):
    """A table that counts how often it is asked."""

    asked = 0

    def outcome_at(self, at: int) -> Any:  # noqa: ANN401 - as the table's
        """Count, and answer."""
        CountedTable.asked += 1
        return super().outcome_at(at)


def asked_of(schedules: list[Schedule], monkeypatch: pytest.MonkeyPatch) -> int:
    """Count the look-ups that judging schedules takes."""
    monkeypatch.setattr("routing_engine.compiler.IntervalTable", CountedTable)
    CountedTable.asked = 0
    lint(*schedules)
    return CountedTable.asked


@pytest.mark.parametrize(("is_closed", "asked"), [(False, 0), (True, 1)], ids=["a chain", "a ring"])
def test_work_grows_with_the_number_of_schedules_alone(
    monkeypatch: pytest.MonkeyPatch, *, is_closed: bool, asked: int
) -> None:
    """A ring takes one look at each schedule's table or little more, a chain none at all."""
    count = 10 * MAX_HOPS
    looks = asked_of(ring(count, is_closed=is_closed), monkeypatch)
    assert asked * count <= looks <= 2 * asked * count


def test_hops_know_their_holder() -> None:
    """By the forward's id, in the order of the document."""
    schedule = make(
        "kantoor", ("00:00-12:00 closed forward=b", "12:00-24:00 closed forward=a"),
        forwards=to("+31850000002", "b") | to("+31850000001", "a"),
    )  # fmt: skip
    linked = link_numbers([("+31850000001", "winkel"), ("+31850000002", "werkplaats")])
    assert find_hops(schedule, table_of(schedule), linked) == [
        Hop("b", "+31850000002", "werkplaats"),
        Hop("a", "+31850000001", "winkel"),
    ]
