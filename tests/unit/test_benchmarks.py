"""The benchmarks run, and measure schedules that a save would accept; speed is never asserted."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin_cli.main import bereikbaar
from benchmarks.__main__ import IN_PROCESS, keep_rows, main
from benchmarks.call_record import fill
from benchmarks.company import generate_documents, generate_schedules
from benchmarks.effort import QUICK, Effort
from benchmarks.figures import Goal, Row, Verdict, percentile, table_text, write_results
from benchmarks.peer_hours import osm_hours
from benchmarks.workplace import paused
from pbx_adapters.call_queries import CallFilter, list_calls
from pbx_adapters.data_dir import DECISIONS_FILE
from schedules.holidays_nl import HOLIDAY_IDS
from schedules.model import Schedule

CEILING = Goal("figure", "at most", 60, 20)
FLOOR = Goal("ratio", "at least", 0.75, 0.90)


@pytest.mark.parametrize("measure", IN_PROCESS.values(), ids=IN_PROCESS.keys())
def test_quick_form_gives_a_whole_row(measure: Callable[[Effort], Row]) -> None:
    """Each benchmark in process gives a positive figure that can be judged and written."""
    row = measure(QUICK)
    assert row.figure > 0
    assert (row.verdict in ("then", "reach", "no")) == bool(row.goals)
    assert row.name in table_text([row])
    assert json.loads(json.dumps(row.as_json()))["row"] == row.name


def test_command_prints_the_table_and_writes_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--only` chooses the row; the results hold it together with the machine it ran on."""
    path = tmp_path / "results.json"
    assert main(["--quick", "--only", "compile", "--results", str(path)]) == 0
    assert capsys.readouterr().out.startswith("row")
    results = json.loads(path.read_text())
    (row,) = results["rows"]
    assert row["row"].startswith("compile one schedule")
    assert len(row["rounds"]) == QUICK.rounds
    assert results["machine"]["cores"] >= 1


def test_generated_schedules_would_be_saved() -> None:
    """Generated documents pass the validation of an import, all checks on."""
    for document in generate_documents(200):
        schedule = Schedule.model_validate(document)
        assert schedule.id == document["id"]


def test_generated_schedules_are_the_same_for_the_same_seed() -> None:
    """A schedule depends on the seed and on its place, not on how many follow."""
    assert list(generate_schedules(5, 7)) == list(islice(generate_schedules(50, 7), 5))
    assert list(generate_schedules(5, 7)) != list(generate_schedules(5, 8))


def test_generated_schedules_share_no_number() -> None:
    """No two numbers or blocks of generated schedules overlap."""
    blocks = sorted(
        (block.first, block.last) for one in generate_schedules(500) for block in one.numbers
    )
    ends = [last for _, last in blocks]
    starts = [first for first, _ in blocks]
    assert all(last < start for last, start in zip(ends, starts[1:], strict=False))


def test_generated_schedules_are_varied() -> None:
    """Among a thousand there are breaks, nights, blocks, forwards, voicemail and holidays."""
    schedules = list(generate_schedules(1_000))
    slots = [slot for one in schedules for slot in (*one.week.mon, *one.week.fri)]
    assert {slot.status for slot in slots} == {"open", "closed", "break"}
    assert any(slot.forward for slot in slots)
    assert any(slot.voicemail for slot in slots)
    assert any(slot.audio for slot in slots)
    assert any(one.week.fri[0].status == "open" for one in schedules)
    assert any(block.first != block.last for one in schedules for block in one.numbers)
    assert {key for one in schedules for key in one.holidays} == set(HOLIDAY_IDS)
    assert {len(one.exceptions) for one in schedules} >= {0, 1, 2, 3, 4, 6, 8}


def test_more_schedules_than_numbers_are_refused() -> None:
    """Asking for more than there are numbers for fails at once, saying how many there are."""
    with pytest.raises(ValueError, match="100,000"):
        next(generate_documents(100_001))


