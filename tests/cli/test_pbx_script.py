"""`bereikbaar pbx script`: scripts filled in, printed or written."""

import json
import stat
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from admin_cli.whole_files import NewFile, write_together
from pbx_adapters import clock
from pbx_adapters.auth import create_token
from pbx_adapters.pbx_scripts import about_scripts, pbx_names
from schedules.sqlite_store import open_store
from tests.cli.command_line import CommandLine, document

FILE: Final = "bereikbaar-ask.sh"
ADDRESS: Final = ("--address", "https://daemon.example")
STRANGE: Final = "bk_0123456789ab_AbCdEf-_0123456789"


@pytest.fixture
def shop_token(cli: CommandLine) -> dict[str, Any]:
    """Have two schedules, and a token for one of them."""
    cli.apply(document("winkel", numbers='["+31850000200"]'), document("kantoor"))
    made: dict[str, Any] = cli.json("token", "create", "centrale", "--schedule", "winkel")
    cli.write("token", made["token"] + "\n")
    return made


def settings_of(text: str) -> dict[str, str]:
    """Return what a script is filled in with."""
    lines = [line.partition("=") for line in text.splitlines() if "='" in line]
    return {name.removeprefix("bereikbaar_"): value[1:-1] for name, _, value in lines[:8]}


def test_a_script_is_printed_filled_in(cli: CommandLine, shop_token: dict[str, Any]) -> None:
    """With the table key of the token that the store has."""
    made = cli(
        *("pbx", "script", "generic", "--token-file", "token", "--number", "085-0000200"),
        *("--default-route", "100", "--timeout", "3", "--set", "folder=/srv/calls", *ADDRESS),
    )
    assert settings_of(made.stdout) == {
        "url": "https://daemon.example",
        "token": shop_token["token"],
        "table_key": shop_token["table_key"],
        "folder": "/srv/calls",
        "timeout": "3",
        "number": "+31850000200",
        "schedule": "",
        "default_route": "100",
    }
    assert made.stderr == ""


def test_files_are_written_for_their_owner_alone(
    cli: CommandLine, shop_token: dict[str, Any]
) -> None:
    """They hold a secret; what is run is a program, and stdin may bring the token."""
    made = cli(
        *("pbx", "script", "generic", "--token", "-", "--output", "pbx/new", *ADDRESS),
        stdin=shop_token["token"],
    )
    path = Path("pbx/new") / FILE
    assert made.stdout == f"{path}: created\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert settings_of(path.read_text())["token"] == shop_token["token"]


def test_files_that_differ_are_not_replaced_unasked(
    cli: CommandLine, shop_token: dict[str, Any]
) -> None:
    """The same again changes nothing; --force replaces, and nothing is left beside."""
    del shop_token
    write = ("pbx", "script", "generic", "--token-file", "token", "--output", "out", *ADDRESS)
    path = Path("out") / FILE
    cli(*write)
    path.chmod(0o755)
    assert cli(*write).stdout == f"{path}: unchanged\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    before = path.read_bytes()
    refused = cli(*write, "--timeout", "9", code=1)
    assert f"{path}: there already, and different" in refused.stderr
    assert path.read_bytes() == before
    assert cli(*write, "--timeout", "9", "--force").stdout == f"{path}: replaced\n"
    assert settings_of(path.read_text())["timeout"] == "9"
    assert list(Path("out").iterdir()) == [path]


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_only_regular_files_are_replaced(
    cli: CommandLine, shop_token: dict[str, Any], kind: str
) -> None:
    """A link could lead anywhere."""
    del shop_token
    Path("out").mkdir()
    path = Path("out") / FILE
    if kind == "link":
        path.symlink_to(cli.folder / "elsewhere")
    else:
        path.mkdir()
    write = ("pbx", "script", "generic", "--token-file", "token", "--output", "out", "--force")
    refused = cli(*write, *ADDRESS, code=1)
    assert "not a regular file" in refused.stderr
    assert list(Path("out").iterdir()) == [path]
    assert not Path("elsewhere").exists()


