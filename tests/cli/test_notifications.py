"""`bereikbaar notifications`, and what `config` says of it."""

import re
import socket
from pathlib import Path

import pytest

from admin_cli import control
from pbx_adapters.notifications.outbox import (
    Attempt,
    NewDelivery,
    add_deliveries,
    list_deliveries,
    note_attempt,
    writing_outbox,
)
from tests.cli.command_line import CommandLine, document
from tests.receivers import mail_server, webhook_server, write_secret

# What the clock of these tests shows: 2026-11-22 10:00 UTC.
AT = 1_795_341_600


@pytest.fixture
def outbox(cli: CommandLine) -> Path:
    """Have one delivery that failed, one that was given up, and one that is new."""
    path = cli.folder / "data" / "outbox.db"
    path.parent.mkdir()
    with writing_outbox(path) as db:
        told = {"summary": "getest"}
        add_deliveries(
            db,
            [
                NewDelivery("msg_1", "chat", "webhook", "revision", "winkel", AT - 60, told),
                NewDelivery("msg_2", "chat", "webhook", "override-end", "winkel", AT - 50, told),
                NewDelivery("msg_3", "a@example.nl", "mail", "revision", "kantoor", AT, told),
            ],
            AT,
        )
    failed, gone, _ = list_deliveries(path)
    with writing_outbox(path) as db:
        note_attempt(db, failed, Attempt(is_sent=False, why="HTTP 500"), AT)
        note_attempt(db, gone, Attempt(is_sent=False, why="HTTP 410", is_final=True), AT)
    return path


def configure(cli: CommandLine, *tables: str) -> None:
    """Write the configuration that is found in the working folder."""
    cli.write("bereikbaar.toml", "\n".join(tables))


def webhook(cli: CommandLine, url: str, name: str = "chat") -> str:
    """Write a `[[notify]]` for a webhook."""
    secret = write_secret(cli.folder)
    secret.chmod(0o600)
    return f'[[notify]]\nname = "{name}"\nwebhook = "{url}"\nsecret_file = "{secret}"'


def smtp(port: int) -> str:
    """Write an `[smtp]` for a mail server on this machine."""
    return f'[smtp]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\nfrom = "b@example.nl"'


MAIL = '[[notify]]\nto = "a@example.nl"'


@pytest.mark.usefixtures("outbox")
def test_list(cli: CommandLine) -> None:
    """What waits, what was given up, why, and when it is tried next."""
    lines = cli("notifications", "list").stdout.splitlines()
    now, soon = "2026-11-22T10:00:00Z", "2026-11-22T10:00:30Z"
    assert [re.split(r" {2,}", line) for line in lines] == [
        ["RECEIVER", "EVENT", "SCHEDULE", "AT", "ATTEMPTS", "NEXT", "WHY"],
        ["chat", "revision", "winkel", "2026-11-22T09:59:00Z", "1", soon, "HTTP 500"],
        ["chat", "override-end", "winkel", "2026-11-22T09:59:10Z", "1", "given up", "HTTP 410"],
        ["a@example.nl", "revision", "kantoor", now, "0", now, "-"],
    ]


@pytest.mark.usefixtures("outbox")
def test_list_for_programs(cli: CommandLine) -> None:
    """Each delivery with its id and its state."""
    failed, gone, new = cli.json("notifications", "list")
    assert failed == {
        "id": "msg_1",
        "receiver": "chat",
        "channel": "webhook",
        "event": "revision",
        "schedule": "winkel",
        "at": "2026-11-22T09:59:00Z",
        "state": "waiting",
        "attempts": 1,
        "next_attempt": "2026-11-22T10:00:30Z",
        "why": "HTTP 500",
    }
    assert (gone["state"], gone["next_attempt"]) == ("given-up", None)
    assert (new["state"], new["why"]) == ("waiting", "")


