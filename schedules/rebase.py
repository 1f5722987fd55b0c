"""One revision's content beside that of another: what is kept, and what is refused.

Overrides go their own way: an edit of the hours is never held up by the emergency brake, nor
undoes it (semantics.md rules 7 and 20).
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeVar

from schedules.errors import ConflictError, InvalidScheduleError

if TYPE_CHECKING:
    from schedules.model import Override, Schedule

_OVERRIDES: Final = "overrides"

_T = TypeVar("_T")


def has_same_but_overrides(one: "Schedule", other: "Schedule") -> bool:
    """Tell whether two states of a schedule differ in overrides only, or not at all."""
    return all(
        getattr(one, key) == getattr(other, key)
        for key in type(one).model_fields
        if key != _OVERRIDES
    )


def rebase_edit(base: "Schedule", edited: "Schedule", present: "Schedule") -> "Schedule | None":
    """Return an edit of `base` as an edit of `present`, None where that differs beyond overrides.

    The present overrides stay, but for those that the edit itself added, changed or removed. Raises
    `ConflictError` when both changed the same one, or when the present ones don't fit the edit.
    """
    if not has_same_but_overrides(base, present):
        return None
    overrides = _merge(base.overrides, edited.overrides, present.overrides)
    try:
        return edited.replace(overrides=overrides)
    except InvalidScheduleError as error:
        raise ConflictError(
            f"schedule {edited.id}: the edit doesn't fit the overrides that were set meanwhile; "
            f"read it again and repeat the change ({'; '.join(map(str, error.faults))})"
        ) from None


def _merge(
    base: "Mapping[str, Override]",
    edited: "Mapping[str, Override]",
    present: "Mapping[str, Override]",
) -> "dict[str, Override]":
    merged: dict[str, Override] = {}
    clashes = []
    for override_id in dict.fromkeys((*present, *edited)):
        was, mine, theirs = (side.get(override_id) for side in (base, edited, present))
        if was not in (mine, theirs) and mine != theirs:
            clashes.append(override_id)
        kept = theirs if mine == was else mine
        if kept is not None:
            merged[override_id] = kept
    if clashes:
        raise ConflictError(
            f"override {', '.join(clashes)} was changed meanwhile, and by this edit in another "
            "way; read the schedule again and repeat the change"
        )
    return merged


def roll_back(present: "Schedule", earlier: "Schedule") -> "Schedule":
    """Return an earlier state with the present numbers and overrides (semantics.md rule 20).

    Forwards and messages that only these overrides need come along. Raises
    `InvalidScheduleError` when they don't fit all the same, or today's rules refuse the rest.
    """
    treatments = [override.slot for override in present.overrides.values()]
    return earlier.replace(
        numbers=present.numbers,
        overrides=present.overrides,
        forwards=_with_used(earlier.forwards, present.forwards, (t.forward for t in treatments)),
        audio=_with_used(earlier.audio, present.audio, (t.audio for t in treatments)),
    )


def _with_used(
    earlier: Mapping[str, _T], present: Mapping[str, _T], used: Iterable[str | None]
) -> dict[str, _T]:
    return {one: present[one] for one in used if one is not None} | dict(earlier)


def restore(deleted: "Schedule") -> "Schedule":
    """Return a deleted schedule as it comes back: without numbers, which may be elsewhere by now.

    Raises `InvalidScheduleError` when today's rules refuse it.
    """
    return deleted.replace(numbers=())
