"""`[[notify]]` and `[smtp]`: who is told of what, and what is refused."""

from pathlib import Path

import pytest

from pbx_adapters.config import Config, InvalidConfigError, load_config
from pbx_adapters.notifications.settings import NotifyRule, SmtpSettings, receivers_of
from schedules.errors import FaultyValueError

SMTP = '[smtp]\nhost = "mail.example.nl"\nfrom = "bereikbaar@example.nl"\n'
MAIL = '[[notify]]\nto = "beheer@example.nl"\n'
HOOK = '[[notify]]\nwebhook = "https://hooks.example.nl/a"\nsecret_file = "secret"\n'


def load(tmp_path: Path, text: str) -> Config:
    """Load a configuration of these lines."""
    path = tmp_path / "x.toml"
    path.write_text(text)
    return load_config(path, {})


def test_off_by_default() -> None:
    """Nobody is told anything, and there is no mail server."""
    assert Config().notify == ()
    assert Config().smtp is None


def test_everything_is_read(tmp_path: Path) -> None:
    """Both kinds of receivers, with and without choices."""
    config = load(
        tmp_path,
        f'{MAIL}companies = ["Voorbeeld BV"]\nevents = ["override-start"]\n'
        f'{HOOK}name = "Chat"\nschedules = ["winkel"]\n'
        f'{SMTP}port = 2525\ntls = "none"\nuser = "u"\npassword_file = "p"\n',
    )
    mail, hook = config.notify
    assert (mail.to, mail.companies, mail.events) == (
        "beheer@example.nl",
        ("Voorbeeld BV",),
        ("override-start",),
    )
    assert (hook.receiver, hook.schedules, len(hook.events)) == ("Chat", ("winkel",), 3)
    assert config.smtp is not None
    assert (config.smtp.sender, str(config.smtp)) == (
        "bereikbaar@example.nl",
        "mail.example.nl:2525",
    )


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_port_follows_tls(tls: str, port: int) -> None:
    """Each kind has its own, where none is set."""
    fields = {"host": "mail.example.nl", "from": "a@example.nl", "tls": tls}
    assert SmtpSettings.model_validate(fields).used_port == port


