"""How often somebody may guess, by a clock that the test sets."""

from itertools import count

from pbx_adapters.attempt_limits import AttemptLimits


def limits(max_keys: int = 10) -> AttemptLimits:
    """Allow three attempts in a hundred seconds."""
    return AttemptLimits(max_attempts=3, window_seconds=100, max_keys=max_keys)


def test_attempts_run_out_and_come_back_one_by_one() -> None:
    """Each attempt counts for the window's length, from when it was made."""
    guesses = limits()
    assert [guesses.take("a", at) for at in (0, 10, 20)] == [0, 0, 0]
    # One that is refused doesn't lengthen the wait.
    assert [guesses.take("a", at) for at in (21, 50, 99)] == [79, 50, 1]
    assert guesses.take("a", 100) == 0
    assert guesses.take("a", 101) == 9
    assert guesses.take("a", 110) == 0


def test_asking_counts_nothing() -> None:
    """`wait` tells what `take` would, and leaves the count alone."""
    guesses = limits()
    assert [guesses.wait("a", 0) for _ in range(9)] == [0] * 9
    assert [guesses.take("a", 0) for _ in range(4)] == [0, 0, 0, 100]
    assert guesses.wait("a", 60) == 40


def test_each_key_has_its_own_count() -> None:
    """What is guessed at one leaves another alone, and so does what is forgiven."""
    guesses = limits()
    for key in "ab":
        assert [guesses.take(key, 0) for _ in range(4)] == [0, 0, 0, 100]
    guesses.forgive("a")
    assert (guesses.take("a", 1), guesses.take("b", 1)) == (0, 99)
    guesses.forgive("never seen")


def test_table_is_bounded_and_forgets_nobody_who_still_counts() -> None:
    """With no room to remember an attempt it may not be made; old ones make room."""
    guesses = limits(max_keys=2)
    assert [guesses.take(key, 0) for key in "ab"] == [0, 0]
    assert guesses.take("c", 50) == 100
    assert guesses.take("a", 50) == 0
    # What "b" tried at 0 is over now, and what "a" tried at 50 is not.
    assert (guesses.take("c", 100), guesses.take("d", 100)) == (0, 100)
    assert guesses.wait("a", 100) == 0


def test_oldest_makes_room_where_that_is_wanted() -> None:
    """Who tried longest ago is forgotten, so that a new one is counted and memory is bounded."""
    guesses = AttemptLimits(max_attempts=2, window_seconds=100, max_keys=2, forgets_oldest=True)
    assert [guesses.take(key, at) for at, key in enumerate("abab")] == [0] * 4
    # At 4 "a" still has to wait; "c" takes its place, and "b" stays.
    assert guesses.take("a", 4) == 96
    assert guesses.take("c", 5) == 0
    assert (guesses.take("b", 6), guesses.wait("a", 6)) == (95, 0)
    assert len(guesses) == 2


def test_flood_from_many_is_remembered_of_few() -> None:
    """However many come, no more are remembered than may be."""
    guesses = AttemptLimits(max_keys=100, forgets_oldest=True)
    for number, at in zip(range(10_000), count(), strict=False):
        guesses.take(f"client {number}", at / 1_000)
    assert len(guesses) == 100
