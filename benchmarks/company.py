"""Made-up companies with schedules as operators write them: for measurements and demonstrations.

Schedule `i` depends on the seed and on the schedules before it, not on how many follow.
"""

import struct
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from random import Random
from typing import Any, Final, NamedTuple

from schedules.date_text import DateRange
from schedules.holidays_nl import HOLIDAY_IDS
from schedules.model import Reading, Schedule
from schedules.slot_text import DAY_MINUTES, format_minute

MAX_COUNT: Final = 100_000
MESSAGES: Final = 20_000
TODAY: Final = date(2026, 11, 23)

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri")
_TRADES: Final = (
    "Garage", "Bakkerij", "Tandarts", "Huisartsenpraktijk", "Notaris", "Installatiebedrijf",
    "Fysiotherapie", "Makelaardij", "Apotheek", "Drukkerij", "Taxi", "Kapsalon",
)  # fmt: skip
_FAMILIES: Final = (
    "Jansen", "De Vries", "Bakker", "Visser", "Smit", "Meijer", "Mulder", "Bos", "Peters",
    "Hendriks", "Dekker", "Brouwer", "Van Dijk", "Kok", "Öztürk", "El Amrani",
)  # fmt: skip
_TOWNS: Final = (
    "Utrecht", "Zwolle", "Breda", "Leiden", "Assen", "Venlo", "Goes", "Hoorn", "Tiel", "Sneek",
)  # fmt: skip
_ZONES: Final = ("Europe/Amsterdam",) * 97 + ("Europe/Brussels", "Europe/London", "America/Curacao")
_PBXES: Final = ("3cx", "3cx", "3cx", "swyx", "asterisk", "freeswitch", "generic")
_CLOSED_MESSAGES: Final = ("gesloten", "buiten-kantooruren", "avondtekst", "we-zijn-gesloten")
_BREAK_MESSAGES: Final = ("pauze", "lunchpauze", "even-pauze")
_HOLIDAY_MESSAGES: Final = ("feestdag", "feestdagen", "vrije-dag")
_FORWARDS: Final = ("storing", "piket", "achterwacht", "dienstdoende", "weekenddienst", "meldkamer")
_OCCASIONS: Final = (
    "Teamdag", "Open dag", "Inventarisatie", "Verbouwing", "Koopavond", "Vakantie",
    "Personeelsfeest", "Zomersluiting", "Cursusdag", "Braderie",
)  # fmt: skip

_Spans = list[tuple[int, int, str]]


class _Treatments(NamedTuple):
    """The words that follow the times of a slot, by what it is for."""

    open: str
    closed: str
    pause: str
    holiday: str


def generate_schedules(count: int, seed: int = 1, *, today: date = TODAY) -> Iterator[Schedule]:
    """Yield `count` schedules, at most 100,000, that share no id and no number.

    Exceptions lie around `today`, from a month before it to some 15 months after.
    """
    # The generator writes what a save would accept; a test judges that, so that this is fast.
    stored = Reading(is_stored=True)
    for document in generate_documents(count, seed, today=today):
        yield Schedule.model_validate(document, context=stored)


def generate_documents(
    count: int, seed: int = 1, *, today: date = TODAY
) -> Iterator[dict[str, Any]]:
    """Yield the same schedules as documents; arguments as of `generate_schedules`."""
    if count > MAX_COUNT:
        raise ValueError(f"there are numbers for {MAX_COUNT:,} schedules; ask for no more")
    rng = Random(seed)
    for place in range(count):
        yield _document(rng, place, today)