def test_json_tells_what_was_filled_in(cli: CommandLine, shop_token: dict[str, Any]) -> None:
    """The text where it isn't written, the path where it is."""
    del shop_token
    asked = ("pbx", "script", "generic", "--token-file", "token", "--schedule", "winkel", *ADDRESS)
    printed = cli.json(*asked)
    (file,) = printed.pop("files")
    assert printed == {
        "pbx": "generic",
        "name": "any PBX that can run a program",
        "guide": "docs/pbx/generic.md",
        "address": "https://daemon.example",
        "number": None,
        "schedule": "winkel",
        "keeps_table": True,
    }
    assert (file["file"], file["program"]) == (FILE, True)
    assert settings_of(file["text"])["schedule"] == "winkel"
    (written,) = cli.json(*asked, "--output", "out")["files"]
    assert written == {"file": FILE, "path": f"out/{FILE}", "result": "created"}


def test_the_list_needs_nothing(cli: CommandLine) -> None:
    """Neither token nor store; it tells files and settings."""
    listed = cli("pbx", "script", "generic", "--list")
    assert FILE in listed.stdout
    assert "/var/lib/bereikbaar-pbx" in listed.stdout
    told = cli.json("pbx", "script", "generic", "--list")
    assert [file["file"] for file in told["files"]] == [FILE]
    assert [setting["setting"] for setting in told["settings"]] == ["folder"]


def test_every_fault_is_told_at_once(cli: CommandLine) -> None:
    """Of the address, the routes, the secrets and the settings."""
    refused = cli(
        *("pbx", "script", "generic", "--token", "secret", "--table-key", "00"),
        *("--number", "x", "--address", "http://a@b", "--default-route", "$(x)"),
        *("--set", "folder", "--set", "colour=red", "--set", "folder=relative"),
        code=1,
    )
    places = [line.partition(":")[0] for line in refused.stderr.splitlines()]
    assert places == [
        *("--number", "--default-route", "--address", "--token", "--table-key"),
        *("--set", "--set", "--set"),
    ]
    assert "secret" not in refused.stderr


def test_without_a_token_it_says_how_to_get_one(cli: CommandLine) -> None:
    """An empty file has none either."""
    refused = cli("pbx", "script", "generic", *ADDRESS, code=1)
    assert "`bereikbaar token create NAME`" in refused.stderr
    cli.write("token", "\n")
    refused = cli("pbx", "script", "generic", *ADDRESS, "--token-file", "token", code=1)
    assert refused.stderr.startswith("--token-file: holds nothing")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--number", "1", "--schedule", "x"), "either --number or --schedule"),
        (("--token", "x", "--token-file", "y"), "either --token or --token-file"),
        (("--file", "bereikbar-ask.sh"), f"did you mean {FILE}?"),
        (("--force",), "--force goes with --output"),
        (("--output", ""), "--output names no folder"),
        (("--list", "--output", "out"), "--list writes no files"),
        (("--token", "-", "--table-key", "-"), "only one of token and table key"),
        (("--token", "-", "--table-key-file", "-"), "only one of token and table key"),
    ],
)
def test_options_that_do_not_go_together(
    cli: CommandLine, arguments: tuple[str, ...], told: str
) -> None:
    """Are wrong usage."""
    assert told in cli("pbx", "script", "generic", *arguments, code=2).stderr


def test_without_a_store_nothing_is_looked_up(cli: CommandLine) -> None:
    """Which is said; a given key is taken, and none is made."""
    asked = ("pbx", "script", "generic", "--token", STRANGE, *ADDRESS)
    told = cli(*asked)
    assert "there is no store in data; token, table key" in told.stderr
    assert "keep no table" in told.stderr
    assert settings_of(told.stdout)["table_key"] == ""
    key = "AB" * 32
    told = cli(*asked, "--table-key", key)
    assert "keep no table" not in told.stderr
    assert settings_of(told.stdout)["table_key"] == key.lower()
    assert not Path("data").exists()


def test_a_token_that_would_not_do_is_refused(cli: CommandLine, shop_token: dict[str, Any]) -> None:
    """Unknown, of another secret, for another schedule, or revoked: each with its remedy."""
    asked = ("pbx", "script", "generic", *ADDRESS)
    for wrong in (STRANGE, shop_token["token"][:-1]):
        assert "not known in this store" in cli(*asked, "--token", wrong, code=1).stderr
    right = (*asked, "--token-file", "token")
    refused = cli(*right, "--schedule", "kantoor", code=1)
    assert refused.stderr.startswith("--token-file: is for winkel, not for kantoor")
    cli("token", "revoke", shop_token["id"])
    refused = cli(*right, "--schedule", "kantoor", code=1)
    assert "was revoked on 2026-11-22T10:00:00Z" in refused.stderr
    assert "is for winkel" in refused.stderr
    assert shop_token["token"] not in refused.stderr


