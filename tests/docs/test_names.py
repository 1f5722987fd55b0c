"""What the docs name exists, and what exists is named in the docs."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click import Context, Group, Option

from admin_cli.main import bereikbaar
from pbx_adapters.answer import ANSWER_FIELDS
from pbx_adapters.config import Config
from pbx_adapters.metrics import Metrics
from pbx_adapters.openapi import openapi_document
from pbx_adapters.query_text import ALIASES
from schedules.documents import read_document
from schedules.forward_rules import ForwardPolicy
from schedules.holidays_nl import HOLIDAY_IDS

ROOT = Path(__file__).parents[2]
PACKAGES = ("schedules", "routing_engine", "pbx_adapters", "audio_store", "admin_cli")
PAGES = sorted(
    path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if path.name != "LICENSE.md"
)
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()


def page(name: str) -> str:
    """Return the text of a page."""
    return (ROOT / name).read_text()


def commands(group: Group = bereikbaar, path: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """Return every command with its long options."""
    found: dict[str, set[str]] = {}
    context = Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, Group):
            found |= commands(command, (*path, name))
        else:
            found[" ".join((*path, name))] = {
                option
                for parameter in command.params
                if isinstance(parameter, Option)
                for option in parameter.opts
                if option.startswith("--")
            }
    return found


def modules() -> list[Path]:
    """Return every module of the product but the packages' faces."""
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.name != "__init__.py"
    ]


def defined_names() -> set[str]:
    """Return every name that the product's modules define or import, methods included."""
    names: set[str] = set()
    for path in modules():
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for name, value in vars(module).items():
            names.add(name)
            if isinstance(value, type):
                names |= {f"{name}.{attribute}" for attribute in dir(value)} | set(dir(value))
                names |= set(getattr(value, "__annotations__", {}))
    return names


def metric_names() -> set[str]:
    """Return the name of each metric that the daemon exposes."""
    return {
        metric.name + ("_total" if metric.type == "counter" else "")
        for metric in Metrics().registry.collect()
    }


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of a page leads to a file of the project."""
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert missing == []


def test_architecture_names_existing_files() -> None:
    """Every path with a slash that ARCHITECTURE.md names exists."""
    paths = re.findall(r"`([a-z_]+/[\w./-]*)`", ARCHITECTURE)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_architecture_names_every_module() -> None:
    """Every module of the product has its place in ARCHITECTURE.md."""
    unnamed = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.parts[-2] != "admin_cli"
        and f"`{path.name}`" not in ARCHITECTURE
        and f"{path.relative_to(ROOT)}`" not in ARCHITECTURE
    ]
    assert unnamed == []


def test_architecture_names_existing_code() -> None:
    """Every class, function and attribute that ARCHITECTURE.md names in code style exists."""
    spans = re.findall(r"`([A-Za-z_]\w*(?:\.\w+)?)`", ARCHITECTURE)
    code = {span for span in spans if re.search(r"[A-Z_]", span) and not span.endswith(".py")}
    assert code
    known = defined_names() | set(ANSWER_FIELDS) | metric_names()
    assert code - known - {path.name for path in ROOT.iterdir()} == set()


def test_every_command_is_documented_and_exists() -> None:
    """docs/cli.md has a heading for each command, and none for one that does not exist."""
    headings = set(
        re.findall(r"^#+ `?bereikbaar ([a-z -]+?)`?$", page("docs/cli.md"), re.MULTILINE)
    )
    assert headings == set(commands())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_examples_exist(path: Path) -> None:
    """Every command line in a page's examples is one that the program has, with its options."""
    known = commands()
    everywhere = {"--data-dir", "--config", "--as", "--json", "--help", "--version"}
    blocks = re.findall(r"```\w*\n(.*?)```", path.read_text(), re.DOTALL)
    spans = re.findall(r"`bereikbaar ([^`]+)`", path.read_text())
    lines = [
        match
        for block in blocks
        for match in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?bereikbaar (.+)$", block, re.MULTILINE)
    ]
    for line in (*lines, *spans):
        words = line.split()
        names = (" ".join(words[:count]) for count in (3, 2, 1))
        name = next((name for name in names if name in known), None)
        if name is None:
            is_group = any(command.startswith(" ".join((*words, ""))) for command in known)
            assert is_group or words[0].startswith("-"), line
            continue
        options = {
            word.partition("=")[0] for word in words if re.fullmatch(r"--[a-z-]+(=.*)?", word)
        }
        assert options - known[name] - everywhere == set(), line


def test_every_option_is_documented() -> None:
    """docs/cli.md names every option under its command's heading; shared ones at the top."""
    top, *parts = re.split(r"^## (?:bereikbaar )?", page("docs/cli.md"), flags=re.MULTILINE)
    part_of = {part.splitlines()[0]: part for part in parts}
    shared = dict.fromkeys(("--data-dir", "--config", "--as", "--json"), top)
    shared |= dict.fromkeys(
        ("--dry-run", "--allow-failing-expectations"), part_of["Changing things"]
    )
    missing = {
        f"{name} {option}"
        for name, options in commands().items()
        for option in options
        if not re.search(rf"{option}\b(?!-)", shared.get(option, part_of[name]))
    }
    assert missing == set()


def test_metrics_page_lists_exactly_the_metrics() -> None:
    """docs/monitoring.md lists each metric that is exposed, and no other."""
    rows = re.findall(
        r"^\| `((?:bereikbaar|process)_.+?)` \|", page("docs/monitoring.md"), re.MULTILINE
    )
    listed = {name.partition("{")[0] for row in rows for name in row.split("`, `")}
    assert listed == metric_names()


