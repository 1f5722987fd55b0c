"""A PBX that decides by its table treats each call as the daemon would have, minute by minute."""

from functools import cache
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from pbx_adapters.answer import answer_fields, format_instant
from pbx_adapters.signed_table import render_table
from routing_engine.decision import CallQuery
from routing_engine.resolver import resolve
from routing_engine.snapshot import RoutingSnapshot
from schedules.documents import read_document
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from tests.engine import OFFICE_DAY, OPEN, instant, schedule_of, snapshot_of, table_of
from tests.pbx.table_reader import fields_of, find_line

EXAMPLES: Final = Path(__file__).parents[2] / "docs/examples"
BASE_URL: Final = "https://bereikbaar.example.nl"
MINUTE: Final = 60
WEEK: Final = 10_080 * MINUTE
ABROAD: Final = ForwardPolicy(region="FR")
NIGHT: Final = ("00:00-01:45 closed", "01:45-02:15 open", "02:15-02:50 break", "02:50-24:00 closed")


@cache
def example(name: str) -> dict[str, Any]:
    """Return a document of the example company; each of its messages has bytes of its own."""

    def take_file(file: str) -> str:
        return file.encode().hex()[:32].ljust(64, "0")

    text = (EXAMPLES / f"{name}.yaml").read_bytes()
    return read_document(text, ForwardPolicy(), take_file=take_file).schedule.model_dump()


def example_of(name: str, **fields: object) -> Schedule:
    """Return a schedule of the example company, some of it otherwise."""
    return Schedule.model_validate(example(name) | fields)


def span(start: str, end: str, slot: str) -> dict[str, str]:
    """Return an override as a document has it."""
    return {"from": start, "until": end, "slot": slot, "reason": "Storing"}


def half_hours(*treatments: str) -> tuple[str, ...]:
    """Return a day of 48 slots, as many as there may be, that are treated in turn."""
    edges = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(0, 1_470, 30)]
    return tuple(
        f"{start}-{end} {treatments[place % len(treatments)]}"
        for place, (start, end) in enumerate(pairwise(edges))
    )


OVERRIDDEN: Final = example_of(
    "hoofdkantoor",
    overrides={
        "begun": span("2026-12-01T08:00+01:00", "2026-12-02T13:37+01:00", "open"),
        "one-minute": span("2026-12-03T10:00+01:00", "2026-12-03T10:01+01:00", "break"),
        "next-minute": span("2026-12-03T10:01+01:00", "2026-12-03T10:02+01:00", "closed"),
        "into-open-dag": span("2026-12-04T23:30+01:00", "2026-12-05T00:30+01:00", "open"),
        "goes-on": span("2026-12-08T09:00+01:00", "2026-12-20T09:00+01:00", "closed voicemail"),
    },
)
CASES: Final[dict[str, tuple[Schedule, str, dict[str, Any]]]] = {
    "hoofdkantoor-and-an-exception": (example_of("hoofdkantoor"), "2026-12-01T11:22:33", {}),
    "hoofdkantoor-at-christmas": (example_of("hoofdkantoor"), "2026-12-23T23:59:59", {}),
    "hoofdkantoor-into-summer-time": (example_of("hoofdkantoor"), "2027-03-23T08:30:00", {}),
    "winkel-and-late-shopping": (example_of("winkel-zwolle"), "2026-11-25T12:00:01", {}),
    "cafe-into-winter-time": (example_of("fietscafe"), "2026-10-20T00:00:00", {}),
    "cafe-into-summer-time": (example_of("fietscafe"), "2027-03-27T01:59:59", {}),
    "cafe-on-koningsdag": (example_of("fietscafe"), "2027-04-24T17:00:00", {}),
    "on-call-at-christmas": (example_of("storingsdienst"), "2026-12-20T06:59:59", {}),
    "overrides": (OVERRIDDEN, "2026-12-02T10:00:30", {}),
    "message-gone": (
        example_of("hoofdkantoor"),
        "2026-11-30T00:00:00",
        {"missing": frozenset({example_of("hoofdkantoor").audio["pauze"].sha256})},
    ),
    "forwards-refused": (example_of("hoofdkantoor"), "2026-11-30T00:00:00", {"policy": ABROAD}),
    "slots-in-the-doubled-hour": (schedule_of(NIGHT), "2026-10-24T18:00:00", {}),
    "slots-in-the-skipped-hour": (schedule_of(NIGHT), "2027-03-27T18:00:00", {}),
    "new-york-into-winter": (
        schedule_of(OFFICE_DAY, timezone="America/New_York", sun=NIGHT),
        "2026-10-30T12:00-04:00",
        {},
    ),
    "chatham-into-summer": (
        schedule_of(OFFICE_DAY, timezone="Pacific/Chatham", sun=NIGHT),
        "2026-09-24T12:00+12:45",
        {},
    ),
    "most-slots": (schedule_of(half_hours("open", "closed")), "2026-11-23T12:45", {}),
    "most-slots-all-alike-but-one": (
        schedule_of(half_hours("open"), fri=half_hours("open", "break")),
        "2026-11-23T12:45",
        {},
    ),
    "change-comes-within-400-days": (
        schedule_of(OPEN, exceptions={"dicht": {"name": "Dicht", "dates": ["2027-12-31"]}}),
        "2026-11-23T12:45",
        {},
    ),
}