def _document(rng: Random, place: int, today: date) -> dict[str, Any]:
    name = f"{rng.choice(_TRADES)} {rng.choice(_FAMILIES)} {rng.choice(_TOWNS)}"
    email = f"receptie@klant-{place:05}.example" if rng.random() < 0.7 else None
    audio = _audio(rng)
    forwards = _forwards(rng)
    treatments = _treatments(rng, list(audio), list(forwards), has_voicemail=email is not None)
    document = {
        "id": f"klant-{place:05}",
        "name": name,
        "company": f"{name} BV",
        "pbx": rng.choice(_PBXES),
        "timezone": rng.choice(_ZONES),
        "voicemail_email": email,
        "numbers": _numbers(rng, place),
        "forwards": forwards,
        "audio": audio,
        "week": _week(rng, treatments),
        "exceptions": _exceptions(rng, treatments, today),
        "holidays": _holidays(rng, treatments),
    }
    return {key: value for key, value in document.items() if value is not None}


def _numbers(rng: Random, place: int) -> list[str]:
    """Draw numbers from the hundred that is this schedule's own: one to four, or a block."""
    hundred = f"+3185{place:05}"
    if rng.random() < 0.1:
        return [f"{hundred}00..{rng.choice(('9', '49', '99')):0>2}"]
    ends = sorted(rng.sample(range(100), rng.choice((1, 1, 1, 2, 4))))
    return [f"{hundred}{end:02}" for end in ends]


def message_bytes(number: int) -> bytes:
    """Make a short message, the same one for the same number below `MESSAGES`."""
    samples = sha256(number.to_bytes(4, "big")).digest()
    head = b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt " + struct.pack("<I", 16)
    form = struct.pack("<HHIIHH", 1, 1, 8_000, 16_000, 2, 16)
    return head + form + b"data" + struct.pack("<I", len(samples)) + samples


def _audio(rng: Random) -> dict[str, Any]:
    if rng.random() < 0.25:
        return {}
    names = [
        rng.choice(kind)
        for kind, share in (
            (_CLOSED_MESSAGES, 1.0),
            (_BREAK_MESSAGES, 0.4),
            (_HOLIDAY_MESSAGES, 0.4),
        )
        if rng.random() < share
    ]
    return {
        name: {
            "name": name.replace("-", " ").capitalize(),
            "sha256": sha256(message_bytes(rng.getrandbits(256) % MESSAGES)).hexdigest(),
        }
        for name in names
    }


def _forwards(rng: Random) -> dict[str, Any]:
    names = rng.sample(_FORWARDS, rng.choice((0, 1, 1, 2, 3)))
    return {
        name: {"name": name.capitalize(), "number": f"+316{rng.randrange(10_000_000, 60_000_000)}"}
        for name in names
    }


def _treatments(
    rng: Random, audio: list[str], forwards: list[str], *, has_voicemail: bool
) -> _Treatments:
    def message(kind: tuple[str, ...]) -> str:
        return next((f" audio={name}" for name in audio if name in kind), "")

    closed = message(_CLOSED_MESSAGES)
    after_hours = [""]
    if forwards:
        after_hours.append(f" forward={forwards[0]}")
    if has_voicemail:
        after_hours.append(" voicemail")
    is_forwarded = len(forwards) > 1 and rng.random() < 0.2
    return _Treatments(
        open=f"open forward={forwards[1]}" if is_forwarded else "open",
        closed=f"closed{closed}{rng.choice(after_hours)}",
        pause=f"break{message(_BREAK_MESSAGES)}",
        holiday=f"closed{message(_HOLIDAY_MESSAGES) or closed}{after_hours[-1]}",
    )


