"""What all commands share: options anywhere, help, exit codes and how errors are told."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from admin_cli.apply import apply
from admin_cli.lazy import LazyGroup
from admin_cli.main import bereikbaar
from schedules.sqlite_store import open_store
from tests.cli.command_line import CommandLine, document
from tests.engine import OPEN, schedule_of

PROGRAM = Path(sys.executable).with_name("bereikbaar")


def all_commands() -> list[tuple[str, ...]]:
    """Return the words of every command, groups included."""
    found: list[tuple[str, ...]] = []

    def walk(group: LazyGroup, words: tuple[str, ...]) -> None:
        ctx = click.Context(group)
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            found.append((*words, name))
            if isinstance(command, LazyGroup):
                walk(command, (*words, name))

    assert isinstance(bereikbaar, LazyGroup)
    walk(bereikbaar, ())
    return found


COMMANDS = all_commands()


def run(*arguments: str, folder: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the installed program, and wait for it."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LOGNAME": "piet"},
    )


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_the_shared_options(words: tuple[str, ...]) -> None:
    """And an example, but for groups."""
    result = CliRunner().invoke(bereikbaar, [*words, "--help"])
    assert result.exit_code == 0
    for option in ("--data-dir", "--config", "--as", "--json"):
        assert option in result.output
    is_group = any(other[:-1] == words for other in COMMANDS)
    assert is_group or f"bereikbaar {' '.join(words)}" in result.output.partition("Example:")[2]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_of_a_group_says_what_the_command_says_itself(words: tuple[str, ...]) -> None:
    """The line kept for a command not yet imported is the first sentence of its own help."""
    group: click.Command | None = bereikbaar
    line = ""
    for word in words:
        assert isinstance(group, LazyGroup)
        line = group.lazy[word].help
        group = group.get_command(click.Context(group), word)
    assert group is not None
    assert (group.help or "").replace("\n", " ").startswith(line.removesuffix("."))


def test_the_shared_options_go_anywhere_and_the_nearest_wins(cli: CommandLine) -> None:
    """Before the command, between group and command, and after."""
    text = document("winkel")
    cli("--data-dir", "a", "--as", "Jan", "apply", "-", stdin=text)
    cli("--data-dir", "a", "apply", "-", "--data-dir", "b", "--as", "Piet", stdin=text)
    for data_dir, author in (("a", "Jan"), ("b", "Piet")):
        shown = [
            cli("--json", "schedule", "--data-dir", data_dir, "show", "winkel"),
            cli("schedule", "--json", "show", "winkel", "--data-dir", data_dir),
        ]
        assert {json.loads(one.stdout)["author"] for one in shown} == {author}


def test_the_data_directory_is_found_in_the_order_of_the_contract(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Option, environment, configuration, `./data`."""
    cli("migrate")
    assert Path("data/bereikbaar.db").exists()
    cli.write("bereikbaar.toml", 'data_dir = "uit-bestand"\n')
    cli("migrate")
    assert Path("uit-bestand/bereikbaar.db").exists()
    monkeypatch.setenv("BEREIKBAAR_DATA_DIR", "uit-omgeving")
    cli("migrate")
    assert Path("uit-omgeving/bereikbaar.db").exists()
    cli("migrate", "--data-dir", "gekozen")
    assert Path("gekozen/bereikbaar.db").exists()


def test_creating_a_data_directory_is_announced_once(cli: CommandLine) -> None:
    """On stderr, with its whole path; in a directory that is there, only the store is made."""
    assert cli("migrate").stderr == f"created a data directory: {cli.folder}/data\n"
    assert cli("migrate").stderr == ""
    Path("leeg").mkdir()
    made = cli("migrate", "--data-dir", "leeg").stderr
    assert made == f"created a store in {cli.folder}/leeg\n"


NEEDS_A_STORE = [
    ("check", "--schedule", "winkel"),
    ("check", "--number", "+31850000100"),
    ("schedule", "list"),
    ("schedule", "show", "winkel"),
    ("schedule", "export", "winkel"),
    ("schedule", "export", "--all", "--output", "uit"),
    ("schedule", "link", "winkel", "+31850000100"),
    ("schedule", "link", "winkel", "+31850000100", "--dry-run"),
    ("schedule", "unlink", "winkel", "+31850000100"),
    ("schedule", "delete", "winkel", "--force"),
    ("token", "list"),
    ("token", "revoke", "centrale"),
    ("migrate", "--dry-run"),
]


