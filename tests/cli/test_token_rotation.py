"""`bereikbaar token`: when tokens end, how one takes another's place, and when each was used."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pbx_adapters.auth import Caller, index_tokens
from pbx_adapters.token_uses import write_uses
from schedules.sqlite_store import open_store
from tests.cli.command_line import CommandLine, document
from tests.cli.conftest import SetClock


def use(cli: CommandLine, token_id: str, moment: str) -> None:
    """Note that a token was used, as the daemon does."""
    at = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
    write_uses(cli.folder / "data" / "decisions.db", [(token_id, at)])


def caller_with(cli: CommandLine, text: str) -> Caller | str:
    """Return whom the store takes the bearer of a token for."""
    with closing(open_store(cli.folder / "data")) as store:
        return index_tokens(store.tokens()).authenticate(f"Bearer {text}")


def tokens(cli: CommandLine) -> dict[str, Any]:
    """Return what `token list --all` tells, by id."""
    return {one["id"]: one for one in cli.json("token", "list", "--all")}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("90d", "2027-02-20T10:00:00Z", id="days"),
        pytest.param("1h30m", "2026-11-22T11:30:00Z", id="hours"),
        pytest.param("2027-03-31 18:00", "2027-03-31T16:00:00Z", id="summer-in-amsterdam"),
        pytest.param("2027-01-31T18:00Z", "2027-01-31T18:00:00Z", id="offset"),
        pytest.param("1 februari 2027", "2027-01-31T23:00:00Z", id="date-is-its-midnight"),
        pytest.param("22-11-2026 11:01", "2026-11-22T10:01:00Z", id="next-minute"),
    ],
)
def test_token_ends_when_it_is_told_to(cli: CommandLine, typed: str, expected: str) -> None:
    """A span from now on, or a moment, local in Amsterdam unless it has an offset."""
    assert cli.json("token", "create", "centrale", "--expires", typed)["expires_at"] == expected


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        pytest.param("2026-11-22 11:00", "has passed: it is 2026-11-22 10:00 UTC", id="now"),
        pytest.param("2020-01-01", "has passed", id="past"),
        pytest.param("0d", "is not a moment; write a moment, 2027-03-31 18:00, or a", id="no-span"),
        pytest.param("soon", "or a span from now on, 90d", id="neither"),
        pytest.param("2027-03-28 02:30", "does not occur in Europe/Amsterdam", id="spring-gap"),
        pytest.param(
            "2027-10-31 02:30",
            "occurs twice in Europe/Amsterdam; give 2027-10-31T02:30+02:00 or "
            "2027-10-31T02:30+01:00",
            id="autumn-hour",
        ),
    ],
)
def test_end_that_can_not_be_is_refused(cli: CommandLine, typed: str, told: str) -> None:
    """Nothing is guessed, and nothing is made."""
    cli("migrate")
    assert told in cli("token", "create", "centrale", "--expires", typed, code=1).stderr
    assert tokens(cli) == {}


def test_list_tells_state_end_and_last_use(cli: CommandLine, set_clock: SetClock) -> None:
    """Live, expired and revoked; moments in UTC, to the minute."""
    ids = [
        cli.json("token", "create", name, "--expires", "2027-01-01T12:00Z")["id"]
        for name in ("een", "twee", "drie")
    ]
    cli("token", "revoke", "drie")
    use(cli, ids[1], "2027-01-02T09:30")
    set_clock("2027-01-02T10:00+00:00")
    cli("token", "create", "vier")
    told = [line.split() for line in cli("token", "list", "--all").stdout.splitlines()[1:]]
    end = ["2027-01-01", "12:00"]
    common = ["pbx", "all", "any", "2026-11-22", *end]
    assert [ids[0], "een", "expired", *common] in told
    assert [ids[1], "twee", "expired", *common, "2027-01-02", "09:30"] in told
    assert [ids[2], "drie", "revoked", *common, "2026-11-22", "10:00"] in told
    assert ["vier", "live"] in [row[1:3] for row in told]
    assert tokens(cli)[ids[1]]["last_used_at"] == "2027-01-02T09:30:00Z"
    assert tokens(cli)[ids[1]]["state"] == "expired"


def test_last_use_that_can_not_be_read_is_told_and_left_out(cli: CommandLine) -> None:
    """The list is shown all the same."""
    made = cli.json("token", "create", "centrale")
    Path("data/decisions.db").write_bytes(b"kapot" * 1_000)
    result = cli("token", "list")
    assert made["id"] in result.stdout
    assert "Warning: when tokens were last used is unknown: " in result.stderr
    assert "decisions.db: is damaged" in result.stderr
    assert tokens(cli)[made["id"]]["last_used_at"] is None


def test_rotated_token_has_the_same_rights_and_another_secret(cli: CommandLine) -> None:
    """The old one goes on for a week; standard output holds the new one alone."""
    cli.apply(document("winkel"))
    rights = ("--schedule", "winkel", "--network", "192.0.2.0/24")
    old = cli.json("token", "create", "centrale", *rights)
    rotated = cli("token", "rotate", "centrale")
    caller = caller_with(cli, rotated.stdout.strip())
    assert isinstance(caller, Caller)
    was = tokens(cli)[old["id"]]
    new = tokens(cli)[caller.token_id]
    same = ("name", "state", "operator", "schedules", "networks")
    assert [new[key] for key in same] == [old[key] for key in same]
    assert (new["expires_at"], was["expires_at"]) == (None, "2026-11-29T10:00:00Z")
    assert isinstance(caller_with(cli, old["token"]), Caller)
    assert caller.table_key.hex() != old["table_key"]
    assert f"its table key: {caller.table_key.hex()}\n" in rotated.stderr
    assert f"takes the place of {old['id']}, which stays good until 2026-11-29 10:00 UTC" in (
        rotated.stderr
    )


def test_rotation_as_json(cli: CommandLine) -> None:
    """The new token with its key, and what it replaces; the operator's rights go along."""
    old = cli.json("token", "create", "beheer", "--operator")
    new = cli.json("token", "rotate", old["id"], "--expires", "365d", "--overlap", "2d")
    assert isinstance(caller_with(cli, new["token"]), Caller)
    assert new["operator"] is True
    assert new["expires_at"] == "2027-11-22T10:00:00Z"
    assert new["table_key"] not in (old["table_key"], "")
    assert new["replaces"]["id"] == old["id"]
    assert new["replaces"]["expires_at"] == "2026-11-24T10:00:00Z"