REFUSED = {
    "nobody": ("[[notify]]\n", "notify[0]: must say where to"),
    "both ways": (
        f'{MAIL}webhook = "https://x"\nsecret_file = "s"\n{SMTP}',
        "names an address and a webhook; make two",
    ),
    "no mail server": (MAIL, "notify names e-mail addresses, and there is no [smtp]; add [smtp]"),
    "no secret": (
        '[[notify]]\nwebhook = "https://x"\n',
        "notify[0]: a webhook and its secret_file go together",
    ),
    "secret of no webhook": (f'{MAIL}secret_file = "s"\n{SMTP}', "secret_file go together"),
    "two choices": (
        f'{HOOK}schedules = ["a"]\ncompanies = ["b"]\n',
        "notify[0]: chooses by schedules and by companies; make two [[notify]] of it",
    ),
    "no events": (f"{HOOK}events = []\n", "notify[0]: asks for no events"),
    "unknown event": (f'{HOOK}events = ["call"]\n', "notify[0].events[0]: 'call' is not known"),
    "no address": (f'[[notify]]\nto = "beheer"\n{SMTP}', "is not an e-mail address"),
    "no id": (f'{HOOK}schedules = ["De Winkel"]\n', "notify[0].schedules[0]: 'De Winkel' is not"),
    "no web address": ('[[notify]]\nwebhook = "ftp://x"\n', "notify[0].webhook: 'ftp://x' is not"),
    "broken address": ('[[notify]]\nwebhook = "http://[::1"\n', "is not a web address"),
    "address with a space": ('[[notify]]\nwebhook = "http://x/a b"\n', "is not a web address"),
    "password in it": ('[[notify]]\nwebhook = "https://a:b@x/"\n', "holds a user or a password"),
    "misspelt": (f'{HOOK}schedule = ["a"]\n', "notify[0].schedule: is not a key known here; did"),
    "one name for two": (
        f'{HOOK}[[notify]]\nwebhook = "https://hooks.example.nl/b"\nsecret_file = "secret"\n',
        "notify: two receivers are called 'hooks.example.nl'; give each a `name` of its own",
    ),
    "a table instead of a list": ('notify = "beheer"\n', "notify: must be a list"),
    "half a login": (f'{SMTP}user = "u"\n', "smtp: has one of user and password_file alone"),
    "no sender": ('[smtp]\nhost = "x"\n', "smtp.from: is missing"),
    "misspelt half of a login": (
        f'{SMTP}user = "u"\npasword_file = "p"\n',
        "smtp: has one of user and password_file alone",
    ),
    "no name for a password's file": (f'{SMTP}user = "u"\npassword_file = ""\n', "is empty"),
    "no name for a secret's file": (
        '[[notify]]\nwebhook = "https://x"\nsecret_file = ""\n',
        "notify[0].secret_file: is empty; name it",
    ),
    "bad webhook beside an address": (
        f'{MAIL}webhook = "ftp://x"\nsecret_file = "s"\n{SMTP}',
        "notify[0]: names an address and a webhook; make two [[notify]] of it",
    ),
    "bad webhook without a secret": (
        '[[notify]]\nwebhook = "ftp://x"\n',
        "notify[0]: a webhook and its secret_file go together",
    ),
    "one name for two, and another fault": (
        f'{HOOK}{HOOK.replace("/a", "/b")}events = ["x"]\n',
        "notify: two receivers are called 'hooks.example.nl'; give each a `name` of its own",
    ),
    "no mail server, and another fault": (
        f'{MAIL}events = ["x"]\n',
        "notify names e-mail addresses, and there is no [smtp]; add [smtp]",
    ),
    "an address as host": (SMTP.replace("mail.", "http://mail."), "smtp.host: 'http://mail."),
    "port out of range": (f"{SMTP}port = 70000\n", "smtp.port: is more than 65535"),
    "unknown key of smtp": (f'{SMTP}hots = "x"\n', "smtp.hots: is not a key known here; did you"),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """Each fault says where it is and what to do; a password isn't shown."""
    with pytest.raises(InvalidConfigError) as caught:
        load(tmp_path, text)
    assert told in str(caught.value)
    assert all("; " in line for line in str(caught.value).splitlines())


def test_all_faults_at_once(tmp_path: Path) -> None:
    """Those of several receivers and of the mail server."""
    with pytest.raises(InvalidConfigError) as caught:
        load(tmp_path, f'[[notify]]\nto = "x"\n{HOOK}events = ["x"]\n{SMTP}port = 0\n')
    assert len(caught.value.faults) == 3


def test_faults_of_the_whole_stand_beside_those_of_parts(tmp_path: Path) -> None:
    """What is wrong between keys, tables and receivers doesn't wait until each key is right."""
    with pytest.raises(InvalidConfigError) as caught:
        load(
            tmp_path,
            f'listen = "nowhere"\n{MAIL}{HOOK}'
            '[[notify]]\nwebhook = "https://hooks.example.nl/b"\nsecret_file = ""\n',
        )
    told = [f"{fault.place}: {fault.problem}" for fault in caught.value.faults]
    assert told == [
        "listen: 'nowhere' is not an address",
        "notify[2].secret_file: is empty",
        "notify: two receivers are called 'hooks.example.nl'",
        ": notify names e-mail addresses, and there is no [smtp]",
    ]


@pytest.mark.parametrize("name", ["NOTIFY", "SMTP"])
def test_no_variable_sets_a_table(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table stands in the file; a variable with its name is a fault like any other."""
    monkeypatch.setenv(f"BEREIKBAAR_{name}", '{"host": "x"}')
    with pytest.raises(InvalidConfigError, match=f"environment: BEREIKBAAR_{name}: must be"):
        load_config(None, {})


def rule(**fields: object) -> NotifyRule:
    """Make a rule that writes to an address."""
    return NotifyRule.model_validate({"to": "beheer@example.nl"} | fields)


WANTED = {
    "everything": (rule(), "revision", "winkel", None, True),
    "its schedule": (rule(schedules=["winkel"]), "revision", "winkel", None, True),
    "another schedule": (rule(schedules=["kantoor"]), "revision", "winkel", None, False),
    "its company, written otherwise": (
        rule(companies=["Café Zon "]),
        "revision",
        "winkel",
        "CAFE ZON",
        True,
    ),
    "another company": (rule(companies=["Zon"]), "revision", "winkel", "Maan", False),
    "no company": (rule(companies=["Zon"]), "revision", "winkel", None, False),
    "another event": (rule(events=["override-end"]), "revision", "winkel", None, False),
}


@pytest.mark.parametrize(
    ("one", "kind", "schedule", "company", "expected"), WANTED.values(), ids=WANTED
)
def test_who_wants_what(
    one: NotifyRule, kind: str, schedule: str, company: str | None, *, expected: bool
) -> None:
    """By event, and by schedule or company."""
    (receiver,) = receivers_of([one]).values()
    assert receiver.wants(kind, schedule, company) is expected


def test_one_receiver_may_have_several_rules() -> None:
    """He is told what any of them asks for, once."""
    found = receivers_of(
        [rule(schedules=["winkel"], events=["revision"]), rule(events=["override-start"])]
    )
    assert list(found) == ["beheer@example.nl"]
    (receiver,) = found.values()
    assert receiver.wants("revision", "winkel", None)
    assert receiver.wants("override-start", "kantoor", None)
    assert not receiver.wants("revision", "kantoor", None)


def test_one_webhook_with_two_secrets_is_refused() -> None:
    """Which of them signs would be left to chance."""
    hooks = [
        NotifyRule(webhook="https://x.example.nl", secret_file=Path(name)) for name in ("a", "b")
    ]
    with pytest.raises(FaultyValueError, match="two receivers"):
        receivers_of(hooks)
