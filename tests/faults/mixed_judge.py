"""Answers of a daemon under load, judged by an independent reading of what each says it is of."""

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from xml.etree import ElementTree as ET

from benchmarks.figures import percentile
from schedules.sqlite_store import SqliteStore
from tests.faults.mixed_clients import Asked
from tests.faults.mixed_site import GONE
from tests.oracle import MINUTE, Oracle

_REASONS: Final = {
    "overrides": "override",
    "exceptions": "exception",
    "holidays": "holiday",
    "week": "weekly",
}
_NOBODY: Final = {"status": "unknown", "action": "continue", "reason": "unknown-number"}
_LOT: Final = ("status", "action", "audio", "forward", "voicemail")
_CAUSES: Final = ("reason", "rule", "valid_until", "next_status", "error")
_FIELDS: Final = (*_LOT, "audio_url", "schedule", "schedule_name", *_CAUSES, "revision")
# So many faults are told in words; all are counted.
_FAULTS_TOLD: Final = 20


class Edits:
    """Which revision of a schedule every later call has to know of."""

    def __init__(self) -> None:
        """Begin without any."""
        self._served: dict[str, list[tuple[float, int]]] = {}

    def serve(self, schedule_id: str, revision: int, at: float) -> None:
        """Note that a command returned at `at` (monotonic) after it saw this revision served."""
        self._served.setdefault(schedule_id, []).append((at, revision))

    def least(self, schedule_id: str, at: float) -> int:
        """Return the least revision that a call sent at `at` may be answered from."""
        served = self._served.get(schedule_id, [])
        place = bisect_right(served, (at, 0))
        return served[place - 1][1] if place else 1


class Judge:
    """Judges calls and downloads one by one, and keeps the sums of each phase."""

    def __init__(self, store: SqliteStore, edits: Edits, base_url: str) -> None:
        """Read revisions from `store`; messages are downloaded under `base_url`."""
        self._store = store
        self._edits = edits
        self._base_url = base_url
        self._expected = cache(self._work_out)
        self._oracle = cache(self._read)
        self.faults: list[str] = []
        self.calls = Sums()
        self.downloads = Sums()

    def judge_call(self, asked: Asked) -> None:
        """Count a call, and see whether its answer is right."""
        self._count(self.calls, asked, self._faults_of_call(asked))

    def judge_download(self, asked: Asked) -> None:
        """Count a download, and see whether its bytes are right."""
        is_right = asked.code == 200 and asked.body == asked.subject
        self._count(self.downloads, asked, [] if is_right else [f"other bytes: {asked.body}"])

    def _count(self, sums: "Sums", asked: Asked, faults: Sequence[str]) -> None:
        sums.asked += 1
        sums.asked_again += asked.attempts - 1
        sums.bytes += asked.length
        sums.timed.append((asked.asked_at, asked.answered_at - asked.asked_at))
        if asked.code == 0:
            sums.lost += 1
            took = asked.answered_at - asked.sent_at
            faults = [f"no answer in {took:.3f} s: {asked.body}"]
        elif asked.code != 200:
            sums.refused += 1
        elif faults:
            sums.wrong += 1
        if faults and len(self.faults) < _FAULTS_TOLD:
            self.faults.append(f"{asked.subject or 'nobody'}, {asked.code}: {'; '.join(faults)}")

    def _faults_of_call(self, asked: Asked) -> list[str]:
        if asked.code != 200:
            return [asked.body]
        fields = read_answer(asked.body)
        at = int(datetime.fromisoformat(fields["at"]).timestamp())
        began, ended = asked.clock
        faults = [] if began - 1 <= at <= ended else [f"at {at}, asked from {began} to {ended}"]
        if not asked.subject:
            expected = dict.fromkeys(_FIELDS, "") | _NOBODY
        elif not fields["revision"].isdecimal():
            return [f"of no revision: {fields}"]
        else:
            revision = int(fields["revision"])
            least = self._edits.least(asked.subject, asked.sent_at)
            if revision < least:
                faults.append(f"revision {revision} after {least} was served")
            expected = self._expected(asked.subject, revision, at // MINUTE)
        faults += [
            f"{key} {fields[key]!r} instead of {expected[key]!r} at {fields['at']} by revision "
            f"{fields['revision']}"
            for key in _FIELDS
            if fields[key] != expected[key]
        ]
        return faults

    def _work_out(self, schedule_id: str, revision: int, minute: int) -> dict[str, str]:
        """Decide for a minute: nothing begins or ends within one."""
        oracle, at = self._oracle(schedule_id, revision), minute * MINUTE
        answer, (change_at, next_status) = oracle.answer(at), oracle.change(at)
        assert change_at is not None, "a day with one treatment shows little"
        audio_url = f"{self._base_url}/audio/{answer.lot.audio}" if answer.lot.audio else ""
        return answer.lot._asdict() | {
            "audio_url": audio_url,
            "schedule": schedule_id,
            "schedule_name": oracle.schedule.name,
            "reason": _REASONS[answer.rule.partition("/")[0]],
            "rule": answer.rule,
            "valid_until": f"{datetime.fromtimestamp(change_at, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "next_status": next_status,
            "error": answer.error,
            "revision": str(revision),
        }

    def _read(self, schedule_id: str, revision: int) -> Oracle:
        """Read a revision; raises `NotFoundError` where a daemon has made one up."""
        kept = self._store.kept_revision(schedule_id, revision)
        return Oracle(kept.schedule(), missing=frozenset({GONE}))


class Sums:
    """What became of requests of one kind, and when each was asked and how long it took."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.asked = self.asked_again = self.wrong = self.lost = self.refused = self.bytes = 0
        self.timed: list[tuple[float, float]] = []

    @property
    def bad(self) -> int:
        """How many weren't answered as they have to be."""
        return self.wrong + self.lost + self.refused

    def as_fields(self) -> dict[str, int]:
        """Return the sums."""
        return {key: value for key, value in vars(self).items() if isinstance(value, int)}

    def latencies(self, spans: Sequence[tuple[float, float]]) -> dict[str, float]:
        """Return figures in milliseconds of what was asked within these spans of time."""
        seconds = [took for at, took in self.timed if any(a <= at < b for a, b in spans)]
        if not seconds:
            return {"answers": 0}
        shares = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999, "max_ms": 1.0}
        figures = {key: round(percentile(seconds, one) * 1e3, 2) for key, one in shares.items()}
        return {"answers": len(seconds), **figures}


def read_answer(text: str) -> dict[str, str]:
    """Read an answer in whichever of the three formats it is."""
    if text.startswith("{"):
        fields: dict[str, Any] = json.loads(text)
        return fields
    if text.startswith("<"):
        return dict(ET.fromstring(text).attrib)  # noqa: S314 - our own answer
    return dict(_pairs(text))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.removesuffix("\r\n").split("\r\n"):
        key, _, value = line.partition("=")
        yield key, value
