"""`bereikbaar calls stats`: how many calls there were."""

import pytest

from tests.cli.command_line import CommandLine
from tests.cli.recorded import OVERRIDDEN, call, record

OPEN = OVERRIDDEN._replace(status="open", action="continue", reason="weekly", rule="week/mon")
BREAK = OVERRIDDEN._replace(status="break", reason="weekly", rule="week/mon")


@pytest.fixture
def calls(cli: CommandLine) -> CommandLine:
    """Have six calls recorded, over two local days that part at 23:00 in UTC."""
    record(
        cli,
        call(1, "2026-11-22T10:30:00Z"),
        call(2, "2026-11-22T22:59:59Z"),
        call(3, "2026-11-22T23:00:00Z", number="+31850000201"),
        call(4, "2026-11-23T10:14:59Z", OPEN),
        call(5, "2026-11-23T10:15:00Z", OPEN, number=None),
        call(6, "2026-11-23T11:00:00Z", BREAK),
    )
    return cli


def test_calls_are_counted_in_every_way(calls: CommandLine) -> None:
    """By the local day and hour, by what they got, and by number, most first."""
    assert calls("calls", "stats").stdout == (
        "6 calls\n"
        "\n"
        "DAY         CALLS  OPEN  CLOSED  BREAK  UNKNOWN\n"
        "2026-11-22  2      0     2       0      0\n"
        "2026-11-23  4      2     1       1      0\n"
        "\n"
        "HOUR  CALLS  OPEN  CLOSED  BREAK  UNKNOWN\n"
        "00    1      0     1       0      0\n"
        "11    3      2     1       0      0\n"
        "12    1      0     0       1      0\n"
        "23    1      0     1       0      0\n"
        "\n"
        "STATUS  ACTION    REASON    CALLS\n"
        "closed  hangup    override  3\n"
        "open    continue  weekly    2\n"
        "break   hangup    weekly    1\n"
        "\n"
        "NUMBER        CALLS\n"
        "+31850000200  4\n"
        "              1\n"
        "+31850000201  1\n"
    )


def test_json_has_the_same_counts(calls: CommandLine) -> None:
    """With the span that was asked for."""
    told = calls.json("calls", "stats", "--from", "2026-11-23 11:15", "--timezone", "Europe/Paris")
    hours = [
        {"hour": "11", "calls": 1, "open": 1, "closed": 0, "break": 0, "unknown": 0},
        {"hour": "12", "calls": 1, "open": 0, "closed": 0, "break": 1, "unknown": 0},
    ]
    assert told == {
        "from": "2026-11-23T10:15:00Z",
        "to": None,
        "timezone": "Europe/Paris",
        "calls": 2,
        "by_day": [
            {"day": "2026-11-23", "calls": 2, "open": 1, "closed": 0, "break": 1, "unknown": 0}
        ],
        "by_hour": hours,
        "by_status": [
            {"status": "break", "action": "hangup", "reason": "weekly", "calls": 1},
            {"status": "open", "action": "continue", "reason": "weekly", "calls": 1},
        ],
        "by_number": [{"number": "", "calls": 1}, {"number": "+31850000200", "calls": 1}],
    }
    only = calls.json("calls", "stats", "--by", "hour", "--from", "2026-11-23 11:15")
    assert (only["by_hour"], only["calls"]) == (hours, 2)
    assert only.keys() == {"from", "to", "timezone", "calls", "by_hour"}


def test_calls_are_counted_in_each_way_that_is_named(calls: CommandLine) -> None:
    """None is left out, and none comes twice."""
    told = calls.json("calls", "stats", "--by", "number", "--by", "day", "--by", "number")
    assert list(told)[3:] == ["calls", "by_day", "by_number"]
    assert told["calls"] == 6


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        pytest.param("UTC", ["10", "11", "22", "23"], id="utc"),
        pytest.param("Asia/Kathmandu", ["04", "15", "16"], id="three-quarters-off"),
    ],
)
def test_hours_are_those_of_the_zones_clock(
    calls: CommandLine, zone: str, expected: list[str]
) -> None:
    """Also where the clock isn't a whole number of hours away."""
    told = calls.json("calls", "stats", "--by", "hour", "--timezone", zone)
    assert [row["hour"] for row in told["by_hour"]] == expected


def test_an_hour_that_comes_twice_counts_both(cli: CommandLine) -> None:
    """In the night in which clocks are set back (semantics.md rule 5)."""
    record(
        cli,
        call(1, "2026-10-25T00:30:00Z"),
        call(2, "2026-10-25T01:30:00Z"),
        call(3, "2026-10-25T02:30:00Z"),
    )
    told = cli.json("calls", "stats")
    assert [(row["hour"], row["calls"]) for row in told["by_hour"]] == [("02", 2), ("03", 1)]
    assert [(row["day"], row["calls"]) for row in told["by_day"]] == [("2026-10-25", 3)]


def test_many_numbers_are_told_where_they_are_asked_for(cli: CommandLine) -> None:
    """Among the rest only those with most calls are, and how many more there are."""
    record(
        cli,
        *(call(n, "2026-11-22T10:30:00Z", number=f"+318500002{n:02}") for n in range(1, 26)),
    )
    brief = cli("calls", "stats")
    assert brief.stdout.count("+3185") == 20
    assert brief.stderr == "and 5 more numbers; --by number shows all\n"
    whole = cli("calls", "stats", "--by", "number")
    assert (whole.stdout.count("+3185"), whole.stderr) == (25, "")


def test_nothing_to_count_is_said(cli: CommandLine) -> None:
    """It is no fault."""
    cli("migrate")
    assert cli("calls", "stats").stderr == "no such calls are recorded\n"
    told = cli.json("calls", "stats", "--to", "2026-11-22T10:00:00Z")
    assert told == {
        "from": None,
        "to": "2026-11-22T10:00:00Z",
        "timezone": "Europe/Amsterdam",
        "calls": 0,
        "by_day": [],
        "by_hour": [],
        "by_status": [],
        "by_number": [],
    }


def test_faults_are_told(cli: CommandLine) -> None:
    """As those of a list are."""
    result = cli("calls", "stats", "--from", "x", "--to", "y", code=1)
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["--from", "--to"]
