"""What is still to be told is kept, tried again with growing pauses, and given up in the end."""

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pbx_adapters.notifications.outbox import (
    STEPS,
    Attempt,
    Delivery,
    Followed,
    NewDelivery,
    OutboxUnavailableError,
    Position,
    Seen,
    add_deliveries,
    begin_following,
    count_waiting,
    due,
    forget_position,
    give_up_others,
    list_deliveries,
    move_on,
    note_attempt,
    put_outbox_aside,
    read_followed,
    reading_outbox,
    retry,
    writing_outbox,
)
from pbx_adapters.notifications.override_news import Planned

AT = 1_795_341_600
DAY = 86_400
FAILED = Attempt(is_sent=False, why="HTTP 500")
A = Planned("a", AT, AT + 60, "closed", "Storing")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the database."""
    return tmp_path / "outbox.db"


def new(number: int, receiver: str = "beheer@example.nl") -> NewDelivery:
    """Make a delivery."""
    return NewDelivery(
        f"msg_{number}", receiver, "mail", "revision", "winkel", AT, {"summary": "één"}
    )


def add(path: Path, *deliveries: NewDelivery, at: int = AT) -> None:
    """Put deliveries in."""
    with writing_outbox(path) as db:
        add_deliveries(db, deliveries, at)


def due_at(path: Path, at: int, receiver: str = "beheer@example.nl") -> list[Delivery]:
    """Return what is due."""
    with reading_outbox(path) as db:
        assert db is not None
        return due(db, receiver, at, 10)


def fail(path: Path, at: int, attempt: Attempt = FAILED) -> int | None:
    """Note of the one delivery that it failed; return when it is tried next."""
    (delivery,) = list_deliveries(path)
    with writing_outbox(path) as db:
        return note_attempt(db, delivery, attempt, at)


def test_a_delivery_is_due_at_once(path: Path) -> None:
    """For its receiver only, with all that is told; oldest first."""
    add(path, new(2), new(1), new(3, "chat"))
    found = due_at(path, AT)
    assert [one.id for one in found] == ["msg_2", "msg_1"]
    assert found[0].told == {"summary": "één"}
    assert due_at(path, AT - 1) == []


def test_what_is_put_in_again_stays_one(path: Path) -> None:
    """The same event found twice is told once."""
    add(path, new(1))
    fail(path, AT)
    add(path, new(1), at=AT + 5)
    (delivery,) = list_deliveries(path)
    assert (delivery.attempts, delivery.noted_at) == (1, AT)


def test_pauses_grow(path: Path) -> None:
    """30 s, twice that, up to six hours."""
    add(path, new(1))
    pauses = []
    for _ in range(14):
        next_at = fail(path, AT)
        assert next_at is not None
        pauses.append(next_at - AT)
    assert pauses[:4] == [30, 60, 120, 240]
    assert pauses[9:] == [15_360, 21_600, 21_600, 21_600, 21_600]


def test_clock_that_is_put_back_leaves_nothing_behind(path: Path) -> None:
    """What was to be tried later than any pause lasts is tried at once."""
    add(path, new(1), at=AT + 31 * DAY)
    assert due_at(path, AT)
    fail(path, AT)
    assert due_at(path, AT) == []


def test_given_up_after_three_days(path: Path) -> None:
    """It isn't due any more, and tells why."""
    add(path, new(1))
    assert fail(path, AT + 3 * DAY - 1) is not None
    assert fail(path, AT + 3 * DAY) is None
    (delivery,) = list_deliveries(path)
    assert (delivery.next_at, delivery.why) == (None, "HTTP 500")
    assert due_at(path, AT + 100 * DAY) == []


def test_given_up_at_once(path: Path) -> None:
    """Where the receiver wants no more of it."""
    add(path, new(1))
    assert fail(path, AT, Attempt(is_sent=False, why="HTTP 410", is_final=True)) is None


def test_what_is_sent_goes(path: Path) -> None:
    """Nothing of it is kept."""
    add(path, new(1))
    assert fail(path, AT, Attempt(is_sent=True)) is None
    assert list_deliveries(path) == []


def test_what_was_given_up_goes_after_a_month(path: Path) -> None:
    """Not before, and what waits stays."""
    add(path, new(1))
    fail(path, AT + 3 * DAY)
    add(path, new(2), at=AT + 30 * DAY)
    assert len(list_deliveries(path)) == 2
    add(path, new(3), at=AT + 30 * DAY + 1)
    assert [one.id for one in list_deliveries(path)] == ["msg_2", "msg_3"]


