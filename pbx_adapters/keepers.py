"""The threads of which a daemon has one each, however many processes answer calls."""

from collections.abc import Callable, Mapping
from typing import Final

from pbx_adapters import clock
from pbx_adapters.call_slice import CallSlice
from pbx_adapters.config import Config
from pbx_adapters.data_dir import DECISIONS_FILE
from pbx_adapters.decision_keeper import NICENESS, DecisionKeeper
from pbx_adapters.metrics import Metrics
from pbx_adapters.notifications.notifier import Notifier
from pbx_adapters.use_keeper import UseKeeper

# The gauges that they set: they say nothing in a process without them.
KEEPERS_GAUGES: Final = frozenset(
    {
        "bereikbaar_last_decision_write_successful",
        "bereikbaar_notifications_waiting",
        "bereikbaar_last_notification_write_successful",
    }
)


class Keepers:
    """Everything that is written down of calls, and done about what is saved.

    `uses` tells when each token was last sent, in epoch seconds by its id; `take_calls` hands out
    at most so many calls to be recorded. `answers_calls` tells whether this process does.
    """

    def __init__(
        self,
        config: Config,
        metrics: Metrics,
        uses: Mapping[str, int],
        take_calls: Callable[[int], CallSlice],
        *,
        answers_calls: bool,
    ) -> None:
        path = config.data_dir / DECISIONS_FILE
        self._threads = (
            UseKeeper(path, uses),
            DecisionKeeper(
                path,
                take_calls,
                config.decision_retention_days,
                clock.now,
                tell_written=metrics.last_decision_write_successful.set,
                tell_dropped=metrics.decisions_dropped.inc,
                niceness=0 if answers_calls else NICENESS,
            ),
            Notifier(config, metrics, clock=clock.now),
        )

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Write the rest and end the threads; none is waited for for ever."""
        for thread in self._threads:
            thread.stop()
