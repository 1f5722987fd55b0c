"""Tokens: made, found in a header, and what they open (contract.md: Authentication)."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx_adapters.auth import (
    LOCAL_OPERATOR,
    Caller,
    TokenTable,
    create_token,
    find_tokens,
    index_tokens,
)
from schedules.errors import FaultyValueError
from schedules.store import Token

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def made(name: str = "pbx", **rights: object) -> tuple[Token, str]:
    """Make a token without rights but those given."""
    plain: dict[str, object] = {"is_operator": False, "schedules": (), "networks": ()}
    return create_token(name, created_at=AT, **plain | rights)  # type: ignore[arg-type]


def basic(user: str, password: str) -> str:
    """Write Basic authentication."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def test_secret_is_kept_nowhere() -> None:
    """What is stored holds the hash of the secret, and not the secret."""
    token, text = made()
    secret = text.removeprefix(f"bk_{token.id}_")
    assert token.sha256 == sha256(secret.encode()).hexdigest()
    assert secret not in repr(asdict(token))


def test_tokens_are_random() -> None:
    """Each token has an id and 256 random bits of its own, in letters that fit in any header."""
    texts = {made()[1] for _ in range(100)}
    assert len(texts) == 100
    assert all(re.fullmatch("bk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", text) for text in texts)


def test_rights_are_stored() -> None:
    """Operator rights, schedules and networks come with the token, networks in one form."""
    token, _ = made(is_operator=True, schedules=["a", "b"], networks=["192.0.2.7", "2001:DB8::/32"])
    assert token.is_operator
    assert token.schedules == {"a", "b"}
    assert token.networks == ("192.0.2.7/32", "2001:db8::/32")
    assert (token.name, token.created_at, token.revoked_at) == ("pbx", AT, None)


def test_expiry_and_table_key_come_with_the_token() -> None:
    """Whoever asks is known with both, and neither is shown where a caller or token is told."""
    token, text = made(expires_at=datetime(2026, 11, 22, 11, 0, tzinfo=UTC))
    caller = index_tokens([token]).authenticate(f"Bearer {text}")
    assert isinstance(caller, Caller)
    assert caller.token_id == token.id
    assert caller.expires_at == 1_795_345_200
    assert re.fullmatch("[0-9a-f]{64}", token.table_key)
    assert caller.table_key == bytes.fromhex(token.table_key)
    assert token.table_key not in repr(token)
    assert repr(caller.table_key) not in repr(caller)


def test_bad_networks_are_all_named() -> None:
    """Each network that is none is told at once."""
    with pytest.raises(FaultyValueError) as caught:
        made(networks=["192.0.2.1/24", "192.0.2.0/24", "office"])
    assert [problem.split(" is not")[0] for problem, _ in caught.value.faults] == [
        "'192.0.2.1/24'",
        "'office'",
    ]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("Bearer bk_a_b", ("bk_a_b",), id="bearer"),
        pytest.param("BEARER  bk_a_b ", ("bk_a_b",), id="bearer-loosely"),
        pytest.param(basic("x", "bk_a_b"), ("bk_a_b",), id="basic-password"),
        pytest.param(basic("bk_a_b", "x"), ("bk_a_b",), id="basic-user"),
        pytest.param(basic("bk_u_u", "bk_p_p"), ("bk_p_p", "bk_u_u"), id="password-first"),
        pytest.param(basic("x", "bk_a_b:c"), ("bk_a_b:c",), id="colon-in-password"),
        pytest.param(basic("é", "bk_a_b"), ("bk_a_b",), id="other-part-not-ascii"),
        pytest.param(
            "Basic " + b64encode(b"caf\xe9:bk_a_b").decode(), ("bk_a_b",), id="other-part-latin-1"
        ),
        pytest.param("Basic " + b64encode(b"bk_a_b\xe9:x").decode(), (), id="token-not-ascii"),
        pytest.param("Basic " + b64encode(b"bk_a_b").decode(), ("bk_a_b",), id="no-colon"),
        pytest.param("Bearer", (), id="nothing"),
        pytest.param("Bearer x", (), id="no-prefix"),
        pytest.param("Bearer bk_\udcff", (), id="not-text"),
        pytest.param("Bearer bk_é", (), id="not-ascii"),
        pytest.param("Basic é", (), id="not-base64"),
        pytest.param("Token bk_a_b", (), id="other-scheme"),
        pytest.param("Bearer " + "x" * 100_000, (), id="long"),
    ],
)
def test_tokens_are_found_in_a_header(header: str, expected: tuple[str, ...]) -> None:
    """A token may be a bearer's, a password or a user name; nothing else is one."""
    assert find_tokens(header) == expected


