"""Metrics: what a load shows, and what each call adds."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pbx_adapters.loader import LoadedTables
from pbx_adapters.metrics import Metrics
from pbx_adapters.table_tally import TableTally
from routing_engine.compiler import TargetCheck
from routing_engine.resolver import UNKNOWN_NUMBER
from routing_engine.table import IntervalTable, first_day_for
from schedules.forward_rules import ForwardPolicy
from tests.engine import SHA256, instant, schedule_of, table_of

AT = instant("2026-11-22T10:00")
AUTH_FAILURES = (
    *("missing", "malformed", "unknown", "expired", "too-many-attempts"),
    *("network", "schedule", "operator", "pin"),
)


def samples(metrics: Metrics, at: int = AT) -> dict[str, float]:
    """Return every sample as `name{label=value}`."""
    text = metrics.exposition(at).decode()
    return {
        sample.name
        + "".join(f"{{{name}={value}}}" for name, value in sample.labels.items()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def loaded(*tables: IntervalTable, failed: dict[str, str] | None = None) -> LoadedTables:
    """Hold tables as a load of store revision 41 leaves them."""
    targets = TargetCheck(ForwardPolicy(), lambda _: True)
    by_id = {table.schedule: table for table in tables}
    return LoadedTables(
        targets,
        lambda: (),
        41,
        first_day_for(AT),
        tables=by_id,
        failed=failed or {},
        tally=TableTally().after((), tables),
    )


def test_load_is_shown() -> None:
    """Revision, time, horizon and number of schedules follow what was loaded."""
    metrics = Metrics()
    linked = table_of(schedule_of(id="a", numbers=["+31850000000", "+31850000001"]))
    metrics.show_tables(loaded(linked, table_of(schedule_of(id="b"))), AT)
    shown = samples(metrics)
    assert shown["bereikbaar_schedules{linked=yes}"] == 1
    assert shown["bereikbaar_schedules{linked=no}"] == 1
    assert shown["bereikbaar_snapshot_revision"] == 41
    assert shown["bereikbaar_snapshot_loaded_timestamp_seconds"] == AT
    assert shown["bereikbaar_last_reload_successful"] == 1
    assert shown["bereikbaar_schedules_failed"] == 0


def test_horizon_lies_400_days_ahead() -> None:
    """The tables reach at least 400 days beyond the load (semantics.md rule 18)."""
    metrics = Metrics()
    metrics.show_tables(loaded(), AT)
    horizon = samples(metrics)["bereikbaar_snapshot_horizon_timestamp_seconds"]
    assert 400 * 86_400 <= horizon - AT <= 410 * 86_400


def test_failed_schedules_are_shown_until_mended() -> None:
    """A schedule that can't be compiled makes the load unsuccessful; the next load mends that."""
    metrics = Metrics()
    metrics.show_tables(loaded(failed={"a": "damaged", "b": "damaged"}), AT)
    shown = samples(metrics)
    assert shown["bereikbaar_schedules_failed"] == 2
    assert shown["bereikbaar_last_reload_successful"] == 0
    metrics.show_tables(loaded(), AT)
    assert samples(metrics)["bereikbaar_last_reload_successful"] == 1


def test_version_is_shown() -> None:
    """The build's version is a label of a constant."""
    assert samples(Metrics())["bereikbaar_build_info{version=0.1.0}"] == 1


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("decisions", "{action=continue}{dialect=3cx}{reason=outside-service}{status=unknown}"),
        ("decisions", "{action=continue}{dialect=swyx}{reason=unknown-number}{status=unknown}"),
        ("hook_responses", "{code=503}{dialect=generic}"),
        *(("auth_failures", f"{{why={why}}}") for why in AUTH_FAILURES),
        ("connections_dropped", "{why=max_connections}"),
        ("audio_failures", "{why=damaged}"),
        ("log_lines_lost", ""),
    ],
)
def test_what_alarms_watch_begins_at_zero(name: str, labels: str) -> None:
    """A counter that were there only from its first event on would hide that event from alarms."""
    assert samples(Metrics())[f"bereikbaar_{name}_total{labels}"] == 0


def test_the_process_is_shown() -> None:
    """Memory, open files and the time of the start are there under the names all exporters use."""
    shown = samples(Metrics())
    assert shown["process_resident_memory_bytes"] > 1_000_000
    assert 0 < shown["process_open_fds"] < shown["process_max_fds"]
    assert shown["process_start_time_seconds"] > 1_600_000_000


def test_no_series_of_creation_times() -> None:
    """A counter is one series, without another one for when it was made."""
    metrics = Metrics()
    metrics.calls.count_decision("3cx", UNKNOWN_NUMBER, 0.0001)
    assert not [name for name in samples(metrics) if "_created" in name]


def test_override_counts_while_it_holds() -> None:
    """Each scrape counts the overrides in force at its own instant."""
    metrics = Metrics()
    span = {"from": "2026-11-22T11:00+01:00", "until": "2026-11-22T12:00+01:00"}
    override = span | {"slot": "closed audio=a", "reason": "Storing"}
    schedule = schedule_of(
        audio={"a": {"name": "A", "sha256": SHA256}}, overrides={"storing": override}
    )
    metrics.show_tables(loaded(table_of(schedule)), AT)
    counts = [
        samples(metrics, instant(f"2026-11-22T{at}"))["bereikbaar_overrides_active"]
        for at in ("10:59:59", "11:00", "11:59:59", "12:00")
    ]
    assert counts == [0, 1, 1, 0]
