"""What monitoring sees (contract.md: Metrics). No number and no schedule ever becomes a label."""

from collections.abc import Collection
from importlib.metadata import version
from typing import Final, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from pbx_adapters.answer import DIALECTS
from pbx_adapters.audio_download import DownloadFailure
from pbx_adapters.auth import AuthFailure
from pbx_adapters.call_tally import CallTally
from pbx_adapters.connection_limits import DropReason
from pbx_adapters.loader import LoadedTables
from pbx_adapters.metric_sums import Combination, Family, read_families
from pbx_adapters.notifications.settings import CHANNELS
from routing_engine.table import HORIZON_DAYS, IntervalTable
from routing_engine.zones import DAY_SECONDS

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

# What a figure is where several workers have one each. Where it tells how far a change has come, it
# is that of the worker that lags: what is shown holds for every call.
GAUGES: Final[dict[str, Combination]] = {
    "bereikbaar_workers": "sum",
    "bereikbaar_schedules": "max",
    "bereikbaar_snapshot_revision": "min",
    "bereikbaar_store_revision": "max",
    "bereikbaar_snapshot_loaded_timestamp_seconds": "min",
    "bereikbaar_snapshot_horizon_timestamp_seconds": "min",
    "bereikbaar_last_reload_successful": "min",
    "bereikbaar_schedules_failed": "max",
    "bereikbaar_degraded_targets": "max",
    "bereikbaar_audio_bytes": "max",
    "bereikbaar_overrides_active": "max",
    "bereikbaar_last_decision_write_successful": "min",
    "bereikbaar_notifications_waiting": "max",
    "bereikbaar_last_notification_write_successful": "min",
    "bereikbaar_build_info": "max",
    "process_virtual_memory_bytes": "sum",
    "process_resident_memory_bytes": "sum",
    "process_start_time_seconds": "min",
    "process_open_fds": "sum",
    "process_max_fds": "sum",
}

# Each counter would show a second series with the time of its creation.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The daemon's metrics in a registry of their own; `calls` is what every call counts."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.calls = CallTally(DIALECTS)
        registry.register(self.calls)
        ProcessCollector(registry=registry)
        self.workers = _gauge(registry, "workers", "Processes that answer calls")
        self.worker_restarts = Counter(
            "bereikbaar_worker_restarts",
            "Processes that ended, or were ended, and were started again",
            registry=registry,
        )
        self.auth_failures = _counter(
            registry,
            "auth_failures",
            "Requests refused for their token or PIN",
            get_args(AuthFailure),
        )
        self.connections_dropped = _counter(
            registry,
            "connections_dropped",
            "Connections refused or closed for exceeding a limit",
            get_args(DropReason),
        )
        self.log_lines_lost = Counter(
            "bereikbaar_log_lines_lost", "Log lines that could not be written", registry=registry
        )
        self.decisions_dropped = Counter(
            "bereikbaar_decision_log_dropped",
            "Calls whose decision could not be recorded",
            registry=registry,
        )
        self.last_decision_write_successful = _gauge(
            registry, "last_decision_write_successful", "0 when calls could not be recorded, else 1"
        )
        self.last_decision_write_successful.set(1)
        self.schedules = Gauge(
            "bereikbaar_schedules", "Schedules being served", ["linked"], registry=registry
        )
        self.snapshot_revision = _gauge(registry, "snapshot_revision", "Store revision in service")
        self.store_revision = _gauge(registry, "store_revision", "Store revision last seen")
        self.snapshot_loaded_at = _gauge(
            registry, "snapshot_loaded_timestamp_seconds", "When the tables in service were made"
        )
        self.snapshot_horizon_at = _gauge(
            registry, "snapshot_horizon_timestamp_seconds", "Up to when the tables are indexed"
        )
        self.reload_duration = Histogram(
            "bereikbaar_reload_duration_seconds",
            "From noticing a change to having it in service",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
            registry=registry,
        )
        self.last_reload_successful = _gauge(
            registry, "last_reload_successful", "1 when the last reload took in everything, else 0"
        )
        self.schedules_failed = _gauge(
            registry, "schedules_failed", "Schedules whose present revision can't be compiled"
        )
        self.degraded_targets = Gauge(
            "bereikbaar_degraded_targets",
            "Slots whose forward is no longer allowed or whose message is missing",
            ["field"],
            registry=registry,
        )
        self.audio_failures = _counter(
            registry,
            "audio_failures",
            "Messages that were asked for and could not be sent",
            get_args(DownloadFailure),
        )
        self.tables_sent = Counter(
            "bereikbaar_tables_sent",
            "Signed tables handed out, for PBXs to decide by on their own",
            registry=registry,
        )
        self.audio_bytes = _gauge(registry, "audio_bytes", "Size of all stored messages together")
        self.overrides_active = _gauge(registry, "overrides_active", "Overrides in force now")
        self.notifications = Counter(
            "bereikbaar_notifications",
            "Attempts to tell a receiver of an event",
            ["channel", "outcome"],
            registry=registry,
        )
        for channel in CHANNELS:
            for outcome in ("sent", "failed", "given-up"):
                self.notifications.labels(channel, outcome)
        self.notifications_waiting = _gauge(
            registry, "notifications_waiting", "Notifications still to be sent"
        )
        self.last_notification_write_successful = _gauge(
            registry,
            "last_notification_write_successful",
            "0 when what is to be told could not be found or kept, else 1",
        )
        self.last_notification_write_successful.set(1)
        Gauge(
            "bereikbaar_build_info", "Version of the daemon", ["version"], registry=registry
        ).labels(version("bereikbaar")).set(1)
        self._overridden: Collection[IntervalTable] = ()

    def show_tables(self, loaded: LoadedTables, at: int) -> None:
        """Show which tables were put into service at an instant, in epoch seconds."""
        tally = loaded.tally
        self.schedules.labels("yes").set(tally.linked)
        self.schedules.labels("no").set(len(loaded.tables) - tally.linked)
        self.snapshot_revision.set(loaded.revision)
        self.snapshot_loaded_at.set(at)
        self.snapshot_horizon_at.set((loaded.first_day + HORIZON_DAYS) * DAY_SECONDS)
        self.last_reload_successful.set(not loaded.failed)
        self.schedules_failed.set(len(loaded.failed))
        for field in ("forward", "audio"):
            self.degraded_targets.labels(field).set(tally.degraded[field])
        self._overridden = tally.overridden.values()

    def exposition(self, at: int) -> bytes:
        """Return all metrics, as of an instant, in the Prometheus text format."""
        self._look_at(at)
        return generate_latest(self.registry)

    def families(self, at: int) -> list[Family]:
        """Return all metrics, as of an instant, to be combined with those of other processes.

        May be called from any thread.
        """
        self._look_at(at)
        return read_families(self.registry)

    def _look_at(self, at: int) -> None:
        self.overrides_active.set(sum(table.is_overridden_at(at) for table in self._overridden))


def _gauge(registry: CollectorRegistry, name: str, documentation: str) -> Gauge:
    return Gauge(f"bereikbaar_{name}", documentation, registry=registry)


def _counter(
    registry: CollectorRegistry, name: str, documentation: str, reasons: tuple[str, ...]
) -> Counter:
    """Make a counter by `why`; each begins at 0, since a rise shows only beside what was before."""
    counter = Counter(f"bereikbaar_{name}", documentation, ["why"], registry=registry)
    for why in reasons:
        counter.labels(why)
    return counter
