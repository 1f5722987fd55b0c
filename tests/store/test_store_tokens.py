"""What every store promises of tokens."""

import dataclasses
from datetime import datetime

import pytest

from schedules.errors import ConflictError, NotFoundError
from schedules.store import ScheduleStore
from tests.store.saving import MakeToken


class TestTokens:
    """Tokens are kept by the hash of their secret (quality.md: Threats)."""

    def test_token_is_read_back_equal(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """Scopes and networks come back as they were given."""
        token = make_token(
            is_operator=True,
            schedules=frozenset({"a", "b"}),
            networks=("10.0.0.0/8", "2001:db8::/32"),
        )
        with store.writing("jan", saved_at) as writer:
            writer.add_token(token)
        assert store.tokens() == (token,)
        assert store.revision() == 1

    def test_revoked_token_is_kept_but_not_live(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """Of two with one name, the one revoked by id is no longer live; both are kept."""
        with store.writing("jan", saved_at) as writer:
            writer.add_token(make_token("t1"))
            writer.add_token(make_token("t2"))
        with store.writing("jan", saved_at) as writer:
            revoked = writer.revoke_token("t1")
        assert revoked == dataclasses.replace(make_token("t1"), revoked_at=saved_at)
        assert [token.id for token in store.tokens()] == ["t2"]
        assert [token.id for token in store.all_tokens()] == ["t1", "t2"]

    def test_name_is_enough_while_one_live_token_has_it(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """A shared name is refused, naming the ids; once one is revoked the name will do."""
        with store.writing("jan", saved_at) as writer:
            writer.add_token(make_token("t1"))
            writer.add_token(make_token("t2"))
        with (
            pytest.raises(ConflictError, match="t1, t2"),
            store.writing("jan", saved_at) as writer,
        ):
            writer.revoke_token("centrale")
        with store.writing("jan", saved_at) as writer:
            writer.revoke_token("t2")
            assert writer.revoke_token("centrale").id == "t1"
        assert store.tokens() == ()

    def test_unknown_or_revoked_token_is_not_found(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """The refusal names what was probably meant."""
        with store.writing("jan", saved_at) as writer:
            writer.add_token(make_token())
        with (
            pytest.raises(NotFoundError, match="did you mean centrale"),
            store.writing("jan", saved_at) as writer,
        ):
            writer.revoke_token("central")
        with store.writing("jan", saved_at) as writer:
            writer.revoke_token("t1")
        with pytest.raises(NotFoundError), store.writing("jan", saved_at) as writer:
            writer.revoke_token("t1")

    @pytest.mark.parametrize("taken", ["id", "sha256"])
    def test_taken_id_or_secret_is_refused(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime, taken: str
    ) -> None:
        """Neither two ids nor two secrets are alike."""
        first = make_token("t1")
        second = dataclasses.replace(make_token("t2"), **{taken: getattr(first, taken)})
        with store.writing("jan", saved_at) as writer:
            writer.add_token(first)
        with pytest.raises(ConflictError), store.writing("jan", saved_at) as writer:
            writer.add_token(second)
        assert store.tokens() == (first,)
