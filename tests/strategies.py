"""Random valid schedules, for every property test that needs one."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any, Final

from hypothesis import strategies as st

from schedules.holidays_nl import HOLIDAY_IDS
from schedules.model import Schedule

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
AMSTERDAM: Final = "Europe/Amsterdam"
OTHER_ZONES: Final = ("America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
FIRST_DAY: Final = date(2026, 1, 1)
LAST_DAY: Final = date(2029, 12, 31)
# Days on which a mistake would show: clocks change, leap day, holidays that meet or move.
NOTABLE_DAYS: Final = tuple(
    map(
        date.fromisoformat,
        (
            *("2026-03-29", "2026-10-25", "2027-03-28", "2027-10-31", "2028-03-26", "2028-10-29"),
            *("2026-03-08", "2026-11-01", "2026-04-05", "2026-10-04"),
            *("2028-02-28", "2028-02-29", "2028-03-01", "2026-12-31", "2027-01-01"),
            *("2026-04-27", "2026-05-05", "2026-05-14", "2026-12-25", "2027-04-27", "2029-05-10"),
        ),
    )
)

_SMALL_HOURS = st.integers(60, 240)
_MINUTES = st.one_of(
    st.sampled_from((30, 120, 150, 180, 510, 750, 780, 1020, 1439)),
    st.integers(1, 1439),
    _SMALL_HOURS,
)
_DAYS = st.one_of(st.sampled_from(NOTABLE_DAYS), st.dates(FIRST_DAY, LAST_DAY))
_SLUGS = st.one_of(
    st.sampled_from(("storing", "2026", "007", "yes", "null", "a-b", "1e3", "open-dag")),
    st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True),
)
_PRINTABLE = st.characters(exclude_categories=("C", "Z"), include_characters=" ")
_NAMES = st.one_of(
    st.sampled_from(("Open dag", "yes", "007", "null", "~", "- a", "a: b", "#x", "'", '"', "{}")),
    st.text(_PRINTABLE, min_size=1, max_size=64).filter(str.strip),
)
_FREE_TEXTS = st.one_of(
    st.sampled_from(("", "Voorbeeld BV", "een\ntwee\n\n  drie\n", "\t", " ", "a #b", "0612345678")),
    st.text(st.one_of(_PRINTABLE, st.sampled_from("\n\t")), max_size=80),
)
_HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
_STATUSES = st.sampled_from(("open", "closed", "break"))
_DUTCH_NUMBERS = st.sampled_from(("+31612345678", "+31201234567", "+31880000000", "+318001234"))
_ABROAD: Final = {"BE": "+3225120000", "DE": "+4930123456"}


def schedules_strategy() -> st.SearchStrategy[Schedule]:
    """Schedules that hold together, whose forwards the home policy allows."""
    return documents_strategy().map(Schedule.model_validate)


@st.composite
def documents_strategy(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the mapping of a valid schedule document, without `revision`."""
    countries = draw(st.lists(st.sampled_from(sorted(_ABROAD)), unique=True, max_size=2))
    numbers = st.one_of(_DUTCH_NUMBERS, *(st.just(_ABROAD[country]) for country in countries))
    forwards = draw(_maps(st.fixed_dictionaries({"name": _NAMES, "number": numbers}), 3))
    audio = draw(_maps(st.fixed_dictionaries({"name": _NAMES, "sha256": _HASHES}), 3))
    email = draw(st.one_of(st.none(), st.just("receptie@example.nl")))
    treatments = draw(
        st.lists(_treatments(list(forwards), list(audio), email), min_size=1, max_size=5)
    )
    plans = draw(st.lists(_day_plans(treatments), min_size=1, max_size=4))
    plan = st.sampled_from(plans)
    exceptions = draw(_exceptions(plan))
    holidays = draw(_holidays(plan))
    days = (
        *(f"week/{weekday}" for weekday in WEEKDAYS),
        *(f"exceptions/{exception}" for exception in exceptions),
        *(f"holidays/{holiday}" for holiday in holidays),
    )
    document = {
        "id": draw(_SLUGS),
        "name": draw(_NAMES),
        "company": draw(st.one_of(st.none(), _FREE_TEXTS)),
        "notes": draw(st.one_of(st.none(), _FREE_TEXTS)),
        "pbx": draw(st.sampled_from(("3cx", "swyx", "asterisk", "freeswitch", "generic"))),
        "timezone": draw(st.one_of(st.just(AMSTERDAM), st.sampled_from((AMSTERDAM, *OTHER_ZONES)))),
        "voicemail_email": email,
        "forward_countries": countries,
        "numbers": draw(_number_entries()),
        "forwards": forwards,
        "audio": audio,
        "week": {weekday: draw(plan) for weekday in WEEKDAYS},
        "exceptions": exceptions,
        "holidays": holidays,
        "template": draw(st.one_of(st.none(), st.sampled_from(days))),
        "overrides": draw(_overrides(treatments)),
        "expect": draw(st.lists(_expectations(), max_size=3)),
    }
    return {key: value for key, value in document.items() if value is not None}


