"""What is kept of one revision beside another (semantics.md rules 7 and 20)."""

import pytest

from schedules.errors import ConflictError, InvalidScheduleError
from schedules.model import Schedule
from schedules.rebase import has_same_but_overrides, rebase_edit, restore, roll_back

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STORING = {"storing": {"name": "Storingsdienst", "number": "+31612345678"}}


def schedule(**changes: object) -> Schedule:
    """Return a schedule that is closed all week; keys as in a document."""
    plain = {"id": "kantoor", "name": "Kantoor", "pbx": "3cx"}
    week = {day: ["00:00-24:00 closed"] for day in DAYS}
    return Schedule.model_validate({**plain, "week": week, **changes})


def override(hours: str, slot: str = "open") -> dict[str, str]:
    """Return an override on 1 December 2026 from one hour up to another, in UTC."""
    start, _, end = hours.partition("-")
    return {
        "from": f"2026-12-01T{start}:00Z",
        "until": f"2026-12-01T{end}:00Z",
        "slot": slot,
        "reason": "Proef",
    }


A, B = override("08-10"), override("12-14")
A_CLOSED, A_LONGER = override("08-10", "closed"), override("08-11")


MERGES = [
    pytest.param({}, {}, {"a": A}, {"a": A}, id="set-meanwhile"),
    pytest.param({"a": A}, {"a": A}, {}, {}, id="taken-off-meanwhile"),
    pytest.param({"a": A}, {"a": A}, {"a": A_CLOSED}, {"a": A_CLOSED}, id="changed-meanwhile"),
    pytest.param({}, {"b": B}, {"a": A}, {"a": A, "b": B}, id="one-set-by-each"),
    pytest.param({"a": A}, {}, {"a": A, "b": B}, {"b": B}, id="taken-off-beside-one-set"),
    pytest.param(
        {"a": A}, {"a": A_CLOSED}, {"a": A, "b": B}, {"a": A_CLOSED, "b": B}, id="changed"
    ),
    pytest.param({}, {"a": A}, {"a": A}, {"a": A}, id="the-same-set-by-both"),
    pytest.param({"a": A}, {}, {}, {}, id="taken-off-by-both"),
]


@pytest.mark.parametrize(("base", "edited", "present", "merged"), MERGES)
def test_present_overrides_stay_but_for_those_the_edit_changed(
    base: dict[str, object],
    edited: dict[str, object],
    present: dict[str, object],
    merged: dict[str, object],
) -> None:
    """Each id is looked at by itself, and the rest of the edit comes along."""
    found = rebase_edit(
        schedule(overrides=base),
        schedule(overrides=edited, name="Nieuw"),
        schedule(overrides=present),
    )
    assert found == schedule(overrides=merged, name="Nieuw")


CLASHES = [
    pytest.param({"a": A}, {"a": A_CLOSED}, {"a": A_LONGER}, id="changed-in-two-ways"),
    pytest.param({"a": A}, {"a": A_CLOSED}, {}, id="changed-and-taken-off"),
    pytest.param({"a": A}, {}, {"a": A_CLOSED}, id="taken-off-and-changed"),
    pytest.param({}, {"a": A}, {"a": A_CLOSED}, id="set-in-two-ways"),
]


@pytest.mark.parametrize(("base", "edited", "present"), CLASHES)
def test_two_ways_of_changing_one_override_clash(
    base: dict[str, object], edited: dict[str, object], present: dict[str, object]
) -> None:
    """Neither is taken for the other; the refusal names the override and the remedy."""
    with pytest.raises(ConflictError, match=r"override a was changed meanwhile.*read.*again"):
        rebase_edit(*(schedule(overrides=one) for one in (base, edited, present)))


def test_every_clash_is_named() -> None:
    """Two overrides in one refusal."""
    present = {"a": A_CLOSED, "b": B}
    with pytest.raises(ConflictError, match="override a, b was"):
        rebase_edit(
            schedule(),
            schedule(overrides={"a": A, "b": override("13-15")}),
            schedule(overrides=present),
        )


MISFITS = [
    pytest.param({"overrides": {"b": override("09-12")}}, id="spans-that-overlap"),
    pytest.param({"forwards": {}}, id="forward-that-is-needed"),
]


@pytest.mark.parametrize("edit", MISFITS)
def test_an_edit_that_present_overrides_do_not_fit_clashes(edit: dict[str, object]) -> None:
    """What each is fine by itself but not together is refused as a conflict."""
    present = {"a": override("08-10", "closed forward=storing")}
    with pytest.raises(ConflictError, match=r"doesn't fit the overrides.*overrides"):
        rebase_edit(
            schedule(forwards=STORING),
            schedule(**{"forwards": STORING, **edit}),
            schedule(forwards=STORING, overrides=present),
        )


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Anders"},
        {"numbers": ["+31850000000"]},
        {"week": {day: ["00:00-24:00 open"] for day in DAYS}},
        {"expect": [{"at": "2026-12-25T10:00", "status": "closed"}]},
    ],
    ids=lambda other: next(iter(other)),
)
def test_beyond_overrides_nothing_is_rebased(other: dict[str, object]) -> None:
    """Whoever changed anything else is not written over, with an override beside it or without."""
    present = schedule(overrides={"a": A}, **other)
    assert not has_same_but_overrides(schedule(), present)
    assert rebase_edit(schedule(), schedule(name="Nieuw"), present) is None


def test_a_rollback_leaves_numbers_and_overrides_alone() -> None:
    """Everything else is as it was (rule 20)."""
    earlier = schedule(name="Oud", numbers=["+31850000001"], overrides={"b": B}, notes="toen")
    present = schedule(name="Nieuw", numbers=["+31850000002"], overrides={"a": A})
    assert roll_back(present, earlier) == schedule(
        name="Oud", numbers=["+31850000002"], overrides={"a": A}, notes="toen"
    )


def test_a_rollback_takes_along_what_present_overrides_need() -> None:
    """A forward that came later stays while the brake sends calls there; others go."""
    used = {"a": override("08-10", "closed audio=dicht forward=storing")}
    audio = {"dicht": {"name": "Dicht", "sha256": "ab" * 32}}
    later = {"later": {"name": "Later", "number": "+31612345679"}}
    present = schedule(forwards=STORING | later, audio=audio, overrides=used)
    rolled = roll_back(present, schedule(name="Oud"))
    assert rolled == schedule(name="Oud", forwards=STORING, audio=audio, overrides=used)


def test_a_rollback_takes_a_forward_as_it_was() -> None:
    """One that was there already is rolled back with the rest."""
    was = {"storing": {"name": "Storingsdienst", "number": "+31612345600"}}
    used = {"a": override("08-10", "closed forward=storing")}
    rolled = roll_back(schedule(forwards=STORING, overrides=used), schedule(forwards=was))
    assert rolled.forwards["storing"].number == "+31612345600"


def test_a_rollback_that_present_overrides_do_not_fit_is_refused() -> None:
    """Voicemail needs an address, and the earlier state has none."""
    used = {"a": override("08-10", "closed voicemail")}
    present = schedule(overrides=used, voicemail_email="a@example.nl")
    with pytest.raises(InvalidScheduleError, match=r"overrides\.a"):
        roll_back(present, schedule())


def test_a_restored_schedule_has_no_numbers() -> None:
    """They may be linked elsewhere by now; overrides end by themselves, so they stay."""
    deleted = schedule(numbers=["+31850000001"], overrides={"a": A})
    assert restore(deleted) == schedule(overrides={"a": A})
