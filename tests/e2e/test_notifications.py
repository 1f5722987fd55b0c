"""The real daemon tells receivers: killed between attempts, down meanwhile, or kept hanging."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pbx_adapters.notifications.outbox import writing_outbox
from tests.e2e.daemon import COMMAND, PATIENCE, Daemon, wait_until
from tests.engine import schedule_of
from tests.receivers import Mailbox, Webhook, mail_server, raw_server, webhook_server, write_secret

Configure = Callable[..., None]


@pytest.fixture
def configure(daemon: Daemon, tmp_path: Path) -> Configure:
    """Name receivers in the daemon's configuration: webhooks by name, and a mail server."""

    def write(mailbox: Mailbox | None = None, **urls: str) -> None:
        secret = write_secret(tmp_path)
        tables = [
            f'[[notify]]\nname = "{name}"\nwebhook = "{url}"\nsecret_file = "{secret}"\n'
            for name, url in urls.items()
        ]
        if mailbox is not None:
            tables.append(
                f'[[notify]]\nto = "beheer@example.nl"\n[smtp]\nhost = "127.0.0.1"\n'
                f'port = {mailbox.port}\ntls = "none"\nfrom = "b@example.nl"\n'
            )
        path = tmp_path / "notify.toml"
        path.write_text("".join(tables))
        daemon.settings = {"config": str(path)}

    return write


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """Serve a webhook."""
    with webhook_server() as served:
        yield served


def start(daemon: Daemon) -> None:
    """Start, and wait until the store is followed."""
    already = len(daemon.events("notifications_begin"))
    daemon.start()
    if not already:
        wait_until(lambda: daemon.events("notifications_begin"), "it follows the store")


def retry(daemon: Daemon) -> None:
    """Have everything tried again, as an operator does."""
    command = [str(COMMAND), "notifications", "retry", "--data-dir", str(daemon.data_dir)]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)


def test_killed_between_attempts(daemon: Daemon, configure: Configure, hook: Webhook) -> None:
    """After kill -9 the message arrives, with the same id, and then no more."""
    configure(chat=hook.url)
    hook.status = 503
    start(daemon)
    daemon.save("closed")
    wait_until(lambda: hook.got, "the first attempt")
    daemon.kill()
    hook.status = 200
    retry(daemon)
    start(daemon)
    wait_until(lambda: len(hook.got) == 2, "the second attempt")
    assert hook.ids[0] == hook.ids[1]
    wait_until(lambda: daemon.metric("bereikbaar_notifications_waiting") == 0, "it is noted")
    assert daemon.stop() == 0
    start(daemon)
    daemon.save("open")
    wait_until(lambda: len(hook.got) == 3, "the next event")
    assert [one["data"]["revision"] for one in hook.events] == [2, 2, 3]


@pytest.mark.slow
def test_killed_at_random_nothing_is_lost(
    daemon: Daemon, configure: Configure, hook: Webhook
) -> None:
    """Whenever it was killed: each save arrives, and repeats have the same id."""
    configure(chat=hook.url)
    start(daemon)
    for round_number in range(4):
        for status in ("closed", "open"):
            daemon.save(status)
        time.sleep(0.4 * round_number)
        daemon.kill()
        daemon.save("closed")
        daemon.save("open")
        start(daemon)
    revisions = set(range(2, 18))
    wait_until(
        lambda: revisions <= {one["data"]["revision"] for one in hook.events}, "all are told"
    )
    told = dict(zip(hook.ids, (one["data"]["revision"] for one in hook.events), strict=True))
    assert sorted(told.values()) == sorted(revisions)


def test_down_meanwhile(daemon: Daemon, configure: Configure, hook: Webhook) -> None:
    """An override that began and ended while the daemon was down is told by mail and webhook."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with mail_server() as mailbox:
        configure(mailbox, chat=hook.url)
        start(daemon)
        daemon.stop()
        # As the store of a daemon that was down for an hour: its last look is moved back.
        since = int((now - timedelta(hours=1)).timestamp())
        look_back(daemon, since)
        planned = {
            "from": (now - timedelta(minutes=40)).isoformat(),
            "until": (now - timedelta(minutes=20)).isoformat(),
            "slot": "closed",
            "reason": "Storing",
        }
        schedule = schedule_of(("00:00-24:00 open",), id="office", overrides={"storing": planned})
        with daemon.store() as store, store.writing("jan", now - timedelta(minutes=50)) as writer:
            writer.save(schedule, summary="gepland")
        daemon.start()
        wait_until(lambda: len(hook.got) == 3 and len(mailbox.got) == 3, "all is told twice")
    assert [one["type"] for one in hook.events] == ["revision", "override-start", "override-end"]
    assert [str(one["Subject"]) for one in mailbox.got] == [
        "[Bereikbaar] office: gepland",
        "[Bereikbaar] office: override began: Storing",
        "[Bereikbaar] office: override ended: Storing",
    ]


def look_back(daemon: Daemon, at: int) -> None:
    """Set the moment of the last look."""
    with writing_outbox(daemon.data_dir / "outbox.db") as db:
        db.conn.execute("UPDATE position SET looked_at = ?", (at,))


def test_a_receiver_that_hangs(daemon: Daemon, configure: Configure, hook: Webhook) -> None:
    """Calls are answered, others are told, and the daemon ends in time."""
    released = threading.Event()

    def hang(_connection: object) -> None:
        released.wait(PATIENCE)

    try:
        with raw_server(hang) as port:
            configure(hangs=f"http://127.0.0.1:{port}", chat=hook.url)
            start(daemon)
            for status in ("closed", "open", "closed"):
                daemon.save(status)
                wait_until(lambda status=status: daemon.status() == status, "calls follow")  # type: ignore[misc]
            wait_until(lambda: len(hook.got) == 3, "the other is told")
            began = time.monotonic()
            assert daemon.stop() == 0
            assert time.monotonic() - began < PATIENCE
            released.set()
    finally:
        released.set()


def test_off_by_default(daemon: Daemon) -> None:
    """Without receivers there is no outbox."""
    daemon.start()
    daemon.save("closed")
    wait_until(lambda: daemon.status() == "closed", "calls follow")
    assert not (daemon.data_dir / "outbox.db").exists()
