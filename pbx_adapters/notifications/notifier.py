"""The thread `notifier`: finds news in the store, and has it delivered."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog

from audio_store.masters import MasterFiles
from pbx_adapters.config import Config
from pbx_adapters.data_dir import AUDIO_FOLDER, OUTBOX_FILE
from pbx_adapters.metrics import Metrics
from pbx_adapters.notifications.courier import Courier
from pbx_adapters.notifications.news_keeper import NewsKeeper
from pbx_adapters.notifications.outbox import forget_position
from pbx_adapters.notifications.settings import receivers_of
from routing_engine.compiler import TargetCheck
from schedules.errors import BereikbaarError

STEP_SECONDS: Final = 1.0
# The first calls after a start come first.
SETTLE_SECONDS: Final = 2.0
STOP_SECONDS: Final = 5.0
FINISH_SECONDS: Final = 1.0
# A store that can't be read shall not be tried every second.
RETRY_SECONDS: Final = 10.0

_log = structlog.get_logger()


class Notifier(threading.Thread):
    """Tells receivers what happens to schedules, each thing at least once.

    `clock` gives epoch seconds. `stop` ends it, and waits for no receiver: what isn't delivered by
    then is delivered after the next start. Without receivers the thread ends at once.
    """

    def __init__(
        self,
        config: Config,
        metrics: Metrics,
        *,
        clock: Callable[[], int],
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        super().__init__(name="notifier", daemon=True)
        self._outbox = config.data_dir / OUTBOX_FILE
        self._clock = clock
        self._settle_seconds = settle_seconds
        self._receivers = receivers_of(config.notify)
        masters = MasterFiles(config.data_dir / AUDIO_FOLDER)
        self._news = NewsKeeper(
            config.data_dir,
            self._outbox,
            self._receivers,
            TargetCheck(config.forward_policy, masters.has),
        )
        self._courier = Courier(
            self._outbox,
            self._receivers,
            config.smtp,
            sent=metrics.notifications,
            waiting=metrics.notifications_waiting,
            clock=clock,
        )
        self._tell_success = metrics.last_notification_write_successful.set
        self._trouble: dict[str, str] = {}
        self._is_stopping = threading.Event()

    def stop(self) -> None:
        """End the thread; waits for it, but not for ever."""
        self._is_stopping.set()
        self._courier.stop()
        if self.is_alive():
            self.join(STOP_SECONDS)

    def run(self) -> None:
        """Look for news and deliver it, every second."""
        if not self._receivers:
            # Whoever is added one day is to be told nothing of what was before.
            self._survive("outbox", lambda: forget_position(self._outbox))
            return
        self._is_stopping.wait(self._settle_seconds)
        look_again_at = 0.0
        while not self._is_stopping.is_set():
            if monotonic() >= look_again_at and not self._survive("news", self._look):
                look_again_at = monotonic() + RETRY_SECONDS
            self._survive("outbox", self._deliver)
            self._tell_success(not self._trouble)
        # What was just sent shall not be sent again after the next start.
        self._survive("outbox", lambda: self._courier.finish(FINISH_SECONDS))
        self._news.close()

    def _look(self) -> None:
        self._news.step(self._clock())

    def _deliver(self) -> None:
        try:
            self._courier.step()
        finally:
            self._courier.wait(STEP_SECONDS)

    def _survive(self, part: str, step: Callable[[], None]) -> bool:
        """Do one step, and tell whether it went well; a fault is told once."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 - the thread has to outlive any fault
            why = str(error) if isinstance(error, BereikbaarError) else repr(error)
            if self._trouble.get(part) != why:
                _log.error("notifications_held_up", part=part, why=why)
            self._trouble[part] = why
            return False
        self._trouble.pop(part, None)
        return True
