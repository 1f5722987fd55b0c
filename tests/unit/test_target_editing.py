"""Forwards added, changed and removed; what slots point at carried to another schedule."""

from typing import Any

import pytest

from schedules.carry_over import carry_over
from schedules.errors import BereikbaarError, ConflictError, InvalidScheduleError, NotFoundError
from schedules.model import DayPlan, Schedule
from schedules.revisions import document_of
from schedules.slot_text import format_slot
from schedules.target_editing import (
    add_forward,
    find_forward,
    remove_target,
    set_forward,
    uses_of,
)

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STORING = {"name": "Storingsdienst", "number": "+31612345678"}
BALIE = {"name": "Balie", "number": "+31201234567"}
SHA_A, SHA_B = "a" * 64, "b" * 64


def schedule(**fields: Any) -> Schedule:
    """Return a schedule that is closed all week, but for what is given."""
    week = {day: ["00:00-24:00 closed"] for day in WEEKDAYS} | fields.pop("week", {})
    return Schedule.model_validate(
        {"id": "winkel", "name": "Winkel", "pbx": "generic", "week": week} | fields
    )


def used() -> Schedule:
    """Return a schedule that uses forward `storing` in each of the four kinds of places."""
    half = ["00:00-08:00 closed forward=storing", "08:00-24:00 closed forward=balie audio=dicht"]
    moments = {"from": "2026-11-22T10:00+01:00", "until": "2026-11-22T12:00+01:00"}
    return schedule(
        forwards={"storing": STORING, "balie": BALIE, "over": {**BALIE, "name": "Over"}},
        audio={"dicht": {"name": "Dicht", "sha256": SHA_A}},
        week={"mon": ["00:00-09:00 closed", "09:00-24:00 open forward=storing"], "sun": half},
        exceptions={"x": {"name": "X", "slots": half}, "y": {"name": "Y"}},
        holidays={"koningsdag": {"active": False, "slots": half}, "eerste_kerstdag": {}},
        overrides={"nood": {**moments, "slot": "closed forward=storing", "reason": "Nood"}},
    )


STORING_USES = [
    "week.mon[1]",
    "week.sun[0]",
    "exceptions.x.slots[0]",
    "holidays.koningsdag.slots[0]",
    "overrides.nood.slot",
]


def written(slots: DayPlan) -> list[str]:
    """Return slots as a document has them."""
    return [format_slot(slot.start, slot.end, slot) for slot in slots]


def refused(error: pytest.ExceptionInfo[InvalidScheduleError]) -> list[tuple[str, str]]:
    """Return the place and problem of each fault."""
    return [(fault.place, fault.problem) for fault in error.value.faults]


def test_an_added_forward_is_last_and_its_number_e164() -> None:
    """The id is made of the name, the number is read as written in the region."""
    after = add_forward(used(), "Café Zoë", "02 512 00 00", region="BE")
    assert list(after.forwards) == ["storing", "balie", "over", "cafe-zoe"]
    assert dict(after.forwards["cafe-zoe"]) == {"name": "Café Zoë", "number": "+3225120000"}
    assert after.replace(forwards=used().forwards) == used()


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        pytest.param("Nieuw", "nacht", "nacht", id="given"),
        pytest.param("Storing!", None, "storing-2", id="taken"),
        pytest.param("日本", None, "forward", id="nothing-left-of-the-name"),
    ],
)
def test_the_id_of_an_added_forward(name: str, given: str | None, expected: str) -> None:
    """An id is as given; one that is made of the name never takes another's place."""
    after = add_forward(used(), name, "0612345678", forward_id=given)
    assert after.forwards[expected].name == name
    assert after.forwards["storing"] == used().forwards["storing"]


def test_an_id_that_is_taken_is_refused() -> None:
    """Adding never changes a forward that is there."""
    with pytest.raises(ConflictError, match="winkel has a forward balie already"):
        add_forward(used(), "Nieuw", "0612345678", forward_id="balie")


