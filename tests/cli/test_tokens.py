"""`bereikbaar token`: list, create and revoke; rotation is in `test_token_rotation.py`."""

import subprocess
import sys
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import pytest

from pbx_adapters.auth import Caller, index_tokens
from schedules.sqlite_store import open_store
from tests.cli.command_line import CommandLine, document
from tests.cli.conftest import SetClock


def caller_with(cli: CommandLine, text: str) -> Caller | str:
    """Return whom the store takes the bearer of a token for."""
    with closing(open_store(cli.folder / "data")) as store:
        table = index_tokens(store.tokens())
    user = b64encode(f"{text}:".encode()).decode()
    caller = table.authenticate(f"Bearer {text}")
    assert caller == table.authenticate(f"Basic {user}")
    return caller


def test_a_token_is_shown_once_and_opens_what_it_says(cli: CommandLine) -> None:
    """Standard output holds the token and nothing else, so that a script can take it."""
    cli.apply(document("winkel"))
    made = cli("token", "create", "centrale", "--schedule", "winkel", "--network", "192.0.2.0/24")
    caller = caller_with(cli, made.stdout.strip())
    assert isinstance(caller, Caller)
    assert (caller.name, caller.is_operator, caller.schedules) == (
        "centrale",
        False,
        frozenset({"winkel"}),
    )
    assert caller.may_come_from("192.0.2.7")
    assert not caller.may_come_from("198.51.100.7")
    assert "shown this once only" in made.stderr
    assert f"its table key: {caller.table_key.hex()}\n" in made.stderr
    database = b"".join(path.read_bytes() for path in Path("data").iterdir())
    assert made.stdout.strip().split("_", 2)[2].encode() not in database


def test_a_token_as_json(cli: CommandLine) -> None:
    """The token, its id, and what it may."""
    made = cli.json("token", "create", "beheer", "--operator")
    caller = caller_with(cli, made.pop("token"))
    assert isinstance(caller, Caller)
    assert caller.is_operator
    assert caller.table_key == bytes.fromhex(made.pop("table_key"))
    token_id = made.pop("id")
    assert made == {
        "name": "beheer",
        "state": "live",
        "operator": True,
        "schedules": [],
        "networks": [],
        "created_at": "2026-11-22T10:00:00Z",
        "expires_at": None,
        "last_used_at": None,
        "revoked_at": None,
    }
    assert cli.json("token", "list") == [{"id": token_id, **made}]


def test_the_list_of_tokens(cli: CommandLine) -> None:
    """Live ones; those revoked only when asked for."""
    cli.apply(document("winkel"))
    first = cli.json("token", "create", "oud")["id"]
    second = cli.json("token", "create", "nieuw", "--schedule", "winkel", "--network", "192.0.2.7")[
        "id"
    ]
    cli("token", "revoke", "oud")
    assert [line.split() for line in cli("token", "list").stdout.splitlines()] == [
        [
            "ID",
            "NAME",
            "STATE",
            "RIGHTS",
            "SCHEDULES",
            "NETWORKS",
            "CREATED",
            "EXPIRES",
            "LAST",
            "USED",
            "REVOKED",
        ],
        [second, "nieuw", "live", "pbx", "winkel", "192.0.2.7/32", "2026-11-22"],
    ]
    rows = [line.split() for line in cli("token", "list", "--all").stdout.splitlines()]
    dates = ["2026-11-22", "2026-11-22", "10:00"]
    assert [first, "oud", "revoked", "pbx", "all", "any", *dates] in rows


def test_every_fault_of_a_token_is_told(cli: CommandLine) -> None:
    """Name, schedules and networks at once, and nothing is made."""
    cli.apply(document("winkel"))
    result = cli(
        "token", "create", " ", "--schedule", "winkle", "--expires", "gisteren",
        "--network", "thuis", "--network", "::/0", "--network", "192.0.2.7/24",
        code=1,
    )  # fmt: skip
    places = [line.partition(": ")[0] for line in result.stderr.splitlines()]
    assert places == ["NAME", "--schedule", "--expires", "--network", "--network"]
    assert "write 192.0.2.0/24 for the network, or 192.0.2.7 for that address" in result.stderr
    assert "did you mean winkel?" in result.stderr
    assert cli.json("token", "list", "--all") == []


