"""What a daemon would start with though nobody could be notified, or all could read along."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pbx_adapters.config import Config
from pbx_adapters.notifications.secret_files import (
    SecretFileError,
    is_open_to_others,
    read_secret_line,
    read_webhook_secret,
)


def notify_warnings(settings: Config) -> Iterator[str]:
    """Yield what is probably not meant by `[[notify]]` and `[smtp]`.

    Secrets are judged as whoever asks may read them.
    """
    for rule in settings.notify:
        if rule.webhook is not None and rule.secret_file is not None:
            if rule.webhook.startswith("http:") and not _is_near(rule.webhook):
                yield f"news goes to {rule.receiver} in clear: write https:// where it is served"
            yield from _file_warnings(rule.secret_file, read_webhook_secret)
    smtp = settings.smtp
    if smtp is not None and smtp.password_file is not None:
        if smtp.tls == "none":
            yield f"the password goes to {smtp} in clear: set tls of [smtp] to starttls or tls"
        yield from _file_warnings(smtp.password_file, read_secret_line)


def _file_warnings(path: Path, read: Callable[[Path], object]) -> Iterator[str]:
    try:
        read(path)
    except SecretFileError as error:
        yield f"{error}; until then nothing is sent with it"
    if is_open_to_others(path):
        yield f"{path} can be read by everybody on this machine: take that right from others"


def _is_near(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
