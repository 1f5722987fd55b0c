"""Configuration: where it is found, what wins, and what is refused (contract.md)."""

import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from pbx_adapters.config import Config, InvalidConfigError, Listen, load_config
from schedules.forward_rules import ForwardPolicy


@pytest.fixture(autouse=True)
def _clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder, without any setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("BEREIKBAAR_")]:
        monkeypatch.delenv(name)


def written(text: str, name: str = "bereikbaar.toml") -> Path:
    """Write a configuration file."""
    path = Path(name)
    path.write_text(text)
    return path


def faults(path: Path | None = None, **chosen: object) -> str:
    """Load a configuration that is refused, and return what is said of it."""
    with pytest.raises(InvalidConfigError) as caught:
        load_config(path, chosen)
    assert caught.value.faults
    return str(caught.value)


def test_defaults() -> None:
    """Without any setting the documented values hold."""
    assert load_config(None, {}).model_dump() == {
        "data_dir": Path("data"),
        "listen": Listen("127.0.0.1", 8470),
        "workers": 1,
        "public_url": None,
        "log_format": "json",
        "log_level": "info",
        "trusted_proxies": (),
        "max_connections": 1_000,
        "max_connections_per_ip": 0,
        "keepalive_seconds": 75.0,
        "default_region": "NL",
        "forward_countries": (),
        "decision_retention_days": 30,
        "caller_hash_key_file": None,
        "notify": (),
        "smtp": None,
    }


FILE = """
data_dir = "/srv/bereikbaar"
listen = "[::1]:9000"
workers = 4
public_url = "https://calls.example.nl/"
log_format = "console"
log_level = "debug"
trusted_proxies = ["192.0.2.7", "2001:db8::/32"]
max_connections = 200
max_connections_per_ip = 20
keepalive_seconds = 30
default_region = "BE"
forward_countries = ["BE", "DE"]
decision_retention_days = 7
caller_hash_key_file = "/etc/bereikbaar/caller-hash.key"
"""
ENVIRONMENT = {
    "BEREIKBAAR_DATA_DIR": "/srv/bereikbaar",
    "BEREIKBAAR_LISTEN": "[::1]:9000",
    "BEREIKBAAR_WORKERS": "4",
    "BEREIKBAAR_PUBLIC_URL": "https://calls.example.nl/",
    "BEREIKBAAR_LOG_FORMAT": "console",
    "BEREIKBAAR_LOG_LEVEL": "debug",
    "BEREIKBAAR_TRUSTED_PROXIES": "192.0.2.7, 2001:db8::/32",
    "BEREIKBAAR_MAX_CONNECTIONS": "200",
    "BEREIKBAAR_MAX_CONNECTIONS_PER_IP": "20",
    "BEREIKBAAR_KEEPALIVE_SECONDS": "30",
    "BEREIKBAAR_DEFAULT_REGION": "BE",
    "BEREIKBAAR_FORWARD_COUNTRIES": "BE, DE",
    "BEREIKBAAR_DECISION_RETENTION_DAYS": "7",
    "BEREIKBAAR_CALLER_HASH_KEY_FILE": "/etc/bereikbaar/caller-hash.key",
}
EVERYTHING = {
    "data_dir": Path("/srv/bereikbaar"),
    "listen": Listen("::1", 9_000),
    "workers": 4,
    "public_url": "https://calls.example.nl",
    "log_format": "console",
    "log_level": "debug",
    "trusted_proxies": (ip_network("192.0.2.7/32"), ip_network("2001:db8::/32")),
    "max_connections": 200,
    "max_connections_per_ip": 20,
    "keepalive_seconds": 30.0,
    "default_region": "BE",
    "forward_countries": ("BE", "DE"),
    "decision_retention_days": 7,
    "caller_hash_key_file": Path("/etc/bereikbaar/caller-hash.key"),
    "notify": (),
    "smtp": None,
}


def test_everything_from_a_file() -> None:
    """Each setting can stand in the file."""
    assert load_config(written(FILE), {}).model_dump() == EVERYTHING