def test_peer_gets_the_same_hours() -> None:
    """Week, holidays and exceptions stand in the peer's text in order of precedence."""
    day = ["00:00-08:30 closed", "08:30-12:00 open", "12:00-12:30 break", "12:30-24:00 open"]
    closed = ["00:00-24:00 closed"]
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), day)
    schedule = Schedule.model_validate(
        {
            "id": "kantoor",
            "name": "Kantoor",
            "pbx": "3cx",
            "week": {**week, "sat": closed, "sun": closed},
            "holidays": {"koningsdag": {}, "bevrijdingsdag": {"every": "lustrum"}},
            "exceptions": {
                "vakantie": {"name": "Vakantie", "dates": ["2026-12-24..2026-12-27"]},
                "concept": {"name": "Concept"},
            },
        }
    )
    assert osm_hours(schedule, range(2025, 2027)) == (
        "Mo-Fr 08:30-12:00,12:30-24:00; Sa-Su off; "
        "2025 Apr 26,2025 May 05,2026 Apr 27 off; 2026 Dec 24-2026 Dec 27 off"
    )


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        pytest.param(CEILING, 61, "no", id="above a ceiling"),
        pytest.param(CEILING, 60, "reach", id="at a ceiling"),
        pytest.param(CEILING, 20, "then", id="at the further ceiling"),
        pytest.param(FLOOR, 0.74, "no", id="below a floor"),
        pytest.param(FLOOR, 0.75, "reach", id="at a floor"),
        pytest.param(FLOOR, 0.95, "then", id="above the further floor"),
    ],
)
def test_goal_says_how_far_a_value_has_come(goal: Goal, value: float, verdict: Verdict) -> None:
    """Bounds are included, and which side of them is good depends on the goal."""
    assert goal.verdict(value) == verdict


def test_row_has_come_as_far_as_the_goal_that_lags() -> None:
    """Of two goals, the one reached least decides."""
    row = Row("look-up", 10, "µs", (CEILING, FLOOR), peer=8, ratio=0.8)
    assert row.verdict == "reach"


def test_row_without_a_goal_is_told_without_a_verdict() -> None:
    """What is only told, such as how cost grows, has come neither far nor not far."""
    row = Row("scale", 1.5, "µs", ())
    assert row.verdict is None
    assert table_text([row]).splitlines()[1].split() == ["scale", "1.5", "µs"]


def test_results_of_other_rows_stay(tmp_path: Path) -> None:
    """A run replaces all rows of what it measured, and no other row."""
    path = tmp_path / "results.json"
    small, large = Row("small", 1, "s", ()), Row("large", 2, "s", ())
    write_results([("scale", small), ("scale", large), ("start", Row("start", 3, "s", ()))], path)
    write_results([("scale", Row("only", 4, "s", ()))], path)
    rows = json.loads(path.read_text())["rows"]
    assert [(row["only"], row["row"], row["figure"]) for row in rows] == [
        ("scale", "only", 4),
        ("start", "start", 3),
    ]


def test_rows_before_one_that_fails_are_kept(tmp_path: Path) -> None:
    """A run that breaks off has written what it measured before, whole names only."""

    def breaks_off() -> Iterator[tuple[str, Row]]:
        yield "start", Row("start", 3, "s", ())
        yield "scale", Row("small", 1, "s", ())
        raise RuntimeError("the daemon ended before it answered")

    path = tmp_path / "results.json"
    with pytest.raises(RuntimeError, match="ended"):
        keep_rows(breaks_off(), path)
    assert [row["row"] for row in json.loads(path.read_text())["rows"]] == ["start"]


def test_paused_process_goes_on_whatever_happened() -> None:
    """A process stops when it is paused, and goes on though what was done meanwhile failed."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as waiting:

        def break_off() -> None:
            with paused([waiting.pid]):
                assert os.WIFSTOPPED(os.waitpid(waiting.pid, os.WUNTRACED)[1])
                raise RuntimeError("broke off")

        with pytest.raises(RuntimeError, match="broke off"):
            break_off()
        assert os.WIFCONTINUED(os.waitpid(waiting.pid, os.WCONTINUED)[1])


def test_percentile_is_a_measured_value() -> None:
    """The 99th percentile of a hundred values is the last but one."""
    values = [float(value) for value in range(100, 0, -1)]
    assert percentile(values, 0.99) == 99
    assert percentile(values, 0.5) == 50
    assert percentile([7.0], 0.99) == 7


@pytest.mark.slow
def test_made_up_calls_are_recorded_and_come_out_the_same_again(tmp_path: Path) -> None:
    """The record that is measured is one that the daemon could have written."""
    fill(tmp_path, 2_000, 5, 1_795_341_600)
    path = tmp_path / DECISIONS_FILE
    calls = list(list_calls(path, CallFilter(), None))
    assert len(calls) == 2_000
    assert {call.outcome.status for call in calls} >= {"open", "closed", "unknown"}
    assert 1_795_341_600 - 30 * 86_400 <= calls[-1].at < calls[0].at < 1_795_341_600
    decided = next(call for call in calls if call.outcome.schedule)
    options = ("explain", decided.decision_id, "--data-dir", str(tmp_path))
    result = CliRunner().invoke(bereikbaar, options, prog_name="bereikbaar")
    assert "replayed   the same" in result.stdout