def _week(rng: Random, treatments: _Treatments) -> dict[str, list[str]]:
    """Draw a week: around the clock, a bar past midnight, or office and shop hours."""
    kind = rng.random()
    if kind < 0.04:
        return dict.fromkeys(
            (*_WEEKDAYS, "sat", "sun"), _day([(0, DAY_MINUTES, "open")], treatments)
        )
    if kind < 0.1:
        return _bar_week(rng, treatments)
    opens, closes = 60 * 7 + 15 * rng.randrange(13), 60 * 16 + 15 * rng.randrange(13)
    usual = _office_day(rng, opens, closes)
    week = dict.fromkeys(_WEEKDAYS, _day(usual, treatments))
    if rng.random() < 0.25:
        week[rng.choice(_WEEKDAYS)] = _day([(opens, 60 * 21, "open")], treatments)
    if rng.random() < 0.25:
        week["fri"] = _day([(opens, 60 * 15 + 15 * rng.randrange(4), "open")], treatments)
    saturday: _Spans = [(opens + 60, 60 * 13 + 30 * rng.randrange(8), "open")]
    week["sat"] = _day(saturday if rng.random() < 0.45 else [], treatments)
    week["sun"] = _day([(60 * 12, 60 * 17, "open")] if rng.random() < 0.1 else [], treatments)
    return week


def _office_day(rng: Random, opens: int, closes: int) -> _Spans:
    if rng.random() < 0.5:
        return [(opens, closes, "open")]
    pause, lasts = 60 * 12 + 15 * rng.randrange(3), rng.choice((30, 45, 60))
    return [
        (opens, pause, "open"),
        (pause, pause + lasts, "pause"),
        (pause + lasts, closes, "open"),
    ]


def _bar_week(rng: Random, treatments: _Treatments) -> dict[str, list[str]]:
    opens, closes = 60 * 15 + 30 * rng.randrange(6), 60 + 30 * rng.randrange(6)
    evening = (opens, DAY_MINUTES, "open")
    first = _day([evening], treatments)
    later = _day([(0, closes, "open"), evening], treatments)
    return {**dict.fromkeys((*_WEEKDAYS, "sat", "sun"), later), "mon": first}


def _day(spans: _Spans, treatments: _Treatments) -> list[str]:
    """Write a day's slots: the spans, and closed around them."""
    slots: list[str] = []
    minute = 0
    for start, end, kind in [*spans, (DAY_MINUTES, DAY_MINUTES, "")]:
        if minute < start:
            slots.append(f"{format_minute(minute)}-{format_minute(start)} {treatments.closed}")
        if kind:
            treatment = getattr(treatments, kind)
            slots.append(f"{format_minute(start)}-{format_minute(end)} {treatment}")
        minute = end
    return slots


def _exceptions(rng: Random, treatments: _Treatments, today: date) -> dict[str, Any]:
    exceptions: dict[str, Any] = {}
    day = today - timedelta(days=rng.randrange(30))
    for number in range(rng.choice((0, 0, 1, 1, 2, 2, 3, 4, 6, 8))):
        day += timedelta(days=1 + rng.randrange(55))
        last = day + timedelta(days=0 if rng.random() < 0.7 else rng.randrange(2, 16))
        is_closed = last > day or rng.random() < 0.5
        opens = 60 * 9 + 15 * rng.randrange(8)
        spans: _Spans = [] if is_closed else [(opens, opens + 60 * rng.randrange(2, 8), "open")]
        name = rng.choice(_OCCASIONS)
        exceptions[f"{name.lower().replace(' ', '-')}-{number + 1}"] = {
            "name": name,
            "dates": [str(DateRange(day, last))],
            "slots": _day(spans, treatments),
        }
        day = last
    return exceptions


def _holidays(rng: Random, treatments: _Treatments) -> dict[str, Any]:
    if rng.random() < 0.15:
        return {}
    closed = [f"00:00-24:00 {treatments.holiday}"]
    holidays: dict[str, Any] = {
        holiday: {"slots": closed}
        for holiday in HOLIDAY_IDS
        if holiday not in ("goede_vrijdag", "bevrijdingsdag")
    }
    if rng.random() < 0.5:
        holidays["bevrijdingsdag"] = {"every": "lustrum", "slots": closed}
    if rng.random() < 0.3:
        holidays["goede_vrijdag"] = {"slots": closed}
    if rng.random() < 0.15:
        short = [(60 * 10, 60 * 14, "open")]
        holidays["tweede_paasdag"] = {"slots": _day(short, treatments)}
    return holidays
