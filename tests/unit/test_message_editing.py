"""Messages added, renamed, removed and taken from another schedule."""

from typing import Any

import pytest

from schedules.errors import BereikbaarError, ConflictError, InvalidScheduleError, NotFoundError
from schedules.message_rows import take_messages
from schedules.model import Schedule
from schedules.revisions import document_of
from schedules.target_editing import (
    add_message,
    find_message,
    remove_target,
    rename_message,
    same_message,
    uses_of,
)

SHA_A, SHA_B, SHA_C = "a" * 64, "b" * 64, "c" * 64
MESSAGES = {
    "gesloten": {"name": "Gesloten", "sha256": SHA_A},
    "pauze": {"name": "Pauze", "sha256": SHA_B},
}
CLOSED = "00:00-24:00 closed audio=gesloten"


def schedule(schedule_id: str = "winkel", **fields: Any) -> Schedule:
    """Return a schedule that plays `gesloten` in each of the four kinds of places."""
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    moments = {"from": "2026-11-22T10:00+01:00", "until": "2026-11-22T12:00+01:00"}
    return Schedule.model_validate(
        {
            "id": schedule_id,
            "name": "Winkel",
            "pbx": "generic",
            "audio": MESSAGES,
            "week": {day: ["00:00-24:00 open"] for day in days} | {"mon": [CLOSED]},
            "exceptions": {"x": {"name": "X", "slots": [CLOSED]}},
            "holidays": {"koningsdag": {"active": False, "slots": [CLOSED]}},
            "overrides": {
                "nood": {**moments, "slot": "closed audio=gesloten", "reason": "Gesloten"}
            },
        }
        | fields
    )


def empty() -> Schedule:
    """Return a schedule without messages."""
    open_day = ["00:00-24:00 open"]
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return Schedule.model_validate(
        {
            "id": "leeg",
            "name": "Leeg",
            "pbx": "generic",
            "week": dict.fromkeys(days, open_day),
        }
    )


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        pytest.param("Welkom bij de winkel", None, "welkom-bij-de-winkel", id="of-its-name"),
        pytest.param("Gesloten!", None, "gesloten-2", id="taken"),
        pytest.param("日本", None, "message", id="nothing-left-of-the-name"),
        pytest.param("Welkom", "w", "w", id="given"),
    ],
)
def test_an_added_message_is_last(name: str, given: str | None, expected: str) -> None:
    """It gets the given id, or one made of its name that nobody has; nothing else changes."""
    after = add_message(schedule(), name, SHA_C, message_id=given)
    assert list(after.audio) == ["gesloten", "pauze", expected]
    assert dict(after.audio[expected]) == {"name": name, "sha256": SHA_C}
    assert after.replace(audio=schedule().audio) == schedule()


@pytest.mark.parametrize("given", [None, "gesloten"])
def test_the_same_sound_under_the_same_name_is_there_already(given: str | None) -> None:
    """Adding it once more changes nothing, whatever its capitals."""
    before = schedule()
    assert add_message(before, "gesloten ", SHA_A, message_id=given) is before
    assert same_message(before.audio, "GESLOTEN", SHA_A, given) == "gesloten"
    assert same_message(before.audio, "Gesloten", SHA_B) is None
    assert same_message(before.audio, "Gesloten", SHA_A, "pauze") is None


def test_the_sound_of_a_message_never_changes() -> None:
    """Another sound under a name that is taken is refused, and so is one under a taken id."""
    with pytest.raises(InvalidScheduleError) as error:
        add_message(schedule(), "gesloten", SHA_B)
    assert str(error.value) == (
        "audio.gesloten-2.name: is the name of gesloten already; give another name: the sound of "
        "a message that is there is never changed"
    )
    with pytest.raises(ConflictError, match=r"has a message pauze already; give another id$"):
        add_message(schedule(), "Nieuw", SHA_C, message_id="pauze")


def test_a_faulty_message_is_refused_with_every_fault() -> None:
    """Id and name are both judged."""
    with pytest.raises(InvalidScheduleError) as error:
        add_message(schedule(), "", SHA_C, message_id="Nieuw")
    assert {fault.place for fault in error.value.faults} == {"audio.Nieuw", "audio.Nieuw.name"}