def test_what_is_odd_is_warned_of(cli: CommandLine, shop_token: dict[str, Any]) -> None:
    """An operator's rights, a number without schedule, a schedule that isn't there, loopback."""
    del shop_token
    cli.write("token", cli.json("token", "create", "beheer", "--operator")["token"])
    asked = ("pbx", "script", "generic", "--token-file", "token")
    told = cli(*asked, "--number", "0850009999").stderr
    assert "http://127.0.0.1:8470 reaches the daemon from this machine only" in told
    assert "(beheer) has an operator's rights" in told
    assert "+31850009999 is not linked to any schedule" in told
    told = cli(*asked, *ADDRESS, "--schedule", "nergens").stderr
    assert "there is no schedule 'nergens'" in told


def test_a_trunk_left_at_what_stands_for_it_is_warned_of(
    cli: CommandLine, shop_token: dict[str, Any]
) -> None:
    """With what to give; no more once it was given."""
    del shop_token
    asked = ("pbx", "script", "kamailio", "--token-file", "token", *ADDRESS)
    told = cli(*asked)
    assert told.stderr.startswith("Warning: trunk is left at trunk.example.invalid, ")
    assert "give --set trunk=VALUE: where forwarded calls go" in told.stderr
    assert cli(*asked, "--set", "trunk=192.0.2.1").stderr == ""


SWYX: Final = ("pbx", "script", "swyx", "--token-file", "token", "--output", "out", *ADDRESS)
NO_RECORDING: Final = "recording.lua and recording.vbs can send no recording: give --set"


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        ((), NO_RECORDING),
        (("--file", "recording.vbs"), "Warning: recording.vbs can send no recording"),
        (("--file", "bereikbaar.lua"), ""),
        (("--schedule", "winkel"), ""),
        (("--set", "recording_schedule=winkel"), ""),
        (("--set", "recording_schedule=nergens"), "there is no schedule 'nergens'"),
    ],
)
def test_where_recordings_go_is_looked_up(
    cli: CommandLine, options: tuple[str, ...], warning: str
) -> None:
    """As the schedule of calls is; without any, nothing could be sent."""
    cli.apply(document("winkel"))
    cli.write("token", cli.json("token", "create", "centrale")["token"])
    told = [line for line in cli(*SWYX, *options).stderr.splitlines() if "Warning" in line]
    assert len(told) == bool(warning)
    assert all(warning in line for line in told)


def test_a_token_must_do_for_recordings(cli: CommandLine, shop_token: dict[str, Any]) -> None:
    """The daemon would refuse each of them."""
    del shop_token
    refused = cli(*SWYX, "--set", "recording_schedule=kantoor", code=1)
    assert refused.stderr.startswith("--token-file: is for winkel, not for kantoor")


def test_a_setting_given_twice_is_refused(cli: CommandLine, shop_token: dict[str, Any]) -> None:
    """Which of the two was meant can't be known."""
    del shop_token
    twice = ("--set", "folder=/a", "--set", "folder=/b")
    refused = cli("pbx", "script", "generic", "--token-file", "token", *twice, *ADDRESS, code=1)
    assert refused.stderr == "--set: folder is given twice; give it once\n"


@pytest.mark.parametrize(
    ("pbx", "setting", "form"),
    [
        ("asterisk", "ring_seconds=0", "rings before the call is ended, 1 to 999"),
        ("asterisk", "mailbox=a b", "BOX@CONTEXT or BOX, each of A-Z a-z 0-9 _ -"),
        ("3cx", "dial_prefix=a", "+, or at most 6 of 0-9 * #"),
        ("3cx", "v20=yes", "give true for 3CX v20, false for v18"),
        ("freeswitch", "folder=/srv", "ending in /, of A-Z a-z 0-9 . _ - : /"),
        ("generic", "folder=srv", "an absolute path of at most 8 folders"),
        ("kamailio", "voicemail=x", "sip:USER@HOST[:PORT][;transport=tcp]"),
        ("swyx", "upload_seconds=1", "5 to 60"),
    ],
)
def test_a_refused_setting_is_told_its_form(
    cli: CommandLine, pbx: str, setting: str, form: str
) -> None:
    """What it is for alone would leave one guessing."""
    asked = ("pbx", "script", pbx, "--token", STRANGE, "--output", "out", *ADDRESS)
    refused = cli(*asked, "--set", setting, code=1).stderr
    name, _, value = setting.partition("=")
    assert refused.splitlines()[-1].startswith(f"--set: {name} can't be {value!r}; give ")
    assert form in refused