def test_everything_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting can come from the environment, lists with commas."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert load_config(None, {}).model_dump() == EVERYTHING


def test_command_line_wins_over_environment_over_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three places the nearest counts; what the command line leaves open is no choice."""
    written("max_connections = 1\nmax_connections_per_ip = 1\nkeepalive_seconds = 1")
    monkeypatch.setenv("BEREIKBAAR_MAX_CONNECTIONS", "2")
    monkeypatch.setenv("BEREIKBAAR_MAX_CONNECTIONS_PER_IP", "2")
    config = load_config(None, {"max_connections": 3, "log_level": None})
    found = (config.max_connections, config.max_connections_per_ip, config.keepalive_seconds)
    assert (*found, config.log_level) == (3, 2, 1.0, "info")


def test_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable sets nothing, also where it would name the file."""
    monkeypatch.setenv("BEREIKBAAR_LISTEN", "")
    monkeypatch.setenv("BEREIKBAAR_CONFIG", "")
    assert load_config(None, {}).listen == Listen("127.0.0.1", 8470)


def test_file_is_looked_for_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file asked for, else the environment's, else the one in the working folder."""
    written("max_connections = 1")
    assert load_config(None, {}).max_connections == 1
    monkeypatch.setenv("BEREIKBAAR_CONFIG", str(written("max_connections = 2", "env.toml")))
    assert load_config(None, {}).max_connections == 2
    assert load_config(written("max_connections = 3", "own.toml"), {}).max_connections == 3


def test_file_of_an_earlier_load_is_forgotten() -> None:
    """Two loads in one process don't mix."""
    load_config(written("max_connections = 7", "a.toml"), {})
    assert load_config(None, {}).max_connections == 1_000


def test_every_faulty_proxy_is_told() -> None:
    """What is no network, an address within one, and a network of everybody, all at once."""
    told = faults(
        written('trusted_proxies = ["proxy", "192.0.2.7/24", "192.0.2.8", "0.0.0.0/0", "::/0"]')
    ).splitlines()
    assert [line.split(": ")[1] for line in told] == [
        f"trusted_proxies[{number}]" for number in (0, 1, 3, 4)
    ]
    assert told[1].endswith(
        "'192.0.2.7/24' is not a network: it names an address within one; write 192.0.2.0/24 for "
        "the network, or 192.0.2.7 for that address alone"
    )
    assert told[2].endswith("holds every address there is; name the proxies' own addresses")


def test_caller_key_lies_in_the_data_directory_unless_it_is_elsewhere() -> None:
    """Where nobody says otherwise, it is kept with the rest."""
    assert Config(data_dir=Path("d")).caller_key_path == Path("d/caller-hash.key")
    elsewhere = Config(data_dir=Path("d"), caller_hash_key_file=Path("/etc/key"))
    assert elsewhere.caller_key_path == Path("/etc/key")


def test_forward_policy() -> None:
    """Region and countries together say where callers may be forwarded to."""
    config = Config(default_region="BE", forward_countries=("DE", "FR"))
    assert config.forward_policy == ForwardPolicy("BE", frozenset({"DE", "FR"}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:0", Listen("127.0.0.1", 0)),
        ("0.0.0.0:65535", Listen("0.0.0.0", 65_535)),
        ("calls.example.nl:80", Listen("calls.example.nl", 80)),
        ("[::]:8470", Listen("::", 8470)),
    ],
)
def test_address_is_read(text: str, expected: Listen) -> None:
    """Host and port, IPv6 in brackets; written back the same way."""
    listen = load_config(None, {"listen": text}).listen
    assert listen == expected
    assert str(listen) == text


@pytest.mark.parametrize(
    "text",
    ["", "8470", ":8470", "localhost", "localhost:", "h:-1", "h:65536", "h:http", "h:٣", "[]:1"],
)
def test_bad_address_is_refused(text: str) -> None:
    """What is no address is refused with an example of one."""
    assert "write HOST:PORT, e.g. 127.0.0.1:8470" in faults(listen=text)


