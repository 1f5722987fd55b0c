"""One attempt to bring a delivery to its receiver, by whichever channel."""

from datetime import UTC, datetime

from pbx_adapters.notifications.mail import send_mail
from pbx_adapters.notifications.notices import render_mail, webhook_body
from pbx_adapters.notifications.outbox import Attempt, Delivery
from pbx_adapters.notifications.settings import Receiver, SmtpSettings
from pbx_adapters.notifications.webhooks import send_webhook


def send(
    delivery: Delivery, receiver: Receiver, smtp: SmtpSettings | None, sent_at: int
) -> Attempt:
    """Try to deliver at an instant, in epoch seconds; never raises, and takes a minute at most."""
    attempt = _attempt(delivery, receiver, smtp, sent_at)
    # A receiver's own words are shown on terminals, which would take some for commands.
    why = "".join(char if char.isprintable() else " " for char in attempt.why)
    return attempt._replace(why=why)


def _attempt(
    delivery: Delivery, receiver: Receiver, smtp: SmtpSettings | None, sent_at: int
) -> Attempt:
    try:
        if receiver.secret_file is not None:
            body = webhook_body(delivery)
            return send_webhook(receiver.address, receiver.secret_file, delivery.id, body, sent_at)
        if smtp is None:
            return Attempt(is_sent=False, why="there is no [smtp] in the configuration")
        at = datetime.fromtimestamp(sent_at, UTC)
        message = render_mail(delivery, smtp.sender, receiver.address, at)
        return send_mail(smtp, receiver.address, message)
    except Exception as error:  # noqa: BLE001 - one delivery may not hold up the others
        return Attempt(is_sent=False, why=f"{type(error).__name__}: {error}")