def hook_fields(snapshot: RoutingSnapshot, schedule: str, at: int) -> list[tuple[str, str]]:
    """Return the fields of the hook's answer at an instant, without those of one call alone."""
    decision = resolve(snapshot, CallQuery(at, schedule=schedule))
    fields = answer_fields(decision, "", "", BASE_URL)
    return [(name, text) for name, text in fields.items() if name not in ("at", "decision_id")]


@cache
def table_fields(line: str) -> list[tuple[str, str]]:
    """Return the fields of an interval's line, without its two instants."""
    (_, _), (_, _), *fields = fields_of(line).items()
    return fields


@pytest.mark.parametrize(("schedule", "start", "targets"), CASES.values(), ids=CASES)
def test_every_minute_of_the_table_is_what_the_hook_says(
    schedule: Schedule, start: str, targets: dict[str, Any]
) -> None:
    """All fields are equal for all 10,080 minutes, and a second around each interval's edge."""
    table, first_at = table_of(schedule, first=start[:10], **targets), instant(start)
    snapshot = snapshot_of(table)
    lines = render_table(table, first_at, BASE_URL).decode().split("\n")
    edges = [instant(line[9:29]) for line in lines if line.startswith('{"from"')]
    around = [edge + second for edge in edges[1:] for second in (-1, 0, 1)]
    for at in chain(range(first_at, first_at + WEEK, MINUTE), around, [first_at + WEEK - 1]):
        found = find_line(lines, format_instant(at))
        assert table_fields(found) == hook_fields(snapshot, table.schedule, at)


def test_the_cases_are_what_they_are_named_after() -> None:
    """Exceptions, overrides, holidays, breaks and unusable targets do stand in their tables."""
    told = {
        name: render_table(
            table_of(schedule, first=start[:10], **targets), instant(start), BASE_URL
        ).decode()
        for name, (schedule, start, targets) in CASES.items()
    }
    for name, text in {
        "hoofdkantoor-and-an-exception": '"rule":"exceptions/open-dag"',
        "hoofdkantoor-at-christmas": '"rule":"holidays/eerste_kerstdag"',
        "hoofdkantoor-into-summer-time": '"until":"2027-03-28T01:00:00Z"',
        "winkel-and-late-shopping": '"rule":"exceptions/koopzondag"',
        "cafe-into-winter-time": '"until":"2026-10-25T01:00:00Z"',
        "cafe-into-summer-time": '"until":"2027-03-28T01:00:00Z"',
        "cafe-on-koningsdag": '"rule":"holidays/koningsdag"',
        "on-call-at-christmas": '"action":"forward"',
        "message-gone": '"error":"audio-missing"',
        "forwards-refused": '"error":"forward-refused"',
        "new-york-into-winter": '"until":"2026-11-01T06:00:00Z"',
        "chatham-into-summer": '"until":"2026-09-26T14:00:00Z"',
        "change-comes-within-400-days": '"until":"2026-11-25T23:00:00Z"',
    }.items():
        assert text in told[name], name
    assert all(f'"rule":"overrides/{name}"' in told["overrides"] for name in OVERRIDDEN.overrides)
    assert told["most-slots"].count('"from"') == 337
    # The night itself has two breaks, or none; each of the six after it has one.
    breaks = {name: text.count('"status":"break"') for name, text in told.items()}
    assert breaks["slots-in-the-doubled-hour"] == 2 + 6
    assert breaks["slots-in-the-skipped-hour"] == 0 + 6