@pytest.mark.usefixtures("outbox")
def test_list_of_one_receiver(cli: CommandLine) -> None:
    """His alone; one for whom nothing waits is no fault, and one who isn't there is."""
    assert [one["id"] for one in cli.json("notifications", "list", "chat")] == ["msg_1", "msg_2"]
    told = cli("notifications", "list", "chet", code=1).stderr
    assert told == "Error: there is no receiver 'chet'; did you mean chat?\n"
    configure(cli, webhook(cli, "http://127.0.0.1:9", "chet"))
    assert cli.json("notifications", "list", "chet") == []


def test_what_a_receiver_said_does_nothing_to_a_terminal(cli: CommandLine, outbox: Path) -> None:
    """Its words are told, and not obeyed."""
    waiting = list_deliveries(outbox)[0]
    with writing_outbox(outbox) as db:
        note_attempt(db, waiting, Attempt(is_sent=False, why="HTTP 500 \x1b[2J\x9bm\tno"), AT)
    assert "HTTP 500 ?[2J?m no\n" in cli("notifications", "list").stdout


def test_list_of_nothing(cli: CommandLine) -> None:
    """Without an outbox nothing waits, and none is made."""
    cli("migrate")
    told = cli("notifications", "list")
    assert (told.stdout, told.stderr) == ("", "nothing waits, and nothing was given up\n")
    assert cli.json("notifications", "list") == []
    assert not (cli.folder / "data" / "outbox.db").exists()


def test_damaged_outbox(cli: CommandLine, outbox: Path) -> None:
    """It is told, with what becomes of it."""
    outbox.write_bytes(b"kapot" * 1_000)
    told = cli("notifications", "list", code=1).stderr
    assert "outbox.db: is damaged" in told
    assert "the daemon puts it aside" in told


def test_retry(cli: CommandLine, outbox: Path) -> None:
    """Everything is due at once, also what was given up."""
    told = cli("notifications", "retry")
    assert told.stdout == "3 to be tried again by the daemon\n"
    assert told.stderr == "Warning: no daemon is running: it is tried once one is started\n"
    assert {one.next_at for one in list_deliveries(outbox)} == {AT}