def test_configuration_page_lists_exactly_the_settings() -> None:
    """docs/configuration.md lists each setting once, and no other."""
    listed = re.findall(r"^\| `([a-z_]+)` \|", page("docs/configuration.md"), re.MULTILINE)
    assert listed == list(Config.model_fields)


def test_configuration_page_gives_the_defaults() -> None:
    """docs/configuration.md gives each setting's default as it is."""
    rows = re.findall(r"^\| `([a-z_]+)` \| (.+?) \|", page("docs/configuration.md"), re.MULTILINE)
    told = {name: default.strip("`") for name, default in rows}
    assert told.pop("public_url") == "the listen address"
    defaults = {name: setting.default for name, setting in Config.model_fields.items()}
    assert defaults.pop("public_url") is None
    assert told.pop("caller_hash_key_file") == "caller-hash.key` in `data_dir"
    assert defaults.pop("caller_hash_key_file") is None
    assert defaults["smtp"] is None
    texts = {name: str(value) for name, value in defaults.items()}
    texts["forward_countries"] = str(list(defaults["forward_countries"]))
    texts["trusted_proxies"] = str(list(defaults["trusted_proxies"]))
    texts["notify"] = str(list(defaults["notify"]))
    texts["smtp"] = "none"
    texts["keepalive_seconds"] = f"{defaults['keepalive_seconds']:g}"
    assert told == texts


def test_the_unit_restarts_as_it_says() -> None:
    """Calls keep coming, so it restarts; a start that always fails ends in giving up.

    An absent configuration is no fault: none is named, so that the usual places are searched.
    """
    lines = page("systemd/bereikbaar.service").splitlines()
    pairs = [line.partition("=")[::2] for line in lines if "=" in line and line[0] != "#"]
    names = [value.partition("=")[0] for key, value in pairs if key == "Environment"]
    assert names == ["BEREIKBAAR_DATA_DIR"]
    unit = dict(pairs)
    assert unit["Restart"] == "always"
    # Wrong usage (2) never mends itself.
    assert unit["RestartPreventExitStatus"] == "2"
    interval, burst, wait = (
        int(unit[name]) for name in ("StartLimitIntervalSec", "StartLimitBurst", "RestartSec")
    )
    # A start that fails takes up to two seconds.
    assert burst * (wait + 2) < interval


def test_hook_page_lists_exactly_the_fields() -> None:
    """docs/hook.md lists the answer's fields in their order."""
    answer = page("docs/hook.md").split("## The answer")[1].split("##")[0]
    assert tuple(re.findall(r"^\| `([a-z_]+)` \|", answer, re.MULTILINE)) == ANSWER_FIELDS


def test_hook_page_lists_every_parameter_and_path() -> None:
    """docs/hook.md names each parameter, each alias and each path."""
    text = page("docs/hook.md")
    assert [name for name in ALIASES if f"`{name}`" not in text] == []
    others = [path for path in openapi_document()["paths"] if not path.startswith("/hook/")]
    assert [path for path in others if f"`{path}`" not in text] == []


def test_documents_page_lists_every_holiday() -> None:
    """docs/documents.md names each holiday."""
    text = page("docs/documents.md")
    assert [holiday for holiday in HOLIDAY_IDS if f"`{holiday}`" not in text] == []


def test_documents_page_shows_a_document_that_is_accepted() -> None:
    """The document in docs/documents.md is read without a fault."""
    example = page("docs/documents.md").split("```yaml\n")[1].split("```")[0]
    document = read_document(example.encode(), ForwardPolicy(), take_file=lambda _: "0" * 64)
    assert document.schedule.id == "winkel"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs/examples").glob("*.yaml")), ids=lambda p: p.stem
)
def test_example_documents_are_accepted(path: Path) -> None:
    """Every document of the example company is read without a fault, its messages present."""
    files: list[str] = []

    def take_file(name: str) -> str:
        files.append(name)
        return "0" * 64

    document = read_document(path.read_bytes(), ForwardPolicy(), take_file=take_file)
    assert document.schedule.id == path.stem
    assert [name for name in files if not (path.parent / name).is_file()] == []


def test_make_targets_in_the_docs_exist() -> None:
    """Every `make` target that a page names is one of the Makefile's."""
    targets = set(re.findall(r"^([a-z0-9-]+):", page("Makefile"), re.MULTILINE))
    named = {name for path in PAGES for name in re.findall(r"`make ([a-z0-9-]+)", path.read_text())}
    assert named
    assert named - targets == set()


def test_decisions_are_numbered_without_gap() -> None:
    """docs/adr/ holds decisions 1, 2, 3 …, each with its number in the title and its status."""
    records = sorted((ROOT / "docs/adr").glob("*.md"))
    assert records
    for number, path in enumerate(records, start=1):
        assert path.name.startswith(f"{number:04}-")
        assert path.read_text().startswith(f"# {number}. ")
        assert "\nStatus: accepted\n" in path.read_text()


def test_no_file_names_a_download_address_in_a_lock() -> None:
    """The lock files hold names, versions and hashes, and no address of any index."""
    for path in (*ROOT.glob("requirements*.lock"), *ROOT.glob("benchmarks/*.lock")):
        assert "://" not in path.read_text()
        assert "--hash=sha256:" in path.read_text()


def test_the_program_says_its_version() -> None:
    """`bereikbaar --version` gives the version of pyproject.toml."""
    version = re.search(r'^version = "(.+)"$', page("pyproject.toml"), re.MULTILINE)
    assert version is not None
    program = Path(sys.executable).with_name("bereikbaar")
    result = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert version[1] in result.stdout
