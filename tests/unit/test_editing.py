"""Edits of a schedule's days, exceptions, holidays and template."""

from datetime import date

import pytest

from schedules.date_text import DateRange, parse_date_range
from schedules.documents import write_document
from schedules.editing import (
    add_exception,
    copy_day,
    copy_exception,
    day_plan,
    edit_exception,
    remove_exceptions,
    set_template,
    switch_off,
    switch_on,
    template_slots,
    with_days,
)
from schedules.errors import (
    ConflictError,
    FaultyValueError,
    InvalidScheduleError,
    NotFoundError,
)
from schedules.exception_dates import ExceptionState, exception_state, with_dates
from schedules.model import Schedule, Slot, slot_of
from tests.engine import CLOSED, OFFICE_DAY, schedule_of

ALL_OPEN = (slot_of("00:00-24:00 open"),)


def office(**fields: object) -> Schedule:
    """Make an office with an exception and two holidays."""
    return schedule_of(
        OFFICE_DAY,
        sat=CLOSED,
        exceptions={"open-dag": {"name": "Open dag", "dates": ["2026-12-05"]}},
        holidays={
            "koningsdag": {"slots": ["00:00-12:00 open", "12:00-24:00 closed"]},
            "goede_vrijdag": {"active": False, "slots": ["00:00-24:00 break"]},
        },
        **fields,
    )


def texts(slots: tuple[Slot, ...]) -> list[str]:
    """Write slots."""
    return [slot.model_dump() for slot in slots]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("rule", "slots"),
    [
        ("week/mon", list(OFFICE_DAY)),
        ("week/sat", list(CLOSED)),
        ("exceptions/open-dag", list(CLOSED)),
        ("holidays/koningsdag", ["00:00-12:00 open", "12:00-24:00 closed"]),
        ("holidays/goede_vrijdag", ["00:00-24:00 break"]),
        ("holidays/nieuwjaarsdag", list(CLOSED)),
    ],
)
def test_day_plan_finds_any_day(rule: str, slots: list[str]) -> None:
    """A day is found by the rule it belongs to; a holiday without slots is closed all day."""
    assert texts(day_plan(office(), rule)) == slots


@pytest.mark.parametrize("rule", ["week/mon2", "mon", "", "exceptions/x", "overrides/y", "week/"])
def test_day_plan_refuses_what_is_no_day(rule: str) -> None:
    """Any other name is told not to be a day of the schedule."""
    with pytest.raises(NotFoundError):
        day_plan(office(), rule)


def test_day_plan_refuses_an_unknown_holiday() -> None:
    """The error names the holiday that is meant."""
    with pytest.raises(FaultyValueError) as refused:
        day_plan(office(), "holidays/koningdag")
    assert refused.value.faults == (("'koningdag' is not a holiday", "did you mean koningsdag?"),)


def test_copy_day_reaches_days_of_every_kind() -> None:
    """A day's slots go to weekdays, exceptions and holidays; an absent holiday is switched on."""
    targets = ["week/sat", "exceptions/open-dag", "holidays/koningsdag", "holidays/nieuwjaarsdag"]
    edited = copy_day(office(), "week/mon", targets)
    for rule in targets:
        assert texts(day_plan(edited, rule)) == list(OFFICE_DAY)
    assert edited.holidays["nieuwjaarsdag"].active
    assert texts(edited.week.sun) == list(OFFICE_DAY)
    assert list(edited.exceptions["open-dag"].dates) == [parse_date_range("2026-12-05")]


def test_slots_of_a_holiday_that_is_off_leave_it_off() -> None:
    """Copying hours to a holiday does not undo the decision to switch it off."""
    edited = copy_day(office(), "week/mon", ["holidays/goede_vrijdag"])
    assert not edited.holidays["goede_vrijdag"].active


