"""`copy`, the same in `bereikbaar hours`, `exception` and `holiday`."""

from functools import partial
from itertools import chain

import click

from admin_cli.day_words import parse_rule, parse_rules
from admin_cli.editing import save_edit
from admin_cli.invocation import Invocation
from admin_cli.lazy import EditCommand, pass_invocation
from admin_cli.typed import Typed
from schedules.editing import copy_day


@click.command(
    cls=EditCommand,
    epilog="bereikbaar hours copy hoofdkantoor mon tue-fri\n"
    "bereikbaar holiday copy hoofdkantoor sun eerste_kerstdag tweede_kerstdag\n"
    "bereikbaar exception copy hoofdkantoor open-dag sat exceptions/braderie",
)
@click.argument("schedule_id", metavar="ID")
@click.argument("source", metavar="FROM")
@click.argument("targets", metavar="TO...", nargs=-1, required=True)
@pass_invocation
def copy(invocation: Invocation, schedule_id: str, source: str, targets: tuple[str, ...]) -> None:
    """Copy a day's slots to other days.

    FROM and TO are days of the week, holidays or exceptions: mon, koningsdag, open-dag or, in full,
    week/mon, holidays/koningsdag, exceptions/open-dag. TO may be weekdays: tue-fri, sat,sun.
    """
    typed = Typed()
    rule = typed.read("FROM", partial(parse_rule, source))
    found = [typed.read(f"TO {text}", partial(parse_rules, text)) for text in targets]
    typed.check()
    rules = list(dict.fromkeys(chain.from_iterable(found)))
    save_edit(
        invocation,
        schedule_id,
        lambda schedule: copy_day(schedule, rule, rules),
        f"{rule} copied to {', '.join(rules)}",
    )
