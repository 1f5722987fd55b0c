"""The thread that tells receivers: nothing lost, nobody held up, no fault that ends it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from pbx_adapters.config import Config
from pbx_adapters.metrics import Metrics
from pbx_adapters.notifications import courier, notifier
from pbx_adapters.notifications.notifier import Notifier
from pbx_adapters.notifications.outbox import list_deliveries, reading_outbox, retry, writing_outbox
from pbx_adapters.notifications.settings import NotifyRule, SmtpSettings
from schedules.sqlite_store import open_store
from tests.engine import CLOSED, OPEN, schedule_of
from tests.receivers import Webhook, mail_server, raw_server, webhook_server, write_secret

AT = 1_795_341_600
PATIENCE = 20.0


@dataclass
class Site:
    """A store, receivers, and a clock that stands still until it is set."""

    data_dir: Path
    rules: list[NotifyRule] = field(default_factory=list)
    smtp: SmtpSettings | None = None
    at: int = AT
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def outbox(self) -> Path:
        """Return the outbox's file."""
        return self.data_dir / "outbox.db"

    def save(self, week: tuple[str, ...], **fields: Any) -> None:
        """Save a schedule now."""
        with closing(open_store(self.data_dir)) as store:
            saved_at = datetime.fromtimestamp(self.at, UTC)
            with store.writing("jan", saved_at) as writer:
                writer.save(schedule_of(week, **fields), summary="getest")

    def tell(self, hook: Webhook, name: str = "chat") -> None:
        """Have a webhook told."""
        secret = write_secret(self.data_dir)
        self.rules.append(NotifyRule(name=name, webhook=hook.url, secret_file=secret))

    @contextmanager
    def running(self) -> Iterator[Notifier]:
        """Run the thread, and end it."""
        config = Config(data_dir=self.data_dir, notify=tuple(self.rules), smtp=self.smtp)
        thread = Notifier(config, self.metrics, clock=lambda: self.at, settle_seconds=0)
        thread.start()
        try:
            yield thread
        finally:
            thread.stop()
            assert not thread.is_alive()

    def keeps(self) -> float | None:
        """Return what monitoring is told of news and outbox: 1 where all is well."""
        name = "bereikbaar_last_notification_write_successful"
        return self.metrics.registry.get_sample_value(name)

    def count(self, channel: str, outcome: str) -> float:
        """Return how many attempts ended like that."""
        labels = {"channel": channel, "outcome": outcome}
        found = self.metrics.registry.get_sample_value("bereikbaar_notifications_total", labels)
        assert found is not None
        return found


def wait_until(is_true: Callable[[], object], what: str) -> None:
    """Look again and again until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.01)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Have one open schedule, and a thread that doesn't dawdle."""
    monkeypatch.setattr(notifier, "STEP_SECONDS", 0.02)
    monkeypatch.setattr(notifier, "RETRY_SECONDS", 0.02)
    site = Site(tmp_path)
    site.save(OPEN)
    return site


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """Serve a webhook."""
    with webhook_server() as served:
        yield served


def begun(site: Site) -> bool:
    """Tell whether the store is followed by now."""
    with reading_outbox(site.outbox) as db:
        return db is not None and bool(db.execute("SELECT 1 FROM position").fetchall())


def test_both_channels(site: Site, hook: Webhook) -> None:
    """One save reaches a mailbox and a webhook, once each, and is counted."""
    with mail_server() as mailbox:
        site.smtp = SmtpSettings(
            host="127.0.0.1", port=mailbox.port, tls="none", sender="b@example.nl"
        )
        site.rules.append(NotifyRule(to="beheer@example.nl"))
        site.tell(hook)
        with site.running():
            wait_until(lambda: begun(site), "it follows the store")
            site.save(CLOSED)
            wait_until(lambda: hook.got and mailbox.got, "both are told")
            wait_until(lambda: not list_deliveries(site.outbox), "both are noted as sent")
    assert [one["data"]["summary"] for one in hook.events] == ["getest"]
    assert [one["Subject"] for one in mailbox.got] == ["[Bereikbaar] kantoor: getest"]
    assert (site.count("mail", "sent"), site.count("webhook", "sent")) == (1, 1)


def test_overrides_begin_and_end_by_the_clock(site: Site, hook: Webhook) -> None:
    """Without any save in between."""
    moments = [datetime.fromtimestamp(AT + at, UTC).isoformat() for at in (60, 120)]
    planned = {"from": moments[0], "until": moments[1], "slot": "closed", "reason": "Storing"}
    site.save(OPEN, overrides={"storing": planned})
    site.tell(hook)
    with site.running():
        wait_until(lambda: begun(site), "it follows the store")
        for at, count in ((60, 1), (120, 2)):
            site.at = AT + at
            wait_until(lambda count=count: len(hook.got) == count, "it is told")  # type: ignore[misc]
    assert [one["type"] for one in hook.events] == ["override-start", "override-end"]