def test_a_day_with_gaps_is_refused_at_its_place() -> None:
    """Gaps and overlaps of every edited day are told at once (semantics.md rule 4)."""
    gap = (slot_of("00:00-08:00 closed"), slot_of("09:00-24:00 open"))
    with pytest.raises(InvalidScheduleError) as refused:
        with_days(office(), {"week/tue": gap, "exceptions/open-dag": gap[:1]})
    assert [(fault.place, fault.problem) for fault in refused.value.faults] == [
        ("week.tue", "nothing is set from 08:00 to 09:00"),
        ("exceptions.open-dag.slots", "nothing is set from 08:00 to 24:00"),
    ]


def test_an_exception_begins_as_a_draft_closed_all_day() -> None:
    """Begun empty, an exception is one closed slot of 24 hours without dates (rule 9)."""
    edited = add_exception(office(), "braderie", "Braderie")
    assert write_document(edited)["exceptions"]["braderie"] == {
        "name": "Braderie",
        "dates": [],
        "slots": ["00:00-24:00 closed"],
    }


def test_an_exception_keeps_its_id_to_itself() -> None:
    """An id that is taken is refused: nothing is overwritten."""
    with pytest.raises(ConflictError):
        add_exception(office(), "open-dag", "Nog een")


def test_a_date_belongs_to_one_exception() -> None:
    """A second exception on a date is refused, naming the first (semantics.md rule 8)."""
    with pytest.raises(InvalidScheduleError, match="already belongs to exception open-dag"):
        add_exception(office(), "feest", "Feest", [parse_date_range("2026-12-04..2026-12-06")])


def test_edit_exception_changes_only_what_is_given() -> None:
    """Name, dates and slots change one by one."""
    edited = edit_exception(office(), "open-dag", name="Open huis")
    assert edited.exceptions["open-dag"].name == "Open huis"
    assert edited.exceptions["open-dag"].dates == office().exceptions["open-dag"].dates
    with pytest.raises(InvalidScheduleError, match="is empty"):
        edit_exception(office(), "open-dag", name=" ")


def test_an_unknown_exception_is_told_with_those_like_it() -> None:
    """The error names what was probably meant, or where to look."""
    with pytest.raises(NotFoundError, match="did you mean open-dag"):
        edit_exception(office(), "opendag", name="x")
    with pytest.raises(NotFoundError, match="see `exception list`"):
        remove_exceptions(office(), ["zzz"])


def test_removing_the_template_s_day_unsets_it() -> None:
    """A template that names a removed exception goes with it, any other stays (rule 24)."""
    chosen = set_template(office(), "exceptions/open-dag")
    assert remove_exceptions(chosen, ["open-dag"]).template is None
    other = set_template(office(), "week/mon")
    removed = remove_exceptions(other, ["open-dag"])
    assert (removed.template, dict(removed.exceptions)) == ("week/mon", {})


def test_later_changes_of_the_template_do_not_reach_back() -> None:
    """An exception made from the template keeps its slots when the template changes (rule 24)."""
    chosen = set_template(office(), "week/mon")
    made = add_exception(chosen, "feest", "Feest", slots=template_slots(chosen))
    changed = with_days(made, {"week/mon": ALL_OPEN})
    assert texts(changed.exceptions["feest"].slots) == list(OFFICE_DAY)
    assert texts(template_slots(changed)) == ["00:00-24:00 open"]


def test_without_a_template_there_is_nothing_to_begin_with() -> None:
    """The error says how to choose one; a day that isn't there can't be chosen."""
    with pytest.raises(NotFoundError, match="bereikbaar template set kantoor week/mon"):
        template_slots(office())
    with pytest.raises(InvalidScheduleError, match="is not a day of this schedule"):
        set_template(office(), "exceptions/feest")


def test_switching_on_keeps_slots_and_starts_closed() -> None:
    """A holiday gets its own slots back, one without slots is closed all day (rules 11, 14)."""
    edited = switch_on(office(), ["goede_vrijdag", "bevrijdingsdag"])
    assert edited.holidays["goede_vrijdag"].active
    assert texts(edited.holidays["goede_vrijdag"].slots) == ["00:00-24:00 break"]
    assert texts(edited.holidays["bevrijdingsdag"].slots) == list(CLOSED)
    assert edited.holidays["bevrijdingsdag"].every == "year"


