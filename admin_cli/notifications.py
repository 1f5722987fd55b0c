"""`bereikbaar notifications`: what receivers are still to be told, and whether they can be."""

import secrets
from typing import TYPE_CHECKING, Any, Final

import click

from admin_cli.invocation import Invocation, print_json, print_table, tell
from admin_cli.lazy import Command, LazyCommand, LazyGroup, pass_invocation
from admin_cli.refusals import EXIT_ANSWER_IS_NO
from pbx_adapters import clock
from pbx_adapters.answer import format_instant
from pbx_adapters.data_dir import OUTBOX_FILE
from schedules.errors import BereikbaarError, NotFoundError, meant

if TYPE_CHECKING:
    from pbx_adapters.notifications.outbox import Delivery
    from pbx_adapters.notifications.settings import Receiver

_COMMANDS: Final = {
    "list": LazyCommand(
        "admin_cli.notifications", "list_", "List what waits to be sent and what was given up."
    ),
    "test": LazyCommand(
        "admin_cli.notifications", "test", "Send one receiver, or all, a test message now."
    ),
    "retry": LazyCommand(
        "admin_cli.notifications", "retry", "Have the daemon try everything again at once."
    ),
}
_RECEIVER = click.argument("name", metavar="[RECEIVER]", required=False)


@click.command(cls=LazyGroup, lazy=_COMMANDS)
def notifications() -> None:
    """See, try and send again what receivers are told of schedules.

    Who is told of what is set in the configuration, in [[notify]] and [smtp].
    """


@click.command(
    cls=Command,
    name="list",
    epilog="bereikbaar notifications list\nbereikbaar notifications list beheer@example.nl --json",
)
@_RECEIVER
@pass_invocation
def list_(invocation: Invocation, name: str | None) -> None:
    """List what waits to be sent and what was given up, why, and when it is tried next.

    It is that of one receiver, or of all.
    """
    from pbx_adapters.notifications.outbox import list_deliveries

    found = list_deliveries(invocation.beside_store(OUTBOX_FILE))
    if name is not None:
        _refuse_unknown(invocation, name, {one.receiver for one in found})
        found = [one for one in found if one.receiver == name]
    if invocation.is_json:
        print_json(list(map(_fields_of, found)))
        return
    if not found:
        tell("nothing waits, and nothing was given up")
        return
    print_table(
        ("RECEIVER", "EVENT", "SCHEDULE", "AT", "ATTEMPTS", "NEXT", "WHY"),
        [
            (
                one.receiver,
                one.kind,
                one.schedule,
                format_instant(one.at),
                str(one.attempts),
                "given up" if one.next_at is None else format_instant(one.next_at),
                one.why or "-",
            )
            for one in found
        ],
    )


@click.command(cls=Command, epilog="bereikbaar notifications test beheer@example.nl")
@_RECEIVER
@pass_invocation
def test(invocation: Invocation, name: str | None) -> None:
    """Send one receiver, or all, a test message now, and tell what came back.

    It goes out from here, not by way of the daemon. Ends with exit code 3 when one fails.
    """
    from pbx_adapters.notifications.sending import send

    at = clock.now()
    results = [
        (receiver, send(_test_delivery(receiver, at), receiver, invocation.config.smtp, at))
        for receiver in _chosen(invocation, name)
    ]
    if invocation.is_json:
        print_json(
            [
                {"receiver": one.name, "sent": attempt.is_sent, "reply": attempt.why}
                for one, attempt in results
            ]
        )
    else:
        for one, attempt in results:
            verdict = "sent" if attempt.is_sent else "not sent"
            click.echo(f"{one.name}: {verdict}: {attempt.why}")
    if not all(attempt.is_sent for _, attempt in results):
        click.get_current_context().exit(EXIT_ANSWER_IS_NO)


@click.command(cls=Command, epilog="bereikbaar notifications retry")
@_RECEIVER
@pass_invocation
def retry(invocation: Invocation, name: str | None) -> None:
    """Have the daemon try everything again at once, what was given up too."""
    from admin_cli.control import is_daemon_there
    from pbx_adapters.notifications.outbox import list_deliveries, writing_outbox
    from pbx_adapters.notifications.outbox import retry as retry_deliveries

    path = invocation.beside_store(OUTBOX_FILE)
    receivers = {one.receiver for one in list_deliveries(path)}
    if name is not None and name not in receivers:
        remedy = meant(name, receivers, "see `notifications list`")
        raise NotFoundError(f"nothing waits for {name!r}; {remedy}")
    count = 0
    if receivers:
        with writing_outbox(path) as db:
            count = retry_deliveries(db, name, clock.now())
    if count and not is_daemon_there(invocation.control_socket):
        tell("Warning: no daemon is running: it is tried once one is started")
    if invocation.is_json:
        print_json({"retried": count})
    else:
        click.echo(f"{count} to be tried again by the daemon" if count else "nothing to try again")


def _refuse_unknown(invocation: Invocation, name: str, waiting: set[str]) -> None:
    """Refuse a receiver for whom nothing waits, and whom the configuration doesn't name either."""
    from pbx_adapters.notifications.settings import receivers_of

    known = waiting | receivers_of(invocation.config.notify).keys()
    if name not in known:
        remedy = meant(name, known, "`config show` names those that there are")
        raise NotFoundError(f"there is no receiver {name!r}; {remedy}")


def _chosen(invocation: Invocation, name: str | None) -> "list[Receiver]":
    from pbx_adapters.notifications.settings import receivers_of

    receivers = receivers_of(invocation.config.notify)
    if not receivers:
        raise BereikbaarError("nobody is to be told anything; add [[notify]] to the configuration")
    if name is None:
        return list(receivers.values())
    if name not in receivers:
        remedy = meant(name, receivers, f"there are {', '.join(receivers)}")
        raise NotFoundError(f"there is no receiver {name!r}; {remedy}")
    return [receivers[name]]


def _test_delivery(receiver: "Receiver", at: int) -> "Delivery":
    from pbx_adapters.notifications.outbox import Delivery

    return Delivery(
        number=0,
        id=f"msg_{secrets.token_hex(16)}",
        receiver=receiver.name,
        channel=receiver.channel,
        kind="test",
        schedule="",
        at=at,
        told={"at": format_instant(at)},
        noted_at=at,
        attempts=0,
        next_at=at,
        why="",
    )


def _fields_of(one: "Delivery") -> dict[str, Any]:
    return {
        "id": one.id,
        "receiver": one.receiver,
        "channel": one.channel,
        "event": one.kind,
        "schedule": one.schedule,
        "at": format_instant(one.at),
        "state": "given-up" if one.next_at is None else "waiting",
        "attempts": one.attempts,
        "next_attempt": None if one.next_at is None else format_instant(one.next_at),
        "why": one.why,
    }
