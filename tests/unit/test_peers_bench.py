"""What the hook's peers are given, how their answers are read, and what is told where one lacks."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from benchmarks.company import generate_schedules
from benchmarks.effort import QUICK
from benchmarks.figures import Goal, LeftOut, Row, table_text, write_results
from benchmarks.hook_load import Measured, cpu_of, rate_of
from benchmarks.peers.hand_over import hand_over, write_hand_over
from benchmarks.peers.running import PeerMissingError, running_nginx
from benchmarks.peers.same_answer import Answer, compare_peer, draw_numbers, read_answer
from benchmarks.peers.side_by_side import measure_peers
from benchmarks.raw_http import Window, _Connection
from benchmarks.workplace import Workplace
from schedules.model import Schedule

LOCKS = Path(__file__).parents[2] / "benchmarks" / "peers"
GOAL = Goal("figure", "at most", 2, 1)
OPEN = Answer(is_open=True, schedule="kantoor")
CLOSED = Answer(is_open=False, schedule="kantoor")


def workplace_of(*schedules: Schedule) -> Workplace:
    """Return a workplace nobody has furnished."""
    return Workplace(Path("nowhere"), schedules, "geheim")


def test_hand_over_holds_hours_and_whose_each_number_is() -> None:
    """Blocks are written out, and each number names the place of its schedule."""
    closed = ["00:00-24:00 closed"]
    shut: Mapping[str, object] = dict.fromkeys(
        ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), closed
    )
    first = {"id": "kantoor", "name": "Kantoor", "pbx": "3cx", "week": shut}
    bar = {
        "id": "bar",
        "name": "Café",
        "pbx": "3cx",
        "timezone": "Europe/London",
        "numbers": ["+31850000198..202"],
        "week": {**shut, "sat": ["00:00-20:00 closed", "20:00-24:00 open"]},
    }
    schedules = (
        Schedule.model_validate({**first, "numbers": ["+31850000100"]}),
        Schedule.model_validate(bar),
    )
    assert hand_over(workplace_of(*schedules), range(2026, 2028)) == {
        "token": "geheim",
        "schedules": [
            {
                "id": "kantoor",
                "name": "Kantoor",
                "timezone": "Europe/Amsterdam",
                "hours": "Mo-Su off",
            },
            {
                "id": "bar",
                "name": "Café",
                "timezone": "Europe/London",
                "hours": "Mo-Fr off; Sa 20:00-24:00; Su off",
            },
        ],
        "numbers": {
            "+31850000100": 0,
            "+31850000198": 1,
            "+31850000199": 1,
            "+31850000200": 1,
            "+31850000201": 1,
            "+31850000202": 1,
        },
    }


def test_hand_over_is_read_back_as_it_was(tmp_path: Path) -> None:
    """The file is JSON, names with accents and all."""
    workplace = workplace_of(*generate_schedules(20))
    path = tmp_path / "hand-over.json"
    write_hand_over(workplace, path, range(2026, 2028))
    handed = json.loads(path.read_bytes())
    assert handed == hand_over(workplace, range(2026, 2028))
    assert len(handed["schedules"]) == 20


@pytest.mark.parametrize(
    ("status", "schedule", "answer"),
    [
        pytest.param("open", "kantoor", OPEN, id="open"),
        pytest.param("closed", "kantoor", CLOSED, id="closed"),
        pytest.param("break", "kantoor", CLOSED, id="in a break, which peers don't know"),
        pytest.param("unknown", "", Answer(is_open=False, schedule=""), id="unknown number"),
    ],
)
def test_answers_are_read_alike(status: str, schedule: str, answer: Answer) -> None:
    """Only what every peer can say counts; further fields don't."""
    body = json.dumps({"status": status, "schedule": schedule, "rule": "week/mon"}).encode()
    assert read_answer(body) == answer


def test_peer_that_says_the_same_passes() -> None:
    """Equal answers are fine, whatever they are."""
    said = {"+31850000100": OPEN, "+31850000200": CLOSED}
    compare_peer(said.__getitem__, said.__getitem__, list(said))


def test_peer_that_differs_is_told_with_the_number() -> None:
    """The number and both answers stand in the failure."""
    with pytest.raises(AssertionError, match=r"\+31850000100: .*True.* the peer says .*False"):
        compare_peer(lambda _: OPEN, lambda _: CLOSED, ["+31850000100"])