def test_right_token_is_known() -> None:
    """Bearer and both forms of Basic tell whose token it is."""
    (first, text), (second, other) = made("one"), made("two")
    table = index_tokens([first, second])
    for header in (f"Bearer {text}", basic("", text), basic(text, "x"), basic("bk_no_no", text)):
        caller = table.authenticate(header)
        assert isinstance(caller, Caller)
        assert caller.name == "one"
    caller = table.authenticate(f"Bearer {other}")
    assert isinstance(caller, Caller)
    assert caller.name == "two"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(lambda _: None, "missing", id="none"),
        pytest.param(lambda _: "", "missing", id="empty"),
        pytest.param(lambda text: text, "malformed", id="no-scheme"),
        pytest.param(lambda text: f"Bearer {text[3:]}", "malformed", id="no-prefix"),
        pytest.param(lambda text: f"Bearer {text[:-1]}", "unknown", id="cut-off"),
        pytest.param(lambda text: f"Bearer {text}=", "unknown", id="longer"),
        pytest.param(
            lambda text: f"Bearer {text.swapcase()[:2].lower()}{text[2:].swapcase()}",
            "unknown",
            id="other-case",
        ),
        pytest.param(lambda text: f"Bearer bk_{'0' * 12}_{text[16:]}", "unknown", id="other-id"),
        pytest.param(lambda text: f"Bearer {text[:16]}", "unknown", id="id-only"),
        pytest.param(lambda _: "Bearer bk_", "unknown", id="prefix-only"),
        pytest.param(lambda _: "Bearer bk___", "unknown", id="empty-id"),
    ],
)
def test_wrong_token_is_refused(spoil: Callable[[str], str | None], why: str) -> None:
    """What isn't exactly a live token is refused, with the reason."""
    token, text = made()
    assert index_tokens([token]).authenticate(spoil(text)) == why


def test_hash_is_no_token() -> None:
    """Who has read the database can't use what he found there."""
    token, _ = made()
    assert index_tokens([token]).authenticate(f"Bearer bk_{token.id}_{token.sha256}") == "unknown"


def test_revoked_token_is_unknown() -> None:
    """A revoked token is as good as none."""
    token, text = made()
    table = index_tokens([replace(token, revoked_at=AT)])
    assert table.authenticate(f"Bearer {text}") == "unknown"


def test_two_live_tokens_of_one_name() -> None:
    """During a rotation both tokens are good."""
    (old, old_text), (new, new_text) = made(), made()
    table = index_tokens([old, new])
    for text in (old_text, new_text):
        assert isinstance(table.authenticate(f"Bearer {text}"), Caller)


@given(st.text(max_size=60))
def test_any_header_is_judged(text: str) -> None:
    """No header makes authentication fail in another way."""
    table = index_tokens([made()[0]])
    for header in (text, f"Bearer {text}", f"Bearer bk_{text}", f"Basic {text}", basic("", "bk_")):
        assert table.authenticate(header) in {"missing", "malformed", "unknown"}


def test_nobody_is_known_at_first() -> None:
    """An empty table knows no token."""
    assert TokenTable().authenticate("Bearer bk_a_b") == "unknown"


@pytest.mark.parametrize(
    ("caller", "schedule", "may"),
    [
        (Caller("x", is_operator=False), "a", True),
        (Caller("x", is_operator=False, schedules=frozenset({"a"})), "a", True),
        (Caller("x", is_operator=False, schedules=frozenset({"a"})), "b", False),
        (Caller("x", is_operator=False, schedules=frozenset({"a"})), "", False),
        (Caller("x", is_operator=True, schedules=frozenset({"a"})), "b", True),
        (LOCAL_OPERATOR, "b", True),
    ],
)
def test_schedules_a_token_is_for(caller: Caller, schedule: str, may: bool) -> None:  # noqa: FBT001 - a column of the table
    """No schedules means all; operators have all anyway."""
    assert caller.may_ask_for(schedule) is may


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("192.0.2.0", True),
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("::ffff:192.0.2.1", True),
        ("::ffff:192.0.3.1", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("fe80::1%eth0", False),
        ("nonsense", False),
        ("", False),
        (None, False),
    ],
)
def test_networks_a_token_counts_in(address: str | None, may: bool) -> None:  # noqa: FBT001 - a column of the table
    """The peer's address decides, also an IPv4 one in IPv6's clothes."""
    networks = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))
    assert Caller("x", is_operator=False, networks=networks).may_come_from(address) is may


@pytest.mark.parametrize("address", ["192.0.2.1", "::1", None])
def test_no_networks_means_any(address: str | None) -> None:
    """A token without networks is good from everywhere, and over a Unix socket."""
    assert Caller("x", is_operator=False).may_come_from(address)