def test_retry(path: Path) -> None:
    """All or one receiver's are due at once, also what was given up, which has three days more."""
    add(path, new(1))
    fail(path, AT + 3 * DAY)
    add(path, new(2, "chat"))
    at = AT + 4 * DAY
    with writing_outbox(path) as db:
        assert retry(db, "chat", at) == 1
        assert retry(db, None, at) == 2
    (delivery,) = due_at(path, at)
    assert (delivery.attempts, delivery.noted_at) == (0, at)
    (other,) = due_at(path, at, "chat")
    assert other.noted_at == AT


def test_receivers_that_are_no_more(path: Path) -> None:
    """What waits for them is given up, and says so."""
    add(path, new(1), new(2, "chat"))
    with writing_outbox(path) as db:
        give_up_others(db, ["chat"])
        assert count_waiting(db.conn) == 1
    given_up = list_deliveries(path)[0]
    assert given_up.why == "no such receiver is configured any more"


def followed(path: Path) -> Followed | None:
    """Return what is known of the store."""
    with writing_outbox(path) as db:
        return read_followed(db)


def test_position_is_kept(path: Path) -> None:
    """With what every schedule had and ran; moving on changes only what differs."""
    assert followed(path) is None
    start = Position("1:1", 7, AT)
    with writing_outbox(path) as db:
        seen = {"a": Seen(1, "x"), "b": Seen(2, "y")}
        begin_following(db, Followed(start, seen, {"a": A}))
    then = Position("1:1", 8, AT + 9)
    with writing_outbox(path) as db:
        assert move_on(db, start, then, {"a": None, "c": Seen(1, "z")}, {"a": None, "c": A})
    expected = Followed(then, {"b": Seen(2, "y"), "c": Seen(1, "z")}, {"c": A})
    assert followed(path) == expected
    with writing_outbox(path) as db:
        assert not move_on(db, start, then, {"b": None}, {})
    assert followed(path) == expected


def test_position_is_forgotten(path: Path) -> None:
    """So that who is added later isn't told of what was before; nor of what still waited."""
    forget_position(path)
    assert not path.exists()
    with writing_outbox(path) as db:
        begin_following(db, Followed(Position("1:1", 7, AT), {}, {}))
        add_deliveries(db, [new(1)], AT)
    forget_position(path)
    assert followed(path) is None
    (given_up,) = list_deliveries(path)
    assert (given_up.next_at, given_up.why) == (None, "no such receiver is configured any more")


def test_cursor_and_deliveries_change_together(path: Path) -> None:
    """A crash in between leaves neither."""
    start = Position("1:1", 7, AT)
    with writing_outbox(path) as db:
        begin_following(db, Followed(start, {}, {}))

    def crash() -> None:
        with writing_outbox(path) as db:
            move_on(db, start, Position("1:1", 8, AT), {}, {})
            add_deliveries(db, [new(1)], AT)
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        crash()
    assert followed(path) == Followed(start, {}, {})
    assert list_deliveries(path) == []


def test_absent_outbox_holds_nothing(path: Path) -> None:
    """Reading makes none."""
    assert list_deliveries(path) == []
    assert not path.exists()


def test_file_is_for_its_owner_only(path: Path) -> None:
    """It says who changed what."""
    add(path, new(1))
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}


@pytest.mark.parametrize("is_written", [True, False], ids=["by-a-write", "by-hand"])
def test_damaged_outbox_is_put_aside(path: Path, *, is_written: bool) -> None:
    """Reading says so; a write, or whoever delivers, has another begun."""
    path.write_bytes(b"kapot" * 1_000)
    with pytest.raises(OutboxUnavailableError, match=r"outbox\.db: is damaged"):
        list_deliveries(path)
    if is_written:
        with pytest.raises(OutboxUnavailableError):
            add(path, new(1))
    else:
        put_outbox_aside(path)
    add(path, new(1))
    assert len(list_deliveries(path)) == 1
    assert path.with_name("outbox.db.damaged").read_bytes() == b"kapot" * 1_000


def test_newer_outbox_is_left_alone(path: Path) -> None:
    """What a newer version has added to isn't written to."""
    add(path, new(1))
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('outbox', 'm999_later', '')"
        )
        db.commit()
    with pytest.raises(OutboxUnavailableError, match="newer version"):
        add(path, new(2))
    assert len(list_deliveries(path)) == 1


def test_step_names_stay() -> None:
    """A database of any release is known by the steps it has taken."""
    assert next(iter(STEPS)) == "m001_outbox"


def test_looking_for_what_is_due_reads_no_more_than_that(path: Path) -> None:
    """An index leads to it, however much was given up."""
    add(path, new(1))
    with reading_outbox(path) as db:
        assert db is not None
        asked: list[str] = []
        db.set_trace_callback(asked.append)
        due(db, "a", 1, 1)
        db.set_trace_callback(None)
        plan: Any = db.execute(f"EXPLAIN QUERY PLAN {asked[0]}").fetchall()
    assert "deliveries_waiting" in json.dumps(plan)
    assert "SCAN" not in json.dumps(plan)