@pytest.mark.parametrize("words", NEEDS_A_STORE, ids=" ".join)
def test_without_a_store_nothing_is_made(cli: CommandLine, words: tuple[str, ...]) -> None:
    """What reads, or changes what must be there, refuses and says where to find the store."""
    told = cli(*words, code=1).stderr.splitlines()[-1]
    assert told == (
        "Error: there is no store in data; name its folder with --data-dir, restore a backup, or "
        "begin with `bereikbaar apply`"
    )
    assert list(cli.folder.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [*NEEDS_A_STORE, ("apply", "-"), ("apply", "-", "--dry-run"), ("token", "create", "x"),
     ("migrate",)],
    ids=" ".join,
)  # fmt: skip
def test_a_store_that_is_gone_is_not_replaced(cli: CommandLine, words: tuple[str, ...]) -> None:
    """Where the last good file lies alone, an empty store would lose what callers hear."""
    cli.write("data/last-good.jsonl", "")
    told = cli(*words, code=1, stdin=document("winkel")).stderr.splitlines()[-1]
    assert told == (
        "Error: data: the store is gone but last-good.jsonl is there: put the database back or "
        "restore a backup; to begin anew move last-good.jsonl away"
    )
    assert [path.name for path in Path("data").iterdir()] == ["last-good.jsonl"]


def test_an_empty_store_lists_nothing(cli: CommandLine) -> None:
    """It says so beside the empty table."""
    cli("migrate")
    assert cli("schedule", "list").stderr == "no schedules yet\n"


def test_a_misspelt_command_is_told_with_the_one_that_looks_like_it(cli: CommandLine) -> None:
    """At the root and below it."""
    assert "Did you mean 'apply'?" in cli("aply", code=2).stderr
    assert "Did you mean 'export'?" in cli("schedule", "exprt", code=2).stderr


def test_faults_of_the_configuration_are_told_without_a_traceback(cli: CommandLine) -> None:
    """All of them, and as JSON too."""
    cli.write("fout.toml", 'listen = "nergens"\nlog_level = "luid"\n')
    result = cli("apply", "-", "--config", "fout.toml", code=1)
    lines = result.stderr.splitlines()
    assert [line.split(": ")[:3] for line in lines] == [
        ["Error", "fout.toml", "listen"],
        ["Error", "fout.toml", "log_level"],
    ]
    answer = cli.json("apply", "-", "--config", "fout.toml", code=1)
    assert [fault["place"] for fault in answer["faults"]] == ["listen", "log_level"]
    assert "fout.toml" in answer["message"]
    assert "is not a file" in cli("token", "list", "--config", "weg.toml", code=1).stderr


def test_a_store_that_is_none_is_told_in_one_line(cli: CommandLine) -> None:
    """The file and the remedy, without a traceback."""
    cli.write("data/bereikbaar.db", "geen database, maar wel lang genoeg om er een te lijken" * 20)
    result = cli("schedule", "list", code=1)
    assert result.stderr.startswith("Error: data/bereikbaar.db: it is no database")
    assert cli.json("schedule", "list", code=1)["error"] == "unavailable"


def test_a_data_directory_that_is_a_file_is_told_in_one_line(cli: CommandLine) -> None:
    """The operating system's word for it, and what to check."""
    cli.write("data", "")
    result = cli("schedule", "list", code=1)
    assert result.stderr.startswith("Error: data")
    assert result.stderr.count("\n") == 1


def test_an_author_must_have_a_name(cli: CommandLine) -> None:
    """It stands in the history for good."""
    result = cli("apply", "-", "--as", "a\tb", stdin=document("winkel"), code=1)
    told = "--as: holds a character that can't be printed; remove it"
    assert result.stderr.splitlines()[-1] == told


def test_wrong_usage_ends_with_2(cli: CommandLine) -> None:
    """An unknown command, an unknown option, an argument that is missing."""
    cli("appli", code=2)
    cli("token", "maak", code=2)
    cli("apply", code=2)
    cli("apply", "x", "--soms", code=2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("schedule", "show", "ren\udce9"),
        ("apply", "ren\udce9.yaml"),
        ("forward", "import", "contacten.csv", "winkel", "--name-column", "\udcff"),
        ("schedule", "list", "--as", "Ren\udce9"),
    ],
    ids=["an id", "a file", "an option", "the author"],
)
def test_bytes_that_are_no_text_are_wrong_usage(
    cli: CommandLine, arguments: tuple[str, ...]
) -> None:
    """Latin-1 on the command line is told as it stands, before anything is read or saved."""
    cli.write("ren\udce9.yaml", document("winkel"))
    told = cli(*arguments, code=2).stderr
    assert "\\udc" in told
    assert "is not UTF-8; type it anew, or rename the file" in told
    assert cli.rows() == {}


