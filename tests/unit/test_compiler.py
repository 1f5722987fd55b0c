"""From a schedule to its table: rules, index, profiles and overrides."""

from datetime import date, timedelta

import pytest

from routing_engine.compiler import renew_table
from routing_engine.decision import Outcome
from routing_engine.resolver import decide
from routing_engine.table import HORIZON_DAYS, IntervalTable
from schedules.forward_rules import ForwardPolicy
from schedules.model import Reading, Schedule
from tests.engine import CLOSED, OFFICE_DAY, SHA256, day_of, instant, schedule_of, table_of

WEEK = tuple(f"week/{day}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))


def many_exceptions(count: int) -> dict[str, object]:
    """Make exceptions for as many days running, from 2 January 2026 on, each to its own forward."""
    first = date(2026, 1, 2)
    return {
        f"dag-{n}": {
            "name": f"Dag {n}",
            "dates": [str(first + timedelta(days=n))],
            "slots": [f"00:00-24:00 closed forward=f{n}"],
        }
        for n in range(count)
    }


def rules_by_day(table: IntervalTable) -> list[str]:
    """Return the name of the rule of each day of the table's index."""
    recurring = table.recurring
    assert len(recurring.day_index) == HORIZON_DAYS
    days = range(recurring.first_day, recurring.first_day + HORIZON_DAYS)
    return [table.rule_on(day)[0] for day in days]


def test_rules_are_weekdays_then_holidays_then_exceptions() -> None:
    """Holidays that are off and drafts have no rule; titles are the names a reader knows."""
    table = table_of(
        schedule_of(
            exceptions={
                "concept": {"name": "Concept"},
                "feest": {"name": "Zomerfeest", "dates": ["2026-06-03"]},
            },
            holidays={"koningsdag": {}, "goede_vrijdag": {"active": False}},
        )
    )
    names, titles = zip(*map(table.name_and_title, range(len(table.shapes))), strict=True)
    assert names == (*WEEK, "holidays/koningsdag", "exceptions/feest")
    assert titles[5:] == ("Zaterdag", "Zondag", "Koningsdag", "Zomerfeest")


def test_a_table_knows_whose_it_is() -> None:
    """Id, name, revision and numbers are the schedule's."""
    table = table_of(schedule_of(numbers=["+31850000000", "+31850000100..99"]))
    assert (table.schedule, table.schedule_name, table.revision) == ("kantoor", "Kantoor", 7)
    assert table.numbers == ("+31850000000", "+31850000100..99")


@pytest.mark.parametrize("count", [254, 255, 256, 395], ids="exceptions-{}".format)
def test_any_number_of_different_days_is_found(count: int) -> None:
    """With that of the week, 255 days and as many outcomes have numbers that are bytes."""
    forwards = {f"f{n}": {"name": f"F{n}", "number": f"+3161234{n:04}"} for n in range(count)}
    table = table_of(schedule_of(CLOSED, exceptions=many_exceptions(count), forwards=forwards))
    assert len(table.profiles) == len(table.outcomes) == count + 1
    first = day_of("2026-01-02")
    for n in range(count):
        ((_, outcome),) = table.day_outcomes(first + n)
        assert outcome.forward == f"+3161234{n:04}"
    names = rules_by_day(table)
    assert names[0] == "week/thu"
    assert names[1 : count + 1] == [f"exceptions/dag-{n}" for n in range(count)]
    first_after = date(2026, 1, 2) + timedelta(days=count)
    assert names[count + 1] == WEEK[first_after.weekday()]


@pytest.mark.parametrize("place", [0, 1, HORIZON_DAYS - 2, HORIZON_DAYS - 1])
def test_the_index_holds_holidays_and_exceptions_to_its_last_day(place: int) -> None:
    """Christmas day and an exception, each as first, second, last but one and last day."""
    first = date(2026, 12, 25) - timedelta(days=place)
    holiday = table_of(schedule_of(holidays={"eerste_kerstdag": {}}), first=str(first))
    assert rules_by_day(holiday)[place] == "holidays/eerste_kerstdag"
    dicht = {"name": "Dicht", "dates": ["2026-12-25"]}
    exception = table_of(schedule_of(exceptions={"dicht": dicht}), first=str(first))
    assert rules_by_day(exception)[place] == "exceptions/dicht"


def test_equal_days_share_one_profile() -> None:
    """A week of the same days is kept once, in two schedules too."""
    tables = [table_of(schedule_of(OFFICE_DAY, id=name)) for name in ("een", "twee")]
    assert len({id(profile) for table in tables for profile in table.profiles}) == 1


def test_tables_share_a_message_and_the_names_of_exceptions() -> None:
    """What many schedules say alike is kept once."""
    tables = [
        table_of(
            schedule_of(
                ("00:00-24:00 closed audio=welkom",),
                id=name,
                audio={"welkom": {"name": "Welkom", "sha256": SHA256}},
                exceptions={"feest": {"name": "Feest", "dates": ["2026-06-02"]}},
            )
        )
        for name in ("een", "twee")
    ]
    outcomes = [table.outcomes[0] for table in tables]
    assert outcomes[0].audio == f"{SHA256}.wav"
    assert outcomes[0].audio is outcomes[1].audio
    assert tables[0].exception_labels[0] is tables[1].exception_labels[0]


def test_exceptions_lie_anywhere_from_2000_to_2100() -> None:
    """The first and the last day that can be written are found, and not the days around them."""
    dates = ["2000-01-01", "2100-12-30..2100-12-31"]
    table = table_of(schedule_of(exceptions={"feest": {"name": "Feest", "dates": dates}}))
    first, last = day_of("2000-01-01"), day_of("2100-12-31")
    days = (first - 1, first, first + 1, last - 2, last - 1, last, last + 1)
    found = [table.rule_on(day)[0] == "exceptions/feest" for day in days]
    assert found == [False, True, False, False, True, True, False]


def test_overrides_stand_in_order_of_time() -> None:
    """Whatever order they were written in; edges are epoch seconds."""
    late = {"from": "2026-06-02T10:00+02:00", "until": "2026-06-02T11:00+02:00"}
    early = {"from": "2026-06-01T10:00Z", "until": "2026-06-01T11:00Z"}
    rest = {"slot": "open", "reason": "Toch open"}
    table = table_of(schedule_of(overrides={"a": late | rest, "b": early | rest}))
    assert [(one.name, one.title, one.from_at) for one in table.overrides] == [
        ("overrides/b", "Toch open", instant("2026-06-01T10:00Z")),
        ("overrides/a", "Toch open", instant("2026-06-02T08:00Z")),
    ]


def test_slots_written_out_of_order_are_put_in_order() -> None:
    """A day is its slots by time (rule 4)."""
    table = table_of(schedule_of(OFFICE_DAY, mon=(OFFICE_DAY[1], OFFICE_DAY[2], OFFICE_DAY[0])))
    assert table.day_outcomes(4) == table.day_outcomes(5)


def test_a_day_without_slots_makes_no_table() -> None:
    """A stored document that was never judged is refused here, not when a call comes."""
    document = schedule_of().model_dump(mode="json", exclude_none=True)
    document["week"]["tue"] = []
    schedule = Schedule.model_validate(document, context=Reading(is_stored=True))
    with pytest.raises(ValueError):  # noqa: PT011 - whichever tells it
        table_of(schedule)


@pytest.mark.parametrize(
    ("countries", "policy", "outcome"),
    [
        pytest.param(
            ["BE"],
            ForwardPolicy(),
            Outcome("open", "forward", forward="+3225120000"),
            id="opted-in-by-the-schedule",
        ),
        pytest.param(
            [],
            ForwardPolicy(countries=frozenset({"BE"})),
            Outcome("open", "forward", forward="+3225120000"),
            id="opted-in-for-all",
        ),
        pytest.param(
            [],
            ForwardPolicy(),
            Outcome("open", "continue", error="forward-refused"),
            id="no-longer-opted-in",
        ),
    ],
)
def test_forwards_are_judged_by_policy_and_schedule(
    countries: list[str], policy: ForwardPolicy, outcome: Outcome
) -> None:
    """A country is opted in by either (rule 19)."""
    schedule = schedule_of(
        ("00:00-24:00 open forward=brussel",),
        forwards={"brussel": {"name": "Brussel", "number": "+3225120000"}},
        forward_countries=countries,
    )
    decision = decide(table_of(schedule, policy=policy), instant("2026-06-01T12:00"))
    assert decision.outcome == outcome


def test_a_renewed_table_covers_later_days_by_the_same_rules() -> None:
    """A year later the index is another one, with its holidays and exceptions; no more changes."""
    schedule = schedule_of(
        OFFICE_DAY,
        exceptions={"feest": {"name": "Feest", "dates": ["2027-06-02"]}},
        holidays={"koningsdag": {}},
        numbers=["+31850000000"],
        overrides={
            "storing": {
                "from": "2026-06-01T10:00Z",
                "until": "2026-06-01T11:00Z",
                "slot": "closed",
                "reason": "Storing",
            }
        },
    )
    table = table_of(schedule, first="2026-01-01")
    decide(table, instant("2026-06-01T12:00"))
    renewed = renew_table(table, day_of("2027-01-01"))
    made = table_of(schedule, first="2027-01-01")
    assert renewed.recurring.first_day == day_of("2027-01-01")
    assert rules_by_day(renewed) == rules_by_day(made) != rules_by_day(table)
    assert renewed.current is None
    for part in (
        "schedule",
        "schedule_name",
        "revision",
        "numbers",
        "shapes",
        "profiles",
        "outcomes",
        "overrides",
        "zone",
    ):
        assert getattr(renewed, part) == getattr(table, part)