def test_the_five_hundred_and_first_message_is_refused() -> None:
    """The limit holds for what is added one by one."""
    full = empty().replace(
        audio={f"m{n}": {**MESSAGES["pauze"], "name": str(n)} for n in range(500)}
    )
    with pytest.raises(InvalidScheduleError, match="501 messages; keep to at most 500"):
        add_message(full, "Nieuw", SHA_C)
    after, (verdict, _) = take_messages(full, schedule())
    assert after == full
    assert verdict.faults == (("the schedule has 500 messages, the most it can", "remove some"),)


def test_a_renamed_message_keeps_its_id_sound_and_uses() -> None:
    """The new name is at once wherever the message is used."""
    after = rename_message(schedule(), "gesloten", "Wij zijn dicht")
    assert dict(after.audio["gesloten"]) == {"name": "Wij zijn dicht", "sha256": SHA_A}
    assert list(after.audio) == ["gesloten", "pauze"]
    assert after.replace(audio=schedule().audio) == schedule()
    with pytest.raises(InvalidScheduleError, match="is the name of pauze already"):
        rename_message(schedule(), "gesloten", "PAUZE")


def test_removing_clears_every_use_and_nothing_else() -> None:
    """What used it loses the message and keeps the rest (semantics.md rule 21)."""
    assert uses_of(schedule(), "audio")["gesloten"] == [
        "week.mon[0]",
        "exceptions.x.slots[0]",
        "holidays.koningsdag.slots[0]",
        "overrides.nood.slot",
    ]
    after = remove_target(schedule(), "audio", "gesloten")
    text = document_of(schedule()).replace(" audio=gesloten", "")
    text = text.replace(f'"gesloten":{{"name":"Gesloten","sha256":"{SHA_A}"}},', "")
    assert document_of(after) == text


def test_a_message_that_is_not_there() -> None:
    """Whatever asks for it, the error names those that look like it."""
    with pytest.raises(NotFoundError) as error:
        find_message(schedule(), "geslote")
    assert str(error.value) == "winkel has no message 'geslote'; did you mean gesloten?"
    with pytest.raises(NotFoundError, match="see `audio list`"):
        remove_target(schedule(), "audio", "q")
    with pytest.raises(NotFoundError):
        rename_message(schedule(), "q", "Q")


def verdicts_of(target: Schedule, *only: str) -> tuple[list[str], list[tuple[str, str | None]]]:
    """Return the ids of a schedule's messages after an import, and each verdict."""
    after, verdicts = take_messages(target, schedule("bron"), only=only)
    return list(after.audio), [(one.verdict, one.message_id) for one in verdicts]


@pytest.mark.parametrize(
    ("audio", "only", "ids", "verdicts"),
    [
        pytest.param(
            {}, (), ["gesloten", "pauze"], [("taken", "gesloten"), ("taken", "pauze")], id="all"
        ),
        pytest.param(
            {}, ("PAUZE",), ["pauze"], [("not-chosen", None), ("taken", "pauze")], id="by-name"
        ),
        pytest.param(
            {"dicht": {"name": "gesloten", "sha256": SHA_A}},
            (),
            ["dicht", "pauze"],
            [("present", "dicht"), ("taken", "pauze")],
            id="the-same-is-there",
        ),
        pytest.param(
            {"gesloten": {"name": "Iets anders", "sha256": SHA_C}},
            ("gesloten",),
            ["gesloten", "gesloten-2"],
            [("taken", "gesloten-2"), ("not-chosen", None)],
            id="id-taken",
        ),
        pytest.param(
            {"dicht": {"name": "gesloten", "sha256": SHA_C}},
            (),
            ["dicht", "pauze"],
            [("refused", None), ("taken", "pauze")],
            id="name-of-another-sound",
        ),
    ],
)
def test_messages_of_another_schedule(
    audio: dict[str, Any],
    only: tuple[str, ...],
    ids: list[str],
    verdicts: list[tuple[str, str | None]],
) -> None:
    """Each gets a verdict; one that is refused holds up no other."""
    assert verdicts_of(empty().replace(audio=audio), *only) == (ids, verdicts)


def test_a_choice_that_is_not_among_them() -> None:
    """Every choice that isn't there is told, with those that look like it."""
    with pytest.raises(BereikbaarError) as error:
        take_messages(empty(), schedule("bron"), only=("geslotn", "q"))
    assert str(error.value) == (
        "there is no 'geslotn' among them; did you mean gesloten?\n"
        "there is no 'q' among them; check the spelling"
    )