def test_a_file_in_the_place_of_the_folder(cli: CommandLine, shop_token: dict[str, Any]) -> None:
    """Is named, and left as it is."""
    write = ("pbx", "script", "generic", "--token-file", "token", "--output", "token", *ADDRESS)
    refused = cli(*write, "--force", code=1)
    assert refused.stderr == "--output: token is not a folder; name another, or remove it\n"
    assert Path("token").read_text() == shop_token["token"] + "\n"


@pytest.mark.parametrize(
    ("listen", "public_url", "address"),
    [
        ("192.0.2.1:80", "", "http://192.0.2.1:80"),
        ("0.0.0.0:80", "https://daemon.example/x/", "https://daemon.example/x"),
        ("[2001:db8::1]:80", "", "http://[2001:db8::1]:80"),
        ("0.0.0.0:80", "", ""),
    ],
)
def test_the_address_is_the_configured_one(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, listen: str, public_url: str, address: str
) -> None:
    """public_url, else where the daemon listens, unless that names no machine."""
    monkeypatch.setenv("BEREIKBAAR_LISTEN", listen)
    monkeypatch.setenv("BEREIKBAAR_PUBLIC_URL", public_url)
    asked = ("pbx", "script", "generic", "--token", STRANGE)
    told = cli(*asked, code=0 if address else 1)
    if address:
        assert settings_of(told.stdout)["url"] == address
        assert "from this machine only" not in told.stderr
    else:
        assert "listens on all addresses" in told.stderr


def test_an_expired_token_is_refused(shop: CommandLine) -> None:
    """From the second on in which it expires."""
    now = clock.utc_now()
    rights = {"is_operator": False, "schedules": (), "networks": ()}
    token, text = create_token("old", created_at=now, expires_at=now, **rights)  # type: ignore[arg-type]
    with closing(open_store(Path("data"))) as store, store.writing("test", now) as writer:
        writer.add_token(token)
    refused = shop("pbx", "script", "generic", "--token", text, *ADDRESS, code=1)
    assert "expired on 2026-11-22T10:00:00Z" in refused.stderr


def test_json_of_a_refusal(cli: CommandLine) -> None:
    """As of every command."""
    told = json.loads(cli("pbx", "script", "generic", "--json", *ADDRESS, code=1).stdout)
    assert told["error"] == "invalid"
    assert [fault["place"] for fault in told["faults"]] == ["--token"]


@pytest.mark.parametrize("pbx", pbx_names())
def test_all_files_of_a_pbx_are_written(
    cli: CommandLine, shop_token: dict[str, Any], pbx: str
) -> None:
    """In their folders; programs can be run, and several files don't go to stdout together."""
    del shop_token
    asked = ("pbx", "script", pbx, "--token-file", "token", *ADDRESS)
    cli(*asked, "--output", "out")
    files = about_scripts(pbx).files
    modes = {name: stat.S_IMODE((Path("out") / name).stat().st_mode) for name in files}
    assert modes == {name: 0o700 if file.is_program else 0o600 for name, file in files.items()}
    first = next(iter(files))
    assert cli(*asked, "--file", first).stdout == (Path("out") / first).read_text()
    if len(files) > 1:
        assert "several files: give --output" in cli(*asked, code=2).stderr


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    """One that can't be written leaves none of the others, nor anything beside them."""
    (tmp_path / "b").write_text("in the way")
    files = [NewFile("a", b"a", 0o600), NewFile("b/c", b"c", 0o600)]
    with pytest.raises((FileExistsError, NotADirectoryError)):
        write_together(tmp_path, files, may_replace=True)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
