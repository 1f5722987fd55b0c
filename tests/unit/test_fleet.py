"""What the workers of one daemon report, taken together."""

from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from pbx_adapters.call_slice import CallSlice
from pbx_adapters.decision_log import CAPACITY
from pbx_adapters.fleet import ABSENT_SECONDS, Fleet
from pbx_adapters.metrics import Metrics
from pbx_adapters.worker_link import Report
from routing_engine.resolver import UNKNOWN_NUMBER
from tests.recorded import as_slice, call_of

AT = 1_795_000_000


@dataclass
class Elapsed:
    """A clock that stands still until it is set."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """Return how many seconds have passed."""
        return self.seconds


@dataclass
class Told:
    """A fleet of two, with what its workers count."""

    elapsed: Elapsed = field(default_factory=Elapsed)
    counts: dict[int, Metrics] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the fleet, without any worker."""
        self.fleet = Fleet(2, Metrics(), lambda: AT, self.elapsed)

    def report(
        self,
        number: int,
        revision: int = 7,
        *,
        is_ready: bool = True,
        troubles: tuple[str, ...] = (),
        reloads: int = 0,
        uses: dict[str, int] | None = None,
        calls: int = 0,
    ) -> None:
        """Have a worker report, some calls later."""
        if number not in self.counts:
            self.counts[number] = Metrics()
            self.counts[number].workers.set(1)
        metrics = self.counts[number]
        metrics.snapshot_revision.set(revision)
        for _ in range(calls):
            metrics.calls.count_decision("3cx", UNKNOWN_NUMBER, 0.0001)
        families = metrics.families(AT)
        report = Report(
            revision,
            is_ready=is_ready,
            is_listening=is_ready,
            is_well=True,
            troubles=troubles,
            reloads=reloads,
            uses=uses or {},
            families=families,
            wants_exposition=True,
        )
        self.fleet.take(number, report)

    def end(self, number: int) -> None:
        """Let a worker end; the next of its number counts from 0."""
        del self.counts[number]
        self.fleet.forget(number)

    def shown(self, name: str, asked: int = 1) -> float:
        """Return the sum of a metric's samples, as one worker shows them."""
        text = self.fleet.reply_to(asked).exposition.decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        )


def test_the_least_revision_counts() -> None:
    """Each worker is told what the other serves; one that is alone is told of none."""
    told = Told()
    told.report(1, 7)
    assert told.fleet.reply_to(1).others_revision is None
    told.report(2, 6)
    assert told.fleet.reply_to(1).others_revision == 6
    assert told.fleet.reply_to(2).others_revision == 7
    told.end(2)
    assert told.fleet.reply_to(1).others_revision is None


def test_a_worker_that_starts_holds_up_nothing() -> None:
    """Until it answers calls, neither its revision nor its gauges are looked at."""
    told = Told()
    told.report(1, 7)
    told.report(2, 0, is_ready=False)
    assert told.fleet.reply_to(1).others_revision is None
    assert told.fleet.reply_to(2).others_revision == 7
    assert told.shown("bereikbaar_snapshot_revision") == 7
    assert told.shown("bereikbaar_workers") == 1
    assert told.fleet.listening_count == 1
    told.report(2, 7)
    assert told.shown("bereikbaar_workers") == 2
    assert told.fleet.listening_count == 2


def test_no_sum_falls() -> None:
    """What a worker counted stays when it has ended, however often that is."""
    told = Told()
    told.report(1, calls=3)
    told.report(2, calls=4)
    assert told.shown("bereikbaar_decisions_total") == 7
    told.end(2)
    assert told.shown("bereikbaar_decisions_total") == 7
    told.report(2, calls=1)
    assert told.shown("bereikbaar_decisions_total", asked=2) == 8
    told.end(2)
    told.end(1)
    told.report(1)
    assert told.shown("bereikbaar_decisions_total") == 8
    assert told.shown("bereikbaar_decision_duration_seconds_count") == 8


def test_the_supervisor_is_in_the_sums() -> None:
    """Its memory, its start and what it counts show; it serves no schedule that would."""
    told = Told()
    told.fleet.own.worker_restarts.inc(2)
    told.report(1)
    assert told.shown("bereikbaar_worker_restarts_total") == 2
    assert told.shown("bereikbaar_snapshot_revision") == 7
    assert told.shown("bereikbaar_build_info") == 1
    (own,) = (
        value
        for family in told.fleet.own.families(AT)
        for (name, _), value in family.samples.items()
        if name == "process_open_fds"
    )
    assert told.shown("process_open_fds") > own


def test_troubles_of_others_are_told() -> None:
    """A worker hears what is wrong with the other, and not again what is wrong with itself."""
    told = Told()
    told.report(1, troubles=("disk",))
    told.report(2, troubles=("rights",))
    assert told.fleet.reply_to(1).troubles == ("rights",)
    assert told.fleet.reply_to(2).troubles == ("disk",)


def test_a_worker_that_stays_away_is_a_trouble() -> None:
    """One that is back soon is none; otherwise it is told until it answers calls again."""
    told = Told()
    told.report(1)
    told.report(2)
    told.end(2)
    told.elapsed.seconds = ABSENT_SECONDS
    assert told.fleet.reply_to(1).troubles == ()
    told.elapsed.seconds += 1
    told.report(2, is_ready=False)
    told.end(2)
    assert told.fleet.reply_to(1).troubles == ("worker 2 of 2 doesn't run; the log says why",)
    told.report(2)
    assert told.fleet.reply_to(1).troubles == ()


def test_a_reload_is_done_when_all_have_done_it() -> None:
    """The worker that lags counts; one that starts reads everything anyway."""
    told = Told()
    told.fleet.reloads = 3
    told.report(1, reloads=3)
    told.report(2, reloads=2)
    assert (told.fleet.reply_to(1).reloads, told.fleet.reply_to(1).reloaded) == (3, 2)
    told.report(2, reloads=3)
    assert told.fleet.reply_to(1).reloaded == 3
    told.report(2, reloads=0, is_ready=False)
    assert told.fleet.reply_to(1).reloaded == 3


def test_the_latest_use_of_a_token_is_kept() -> None:
    """Whichever worker saw it, and also when that one has ended."""
    told = Told()
    told.report(1, uses={"a": AT, "b": AT - 60})
    told.report(2, uses={"a": AT - 60, "b": AT})
    told.end(1)
    assert told.fleet.uses == {"a": AT, "b": AT}


def test_calls_of_all_workers_are_handed_out_in_slices() -> None:
    """Of whatever size they came in, none less than asked for while more wait, each once."""
    fleet = Told().fleet
    came = [call_of(number) for number in range(1, 11)]
    report = Report(7, True, True, True, (), 0, {}, [])  # noqa: FBT003 - its fields in order
    for first, last in ((0, 3), (3, 3), (3, 4), (4, 9), (9, 10)):
        fleet.take(1 + first % 2, report._replace(calls=as_slice(came[first:last])))
    taken = [fleet.take_calls(4) for _ in range(4)]
    assert [one.size for one in taken] == [4, 5, 1, 0]
    assert [call for one in taken for call in one.calls()] == came


def test_workers_keep_their_calls_while_too_many_wait() -> None:
    """What waits here is bounded; a worker's own log is as well."""
    told = Told()
    told.report(1)
    most = CallSlice(CAPACITY)
    report = told.fleet._reports[1]
    told.fleet.take(1, report._replace(calls=most))
    assert not told.fleet.reply_to(1).takes_calls
    assert told.fleet.take_calls(1).size == CAPACITY
    assert told.fleet.reply_to(1).takes_calls