@pytest.mark.parametrize(
    "url",
    [
        "calls.example.nl",
        "ftp://x",
        "https://",
        "http://x/?a=b",
        "http://x/#a",
        "http://[::1",
        "http://x:port",
        "http://me:pw@x",
        "http://0.0.0.0:8470",
        "https://[::]/x",
    ],
)
def test_bad_public_url_is_refused(url: str) -> None:
    """Messages have to be reachable under it by appending a path."""
    assert faults(written(f"public_url = '{url}'")).startswith("bereikbaar.toml: public_url: ")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param(
            "max_conections = 1",
            ["max_conections: is not a key known here; did you mean max_connections?"],
            id="unknown-key",
        ),
        pytest.param("[server]\nlisten = 'h:1'", ["server: is not a key"], id="table"),
        pytest.param("log_level = 'loud'", ["log_level: 'loud' is not known"], id="choice"),
        pytest.param("max_connections = 0", ["max_connections: "], id="too-few"),
        pytest.param("max_connections = 'many'", ["max_connections: "], id="no-number"),
        pytest.param("keepalive_seconds = nan", ["keepalive_seconds: "], id="not-a-number"),
        pytest.param("keepalive_seconds = inf", ["keepalive_seconds: "], id="infinite"),
        pytest.param("default_region = 'Holland'", ["'Holland' is not a country"], id="region"),
        pytest.param("forward_countries = ['BE', 'x']", ["'x' is not a country"], id="country"),
        pytest.param("listen = 8470", ["listen: "], id="port-alone"),
        pytest.param(
            "listen = 'x'\nlog_format = 'xml'\nfoo = 1",
            ["listen: ", "log_format: ", "foo: "],
            id="all-at-once",
        ),
        pytest.param("listen = ", ["is not TOML"], id="no-toml"),
    ],
)
def test_faults_of_a_file_are_told(text: str, problems: list[str]) -> None:
    """Every fault is told at once, each with the file's name and a remedy."""
    told = faults(written(text, "x.toml"))
    assert all(problem in told for problem in problems)
    assert all(line.startswith("x.toml: ") and "; " in line for line in told.split("\n"))


def test_file_that_is_no_text_is_refused() -> None:
    """Bytes that are no UTF-8 are told like any other fault."""
    Path("x.toml").write_bytes(b"workers = 1\ndata_dir = '\xff'")
    assert "x.toml: is no text in UTF-8: see line 2; write it as UTF-8" in faults(Path("x.toml"))


@pytest.mark.parametrize("name", ["data_dir", "caller_hash_key_file"])
def test_path_without_a_name_is_refused(name: str) -> None:
    """It would be wherever the daemon happens to run."""
    Path("x.toml").write_text(f'{name} = ""\n')
    assert f"x.toml: {name}: is empty; name it, or take the setting out" in faults(Path("x.toml"))


@pytest.mark.parametrize("path", ["absent.toml", "."])
def test_file_that_is_none_is_refused(path: str) -> None:
    """A file asked for has to be there."""
    assert "is not a file; name an existing TOML file" in faults(Path(path))