def test_what_happened_while_nobody_ran_is_told(site: Site, hook: Webhook) -> None:
    """After a start, once; of what was before the first start nothing."""
    site.tell(hook)
    with site.running():
        wait_until(lambda: begun(site), "it follows the store")
    site.save(CLOSED)
    site.save(OPEN)
    with site.running():
        wait_until(lambda: len(hook.got) == 2, "both are told")
    with site.running():
        site.save(CLOSED)
        wait_until(lambda: len(hook.got) == 3, "the third is told")
    assert [one["data"]["revision"] for one in hook.events] == [2, 3, 4]
    assert len(set(hook.ids)) == 3


def test_who_is_added_later_is_not_told_of_before(site: Site, hook: Webhook) -> None:
    """A while without receivers is forgotten."""
    site.tell(hook)
    with site.running():
        wait_until(lambda: begun(site), "it follows the store")
    rules, site.rules = site.rules, []
    with site.running() as thread:
        thread.join(PATIENCE)
    site.save(CLOSED)
    site.rules = rules
    with capture_logs() as logged, site.running():
        wait_until(lambda: logged, "it begins anew")
        assert logged[0]["event"] == "notifications_begin"
        site.save(OPEN)
        wait_until(lambda: hook.got, "the next save is told")
    assert [one["data"]["revision"] for one in hook.events] == [3]


def test_a_receiver_that_hangs_holds_up_no_other(site: Site, hook: Webhook) -> None:
    """Nor the end of the daemon."""
    released = threading.Event()

    def hang(_connection: object) -> None:
        released.wait(PATIENCE)

    try:
        with raw_server(hang) as port:
            site.tell(Webhook(url=f"http://127.0.0.1:{port}"), "hangs")
            site.tell(hook)
            with site.running():
                wait_until(lambda: begun(site), "it follows the store")
                for week in (CLOSED, OPEN, CLOSED):
                    site.save(week)
                wait_until(lambda: len(hook.got) == 3, "the other is told all")
                started = time.monotonic()
            assert time.monotonic() - started < notifier.STOP_SECONDS
            released.set()
    finally:
        released.set()
    waiting = {one.receiver for one in list_deliveries(site.outbox)}
    assert "hangs" in waiting


