"""Schedules whose answers change by the minute, their messages, and edits of them by operators."""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from audio_store.masters import MasterFiles
from pbx_adapters.data_dir import AUDIO_FOLDER
from schedules.model import Schedule
from schedules.sqlite_store import open_store
from tests.e2e.daemon import AT
from tests.engine import WEEKDAYS
from tests.faults.message_writer import wave_of

SCHEDULES: Final = 40
MESSAGES: Final = 30
# Where the numbers of a schedule end; what follows is linked to nobody.
LINKED_ENDS: Final = 50
# Its bytes are nowhere, as after a disk was lost.
GONE: Final = "90" * 32
EXCEPTION: Final = "vandaag"

_ZONES: Final = ("Europe/Amsterdam", "Europe/Amsterdam", "Europe/London", "America/Curacao")
_PBXES: Final = ("3cx", "swyx", "asterisk", "freeswitch", "generic")
_TREATMENTS: Final = (
    "open",
    "open audio=welkom",
    "open forward=storing",
    "break audio=pauze",
    "closed",
    "closed audio=gesloten",
    "closed audio=gesloten voicemail",
    "closed audio=weg",
    "closed forward=storing",
    "closed voicemail",
)
_DAY_MINUTES: Final = 1_440
# Of a day's boundaries so many lie within as many minutes from now.
_NEAR: Final = 5
_NEAR_MINUTES: Final = 20


@dataclass(frozen=True, slots=True)
class MixedSite:
    """A filled data directory: the ids of its schedules and the hashes of its messages."""

    data_dir: Path
    ids: tuple[str, ...]
    digests: tuple[str, ...]

    def number(self, schedule_id: str, end: int) -> str:
        """Return a number of a schedule in E.164, linked where `end` is below `LINKED_ENDS`."""
        return f"+31857{self.ids.index(schedule_id):04}{end:02}"


def furnish(data_dir: Path, now: Callable[[str], datetime], rng: Random) -> MixedSite:
    """Fill a data directory; `now` tells the time in a zone."""
    masters = MasterFiles(data_dir / AUDIO_FOLDER)
    digests = tuple(
        masters.add(wave_of(rng.randbytes(2 * rng.randrange(2_000, 400_000))))
        for _ in range(MESSAGES)
    )
    site = MixedSite(data_dir, tuple(f"klant-{place:02}" for place in range(SCHEDULES)), digests)
    with closing(open_store(data_dir)) as store, store.writing("mixed load", AT) as writer:
        for schedule_id in site.ids:
            drawn = Schedule.model_validate(draw_document(site, schedule_id, now, rng))
            writer.save(drawn, summary="made up")
    return site


def draw_document(
    site: MixedSite, schedule_id: str, now: Callable[[str], datetime], rng: Random
) -> dict[str, Any]:
    """Make up all of one schedule but its overrides; its numbers, zone and ids stay the same."""
    place = site.ids.index(schedule_id)
    zone = _ZONES[place % len(_ZONES)]
    names = ("welkom", "pauze", "gesloten")
    hashes = [*rng.sample(site.digests, len(names)), GONE]
    return {
        "id": schedule_id,
        "name": f"Klant {rng.randrange(10_000)}",
        "pbx": _PBXES[place % len(_PBXES)],
        "timezone": zone,
        "voicemail_email": f"receptie@{schedule_id}.example",
        "numbers": [f"{site.number(schedule_id, 0)}..{LINKED_ENDS - 1}"],
        "forwards": {"storing": {"name": "Storing", "number": draw_mobile(rng)}},
        "audio": {
            name: {"name": name.title(), "sha256": digest}
            for name, digest in zip((*names, "weg"), hashes, strict=True)
        },
        "week": {weekday: draw_day(now(zone), rng) for weekday in WEEKDAYS},
        "exceptions": {EXCEPTION: {"name": "Vandaag", "slots": draw_day(now(zone), rng)}},
        "holidays": {"koningsdag": {}},
    }


def draw_day(now: datetime, rng: Random) -> list[str]:
    """Make up the slots of a day, many of whose boundaries come soon."""
    present = now.hour * 60 + now.minute
    near = (present + minute for minute in rng.sample(range(_NEAR_MINUTES), _NEAR))
    cuts = {minute % _DAY_MINUTES for minute in (*near, *rng.sample(range(_DAY_MINUTES), 2))}
    starts = sorted({0, *cuts})
    slots, before = list[str](), ""
    for start, end in zip(starts, [*starts[1:], _DAY_MINUTES], strict=True):
        before = rng.choice([one for one in _TREATMENTS if one != before])
        slots.append(f"{_clock(start)}-{_clock(end)} {before}")
    return slots


def draw_mobile(rng: Random) -> str:
    """Make up a number that callers may be forwarded to."""
    return f"+316{rng.randrange(10_000_000, 60_000_000)}"


def draw_edit(
    site: MixedSite, folder: Path, now: Callable[[str], datetime], rng: Random
) -> list[str]:
    """Make up an edit as an operator types it, without the command's name; all are in order."""
    schedule_id = rng.choice(site.ids)
    zone = _ZONES[site.ids.index(schedule_id) % len(_ZONES)]
    today = now(zone).date()
    ways: Sequence[Callable[[], list[str]]] = (
        lambda: ["hours", "set", schedule_id, "all", *draw_day(now(zone), rng)],
        lambda: ["hours", "quick", schedule_id, "all", *_draw_times(now(zone), rng)],
        lambda: _draw_override(rng.sample(site.ids, rng.choice((1, 3))), rng),
        lambda: ["override", "clear", *rng.choice(([schedule_id], ["--all"]))],
        lambda: ["exception", "dates", schedule_id, EXCEPTION, *_draw_dates(today, rng)],
        lambda: ["exception", "edit", schedule_id, EXCEPTION, *draw_day(now(zone), rng)],
        lambda: ["forward", "set", schedule_id, "storing", "--number", draw_mobile(rng)],
        lambda: ["schedule", "rename", schedule_id, f"Klant {rng.randrange(10_000)} é"],
        lambda: ["apply", _write(folder, draw_document(site, schedule_id, now, rng))],
    )
    return rng.choice(ways)()


def _draw_times(now: datetime, rng: Random) -> list[str]:
    opening = rng.randrange(1, max(2, now.hour * 60 + now.minute))
    closing = rng.randrange(opening + 1, _DAY_MINUTES)
    return [_clock(opening), _clock(closing), "--closed-as", "closed audio=gesloten voicemail"]


def _draw_override(ids: Sequence[str], rng: Random) -> list[str]:
    treatment = rng.choice(_TREATMENTS)
    span = f"{rng.randrange(1, 5)}m"
    return ["override", "set", *ids, "--for", span, "--reason", "Storing", treatment]


def _draw_dates(today: date, rng: Random) -> list[str]:
    return ["--none", *rng.choice(([], ["--add", today.isoformat()]))]


def _write(folder: Path, document: dict[str, Any]) -> str:
    text = json.dumps(document)
    path = folder / f"{sha256(text.encode()).hexdigest()[:12]}.json"
    path.write_text(text)
    return str(path)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def time_in(zone: str) -> datetime:
    """Return the real time in a zone."""
    return datetime.now(ZoneInfo(zone))