def _maps(values: st.SearchStrategy[Any], max_size: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(_SLUGS, values, max_size=max_size)


@st.composite
def _treatments(draw: st.DrawFn, forwards: list[str], audio: list[str], email: str | None) -> str:
    """Draw what stands in a slot after its times; only what the schedule has is named."""
    targets = ["", *(f" forward={forward}" for forward in forwards)]
    if email is not None:
        targets.append(" voicemail")
    message = draw(st.sampled_from(["", *(f" audio={message}" for message in audio)]))
    return draw(_STATUSES) + message + draw(st.sampled_from(targets))


@st.composite
def _day_plans(draw: st.DrawFn, treatments: list[str]) -> list[str]:
    """Draw the slots of a day; neighbours may well be treated alike."""
    boundaries = sorted(draw(st.sets(_MINUTES, max_size=5)))
    return [
        f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02} "
        f"{draw(st.sampled_from(treatments))}"
        for start, end in zip([0, *boundaries], [*boundaries, 1440], strict=True)
    ]


@st.composite
def _exceptions(draw: st.DrawFn, plan: st.SearchStrategy[list[str]]) -> dict[str, Any]:
    """Draw up to 8 exceptions, drafts among them, no date twice."""
    taken: set[date] = set()
    exceptions: dict[str, Any] = {}
    for exception in draw(st.lists(_SLUGS, unique=True, max_size=8)):
        spans = []
        for first in draw(st.lists(_DAYS, max_size=4)):
            days = [first + timedelta(days=n) for n in range(draw(st.integers(1, 4)))]
            if taken.isdisjoint(days):
                taken.update(days)
                spans.append(f"{days[0]}..{days[-1]}" if len(days) > 1 else str(first))
        exceptions[exception] = {"name": draw(_NAMES), "dates": spans, "slots": draw(plan)}
    return exceptions


@st.composite
def _holidays(draw: st.DrawFn, plan: st.SearchStrategy[list[str]]) -> dict[str, Any]:
    holidays: dict[str, Any] = {}
    for holiday in draw(st.lists(st.sampled_from(HOLIDAY_IDS), unique=True)):
        rule: dict[str, Any] = {"active": draw(st.booleans())}
        if holiday == "bevrijdingsdag":
            rule["every"] = draw(st.sampled_from(("year", "lustrum")))
        if draw(st.booleans()):
            rule["slots"] = draw(plan)
        holidays[holiday] = rule
    return holidays


@st.composite
def _number_entries(draw: st.DrawFn) -> list[str]:
    """Draw numbers and blocks of which no two overlap."""
    hundreds = draw(st.lists(st.integers(0, 99_999), unique=True, max_size=4))
    return [f"+3185{n:05}00" + draw(st.sampled_from(("", "..99", "..9"))) for n in hundreds]


@st.composite
def _moments(draw: st.DrawFn) -> datetime:
    """Draw a whole minute, often near one of the notable days."""
    day = draw(_DAYS)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight + timedelta(minutes=draw(st.integers(-120, 1560)))


@st.composite
def _overrides(draw: st.DrawFn, treatments: list[str]) -> dict[str, Any]:
    """Draw up to 3 overrides that don't overlap; one may begin where another ends."""
    moments = sorted(draw(st.sets(_moments(), max_size=6)))
    step = draw(st.sampled_from((1, 2)))
    spans = list(pairwise(moments))[::step][:3]
    ids = draw(st.lists(_SLUGS, unique=True, min_size=len(spans), max_size=len(spans)))
    offset = timezone(timedelta(minutes=draw(st.sampled_from((0, 60, 120, -300, 330, 645)))))
    return {
        override: {
            "from": start.astimezone(offset).isoformat(timespec="minutes"),
            "until": end.astimezone(offset).isoformat(timespec="minutes"),
            "slot": draw(st.sampled_from(treatments)),
            "reason": draw(_NAMES),
        }
        for override, (start, end) in zip(ids, spans, strict=True)
    }


@st.composite
def _expectations(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a moment with an offset, or a local one that exists in every zone drawn here."""
    moment = draw(_moments())
    if draw(st.booleans()):
        return {"at": moment.isoformat(timespec="minutes"), "status": draw(_STATUSES)}
    local = moment.replace(tzinfo=None, hour=max(moment.hour, 4))
    return {"at": local.isoformat(timespec="minutes"), "status": draw(_STATUSES)}
