"""Which token may be rotated: two alike are live at once, never three (ADR 16)."""

from datetime import UTC, datetime, timedelta

import pytest

from schedules.errors import ConflictError, NotFoundError
from schedules.store import Token
from schedules.token_rotation import token_to_rotate

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def token(token_id: str, name: str = "centrale", **fields: object) -> Token:
    """Make a token for all schedules."""
    plain = {"is_operator": False, "schedules": frozenset(), "networks": (), "created_at": AT}
    return Token(id=token_id, name=name, sha256="", **plain | fields)  # type: ignore[arg-type]


def test_state_changes_at_the_moment_of_expiry() -> None:
    """Live up to, not including, its end; what is revoked is told as that."""
    ending = token("a", expires_at=AT)
    states = [ending.state_at(AT - timedelta(seconds=1)), ending.state_at(AT)]
    assert states == ["live", "expired"]
    assert token("a").state_at(AT) == "live"
    assert token("a", expires_at=AT - DAY, revoked_at=AT).state_at(AT) == "revoked"


@pytest.mark.parametrize(
    ("fields", "is_alike"),
    [
        pytest.param({}, True, id="same"),
        pytest.param({"expires_at": AT, "table_key": "ab"}, True, id="other-end-and-key"),
        pytest.param({"name": "ander"}, False, id="name"),
        pytest.param({"is_operator": True}, False, id="operator"),
        pytest.param({"schedules": frozenset({"winkel"})}, False, id="schedules"),
        pytest.param({"networks": ("192.0.2.0/24",)}, False, id="networks"),
    ],
)
def test_tokens_are_alike_by_name_and_rights(fields: dict[str, object], is_alike: bool) -> None:  # noqa: FBT001 - a column of the table
    """What they may and how they are called; not when they end."""
    assert token("a").is_like(token("b", **fields)) is is_alike  # type: ignore[arg-type]


def test_order_of_networks_makes_no_difference() -> None:
    """The same networks are the same right."""
    one, other = ("192.0.2.0/24", "::/0"), ("::/0", "192.0.2.0/24")
    assert token("a", networks=one).is_like(token("b", networks=other))


@pytest.mark.parametrize("meant", ["a", "centrale"])
def test_only_token_is_found(meant: str) -> None:
    """By its id, and by its name; others don't matter, nor do expired ones alike."""
    tokens = [token("a"), token("b", "ander"), token("c", expires_at=AT - DAY)]
    assert token_to_rotate(tokens, meant, AT).id == "a"


def test_expired_token_can_be_rotated() -> None:
    """Its PBX needs a new one all the more."""
    assert token_to_rotate([token("a", expires_at=AT)], "centrale", AT).id == "a"
    tokens = [token("a", expires_at=AT), token("b")]
    assert token_to_rotate(tokens, "a", AT).id == "a"


@pytest.mark.parametrize("meant", ["a", "b", "c", "centrale"])
def test_third_token_alike_is_refused(meant: str) -> None:
    """Whichever is meant, an expired one too; both that are live are named with their ends."""
    tokens = [token("a", expires_at=AT + DAY), token("b"), token("c", expires_at=AT)]
    with pytest.raises(ConflictError) as caught:
        token_to_rotate(tokens, meant, AT)
    assert str(caught.value) == (
        "2 tokens centrale with the same rights are live: a (until 2026-11-23 10:00 UTC), b "
        "(without an end); revoke the one that nothing uses any more, `bereikbaar token list` "
        "tells which, or wait until one has expired"
    )


def test_two_with_other_rights_are_told_apart_by_id() -> None:
    """One name for two rights is no rotation: each may be rotated by itself."""
    tokens = [token("a"), token("b", schedules=frozenset({"winkel"}))]
    with pytest.raises(ConflictError, match="say which: a, b"):
        token_to_rotate(tokens, "centrale", AT)
    assert token_to_rotate(tokens, "b", AT).id == "b"


def test_unknown_token_is_not_found() -> None:
    """The refusal names what was probably meant."""
    with pytest.raises(NotFoundError, match="did you mean centrale"):
        token_to_rotate([token("a")], "central", AT)
