"""What every store says when it refuses: what isn't there, what was changed, what is taken."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from schedules.errors import ConflictError, NotFoundError, meant
from schedules.revisions import Revision
from schedules.store import Token
from schedules.telephone import NumberBlock

_MEANT: Final = 3
# A shorter part would be in too many ids.
_PART_LENGTH: Final = 3


def not_found(schedule_id: str, latest: Revision | None, ids: Iterable[str]) -> NotFoundError:
    """Return the error for a schedule that isn't there: who deleted it, or which look like it."""
    if latest is not None:
        return NotFoundError(
            f"schedule {schedule_id} was deleted {_by_whom(latest)}; to bring it back, "
            f"`bereikbaar schedule restore {schedule_id}`, or apply its document again (an old "
            "export: with --force)"
        )
    return NotFoundError(f"there is no schedule {schedule_id!r}; {_meant(schedule_id, ids)}")


def one_token(unrevoked: Iterable[Token], id_or_name: str, at: datetime) -> Token:
    """Return the token with this id, or else the only one with this name.

    Of a name, those that are live at an aware instant come before the expired. Raises
    `NotFoundError` and `ConflictError`.
    """
    tokens = list(unrevoked)
    named = [token for token in tokens if token.name == id_or_name]
    found = (
        [token for token in tokens if token.id == id_or_name]
        or [token for token in named if token.state_at(at) == "live"]
        or named
    )
    if not found:
        names = {token.name for token in tokens} | {token.id for token in tokens}
        raise NotFoundError(f"there is no live token {id_or_name!r}; {_meant(id_or_name, names)}")
    if len(found) > 1:
        ids = ", ".join(token.id for token in found)
        state = found[0].state_at(at)
        raise ConflictError(f"{len(found)} {state} tokens are named {id_or_name}; say which: {ids}")
    return found[0]


def check_expected(schedule_id: str, latest: Revision | None, expected: int | None) -> None:
    """Check that a schedule still stands at the revision that was read (semantics.md rule 20).

    Raises `ConflictError`, which says who changed it, when, and what to do.
    """
    present = 0 if latest is None or latest.is_deletion else latest.revision
    if expected is None or expected == present:
        return
    if latest is None:
        raise ConflictError(
            f"schedule {schedule_id} doesn't exist, so it can't be at revision {expected}; "
            "save it without a revision to create it"
        )
    if latest.is_deletion:
        raise ConflictError(
            f"schedule {schedule_id} was deleted {_by_whom(latest)}; to bring it back, save "
            "it without a revision"
        )
    raise ConflictError(
        f"schedule {schedule_id} was changed {_by_whom(latest)}: it is at revision {present}, "
        f"not {expected}; read it again and repeat the change"
    )


def check_no_token(schedule_id: str, live: Iterable[Token]) -> None:
    """Refuse to free an id that a live token opens: whatever got it next would be open too.

    Raises `ConflictError`.
    """
    opening = [one for one in live if schedule_id in one.schedules]
    if opening:
        raise ConflictError(
            "\n".join(
                f"token {one.id} ({one.name}) is for schedule {schedule_id}; "
                f"`bereikbaar token revoke {one.id}` first"
                for one in opening
            )
        )


def clash_between(schedule_id: str, block: NumberBlock, holder: str, held: NumberBlock) -> str:
    """Say that two schedules claim the same numbers, and what to do (semantics.md rule 25)."""
    where = "" if held == block else f", within {held}"
    return (
        f"schedule {schedule_id}: {block} is linked to {holder} already{where}; unlink it there "
        "first, or change both schedules in one `apply`"
    )


def _by_whom(revision: Revision) -> str:
    what = "" if revision.is_deletion else f" ({revision.summary})"
    return f"by {revision.author} on {revision.saved_at:%Y-%m-%d at %H:%M} UTC{what}"


def _meant(wrong: str, known: Iterable[str]) -> str:
    ids = sorted(set(known))
    parts = [one for one in ids if len(wrong) >= _PART_LENGTH and wrong in one]
    return meant(
        wrong, ids, f"did you mean {', '.join(parts[:_MEANT])}?" if parts else "check the spelling"
    )
