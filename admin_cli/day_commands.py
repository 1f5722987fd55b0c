"""What the commands of weekly hours, exceptions and holidays share: their slots on the line."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import click

from admin_cli.day_words import parse_span, parse_time, read_slots
from admin_cli.typed import Typed
from schedules.day_editing import Span, autofill, cut_out, lay_over, quick_day
from schedules.editing import day_plan, with_days
from schedules.model import Schedule, Slot, treatment_of

Decorated = Callable[..., Any]


class SlotEdit(NamedTuple):
    """How slots on the command line change a day: in its place, or into what is there."""

    slots: list[Slot]
    taken_out: list[Span]
    is_into: bool
    is_filled: bool

    def apply_to(self, schedule: Schedule, rules: Iterable[str]) -> Schedule:
        """Change the days of these rules; raises `InvalidScheduleError` with gaps and overlaps."""
        return with_days(
            schedule, {rule: self._changed(day_plan(schedule, rule)) for rule in rules}
        )

    def _changed(self, present: Iterable[Slot]) -> tuple[Slot, ...]:
        day = tuple(self.slots)
        if self.is_into or self.taken_out:
            left = tuple(present)
            for span in self.taken_out:
                left = cut_out(left, *span)
            day = lay_over(left, self.slots)
        return autofill(day) if self.is_filled else day


def slot_options(command: Decorated) -> Decorated:
    """Add SLOT..., `--into`, `--take-out` and `--autofill`, which `slot_edit` reads."""
    for decorate in (
        click.option(
            "--autofill", "is_filled", is_flag=True, help="Fill what no slot covers with closed."
        ),
        click.option(
            "--take-out",
            "taken_out",
            metavar="SPAN",
            multiple=True,
            help="Take 12:30-13:00 out of the day as it is; more than once for more.",
        ),
        click.option(
            "--into",
            "is_into",
            is_flag=True,
            help="Put the slots into the day as it is: what they cover gives way.",
        ),
        click.argument("slots", metavar="[SLOT]...", nargs=-1),
    ):
        command = decorate(command)
    return command


def slot_edit(
    slots: tuple[str, ...], taken_out: tuple[str, ...], *, is_into: bool, is_filled: bool
) -> SlotEdit:
    """Read what `slot_options` took; raises `RefusedInputError`."""
    if not slots and not taken_out:
        raise click.UsageError('give slots, such as "08:30-17:00 open", or --take-out a span')
    typed = Typed()
    spans = [typed.read(f"--take-out {text}", partial(parse_span, text)) for text in taken_out]
    edit = SlotEdit(read_slots(typed, slots), spans, is_into, is_filled)
    typed.check()
    return edit


def quick_options(command: Decorated) -> Decorated:
    """Add OPENS, CLOSES, `--break` and the three treatments, which `quick_slots` reads."""
    for status in ("closed", "break", "open"):
        command = click.option(
            f"--{status}-as",
            metavar="TREATMENT",
            default=status,
            help=f'What the {status} part does, such as "{status} audio=ID"; else nothing more.',
        )(command)
    command = click.option(
        "--break", "pause", metavar="SPAN", help="A break in between, such as 12:30-13:00."
    )(command)
    command = click.argument("closes", metavar="CLOSES")(command)
    return click.argument("opens", metavar="OPENS")(command)


def quick_slots(opens: str, closes: str, pause: str | None, **treatments: str) -> tuple[Slot, ...]:
    """Read what `quick_options` took into a whole day (rule 22); raises `RefusedInputError`."""
    typed = Typed()
    opening = typed.read("OPENS", lambda: parse_time(opens, is_end=False))
    closing = typed.read("CLOSES", lambda: parse_time(closes, is_end=True))
    break_span = typed.read("--break", lambda: None if pause is None else parse_span(pause))
    is_open, is_closed, is_break = (
        typed.read(f"--{status}-as", partial(treatment_of, treatments[f"{status}_as"]))
        for status in ("open", "closed", "break")
    )
    typed.check()
    return quick_day(
        (opening, closing), break_span, is_open=is_open, is_closed=is_closed, is_break=is_break
    )
