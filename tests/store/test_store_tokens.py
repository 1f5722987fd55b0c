"""What every store promises of tokens."""

import dataclasses
from datetime import datetime, timedelta

import pytest

from schedules.errors import ConflictError, NotFoundError
from schedules.store import ScheduleStore
from tests.store.saving import MakeToken

HOUR = timedelta(hours=1)


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

    def test_expiry_and_key_are_read_back_equal(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """A token that ends comes back with its end, also once that has passed."""
        token = make_token(expires_at=saved_at - HOUR, table_key="ab" * 32)
        with store.writing("jan", saved_at) as writer:
            writer.add_token(token)
        assert store.tokens() == (token,)

    def test_token_can_be_given_an_end(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """It keeps all else; whoever serves the store is told."""
        with store.writing("jan", saved_at) as writer:
            writer.add_token(make_token("t1", table_key="ab" * 32))
            writer.add_token(make_token("t2"))
        with store.writing("jan", saved_at) as writer:
            ending = writer.expire_token("t1", saved_at + HOUR)
        expected = make_token("t1", table_key="ab" * 32, expires_at=saved_at + HOUR)
        assert ending == expected
        assert store.tokens() == (expected, make_token("t2"))
        assert store.changed_since(1).has_new_tokens

    def test_revoked_or_unknown_token_is_given_no_end(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """What is revoked stays as it was."""
        with store.writing("jan", saved_at) as writer:
            writer.add_token(make_token("t1"))
            writer.revoke_token("t1")
        for token_id in ("t1", "t9"):
            with pytest.raises(NotFoundError), store.writing("jan", saved_at) as writer:
                writer.expire_token(token_id, saved_at + HOUR)

    def test_live_token_is_meant_before_an_expired_one(
        self, store: ScheduleStore, make_token: MakeToken, saved_at: datetime
    ) -> None:
        """Of one name, the one that opens something; else the expired, while there is only one."""
        with store.writing("jan", saved_at) as writer:
            writer.add_token(make_token("t1", expires_at=saved_at))
            writer.add_token(make_token("t2", expires_at=saved_at + HOUR))
            writer.add_token(make_token("t3", expires_at=saved_at - HOUR))
        with store.writing("jan", saved_at) as writer:
            assert writer.revoke_token("centrale").id == "t2"
        with (
            pytest.raises(ConflictError, match=r"2 expired tokens are named centrale; .* t1, t3"),
            store.writing("jan", saved_at) as writer,
        ):
            writer.revoke_token("centrale")
        with store.writing("jan", saved_at) as writer:
            writer.revoke_token("t1")
            assert writer.revoke_token("centrale").id == "t3"