def test_a_failure_is_tried_again_with_the_same_id(
    site: Site, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told once in the log, and again when it goes well."""
    monkeypatch.setattr(courier, "REST_SECONDS", 0)
    site.tell(hook)
    hook.status = 503
    with capture_logs() as logged, site.running():
        wait_until(lambda: begun(site), "it follows the store")
        site.save(CLOSED)
        wait_until(lambda: site.count("webhook", "failed") == 1, "it failed")
        site.at += 29
        time.sleep(0.1)
        assert len(hook.got) == 1
        site.at += 1
        wait_until(lambda: site.count("webhook", "failed") == 2, "it failed again")
        hook.status = 200
        site.at += 60
        wait_until(lambda: site.count("webhook", "sent") == 1, "it is sent")
    assert len(hook.ids) == 3
    assert len(set(hook.ids)) == 1
    assert [one["event"] for one in logged if one["event"] != "notifications_begin"] == [
        "notification_failed",
        "notifications_sent_again",
    ]


def test_a_receiver_that_is_gone_is_given_up(site: Site, hook: Webhook) -> None:
    """One try for each event, told in the log and counted; the next one is tried as well."""
    site.tell(hook)
    hook.status = 410
    with capture_logs() as logged, site.running():
        wait_until(lambda: begun(site), "it follows the store")
        site.save(CLOSED)
        wait_until(lambda: site.count("webhook", "given-up") == 1, "it is given up")
        site.save(OPEN)
        wait_until(lambda: site.count("webhook", "given-up") == 2, "so is the next")
    assert len(hook.got) == 2
    lines = [one for one in logged if one["event"] == "notification_given_up"]
    assert [(one["receiver"], one["schedule"], one["why"]) for one in lines] == [
        ("chat", "kantoor", "HTTP 410 Gone")
    ] * 2
    assert [one.next_at for one in list_deliveries(site.outbox)] == [None, None]


def test_after_a_failure_a_receiver_is_left_in_peace(site: Site, hook: Webhook) -> None:
    """Of many events one is tried, and half a minute later another."""
    site.tell(hook)
    hook.status = 500
    with site.running():
        wait_until(lambda: begun(site), "it follows the store")
        for week in (CLOSED, OPEN, CLOSED):
            site.save(week)
        wait_until(lambda: len(list_deliveries(site.outbox)) == 3, "all wait")
        wait_until(lambda: site.count("webhook", "failed") >= 1, "one failed")
        time.sleep(0.1)
        assert len(hook.got) == 1
        hook.status = 200
        site.at += courier.REST_SECONDS
        wait_until(lambda: not list_deliveries(site.outbox), "all are sent")
    waiting = site.metrics.registry.get_sample_value("bereikbaar_notifications_waiting")
    assert waiting is not None


def test_a_retry_ends_the_peace(site: Site, hook: Webhook) -> None:
    """Whoever has everything tried again doesn't wait for the half minute to end."""
    site.tell(hook)
    hook.status = 500
    with site.running():
        wait_until(lambda: begun(site), "it follows the store")
        for week in (CLOSED, OPEN):
            site.save(week)
        wait_until(lambda: site.count("webhook", "failed") == 1, "one failed")
        wait_until(lambda: len(list_deliveries(site.outbox)) == 2, "both wait")
        hook.status = 200
        with writing_outbox(site.outbox) as db:
            assert retry(db, None, site.at) == 2
        wait_until(lambda: not list_deliveries(site.outbox), "both are sent")


def test_a_damaged_outbox_loses_no_news_that_is_to_come(site: Site, hook: Webhook) -> None:
    """It is put aside, told, and what is saved from then on is told."""
    site.tell(hook)
    with capture_logs() as logged, site.running():
        wait_until(lambda: begun(site), "it follows the store")
        # Whoever wrote it last is still closing it.
        time.sleep(0.2)
        for name in ("outbox.db-wal", "outbox.db-shm"):
            (site.data_dir / name).unlink(missing_ok=True)
        site.outbox.write_bytes(b"kapot" * 1_000)
        wait_until((site.data_dir / "outbox.db.damaged").exists, "it is put aside")
        site.save(CLOSED)
        wait_until(lambda: hook.got, "the save is told")
    assert "notifications_held_up" in {one["event"] for one in logged}


def test_an_altered_delivery_holds_up_nobody_for_ever(site: Site, hook: Webhook) -> None:
    """An outbox that can't be trusted is put aside, as any that is damaged."""
    site.tell(hook)
    with site.running():
        wait_until(lambda: begun(site), "it follows the store")
        hook.status = 500
        site.save(CLOSED)
        wait_until(lambda: hook.got, "it is tried")
    with writing_outbox(site.outbox) as db:
        db.execute("UPDATE deliveries SET told = substr(told, 2), next_at = 0")
    hook.status = 204
    with site.running():
        wait_until((site.data_dir / "outbox.db.damaged").exists, "it is put aside")
        site.save(OPEN)
        wait_until(lambda: hook.events[-1]["data"]["revision"] == 3, "the next save is told")


def test_a_store_that_goes_away_and_comes_back(site: Site, hook: Webhook) -> None:
    """What was saved meanwhile is told then; the fault is told once."""
    site.tell(hook)
    database, away = site.data_dir / "bereikbaar.db", site.data_dir / "away.db"
    with capture_logs() as logged, site.running():
        wait_until(lambda: begun(site), "it follows the store")
        database.rename(away)
        wait_until(
            lambda: any(one["event"] == "notifications_held_up" for one in logged), "it is missed"
        )
        away.rename(database)
        site.save(CLOSED)
        wait_until(lambda: hook.got, "the save is told")
    assert [one["event"] for one in logged].count("notifications_held_up") == 1


def test_what_cannot_be_kept_is_seen_by_monitoring(site: Site, hook: Webhook) -> None:
    """A gauge falls while the outbox can't be used, and rises once it can."""
    site.tell(hook)
    site.outbox.mkdir()
    assert site.keeps() == 1
    with site.running():
        wait_until(lambda: site.keeps() == 0, "it is told")
        site.outbox.rmdir()
        wait_until(lambda: site.keeps() == 1, "it is over")
        site.save(CLOSED)
        wait_until(lambda: hook.got, "the save is told")


def test_news_that_cannot_be_found_is_seen_by_monitoring(site: Site, hook: Webhook) -> None:
    """An outbox that is well doesn't hide a store that can't be read."""
    site.tell(hook)
    database, away = site.data_dir / "bereikbaar.db", site.data_dir / "away.db"
    with site.running():
        wait_until(lambda: begun(site), "it follows the store")
        database.rename(away)
        wait_until(lambda: site.keeps() == 0, "it is told")
        away.rename(database)
        wait_until(lambda: site.keeps() == 1, "it is over")


def test_another_daemon_on_the_same_data(site: Site, hook: Webhook) -> None:
    """Both find the same; it is put in once."""
    site.tell(hook)
    with site.running(), site.running():
        wait_until(lambda: begun(site), "one follows the store")
        for week in (CLOSED, OPEN, CLOSED, OPEN):
            site.save(week)
        wait_until(lambda: len(set(hook.ids)) == 4, "all are told")
        wait_until(lambda: not list_deliveries(site.outbox), "all are noted as sent")
    assert {one["data"]["revision"] for one in hook.events} == {2, 3, 4, 5}


def test_without_receivers_nothing_is_made(site: Site) -> None:
    """Nobody is told by default: no file, and the thread ends."""
    with site.running() as thread:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert not site.outbox.exists()


def test_a_receiver_is_told_once_there_is_room_for_a_thread(
    site: Site, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that could not be started leaves nobody out for ever."""
    refusals = [RuntimeError("can't start new thread")]

    class Thread(threading.Thread):
        def start(self) -> None:
            if refusals:
                raise refusals.pop()
            super().start()

    monkeypatch.setattr(courier, "threading", SimpleNamespace(Thread=Thread, Event=threading.Event))
    site.tell(hook)
    with site.running():
        wait_until(lambda: begun(site), "it follows the store")
        site.save(CLOSED)
        wait_until(lambda: hook.got, "it is told")
    assert not refusals
