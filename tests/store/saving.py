"""The types of what the fixtures of stores give."""

from collections.abc import Callable

from schedules.model import Schedule
from schedules.store import ScheduleStore, Token

MakeStore = Callable[[], ScheduleStore]
MakeSchedule = Callable[..., Schedule]
MakeToken = Callable[..., Token]
Save = Callable[..., None]
