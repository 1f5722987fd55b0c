"""What the workers of one daemon report, taken together."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pbx_adapters.call_slice import CallSlice, join_slices
from pbx_adapters.decision_log import CAPACITY
from pbx_adapters.keepers import KEEPERS_GAUGES
from pbx_adapters.metric_sums import Family, combine_families, counted, exposition_of
from pbx_adapters.metrics import GAUGES, Metrics
from pbx_adapters.worker_link import Reply, Report

# So long a worker may be away, as after a crash, without anybody being told.
ABSENT_SECONDS: Final = 10.0


@dataclass(slots=True)
class Fleet:
    """The last report of each worker that runs, and what those counted that run no more.

    Workers have the numbers from 1 to `size`. `own` are the supervisor's metrics; `timer` gives the
    seconds of a clock that nobody sets; `clock` epoch seconds.
    """

    size: int
    own: Metrics
    clock: Callable[[], int]
    timer: Callable[[], float]
    reloads: int = 0
    # When each token was last sent, by its id, in epoch seconds.
    uses: dict[str, int] = field(default_factory=dict)
    _reports: dict[int, Report] = field(default_factory=dict)
    _absent_since: dict[int, float] = field(default_factory=dict)
    _retired: list[Family] = field(default_factory=list)
    # Either end of a deque may be used by a thread of its own, without a lock.
    _calls: deque[CallSlice] = field(default_factory=deque)
    # Each is counted by one thread; what waits is their difference.
    _calls_in: int = 0
    _calls_out: int = 0

    def __post_init__(self) -> None:
        """Begin without any worker."""
        now = self.timer()
        self._absent_since = dict.fromkeys(range(1, self.size + 1), now)

    def take(self, number: int, report: Report) -> None:
        """Keep a worker's report instead of its last one."""
        if report.families is None:
            report = report._replace(families=self._families_of(number))
        self._reports[number] = report
        if report.calls.size:
            self._calls.append(report.calls)
            self._calls_in += report.calls.size
        for token_id, at in report.uses.items():
            self.uses[token_id] = max(at, self.uses.get(token_id, 0))
        if report.is_ready:
            self._absent_since.pop(number, None)

    def forget(self, number: int) -> None:
        """Take leave of a worker that has ended; what it counted stays."""
        report = self._reports.pop(number, None)
        if report is not None:
            ended = counted(report.families or ())
            self._retired = combine_families((self._retired, ended), GAUGES)
        self._absent_since.setdefault(number, self.timer())

    @property
    def listening_count(self) -> int:
        """How many workers answer calls."""
        return sum(report.is_listening for report in self._reports.values())

    def reply_to(self, number: int) -> Reply:
        """Return what a worker is told about the others."""
        others = dict(self._ready())
        others.pop(number, None)
        own = self._reports[number]
        return Reply(
            others_revision=min((other.revision for other in others.values()), default=None),
            troubles=(
                *(trouble for other in others.values() for trouble in other.troubles),
                *self._absences(),
            ),
            reloads=self.reloads,
            reloaded=min(report.reloads for report in (own, *others.values())),
            takes_calls=self._calls_in - self._calls_out < CAPACITY,
            exposition=self._exposition() if own.wants_exposition else b"",
        )

    def take_calls(self, limit: int) -> CallSlice:
        """Hand out the calls that have waited longest to be recorded; for one other thread.

        About `limit` of them: never less while more wait.
        """
        taken: list[CallSlice] = []
        count = 0
        while self._calls and count < limit:
            taken.append(self._calls.popleft())
            count += taken[-1].size
        self._calls_out += count
        return join_slices(taken)

    def _families_of(self, number: int) -> list[Family]:
        kept = self._reports.get(number)
        return (kept and kept.families) or []

    def _ready(self) -> Iterator[tuple[int, Report]]:
        return ((number, one) for number, one in self._reports.items() if one.is_ready)

    def _absences(self) -> Iterator[str]:
        now = self.timer()
        for number, since in self._absent_since.items():
            if now - since > ABSENT_SECONDS:
                yield f"worker {number} of {self.size} doesn't run; the log says why"

    def _exposition(self) -> bytes:
        # The gauges of one that answers no call yet would say that nothing is served.
        ready = {number for number, _ in self._ready()}
        workers = [
            families if number in ready else counted(families)
            for number, families in ((one, self._families_of(one)) for one in self._reports)
        ]
        own = [family for family in self.own.families(self.clock()) if _is_supervisors(family)]
        return exposition_of(combine_families((own, self._retired, *workers), GAUGES))


def _is_supervisors(family: Family) -> bool:
    """Tell whether a metric says something of a process that answers no calls itself."""
    is_of_any_process = family.kind != "gauge" or family.name.startswith("process_")
    return is_of_any_process or family.name in KEEPERS_GAUGES