def test_schedule_that_opens_between_two_questions_is_no_difference() -> None:
    """The hook is asked again before a peer is called wrong."""
    answers: Iterator[Answer] = iter([CLOSED, OPEN])
    compare_peer(lambda _: next(answers), lambda _: OPEN, ["+31850000100"])


def test_numbers_to_compare_are_of_every_kind() -> None:
    """Half of them are linked, in two forms; of the rest some may be and some can't."""
    workplace = workplace_of(*generate_schedules(20))
    linked = hand_over(workplace, range(2026, 2027))["numbers"]
    numbers = list(draw_numbers(workplace, 40))
    assert all(number in linked for number in numbers[0::4])
    assert all(f"+31{number.removeprefix('0')}" in linked for number in numbers[1::4])
    assert all(re.fullmatch(r"\+3185[0-9]{7}", number) for number in numbers[2::4])
    assert all(re.fullmatch(r"\+3120[0-9]{7}", number) for number in numbers[3::4])


def test_missing_peers_are_left_out_with_the_remedy(tmp_path: Path) -> None:
    """Where nothing is installed nothing is started, and each row says what would bring it."""
    rows = measure_peers(QUICK, workplace_of(), tmp_path)
    assert [type(row) for row in rows] == [LeftOut, LeftOut]
    text = table_text(rows)
    assert re.search(
        r"FastAPI \+ opening-hours-py.* left out\n +FastAPI is not .*`make bench`", text
    )
    assert re.search(r"Express \+ opening_hours.js.* left out\n +Node and .*`make bench`", text)


def test_results_tell_what_was_left_out(tmp_path: Path) -> None:
    """A row that wasn't measured stands in the results with its reason, beside those that were."""
    measured = Row("look-up", 1.0, "µs", (GOAL,), notes=("without nginx",))
    path = tmp_path / "results.json"
    left_out = LeftOut("hook beside Express", "no Node")
    write_results([("lookup", measured), ("peers", left_out)], path)
    first, second = json.loads(path.read_text())["rows"]
    assert first["notes"] == ["without nginx"]
    assert second.items() > {("row", "hook beside Express"), ("left out", "no Node")}
    assert second["only"] == "peers"


def test_notes_stand_below_their_row() -> None:
    """What is to be known of a row follows its parts."""
    row = Row("look-up", 1.0, "µs", (GOAL,), parts={"share": 0.5}, notes=("without nginx",))
    assert table_text([row]).endswith("    share: 0.5\n    without nginx")


@pytest.mark.parametrize(
    ("program", "text"),
    [
        pytest.param("/nonexistent/nginx", "the variable NGINX_PROGRAM", id="not there"),
        pytest.param("false", "did not start", id="ends at once"),
    ],
)
def test_machine_without_nginx_is_told(
    program: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ceiling that can't be measured is no failure of the run."""
    monkeypatch.setenv("NGINX_PROGRAM", program)
    with pytest.raises(PeerMissingError, match=text), running_nginx(tmp_path):
        pass


def test_window_without_an_answer_is_a_bad_figure() -> None:
    """On a machine that is busy a server may stall for a window; the run goes on."""
    stalled = Measured(Window(0, 0.5, 0.01, ()), server_cpu=0.02)
    assert rate_of(stalled) == 2
    assert cpu_of(stalled) == pytest.approx(20_000)


@pytest.mark.parametrize("name", ["Content-Length", "content-length"])
def test_generator_takes_an_answer_whatever_its_headers_look_like(name: str) -> None:
    """Servers write the names of headers as they like; an answer is whole when its body is."""
    answered: list[_Connection] = []
    connection = _Connection(answered.append)
    connection.data_received(f"HTTP/1.1 200 OK\r\n{name}: 4\r\n\r\nop".encode())
    assert answered == []
    connection.data_received(b"en")
    assert answered == [connection]


def test_locks_name_no_address() -> None:
    """Who installs the peers takes them from his own registry, and gets the same bytes."""
    package_lock = json.loads((LOCKS / "express" / "package-lock.json").read_text())
    packages = [one for path, one in package_lock["packages"].items() if path]
    assert packages
    assert all(one["integrity"].startswith("sha512-") for one in packages)
    for path in (LOCKS / "fastapi.lock", LOCKS / "node.lock", LOCKS / "express/package-lock.json"):
        assert not re.search(r"://|index-url", path.read_text()), path.name