def test_bevrijdingsdag_can_be_for_lustrum_years() -> None:
    """`every` is set where given and kept where not; lustrum is for bevrijdingsdag alone."""
    edited = switch_on(office(), ["bevrijdingsdag"], "lustrum")
    off_and_on = switch_on(switch_off(edited, ["bevrijdingsdag"]), ["bevrijdingsdag"])
    assert off_and_on.holidays["bevrijdingsdag"].every == "lustrum"
    assert switch_on(edited, ["bevrijdingsdag"], "year").holidays["bevrijdingsdag"].every == "year"
    with pytest.raises(InvalidScheduleError, match="bevrijdingsdag alone"):
        switch_on(office(), ["koningsdag"], "lustrum")


def test_switching_off_decides() -> None:
    """A holiday that was undecided is off after it, one that was on keeps its slots."""
    edited = switch_off(office(), ["koningsdag", "nieuwjaarsdag"])
    assert not edited.holidays["nieuwjaarsdag"].active
    assert texts(edited.holidays["koningsdag"].slots) == [
        "00:00-12:00 open",
        "12:00-24:00 closed",
    ]


def test_a_copied_exception_takes_a_free_id() -> None:
    """A copy in another schedule keeps name, dates and slots (semantics.md rule 23)."""
    other = schedule_of(
        id="filiaal", exceptions={"open-dag": {"name": "Anders", "dates": ["2027-01-02"]}}
    )
    copied = copy_exception(office(), "open-dag", other)
    assert list(copied.exceptions) == ["open-dag", "open-dag-2"]
    assert copied.exceptions["open-dag-2"] == office().exceptions["open-dag"]
    with pytest.raises(NotFoundError):
        copy_exception(office(), "feest", other)


@pytest.mark.parametrize(
    ("present", "added", "removed", "left"),
    [
        pytest.param([], ["2026-12-05"], [], ["2026-12-05"], id="first"),
        pytest.param(
            ["2026-12-05"], ["2026-12-06..2026-12-07"], [], ["2026-12-05..2026-12-07"], id="joined"
        ),
        pytest.param(
            ["2026-12-30..2027-01-02"],
            [],
            ["2026-12-31"],
            ["2026-12-30", "2027-01-01..2027-01-02"],
            id="split-over-the-year",
        ),
        pytest.param(
            ["2028-02-28", "2028-03-01"],
            ["2028-02-29", "2028-02-28"],
            [],
            ["2028-02-28..2028-03-01"],
            id="leap-day-fills",
        ),
        pytest.param(["2026-12-05"], [], ["2026-12-05"], [], id="last"),
        pytest.param(["2026-12-05"], ["2026-12-05"], ["2026-12-05"], [], id="removing-wins"),
    ],
)
def test_dates_are_added_and_removed(
    present: list[str], added: list[str], removed: list[str], left: list[str]
) -> None:
    """Days that follow each other are written as one range."""
    spans = (map(parse_date_range, texts) for texts in (present, added, removed))
    assert list(map(str, with_dates(*spans))) == left


@pytest.mark.parametrize(
    ("dates", "today", "state"),
    [
        ([], "2026-12-05", "draft"),
        (["2026-12-05"], "2026-12-04", "active"),
        (["2026-12-05"], "2026-12-05", "active"),
        (["2026-12-05"], "2026-12-06", "expired"),
        (["2026-12-05", "2026-11-01..2026-11-03"], "2026-12-05", "active"),
        (["2026-11-01", "2026-12-01..2026-12-03"], "2026-12-04", "expired"),
    ],
)
def test_an_exception_expires_after_its_last_date(
    dates: list[str], today: str, state: ExceptionState
) -> None:
    """Expired is when all dates lie before today, a draft has none (semantics.md rule 9)."""
    spans: list[DateRange] = list(map(parse_date_range, dates))
    assert exception_state(spans, date.fromisoformat(today)) == state
