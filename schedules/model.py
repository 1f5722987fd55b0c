"""What operators write down: one schedule decides the calls of one company, branch or department.

The same frozen types are the document, the stored form and the domain. A `Schedule` that exists is
consistent: building an inconsistent one raises `InvalidScheduleError` with every fault found.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PlainSerializer,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_serializer,
    model_validator,
)

from schedules.consistency import inconsistencies
from schedules.date_text import (
    DateRange,
    format_moment,
    parse_date_range,
    parse_moment,
    parse_zone,
)
from schedules.errors import FaultyValueError, InvalidScheduleError
from schedules.faults import faults_of
from schedules.field_text import (
    check_country,
    check_email,
    check_free_text,
    check_holiday_id,
    check_name,
    check_sha256,
    check_slug,
    text_reader,
)
from schedules.forward_rules import ForwardPolicy
from schedules.slot_text import (
    DAY_MINUTES,
    Status,
    format_slot,
    format_treatment,
    parse_minute,
    parse_slot,
    parse_treatment,
)
from schedules.telephone import NumberBlock, parse_forward_number, parse_number_entry

Pbx = Literal["3cx", "swyx", "asterisk", "freeswitch", "generic"]
Slug = Annotated[str, AfterValidator(check_slug)]
Name = Annotated[str, AfterValidator(check_name)]
HolidayId = Annotated[str, AfterValidator(check_holiday_id)]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a document is read: in which telephone region, and what need not be judged.

    What the store kept was judged when it was saved. A reader that tells the faults of parts and
    whole together judges the whole itself.
    """

    region: str = "NL"
    is_stored: bool = False
    is_whole_judged_later: bool = False


STORED: Final = Reading(is_stored=True)


class Part(BaseModel):
    """What all parts of a schedule share: immutable, and no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Treatment(Part):
    """What happens to a caller: a status, a message first, then a forward or voicemail."""

    status: Status
    audio: Slug | None = None
    forward: Slug | None = None
    voicemail: bool = False

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        if self.forward is not None and self.voicemail:
            raise FaultyValueError(("has both a forward and voicemail", "keep one of the two"))
        return self


class Slot(Treatment):
    """A half-open span of a day, in minutes from midnight, with its treatment."""

    start: int = Field(alias="from", ge=0, lt=DAY_MINUTES)
    end: int = Field(alias="to", gt=0, le=DAY_MINUTES)

    @field_validator("start", "end", mode="before")
    @classmethod
    def _read_time(cls, value: object, info: ValidationInfo) -> object:
        is_end = info.field_name == "end"
        return parse_minute(value, is_end=is_end) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_span(self) -> Self:
        if self.end <= self.start:
            raise FaultyValueError(
                ("ends before it starts", "write overnight hours as two slots on two days")
            )
        return self

    @model_serializer
    def _write(self) -> str:
        return format_slot(self.start, self.end, self)


@lru_cache(maxsize=4_096)
def slot_of(text: str) -> Slot:
    """Return the slot that a text such as `08:30-17:00 open` says; raises `FaultyValueError`."""
    try:
        return Slot.model_validate(parse_slot(text))
    except ValidationError as error:
        raise _told_whole(error) from None


@lru_cache(maxsize=4_096)
def treatment_of(text: str) -> Treatment:
    """Return the treatment that a text such as `closed audio=storing` says."""
    try:
        return Treatment.model_validate(parse_treatment(text))
    except ValidationError as error:
        raise _told_whole(error) from None


def _told_whole(error: ValidationError) -> FaultyValueError:
    return FaultyValueError(*((fault.problem, fault.remedy) for fault in faults_of(error)))


@lru_cache(maxsize=2_048)
def _plan_of(texts: tuple[str, ...]) -> tuple[Slot, ...]:
    return tuple([slot_of(text) for text in texts])


def _read_plan(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Read a day in one step where that works: days look alike, over the week and elsewhere."""
    if isinstance(value, list):
        try:
            return _plan_of(tuple(value))
        except (FaultyValueError, TypeError):
            # Not all are texts, or not all are slots: one by one, each fault gets its own place.
            pass
    return validate(value)


DayPlan = Annotated[tuple[Annotated[Slot, text_reader(slot_of)], ...], WrapValidator(_read_plan)]

CLOSED_ALL_DAY: DayPlan = (slot_of("00:00-24:00 closed"),)


class WeeklyHours(Part):
    """Seven day plans, Monday to Sunday."""

    mon: DayPlan
    tue: DayPlan
    wed: DayPlan
    thu: DayPlan
    fri: DayPlan
    sat: DayPlan
    sun: DayPlan


