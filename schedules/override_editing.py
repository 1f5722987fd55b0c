"""Pure edits of a schedule's overrides (semantics.md rule 7)."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from schedules.date_text import format_moment, instants_of, parse_moment, parse_zone
from schedules.errors import Fault, FaultyValueError, InvalidScheduleError, NotFoundError, meant
from schedules.faults import faults_of
from schedules.field_text import free_slug, slug_of_name
from schedules.model import Override, Schedule, Treatment

OverrideState = Literal["in force", "to come", "past"]

LIVE: Final[tuple[OverrideState, ...]] = ("in force", "to come")

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class OverrideRequest:
    """An override as it is asked for, of one schedule or of many.

    A moment without an offset is local in each schedule's own zone, and a number is a minute of
    its day today. Without `begins` it begins now; `ends` may be how long it lasts. Without an
    `override_id` it gets one made of its reason.
    """

    treatment: Treatment
    reason: str
    ends: datetime | int | timedelta
    begins: datetime | int | None = None
    override_id: str | None = None


def with_override(schedule: Schedule, request: OverrideRequest, at: datetime) -> Schedule:
    """Put an override into a schedule as it is asked for at an instant, as `set_override` does it.

    `at` is aware. Raises `InvalidScheduleError` with every fault: times that have passed, don't
    exist or occur twice, a message or forward that this schedule lacks.
    """
    zone = parse_zone(schedule.timezone)
    clock = _LocalClock(zone, at.astimezone(zone).replace(second=0, microsecond=0))
    faults: list[Fault] = []
    # Where the times can't be used, others stand in for them, so that the rest is judged too.
    beginning, end = _span(request, clock, faults) or (clock.now, clock.now + _MINUTE)
    fields = {
        "from": beginning,
        "until": end,
        "slot": request.treatment,
        "reason": request.reason,
    }
    suggested = slug_of_name(request.reason) or "override"
    override_id = request.override_id or free_slug(suggested, schedule.overrides)
    try:
        edited = set_override(schedule, override_id, Override.model_validate(fields))
    except ValidationError as error:
        faults += faults_of(error)
    except InvalidScheduleError as error:
        faults += error.faults
    else:
        if not faults:
            return edited
    raise InvalidScheduleError(faults)


def set_override(schedule: Schedule, override_id: str, override: Override) -> Schedule:
    """Put an override into a schedule; the ones it replaces end where it begins.

    One that would begin while it is in force is left out, and so is one with the same id.
    """
    kept = {
        key: ended
        for key, present in schedule.overrides.items()
        if key != override_id and (ended := _until(present, override)) is not None
    }
    return schedule.replace(overrides={**kept, override_id: override})


def clear_overrides(schedule: Schedule, override_ids: Iterable[str]) -> Schedule:
    """Remove overrides; raises `NotFoundError` for ids that aren't there."""
    gone = set(override_ids)
    for override_id in sorted(gone - schedule.overrides.keys()):
        remedy = meant(override_id, schedule.overrides, "see `override list --all`")
        raise NotFoundError(f"{schedule.id} has no override {override_id[:80]!r}; {remedy}")
    kept = {key: present for key, present in schedule.overrides.items() if key not in gone}
    return schedule.replace(overrides=kept)


def override_state(override: Override, at: datetime) -> OverrideState:
    """Tell whether an override is in force at an aware instant, over, or still to come."""
    if override.until_at <= at:
        return "past"
    return "in force" if override.from_at <= at else "to come"


def overrides_that_are(
    states: Container[OverrideState], schedule: Schedule, at: datetime
) -> list[str]:
    """Return the ids of a schedule's overrides in these states at an aware instant."""
    return [
        key
        for key, override in schedule.overrides.items()
        if override_state(override, at) in states
    ]


def may_have_overrides(document: str) -> bool:
    """Tell quickly whether a stored document (JSON) can have overrides: never a false no."""
    return '"overrides":{}' not in document


def _until(present: Override, override: Override) -> Override | None:
    """Return what is left of an override once another begins, None for nothing."""
    if present.until_at <= override.from_at or override.until_at <= present.from_at:
        return present
    if present.from_at >= override.from_at:
        return None
    return present.model_copy(update={"until_at": override.from_at})


class _LocalClock(NamedTuple):
    """What a schedule's clock shows: `now` is aware, in `zone`, and a whole minute."""

    zone: ZoneInfo
    now: datetime

    def moment_of(self, when: datetime | int, earliest: datetime, remedy: str) -> datetime:
        """Return the one moment that is meant; raises `FaultyValueError`, also before `earliest`.

        The result has a fixed offset, as a document says it.
        """
        if isinstance(when, int):
            when = datetime.combine(self.now.date(), time()) + timedelta(minutes=when)
        if when.second:
            raise FaultyValueError(("is not a whole minute", "leave out the seconds"))
        if when.tzinfo is not None:
            moment = self.shown(when)
        else:
            moments = [
                self.shown(datetime.fromtimestamp(at, UTC)) for at in instants_of(when, self.zone)
            ]
            if not moments:
                problem = f"{when:%Y-%m-%d %H:%M} does not exist in {self.zone.key}"
                raise FaultyValueError((problem, "choose a time outside the hour the clock skips"))
            if len(moments) > 1:
                problem = f"{when:%Y-%m-%d %H:%M} occurs twice in {self.zone.key}"
                offsets = " or ".join(map(format_moment, moments))
                raise FaultyValueError((problem, f"give the offset: {offsets}"))
            moment = moments[0]
        if moment < earliest:
            problem = (
                f"{moment:%Y-%m-%d %H:%M} has passed: it is {self.now:%Y-%m-%d %H:%M} in "
                f"{self.zone.key}"
            )
            raise FaultyValueError((problem, remedy))
        return moment

    def shown(self, moment: datetime) -> datetime:
        """Return an aware moment with the offset it has here; raises for a year out of bounds."""
        return parse_moment(format_moment(moment.astimezone(self.zone)))


def _span(
    request: OverrideRequest, clock: _LocalClock, faults: list[Fault]
) -> tuple[datetime, datetime] | None:
    """Return where an override begins and ends, or None and why not in `faults`."""
    beginning = _try("from", faults, lambda: _beginning_of(request, clock))
    end = _try("until", faults, lambda: _end_of(request, clock, beginning or clock.now))
    if beginning is None or end is None:
        return None
    if end <= beginning:
        problem = (
            f"{format_moment(end)} doesn't lie after {format_moment(beginning)}, where it begins"
        )
        faults.append(Fault("until", problem, "let it end later"))
        return None
    return beginning, end


def _beginning_of(request: OverrideRequest, clock: _LocalClock) -> datetime:
    if request.begins is None:
        return clock.shown(clock.now)
    return clock.moment_of(request.begins, clock.now, "leave it out to begin now")


def _end_of(request: OverrideRequest, clock: _LocalClock, beginning: datetime) -> datetime:
    if isinstance(request.ends, timedelta):
        # As long as a clock runs, also where it is put forward or back.
        return clock.shown(beginning.astimezone(UTC) + request.ends)
    remedy = "give a later moment, with its date where that isn't today"
    return clock.moment_of(request.ends, clock.now + _MINUTE, remedy)


def _try(place: str, faults: list[Fault], read: Callable[[], datetime]) -> datetime | None:
    try:
        return read()
    except FaultyValueError as error:
        faults += [Fault(place, *pair) for pair in error.faults]
        return None