@pytest.mark.parametrize(
    ("name", "number", "forward_id", "faults"),
    [
        pytest.param(
            " BALIE",
            "12",
            "nieuw",
            [
                ("forwards.nieuw.name", "is the name of balie already"),
                ("forwards.nieuw.number", "'12' is not a whole telephone number"),
            ],
            id="name-taken-and-number",
        ),
        pytest.param(
            "",
            "0612345678",
            "Nieuw",
            [
                ("forwards.Nieuw", "'Nieuw' is not an id"),
                ("forwards.Nieuw.name", "is empty"),
            ],
            id="id-and-name",
        ),
        pytest.param(
            "balie",
            "0612345678",
            None,
            [("forwards.balie-2.name", "is the name of balie already")],
            id="name-taken",
        ),
    ],
)
def test_a_faulty_forward_is_refused_with_every_fault(
    name: str, number: str, forward_id: str | None, faults: list[tuple[str, str]]
) -> None:
    """Id, name and number are all judged, each at its place."""
    with pytest.raises(InvalidScheduleError) as error:
        add_forward(used(), name, number, forward_id=forward_id)
    assert sorted(refused(error)) == sorted(faults)


def test_the_thousand_and_first_forward_is_refused() -> None:
    """The limit holds for what is added one by one."""
    full = schedule(forwards={f"f{n}": {**STORING, "name": f"f{n}"} for n in range(1_000)})
    with pytest.raises(InvalidScheduleError, match="1001 forwards; keep to at most 1000"):
        add_forward(full, "Nieuw", "0612345678")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"name": "Nacht"}, ("Nacht", "+31612345678"), id="name"),
        pytest.param({"number": "020-1234567"}, ("Storingsdienst", "+31201234567"), id="number"),
        pytest.param(
            {"name": "storingsdienst", "number": "0612345679"},
            ("storingsdienst", "+31612345679"),
            id="both-and-its-own-name",
        ),
    ],
)
def test_a_set_forward_keeps_its_id_and_uses(
    changes: dict[str, str], expected: tuple[str, str]
) -> None:
    """Name and number change in one place, and so wherever the forward is used."""
    after = set_forward(used(), "storing", **changes)
    assert (after.forwards["storing"].name, after.forwards["storing"].number) == expected
    assert after.replace(forwards=used().forwards) == used()
    assert list(after.forwards) == list(used().forwards)


def test_a_forward_is_not_renamed_to_another_ones_name() -> None:
    """Two names that differ in capitals only are the same to a person."""
    with pytest.raises(InvalidScheduleError) as error:
        set_forward(used(), "storing", name="balie")
    assert refused(error) == [("forwards.storing.name", "is the name of balie already")]


@pytest.mark.parametrize(
    ("forward_id", "message"),
    [
        pytest.param(
            "stooring", "winkel has no forward 'stooring'; did you mean storing?", id="close"
        ),
        pytest.param("q", "winkel has no forward 'q'; see `forward list`", id="far"),
    ],
)
def test_a_forward_that_is_not_there(forward_id: str, message: str) -> None:
    """Whatever asks for it, the error names those that look like it."""
    with pytest.raises(NotFoundError) as error:
        find_forward(used(), forward_id)
    assert str(error.value) == message
    with pytest.raises(NotFoundError):
        remove_target(used(), "forward", forward_id)
    with pytest.raises(NotFoundError):
        set_forward(used(), forward_id, name="x")


def test_uses_are_told_by_place() -> None:
    """Every kind of place counts, switched-off holidays and drafts too; unused ones have none."""
    balie = ["week.sun[1]", "exceptions.x.slots[1]", "holidays.koningsdag.slots[1]"]
    assert uses_of(used(), "forward") == {"storing": STORING_USES, "balie": balie, "over": []}
    assert uses_of(used(), "audio") == {"dicht": balie}