def test_absent_file_of_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file named by the environment has to be there as well."""
    monkeypatch.setenv("BEREIKBAAR_CONFIG", "absent.toml")
    assert faults().startswith("absent.toml: ")


def test_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt variable is an error, told with the faults of the file."""
    monkeypatch.setenv("BEREIKBAAR_LISTN", "127.0.0.1:1")
    told = "BEREIKBAAR_LISTN: is not a setting; did you mean LISTEN?"
    assert told in faults()
    assert "BEREIKBAAR_LISTN: is not a setting" in faults(written("log_level = 'loud'"))
    assert "BEREIKBAAR_LISTN: is not a setting" in faults(written("log_level ="))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LISTEN", "nowhere"),
        ("MAX_CONNECTIONS", "many"),
        ("FORWARD_COUNTRIES", "BE,Holland"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_bad_variable_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A variable's value is judged as the file's is."""
    monkeypatch.setenv(f"BEREIKBAAR_{name}", value)
    assert faults().startswith(f"environment: BEREIKBAAR_{name}")


def test_fault_names_where_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The option before the variable before the file, whose value isn't read any more."""
    written("listen = 'x'\nlog_level = 'loud'\nmax_connections = 0")
    monkeypatch.setenv("BEREIKBAAR_LISTEN", "y")
    monkeypatch.setenv("BEREIKBAAR_LOG_LEVEL", "louder")
    monkeypatch.setenv("BEREIKBAAR_TRUSTED_PROXIES", "192.0.2.1,proxy")
    told = faults(listen="z").splitlines()
    assert [line.partition(" ")[0] + line.partition(":")[2].split(": ")[0] for line in told] == [
        "command --listen",
        "environment: BEREIKBAAR_LOG_LEVEL",
        "environment: BEREIKBAAR_TRUSTED_PROXIES[1]",
        "bereikbaar.toml: max_connections",
    ]
    assert "'z' is not an address" in told[0]
    assert "'louder' is not known" in told[1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("listen = 8470", "listen: '8470' is not an address; write HOST:PORT"),
        ("max_connections = 'veel'", "max_connections: must be a whole number; write digits"),
        ("max_connections = 1.5", "max_connections: must be a whole number; write digits"),
        ("max_connections = 0", "max_connections: is less than 1; write 1 or more"),
        ("keepalive_seconds = 7200", "keepalive_seconds: is more than 3600; write 3600 or less"),
        ("keepalive_seconds = 'lang'", "keepalive_seconds: must be a number; write digits"),
        ("data_dir = 5", "data_dir: must be a path; write it as one text value"),
        ("public_url = 5", "public_url: must be text; write it as one text value"),
        ("forward_countries = 5", "forward_countries: must be a list; write it as a list"),
        ("decision_retention_days = -1", "decision_retention_days: is less than 0; write 0"),
        ("decision_retention_days = 3661", "decision_retention_days: is more than 3660; write"),
        ("caller_hash_key_file = 5", "caller_hash_key_file: must be a path; write it as one"),
        ("trusted_proxies = [5]", "trusted_proxies[0]: '5' is not a network; write an address"),
    ],
)
def test_faults_are_told_in_words_of_operators(text: str, told: str) -> None:
    """None speaks of the types of a programming language."""
    assert faults(written(text)).startswith(f"bereikbaar.toml: {told}")


def test_public_url_shows_no_password() -> None:
    """A user and a password in it would go out with every answer; nor are they told here."""
    told = faults(public_url="https://me:geheim@calls.example.nl")
    assert "leave it out" in told
    assert "geheim" not in told


@pytest.mark.parametrize(
    ("listen", "public_url", "is_lacking"),
    [
        ("0.0.0.0:8470", None, True),
        ("[::]:8470", None, True),
        ("0.0.0.0:8470", "http://calls.example.nl", False),
        ("127.0.0.1:8470", None, False),
        ("[::1]:8470", None, False),
        ("localhost:8470", None, False),
    ],
)
def test_every_address_needs_a_public_one(
    listen: str, public_url: str | None, *, is_lacking: bool
) -> None:
    """Whoever listens everywhere has to say where messages can be downloaded."""
    assert load_config(None, {"listen": listen, "public_url": public_url}).lacks_public_url is (
        is_lacking
    )


def test_a_folder_that_cant_be_entered_has_no_file(tmp_path: Path) -> None:
    """Who works as another user, as by `sudo`, may stand in a folder that this one can't enter."""
    written("log_level = 'debug'")
    user = os.geteuid()
    tmp_path.chmod(0)
    try:
        if user == 0:
            # No folder is closed to root.
            os.seteuid(65_534)
        assert load_config(None, {}).log_level == "info"
    finally:
        os.seteuid(user)
        tmp_path.chmod(0o700)