class Forward(Part):
    """A named telephone number, in E.164, that a caller is forwarded to."""

    name: Name
    number: str

    @field_validator("number")
    @classmethod
    def _read_number(cls, value: str, info: ValidationInfo) -> str:
        reading = _reading_of(info)
        return value if reading.is_stored else parse_forward_number(value, reading.region)


class AudioMessage(Part):
    """A named message the caller hears first; its bytes are the stored master with this hash."""

    name: Name
    sha256: Annotated[str, AfterValidator(check_sha256)]


Dates = Annotated[InstanceOf[DateRange], text_reader(parse_date_range), PlainSerializer(str)]
Moment = Annotated[InstanceOf[datetime], text_reader(parse_moment), PlainSerializer(format_moment)]


class ExceptionDays(Part):
    """Dated hours that replace the weekly hours; without dates a draft (semantics.md rule 9)."""

    name: Name
    dates: tuple[Dates, ...] = ()
    slots: DayPlan = CLOSED_ALL_DAY


class HolidayRule(Part):
    """A holiday that was set up; `every` is `lustrum` for years divisible by five only."""

    active: bool = True
    every: Literal["year", "lustrum"] = "year"
    slots: DayPlan = CLOSED_ALL_DAY


class Override(Part):
    """A treatment forced from one instant up to another, with its reason."""

    from_at: Moment = Field(alias="from")
    until_at: Moment = Field(alias="until")
    slot: Annotated[Treatment, text_reader(treatment_of), PlainSerializer(format_treatment)]
    reason: Name

    @field_validator("from_at", "until_at")
    @classmethod
    def _check_moment(cls, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise FaultyValueError(("has no offset", f"write it as {format_moment(value)}+01:00"))
        if value.second:
            raise FaultyValueError(("is not a whole minute", "leave out the seconds"))
        return value

    @model_validator(mode="after")
    def _check_span(self) -> Self:
        if self.until_at <= self.from_at:
            raise FaultyValueError(("ends before it starts", "put `until` after `from`"))
        return self


class Expectation(Part):
    """A saved expectation: at this moment the status is this one (semantics.md rule 27)."""

    at: Moment
    status: Status


def _read_number_entry(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    reading = _reading_of(info)
    if reading.is_stored:
        return NumberBlock.from_text(value)
    return parse_number_entry(value, reading.region)


NumberEntry = Annotated[
    InstanceOf[NumberBlock], BeforeValidator(_read_number_entry), PlainSerializer(str)
]
Country = Annotated[str, AfterValidator(check_country)]
# An empty text is the same as none.
FreeText = Annotated[str, AfterValidator(check_free_text)]
Email = Annotated[str, AfterValidator(check_email)]


class Schedule(Part):
    """Everything that decides the calls of one entity; keys stand in the order of an export."""

    id: Slug
    name: Name
    company: FreeText | None = None
    notes: FreeText | None = None
    pbx: Pbx
    timezone: str = "Europe/Amsterdam"
    voicemail_email: Email | None = None
    forward_countries: tuple[Country, ...] = ()
    numbers: tuple[NumberEntry, ...] = ()
    forwards: Mapping[Slug, Forward] = {}
    audio: Mapping[Slug, AudioMessage] = {}
    week: WeeklyHours
    exceptions: Mapping[Slug, ExceptionDays] = {}
    holidays: Mapping[HolidayId, HolidayRule] = {}
    template: str | None = None
    overrides: Mapping[Slug, Override] = {}
    expect: tuple[Expectation, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, value: str) -> str:
        return parse_zone(value).key

    @model_validator(mode="after")
    def _check_consistency(self, info: ValidationInfo) -> Self:
        reading = _reading_of(info)
        if reading.is_stored or reading.is_whole_judged_later:
            return self
        if faults := inconsistencies(self):
            raise InvalidScheduleError(faults)
        return self

    def forward_policy(self, policy: ForwardPolicy) -> ForwardPolicy:
        """Return the policy with the countries that this schedule opts in to itself."""
        if not self.forward_countries:
            return policy
        return dataclasses.replace(policy, countries=policy.countries.union(self.forward_countries))

    def replace(self, reading: Reading | None = None, /, **changes: object) -> "Schedule":
        """Return this schedule with some fields changed, checked as a whole.

        `reading` says how changes given as a document are read. Raises `InvalidScheduleError`.
        """
        try:
            return Schedule.model_validate({**dict(self), **changes}, context=reading)
        except ValidationError as error:
            raise InvalidScheduleError(faults_of(error)) from None


def _reading_of(info: ValidationInfo) -> Reading:
    return info.context if isinstance(info.context, Reading) else Reading()
