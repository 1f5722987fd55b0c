"""One message to one webhook, signed by the Standard Webhooks convention."""

import base64
import hashlib
import hmac
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pbx_adapters.notifications.cutting_off import cut_off_after
from pbx_adapters.notifications.outbox import Attempt
from pbx_adapters.notifications.secret_files import read_webhook_secret
from schedules.errors import BereikbaarError

# Between two bytes, and for all of it.
SILENCE_SECONDS: Final = 10.0
WEBHOOK_SECONDS: Final = 20.0
_SENT: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
_SHOWN: Final = 120


def sign(key: bytes, message_id: str, sent_at: int, body: bytes) -> str:
    """Return the signature of a message that is sent at an instant, in epoch seconds."""
    signed = b"%b.%d.%b" % (message_id.encode(), sent_at, body)
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def send_webhook(
    url: str, secret_file: Path, message_id: str, body: bytes, sent_at: int
) -> Attempt:
    """Send a message; of the reply only its first lines are read. A redirect isn't followed."""
    try:
        key = read_webhook_secret(secret_file)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Bereikbaar/{version('bereikbaar')}",
            "webhook-id": message_id,
            "webhook-timestamp": str(sent_at),
            "webhook-signature": sign(key, message_id, sent_at, body),
        }
        return _attempt_of(*_post(url, headers, body))
    except BereikbaarError as error:
        return Attempt(is_sent=False, why=str(error))
    except ssl.SSLError as error:
        told = getattr(error, "verify_message", "") or error.reason or error
        return Attempt(is_sent=False, why=f"no TLS that is trusted here: {told}")
    except TimeoutError:
        return Attempt(is_sent=False, why=f"no answer within {SILENCE_SECONDS:g} s")
    except (OSError, HTTPException, ValueError) as error:
        return Attempt(is_sent=False, why=str(error)[:_SHOWN] or type(error).__name__)


def _post(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str, str]:
    """Post a body; return the status, its words, and where a redirect would lead."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: HTTPConnection = (
        HTTPSConnection(
            host, parts.port, timeout=SILENCE_SECONDS, context=ssl.create_default_context()
        )
        if parts.scheme == "https"
        else HTTPConnection(host, parts.port, timeout=SILENCE_SECONDS)
    )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with cut_off_after(WEBHOOK_SECONDS, lambda: connection.sock):
        try:
            connection.request("POST", target, body, dict(headers))
            reply = connection.getresponse()
            return reply.status, reply.reason, reply.getheader("Location", "")
        finally:
            connection.close()


def _attempt_of(status: int, words: str, location: str) -> Attempt:
    told = f"HTTP {status} {words}".strip()[:_SHOWN]
    if status in _SENT:
        return Attempt(is_sent=True, why=told)
    if status in _REDIRECTS:
        told += f", which leads to {location[:_SHOWN] or 'nowhere'} and isn't followed"
    # "Gone": the receiver wants no more of it.
    return Attempt(is_sent=False, why=told, is_final=status == HTTPStatus.GONE)