def test_an_operator_token_is_for_all_schedules(cli: CommandLine) -> None:
    """To limit one is wrong usage: it would not be limited."""
    cli("token", "create", "x", "--operator", "--schedule", "winkel", code=2)


def test_two_live_tokens_of_one_name_are_told_apart_by_id(cli: CommandLine) -> None:
    """Both live while a PBX changes over; revoking by name says which ids there are."""
    old, new = (cli.json("token", "create", "centrale") for _ in range(2))
    result = cli("token", "revoke", "centrale", code=1)
    assert old["id"] in result.stderr
    assert new["id"] in result.stderr
    assert cli("token", "revoke", old["id"]).stdout == f"token {old['id']} (centrale) is revoked\n"
    assert caller_with(cli, old["token"]) == "unknown"
    assert isinstance(caller_with(cli, new["token"]), Caller)
    assert cli.json("token", "revoke", "centrale")["revoked_at"] == "2026-11-22T10:00:00Z"


def test_a_name_that_is_taken_is_warned_of(cli: CommandLine) -> None:
    """By a live token, whatever its limits; one that was revoked is in nobody's way."""
    first = cli.json("token", "create", "centrale")["id"]
    told = cli("token", "create", "centrale", "--network", "192.0.2.7").stderr
    assert f"Warning: {first} is live and called centrale too: `token rotate`" in told
    for one in cli.json("token", "list"):
        cli("token", "revoke", one["id"])
    assert "Warning" not in cli("token", "create", "centrale").stderr


def test_tokens_are_listed_by_name_and_age(cli: CommandLine, set_clock: SetClock) -> None:
    """Their ids say nothing to a reader."""
    made = []
    for hour, name in enumerate(("b", "a", "b", "c", "a", "b"), start=10):
        set_clock(f"2026-11-22T{hour}:00+00:00")
        made.append((name, cli.json("token", "create", name)["created_at"]))
    listed = [(one["name"], one["created_at"]) for one in cli.json("token", "list", "--all")]
    assert listed == [made[n] for n in (1, 4, 0, 2, 5, 3)]


def test_a_token_that_is_not_there(cli: CommandLine) -> None:
    """The message says which may be meant."""
    cli("token", "create", "centrale")
    assert "did you mean centrale?" in cli("token", "revoke", "central", code=1).stderr


@pytest.mark.parametrize("command", ["create", "revoke"])
def test_tokens_tried_dry(cli: CommandLine, command: str) -> None:
    """What would happen is told without a secret, and undone."""
    cli("token", "create", "centrale")
    before = cli.rows()
    told = cli("token", command, "centrale", "--dry-run").stdout
    assert told == f"token centrale would be {command}d; a dry run: nothing was saved\n"
    answer = cli.json("token", command, "centrale", "--dry-run")
    assert answer["dry_run"] is True
    assert "token" not in answer
    assert cli.rows() == before


def test_a_token_that_could_not_be_shown_can_be_revoked(cli: CommandLine) -> None:
    """The message names its id, for nobody has its secret."""
    program = Path(sys.executable).with_name("bereikbaar")
    with Path("/dev/full").open("wb") as full:
        made = subprocess.run(
            [program, "token", "create", "centrale"],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert made.returncode == 1
    token_id = cli.json("token", "list")[0]["id"]
    last = made.stderr.splitlines()[-1]
    assert last.startswith(f"Error: token {token_id} (centrale) was created, but could not be ")
    assert f"`bereikbaar token revoke {token_id}`" in last


def test_a_whole_token_is_revoked_by_its_id(cli: CommandLine) -> None:
    """Its secret is never shown, also when there is no such token any more."""
    text = cli("token", "create", "centrale").stdout.strip()
    secret = text.split("_", 2)[2]
    done, refused = (cli("token", "revoke", text, code=code) for code in (0, 1))
    assert secret not in done.stdout + done.stderr + refused.stdout + refused.stderr
    assert text.split("_")[1] in refused.stderr
    assert cli.json("token", "list") == []


def test_a_token_for_a_schedule_that_is_not_there_says_which_may_be_meant(cli: CommandLine) -> None:
    """Part of an id will do."""
    cli.apply(document("winkel-zwolle-centrum"))
    told = cli("token", "create", "x", "--schedule", "zwolle", code=1).stderr
    assert "did you mean winkel-zwolle-centrum?" in told
