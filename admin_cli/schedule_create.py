"""`bereikbaar schedule create` and `duplicate`."""

import click

from admin_cli.changes import Change
from admin_cli.day_words import parse_span
from admin_cli.editing import PresentSchedules, save_edits
from admin_cli.invocation import Invocation, tell
from admin_cli.lazy import EditCommand, SaveCommand, pass_invocation
from admin_cli.typed import read_typed
from schedules.day_editing import quick_day
from schedules.editing import WEEKDAYS, with_days
from schedules.errors import ConflictError
from schedules.model import Schedule
from schedules.settings_editing import duplicate_of, new_schedule

_WORKING_DAYS = [f"week/{day}" for day in WEEKDAYS[:5]]


@click.command(
    cls=SaveCommand,
    epilog='bereikbaar schedule create filiaal --name "Filiaal Zwolle" --pbx swyx '
    "--email zwolle@example.nl --number 085-0000200 --open 8:30-17:00",
)
@click.argument("schedule_id", metavar="ID")
@click.option("--name", metavar="NAME", required=True, help="What people call it.")
@click.option(
    "--pbx", metavar="PBX", required=True, help="3cx, swyx, asterisk, freeswitch or generic."
)
@click.option("--email", metavar="ADDRESS", default="", help="Where voicemail goes.")
@click.option("--company", metavar="NAME", default="", help="Whose it is.")
@click.option("--notes", metavar="TEXT", default="", help="Whatever operators are to know.")
@click.option("--timezone", metavar="ZONE", help="Its time zone; else Europe/Amsterdam.")
@click.option(
    "--number", "numbers", metavar="NUMBER", multiple=True, help="A number or block to link."
)
@click.option(
    "--open", "hours", metavar="SPAN", help="Open on Monday to Friday, as 8:30-17:00; else closed."
)
@pass_invocation
def create(  # noqa: PLR0913 - its options
    invocation: Invocation,
    schedule_id: str,
    *,
    name: str,
    pbx: str,
    email: str,
    company: str,
    notes: str,
    timezone: str | None,
    numbers: tuple[str, ...],
    hours: str | None,
) -> None:
    """Create a schedule, closed all week unless told otherwise.

    ID is made of a-z, 0-9 and inner -, and never changes.
    """
    span = read_typed("--open", lambda: None if hours is None else parse_span(hours))
    fields = {
        "id": schedule_id,
        "name": name,
        "pbx": pbx,
        "voicemail_email": email,
        "company": company,
        "notes": notes,
        "numbers": list(numbers),
        **({} if timezone is None else {"timezone": timezone}),
    }
    # Before any store is opened: where it would be the first, none is made for what is refused.
    created = new_schedule(invocation.config.default_region, **fields)
    if span is not None:
        created = with_days(created, dict.fromkeys(_WORKING_DAYS, quick_day(span)))

    def build(present: PresentSchedules) -> list[Schedule]:
        _check_free(present, schedule_id)
        return [created]

    _warn(save_edits(invocation, build, summary="created", may_create=True))


@click.command(
    cls=EditCommand,
    epilog='bereikbaar schedule duplicate hoofdkantoor filiaal --name "Filiaal Zwolle"',
)
@click.argument("schedule_id", metavar="ID")
@click.argument("new_id", metavar="NEW_ID")
@click.option("--name", metavar="NAME", required=True, help="What people call the new one.")
@pass_invocation
def duplicate(invocation: Invocation, schedule_id: str, new_id: str, name: str) -> None:
    """Create a schedule like another, NEW_ID like ID.

    Hours, messages, forwards, expectations and settings are those of the other; numbers stay with
    the other, and so do overrides, which are of the moment.
    """

    def build(present: PresentSchedules) -> list[Schedule]:
        _check_free(present, new_id)
        return [duplicate_of(present(schedule_id), new_id, name)]

    _warn(save_edits(invocation, build, summary=f"duplicated from {schedule_id}"))


def _check_free(present: PresentSchedules, schedule_id: str) -> None:
    if present.has(schedule_id):
        raise ConflictError(
            f"schedule {schedule_id} exists already; give another id, or change that one with "
            f"`bereikbaar schedule set {schedule_id}`"
        )


def _warn(changes: list[Change]) -> None:
    for change in changes:
        if change.revision is not None and change.revision > 1:
            tell(
                f"{change.schedule_id} was the id of a deleted schedule: its history goes on; "
                f"`bereikbaar schedule rollback {change.schedule_id}` returns to it"
            )
        if change.after is not None and not change.after.numbers:
            tell(
                f"Warning: {change.schedule_id} has no numbers: no PBX reaches it yet; link them "
                f"with `bereikbaar schedule link {change.schedule_id} NUMBER...`"
            )
