"""What a daemon would start with though nobody could be notified, or all could read along."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
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
from schedules.errors import BereikbaarError, meant
from schedules.field_text import fold
from schedules.revisions import DamagedRevisionError, Revision
from schedules.search import may_hold, parse_query
from schedules.sqlite_store import DATABASE_NAME, open_store


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
    yield from _choice_warnings(settings)


def _choice_warnings(settings: Config) -> Iterator[str]:
    """Yield the schedules and companies that are chosen and that the store hasn't, if it's there.

    What is wrong with a store is told by `doctor`.
    """
    chosen = [rule for rule in settings.notify if rule.schedules or rule.companies]
    if not chosen or not (settings.data_dir / DATABASE_NAME).is_file():
        return
    try:
        with closing(open_store(settings.data_dir, create=False)) as store:
            currents = list(store.currents())
    except (BereikbaarError, OSError):
        return
    ids = {one.schedule_id for one in currents}
    for rule in chosen:
        for wrong in [one for one in rule.schedules if one not in ids]:
            remedy = meant(wrong, ids, "see `bereikbaar schedule list`")
            problem = f"is to be told of schedule {wrong!r}, which isn't there"
            yield f"{rule.receiver} {problem}; {remedy}"
        for wrong in [one for one in rule.companies if not _is_company_of_any(one, currents)]:
            yield (
                f"{rule.receiver} is to be told of company {wrong!r}, of which no schedule is; "
                "`bereikbaar schedule search` finds companies by a part of their name"
            )


def _is_company_of_any(company: str, currents: list[Revision]) -> bool:
    query, wanted = parse_query(company), fold(company.strip())
    for current in currents:
        # Reading a document takes long.
        if may_hold(current.document, query):
            with suppress(DamagedRevisionError):
                if fold((current.schedule().company or "").strip()) == wanted:
                    return True
    return False


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