def test_a_command_can_be_run_by_itself(cli: CommandLine) -> None:
    """The shared options don't depend on the group above it."""
    arguments = [cli.write("winkel.yaml", document("winkel")), "--data-dir", "los"]
    assert CliRunner().invoke(apply, arguments).exit_code == 0
    assert Path("los/bereikbaar.db").exists()


def test_migrate_tells_its_steps(cli: CommandLine) -> None:
    """What was done, then that it was done."""
    step = "m001_schedules_numbers_tokens"
    assert f"{step}: applied now\n" in cli("migrate").stdout
    assert f"{step}: applied earlier\n" in cli("migrate").stdout
    answer = cli.json("migrate", "--dry-run")
    assert answer["pending"] == []
    assert step in answer["applied"]


def test_migrate_refuses_a_store_of_a_newer_version(cli: CommandLine) -> None:
    """It says which step it doesn't know."""
    cli("migrate")
    db = sqlite3.connect("data/bereikbaar.db")
    db.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "VALUES ('bereikbaar', 'm999_later', '')"
    )
    db.commit()
    db.close()
    assert "m999_later" in cli("migrate", "--dry-run", code=1).stderr


def test_the_program_itself(tmp_path: Path) -> None:
    """Installed, with its exit codes; the login name is the author."""
    assert run("--version", folder=tmp_path).stdout.startswith("bereikbaar, version ")
    made = run("apply", "-", folder=tmp_path, stdin=document("winkel"))
    assert (made.returncode, made.stdout) == (0, "winkel: created, revision 1\n")
    shown = run("schedule", "show", "winkel", "--json", folder=tmp_path)
    assert json.loads(shown.stdout)["author"] == "piet"
    refused = run("apply", "weg.yaml", folder=tmp_path)
    assert (refused.returncode, refused.stderr) == (
        1,
        "weg.yaml: is not there; check the path\n",
    )
    no = run("check", "--schedule", "winkel", "--expect", "closed", folder=tmp_path)
    assert no.returncode == 3
    assert run("check", folder=tmp_path).returncode == 2


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """As in `bereikbaar schedule export … | head`: no traceback."""
    run("apply", "-", folder=tmp_path, stdin=document("winkel", notes=f'"{"x" * 1900}"'))
    command = f"{PROGRAM} schedule show winkel --json | head -c 1"
    ended = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert ended.stdout == "{"
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        (("--help",), {"pydantic", "aiohttp", "rich", "sqlite_utils", "ruamel.yaml"}),
        (("token", "list"), {"aiohttp", "rich", "ruamel.yaml", "pydantic", "sqlite_utils"}),
        (
            ("schedule", "list"),
            {"aiohttp", "rich", "ruamel.yaml", "pydantic_settings", "sqlite_utils", "holidays"},
        ),
        (("schedule", "show", "winkel"), {"aiohttp", "ruamel.yaml", "phonenumbers", "holidays"}),
        (("check", "--number", "+31850000001"), {"aiohttp", "phonenumbers", "sqlite_utils"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_command_imports_only_what_it_needs(
    tmp_path: Path, words: tuple[str, ...], modules: set[str]
) -> None:
    """The command line starts fast."""
    code = (
        "import sys\nfrom admin_cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(sorted({modules!r} & set(sys.modules)), file=sys.stderr)"
    )
    saved = schedule_of(OPEN, id="winkel", numbers=["+31850000001"])
    with (
        closing(open_store(tmp_path / "data")) as store,
        store.writing("piet", datetime(2026, 11, 22, tzinfo=UTC)) as writer,
    ):
        writer.save(saved, summary="x")
    ended = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=True, env={"BEREIKBAAR_DATA_DIR": str(tmp_path / "data")},
    )  # fmt: skip
    assert ended.stderr.splitlines()[-1] == "[]"


def test_a_full_disk_is_called_that(cli: CommandLine) -> None:
    """The remedy is room, not rights."""
    cli("migrate")
    program = Path(sys.executable).with_name("bereikbaar")
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [program, "token", "list"],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == "Error: the disk is full; make room on it\n"