def test_removing_clears_every_use_and_nothing_else() -> None:
    """What used it loses the forward and keeps the rest (semantics.md rule 21)."""
    before = used()
    after = remove_target(before, "forward", "storing")
    assert "storing" not in document_of(after).replace("Storingsdienst", "")
    assert list(after.forwards) == ["balie", "over"]
    assert written(after.week.mon[1:]) == ["09:00-24:00 open"]
    assert written(after.week.sun[:1]) == ["00:00-08:00 closed"]
    assert after.week.sun[1] == before.week.sun[1]
    assert after.overrides["nood"].slot.forward is None
    assert after.overrides["nood"].reason == "Nood"
    assert after.holidays["koningsdag"].active is False
    text = document_of(before).replace(" forward=storing", "")
    text = text.replace('"storing":{"name":"Storingsdienst","number":"+31612345678"},', "")
    assert document_of(after) == text


def test_what_slots_need_is_carried_to_another_schedule() -> None:
    """The same name with the same number or bytes is reused; a taken id gets a new one."""
    source = schedule(
        forwards={"storing": STORING, "balie": BALIE, "a": {**BALIE, "name": "A"}, "niet": BALIE},
        audio={
            "dicht": {"name": "Dicht", "sha256": SHA_A},
            "pauze": {"name": "P", "sha256": SHA_B},
        },
        exceptions={
            "x": {
                "name": "X",
                "slots": [
                    "00:00-04:00 closed forward=storing audio=dicht",
                    "04:00-08:00 closed forward=balie audio=pauze",
                    "08:00-12:00 closed forward=a",
                    "12:00-20:00 open",
                    "20:00-24:00 closed forward=storing",
                ],
            }
        },
    )
    target = schedule(
        forwards={"nacht": STORING, "balie": {**BALIE, "number": "+31201234560"}, "a": STORING},
        audio={
            "z": {"name": "Dicht", "sha256": SHA_A},
            "dicht": {"name": "Dicht", "sha256": SHA_A},
        },
    )
    after, slots = carry_over(source.exceptions["x"].slots, source, target)
    assert written(slots) == [
        "00:00-04:00 closed audio=dicht forward=nacht",
        "04:00-08:00 closed audio=pauze forward=balie-2",
        "08:00-12:00 closed forward=a-2",
        "12:00-20:00 open",
        "20:00-24:00 closed forward=nacht",
    ]
    assert list(after.forwards) == ["nacht", "balie", "a", "balie-2", "a-2"]
    assert after.forwards["balie-2"] == source.forwards["balie"]
    assert after.forwards["a-2"] == source.forwards["a"]
    assert after.audio == {**target.audio, "pauze": source.audio["pauze"]}
    assert after.replace(forwards=target.forwards, audio=target.audio) == target


def test_carrying_over_to_the_schedule_itself_changes_nothing() -> None:
    """Each forward and message is its own match, though another one is the same too."""
    source = used().replace(forwards={"eerste": used().forwards["storing"], **used().forwards})
    slots = source.exceptions["x"].slots
    assert carry_over(slots, source, source) == (source, slots)


def test_voicemail_is_not_carried_where_it_has_no_address() -> None:
    """Every voicemail slot is told, with what the target lacks."""
    plan = ["00:00-08:00 closed voicemail", "08:00-17:00 open", "17:00-24:00 closed voicemail"]
    source = schedule(voicemail_email="a@example.nl", week={"mon": plan})
    with pytest.raises(InvalidScheduleError) as error:
        carry_over(source.week.mon, source, schedule(id="filiaal"))
    problem = "has voicemail, for which schedule filiaal has no address"
    assert refused(error) == [("slots[0]", problem), ("slots[2]", problem)]
    with_address = schedule(id="filiaal", voicemail_email="b@example.nl")
    assert carry_over(source.week.mon, source, with_address) == (with_address, source.week.mon)


def test_what_a_full_schedule_has_no_room_for_is_refused() -> None:
    """The limit on forwards holds for those that come along."""
    full = schedule(id="vol", forwards={f"f{n}": {**BALIE, "name": f"f{n}"} for n in range(1_000)})
    with pytest.raises(BereikbaarError, match="keep to at most 1000"):
        carry_over(used().exceptions["x"].slots, used(), full)
