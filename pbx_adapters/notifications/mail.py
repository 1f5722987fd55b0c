"""One mail to one mailbox, by the mail server of the configuration."""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from pbx_adapters.notifications.cutting_off import cut_off_after
from pbx_adapters.notifications.outbox import Attempt
from pbx_adapters.notifications.secret_files import SecretFileError, read_secret_line
from pbx_adapters.notifications.settings import SmtpSettings
from schedules.errors import BereikbaarError

# Between two bytes, and for all of it.
SILENCE_SECONDS: Final = 15.0
MAIL_SECONDS: Final = 60.0
_GREETING: Final = 220
_PERMANENT: Final = range(500, 600)
_SHOWN: Final = 200


def send_mail(smtp: SmtpSettings, to: str, message: EmailMessage) -> Attempt:
    """Hand a mail to the mail server; what it refuses for ever is not to be tried again."""
    try:
        password = _read_password(smtp.password_file) if smtp.password_file else None
        reply = _send(smtp, to, message, password)
    except smtplib.SMTPRecipientsRefused as error:
        (code, text), *_ = error.recipients.values()
        return Attempt(
            is_sent=False, why=f"{smtp}: {_told(code, text)}", is_final=code in _PERMANENT
        )
    except smtplib.SMTPResponseException as error:
        told = _told(error.smtp_code, error.smtp_error)
        return Attempt(is_sent=False, why=f"{smtp}: {told}")
    except ssl.SSLError as error:
        why = f"{smtp}: no TLS that is trusted here: {error.reason or error}"
        return Attempt(is_sent=False, why=why)
    except BereikbaarError as error:
        return Attempt(is_sent=False, why=str(error))
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return Attempt(is_sent=False, why=f"{smtp}: {str(error) or type(error).__name__}")
    return Attempt(is_sent=True, why=reply)


def _send(smtp: SmtpSettings, to: str, message: EmailMessage, password: str | None) -> str:
    """Send a mail, and return what the server says of it."""
    context = ssl.create_default_context()
    client: smtplib.SMTP = (
        smtplib.SMTP_SSL(timeout=SILENCE_SECONDS, context=context)
        if smtp.tls == "tls"
        else smtplib.SMTP(timeout=SILENCE_SECONDS)
    )
    # Whose name the certificate must bear: smtplib takes it only from who has it connect at once,
    # and then a greeting without an end couldn't be cut off.
    client._host = smtp.host  # type: ignore[attr-defined]  # noqa: SLF001
    with cut_off_after(MAIL_SECONDS, lambda: client.sock):
        try:
            code, text = client.connect(smtp.host, smtp.used_port)
            if code != _GREETING:
                raise smtplib.SMTPConnectError(code, text)
            if smtp.tls == "starttls":
                client.starttls(context=context)
            if smtp.user is not None:
                client.login(smtp.user, password or "")
            client.send_message(message, smtp.sender, [to])
            # The server has it: whatever goes wrong from here on, it is sent.
            with suppress(smtplib.SMTPException, OSError):
                client.quit()
        finally:
            client.close()
    return f"accepted by {smtp}"


def _read_password(path: Path) -> str:
    password = read_secret_line(path)
    if not password.isascii():
        # smtplib's own fault quotes a part of it.
        raise SecretFileError(f"{path}: holds more than ASCII, which a login by SMTP doesn't take")
    return password


def _told(code: int, text: bytes | str) -> str:
    """Return a server's reply on one line."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"[:_SHOWN]