def test_retry_beside_a_daemon(
    cli: CommandLine, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is there, though it may be slow to answer, is no reason for a warning."""
    monkeypatch.setattr(control, "ANSWER_SECONDS", 0.1)
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(outbox.with_name("control.sock")))
        daemon.listen()
        told = cli("notifications", "retry")
    assert told.stdout == "3 to be tried again by the daemon\n"
    assert told.stderr == ""


@pytest.mark.usefixtures("outbox")
def test_retry_of_one_receiver(cli: CommandLine) -> None:
    """One that nothing waits for is told, with what looks like it."""
    assert cli.json("notifications", "retry", "chat") == {"retried": 2}
    told = cli("notifications", "retry", "chet", code=1).stderr
    assert told == "Error: nothing waits for 'chet'; did you mean chat?\n"


def test_retry_of_nothing(cli: CommandLine) -> None:
    """Nor is anything made."""
    cli("migrate")
    assert cli("notifications", "retry").stdout == "nothing to try again\n"
    assert not (cli.folder / "data" / "outbox.db").exists()


def test_test_says_what_came_back(cli: CommandLine) -> None:
    """A mail and a webhook arrive at once; one that fails ends with exit code 3."""
    with mail_server() as mailbox, webhook_server() as hook:
        configure(cli, MAIL, webhook(cli, hook.url), smtp(mailbox.port))
        told = cli("notifications", "test").stdout.splitlines()
        assert told == [
            f"a@example.nl: sent: accepted by 127.0.0.1:{mailbox.port}",
            "chat: sent: HTTP 204 No Content",
        ]
        hook.status = 500
        told = cli("notifications", "test", code=3).stdout.splitlines()
        assert told[1] == "chat: not sent: HTTP 500 Internal Server Error"
        answer = cli.json("notifications", "test", "chat", code=3)
        assert answer == [
            {"receiver": "chat", "sent": False, "reply": "HTTP 500 Internal Server Error"}
        ]
    assert [one["Subject"] for one in mailbox.got] == ["[Bereikbaar] test"] * 2
    assert hook.events[0] == {"type": "test", "timestamp": "2026-11-22T10:00:00Z", "data": {}}
    assert not (cli.folder / "data").exists()


def test_test_of_nobody(cli: CommandLine) -> None:
    """Whom the configuration doesn't name can't be sent anything."""
    told = cli("notifications", "test", code=1).stderr
    assert told == ("Error: nobody is to be told anything; add [[notify]] to the configuration\n")
    configure(cli, webhook(cli, "http://127.0.0.1:9"))
    told = cli("notifications", "test", "chet", code=1).stderr
    assert told == "Error: there is no receiver 'chet'; did you mean chat?\n"


def test_config_shows_receivers(cli: CommandLine) -> None:
    """By name on a line, in full for programs; never a secret."""
    configure(cli, MAIL, webhook(cli, "https://hooks.example.nl/a"), smtp(25))
    lines = [line.split() for line in cli("config", "show").stdout.splitlines()]
    assert ["notify", "a@example.nl", "chat", "bereikbaar.toml"] in lines
    assert ["smtp", "127.0.0.1", "none,", "from", "b@example.nl", "bereikbaar.toml"] in lines
    shown = cli.json("config", "show")
    assert shown["smtp"]["value"]["from"] == "b@example.nl"
    assert shown["notify"]["value"][1]["webhook"] == "https://hooks.example.nl/a"


def test_config_check_looks_at_secrets(cli: CommandLine) -> None:
    """What can't be used, what everybody can read, and what goes in clear."""
    tables = [
        webhook(cli, "http://hooks.example.nl/a"),
        '[[notify]]\nname = "b"\nwebhook = "http://[::1]:9"\nsecret_file = "absent"',
        f'{smtp(25)}\nuser = "u"\npassword_file = "password"',
    ]
    configure(cli, *tables)
    (cli.folder / "password").write_text("geheim")
    (cli.folder / "password").chmod(0o644)
    (cli.folder / "data").mkdir()
    warnings = cli.json("config", "check")["warnings"]
    unused = "until then nothing is sent with it"
    assert warnings == [
        "news goes to chat in clear: write https:// where it is served",
        f"absent: can't be read: No such file or directory; check its owner and its mode; {unused}",
        "the password goes to 127.0.0.1:25 in clear: set tls of [smtp] to starttls or tls",
        "password can be read by everybody on this machine: take that right from others",
    ]


def test_config_check_looks_for_who_is_chosen(cli: CommandLine) -> None:
    """A schedule or a company that the store hasn't would be silent for ever."""
    hook = webhook(cli, "https://hooks.example.nl")
    cli.apply(document("winkel", company="Voorbeeld BV"))
    configure(cli, f'{hook}\nschedules = ["winkel", "winkle"]')
    assert cli.json("config", "check")["warnings"] == [
        "chat is to be told of schedule 'winkle', which isn't there; did you mean winkel?"
    ]
    configure(cli, f'{hook}\ncompanies = ["VOORBEELD bv", "Voorbeeld"]')
    (told,) = cli.json("config", "check")["warnings"]
    assert told.startswith("chat is to be told of company 'Voorbeeld', of which no schedule is; ")


def test_config_check_leaves_a_store_to_others(cli: CommandLine) -> None:
    """Without a store, or with one that can't be read, nothing is said of schedules."""
    configure(cli, f'{webhook(cli, "https://hooks.example.nl")}\nschedules = ["gone"]')
    assert "gone" not in str(cli.json("config", "check")["warnings"])
    cli.write("data/bereikbaar.db", b"kapot" * 1_000)
    assert "gone" not in str(cli.json("config", "check")["warnings"])


def test_config_check_is_content(cli: CommandLine) -> None:
    """Good secrets and TLS are no reason for a warning."""
    configure(cli, MAIL, webhook(cli, "https://hooks.example.nl"), smtp(25))
    (cli.folder / "data").mkdir()
    assert cli.json("config", "check")["warnings"] == []