def test_overlap_never_prolongs_the_old_one(cli: CommandLine) -> None:
    """A token that ends before the overlap does still ends then."""
    old = cli.json("token", "create", "centrale", "--expires", "3d")
    new = cli.json("token", "rotate", "centrale", "--expires", "90d")
    assert new["replaces"]["expires_at"] == old["expires_at"] == "2026-11-25T10:00:00Z"


@pytest.mark.parametrize(
    ("options", "is_warned"),
    [
        (("--expires", "1h", "--overlap", "30d"), True),
        (("--expires", "30d", "--overlap", "1h"), False),
        (("--expires", "7d"), False),
        ((), False),
    ],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_new_one_that_ends_first_is_warned_of(
    cli: CommandLine, options: tuple[str, ...], dry: tuple[str, ...], *, is_warned: bool
) -> None:
    """A PBX that was given it would be refused while the old one is good."""
    old = cli.json("token", "create", "centrale")
    told = cli("token", "rotate", "centrale", *options, *dry).stderr
    warning = f"the new token ends on 2026-11-22 11:00 UTC, before {old['id']}"
    assert (warning in told) is is_warned
    assert ("Warning" in told) is is_warned


def test_end_of_a_token_that_ends_is_asked_for_again(cli: CommandLine) -> None:
    """To make it last for ever, or as long as the old one, would be a guess."""
    cli("token", "create", "centrale", "--expires", "30d")
    told = cli("token", "rotate", "centrale", code=1).stderr
    assert told.startswith("--expires: token ")
    assert "ends on 2026-12-22 10:00 UTC; say until when the new one is good" in told
    assert len(tokens(cli)) == 1


def test_third_live_token_is_refused(cli: CommandLine, set_clock: SetClock) -> None:
    """Both are named; once one is revoked or has expired, rotation goes on."""
    old = cli.json("token", "create", "centrale")
    new = cli.json("token", "rotate", "centrale")
    for meant in ("centrale", old["id"], new["id"]):
        told = cli("token", "rotate", meant, code=1).stderr
        assert f"{old['id']} (until 2026-11-29 10:00 UTC)" in told
        assert f"{new['id']} (without an end)" in told
        assert "revoke the one that nothing uses any more" in told
    assert len(tokens(cli)) == 2
    cli("token", "revoke", old["id"])
    third = cli.json("token", "rotate", "centrale")
    assert third["replaces"]["id"] == new["id"]
    set_clock("2026-11-29T10:00+00:00")
    assert cli.json("token", "rotate", "centrale")["replaces"]["id"] == third["id"]


def test_expired_token_is_rotated_without_coming_back(
    cli: CommandLine, set_clock: SetClock
) -> None:
    """The new one is live, the old one stays as it is."""
    old = cli.json("token", "create", "centrale", "--expires", "1d")
    set_clock("2026-12-01T10:00+00:00")
    result = cli("token", "rotate", "centrale", "--expires", "90d")
    assert "stays good" not in result.stderr
    assert tokens(cli)[old["id"]]["expires_at"] == "2026-11-23T10:00:00Z"
    assert sorted(one["state"] for one in tokens(cli).values()) == ["expired", "live"]


def test_rotation_tried_dry(cli: CommandLine) -> None:
    """What would happen is told without a secret, and undone."""
    cli("token", "create", "centrale")
    before = cli.rows()
    told = cli("token", "rotate", "centrale", "--dry-run").stdout
    assert told == "token centrale would be rotated; a dry run: nothing was saved\n"
    answer = cli.json("token", "rotate", "centrale", "--dry-run")
    assert answer["dry_run"] is True
    assert not {"token", "table_key"} & answer.keys()
    assert cli.rows() == before


def test_faults_of_a_rotation_are_told_at_once(cli: CommandLine) -> None:
    """Overlap and end together."""
    cli("token", "create", "centrale")
    options = ("--overlap", "lang", "--expires", "gisteren")
    told = cli("token", "rotate", "centrale", *options, code=1).stderr
    assert [line.partition(": ")[0] for line in told.splitlines()] == ["--overlap", "--expires"]


def test_whole_token_is_rotated_by_its_id(cli: CommandLine) -> None:
    """Its secret is shown nowhere."""
    text = cli("token", "create", "centrale").stdout.strip()
    rotated = cli("token", "rotate", text)
    assert text.split("_", 2)[2] not in rotated.stdout + rotated.stderr
    assert text.split("_")[1] in rotated.stderr


def test_keys_are_shown_in_no_list(cli: CommandLine) -> None:
    """Neither the token nor its table key, in text or JSON."""
    made = cli.json("token", "create", "centrale")
    told = cli("token", "list", "--all").stdout + cli("token", "list", "--json").stdout
    told += cli("token", "revoke", "centrale", "--json").stdout
    assert made["table_key"] not in told
    assert made["token"].split("_", 2)[2] not in told
