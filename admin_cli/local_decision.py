"""A decision without a daemon: the same compiler, resolver and answer, over the store."""

from typing import Any, Final

from admin_cli.invocation import Invocation
from pbx_adapters import clock
from pbx_adapters.answer import answer_fields, format_instant
from pbx_adapters.simulated_time import parse_at, zone_of
from routing_engine.caller_changes import compile_at
from routing_engine.decision import CallQuery
from routing_engine.explain import explain_decision
from routing_engine.resolver import resolve
from routing_engine.snapshot import RoutingSnapshot, assemble_snapshot
from routing_engine.table import IntervalTable
from schedules.date_text import parse_moment
from schedules.errors import BereikbaarError, NotFoundError
from schedules.revisions import DamagedRevisionError
from schedules.sqlite_store import SqliteStore
from schedules.telephone import NumberBlock, read_number

_ZONE_UNKNOWN: Final = (
    "schedule {} can't be read, so its time zone is unknown and --at could be any instant; "
    "give --at with an offset, such as 2026-12-25T10:00+01:00"
)


def decide_locally(
    invocation: Invocation, at_text: str | None, *, number: str | None, schedule: str | None
) -> dict[str, Any]:
    """Return the hook's fields, with `considered`, for a moment in ISO 8601; None is now.

    Raises `RefusedError` for a local time that names no instant, or two, and `BereikbaarError`
    where the schedule, and so its zone, can't be read.
    """
    config = invocation.config
    dialled = None if number is None else read_number(number, config.default_region)
    at = clock.now()
    with invocation.open_store() as store:
        holder = schedule if number is None else _holder_of(store, dialled)
        snapshot = _snapshot_of(store, invocation, holder, dialled, at)
        if at_text is not None:
            if snapshot.unusable and parse_moment(at_text).tzinfo is None:
                raise BereikbaarError(_ZONE_UNKNOWN.format(holder))
            zone = zone_of(resolve(snapshot, CallQuery(at, dialled, schedule)), snapshot)
            at = parse_at(at_text, zone)
            snapshot = _snapshot_of(store, invocation, holder, dialled, at)
    decision = resolve(snapshot, CallQuery(at, dialled, schedule))
    base_url = config.public_url or f"http://{config.listen}"
    table = snapshot.tables.get(decision.schedule)
    considered = [] if table is None else explain_decision(table, at)
    return {
        **answer_fields(decision, format_instant(at), "", base_url),
        "considered": [consideration._asdict() for consideration in considered],
    }


def _holder_of(store: SqliteStore, dialled: str | None) -> str | None:
    return None if dialled is None else store.holder_of(NumberBlock(int(dialled), int(dialled)))


def _snapshot_of(
    store: SqliteStore, invocation: Invocation, holder: str | None, dialled: str | None, at: int
) -> RoutingSnapshot:
    """Return a snapshot that holds the one schedule that is asked for, as far as it can be read."""
    tables: dict[str, IntervalTable] = {}
    unusable: set[str] = set()
    if holder is not None:
        try:
            current = store.current(holder)
            tables[holder] = compile_at(
                current.schedule(), invocation.targets, at, current.revision
            )
        except DamagedRevisionError:
            unusable.add(holder)
        except NotFoundError:
            # The answer says that it is unknown, as the daemon's would.
            pass
    linked = [(dialled, holder)] if dialled is not None and holder is not None else []
    return assemble_snapshot(
        revision=0,
        links=linked,
        tables=tables,
        unusable=frozenset(unusable),
        horizon_at=0,
    )
