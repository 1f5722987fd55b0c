"""A forward or a message removed from a schedule, after every use of it was listed."""

import click

from admin_cli.editing import save_edits
from admin_cli.invocation import Invocation, is_at_terminal, tell
from schedules.consistency import treatments
from schedules.errors import ConflictError
from schedules.model import Schedule, Slot
from schedules.slot_text import TreatmentLike, format_slot, format_treatment
from schedules.target_editing import TOLD_AS, TargetField, find_target, remove_target


def remove_listed(
    invocation: Invocation,
    schedule_id: str,
    field: TargetField,
    target_id: str,
    *,
    is_sure: bool,
) -> None:
    """Tell the uses of a forward or message, ask where somebody is there to ask, and remove it."""
    what = TOLD_AS[field]
    with invocation.open_store() as store:
        shown = _uses(store.current(schedule_id).schedule(), field, target_id)
    tell(f"{target_id} is cleared from:" if shown else f"nothing uses {target_id}")
    for use in shown:
        tell(f"  {use['place']}: {use['slot']}")
    if is_at_terminal() and not is_sure and not invocation.is_dry_run:
        click.confirm(f"Remove {what} {target_id}?", abort=True, err=True)

    def edit(schedule: Schedule) -> Schedule:
        # What is cleared is what was shown, whatever happened while somebody was reading it.
        if _uses(schedule, field, target_id) != shown:
            raise ConflictError(
                f"the uses of {target_id} have changed since they were listed; run it again"
            )
        return remove_target(schedule, field, target_id)

    save_edits(
        invocation,
        lambda present: [edit(present(schedule_id))],
        summary=f"{what} {target_id} removed",
        uses=shown,
    )


def _uses(schedule: Schedule, field: TargetField, target_id: str) -> list[dict[str, str]]:
    """Return each place that uses it, with what stands there; raises `NotFoundError`."""
    find_target(schedule, field, target_id)
    return [
        {"place": place, "slot": _format(treatment)}
        for place, treatment in treatments(schedule)
        if getattr(treatment, field) == target_id
    ]


def _format(treatment: TreatmentLike) -> str:
    if isinstance(treatment, Slot):
        return format_slot(treatment.start, treatment.end, treatment)
    return format_treatment(treatment)
