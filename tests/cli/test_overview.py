"""`bereikbaar overview` in the terminal, as a file and as JSON, on Sunday 22 November 2026."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import HEAD_OFFICE, SHA256, SHOP, CommandLine


def test_a_page_is_replaced_but_nothing_else(shop: CommandLine) -> None:
    """A document that was named by mistake stays as it is."""
    told = shop("overview", "winkel", "--html", "winkel.html")
    assert told.stdout == "winkel: overview of revision 1 in winkel.html\n"
    path = shop.folder / "winkel.html"
    path.chmod(0o640)
    before = path.read_bytes()
    shop("overview", "winkel", "--html", "winkel.html", "--lang", "en")
    assert path.read_bytes() != before
    assert path.stat().st_mode & 0o777 == 0o640
    shop.write("winkel.yaml", SHOP)
    refused = shop("overview", "winkel", "--html", "winkel.yaml", code=1)
    assert "was not written by this command; name another file, or remove it" in refused.stderr
    assert (shop.folder / "winkel.yaml").read_text() == SHOP
    (shop.folder / "map").mkdir()
    shop("overview", "winkel", "--html", "map", code=1)
    assert sorted(path.name for path in shop.folder.iterdir() if path.name.startswith(".")) == []


def test_an_empty_file_is_taken_and_a_missing_folder_is_told(shop: CommandLine) -> None:
    """As `mktemp` makes one."""
    shop.write("nieuw.html", b"")
    shop("overview", "winkel", "--html", "nieuw.html")
    assert (shop.folder / "nieuw.html").read_text().startswith("<!DOCTYPE html>")
    refused = shop("overview", "winkel", "--html", "nergens/nieuw.html", code=1)
    assert refused.stderr.startswith("Error: nergens/nieuw.html: No such file")


def test_the_data_behind_it(shop: CommandLine) -> None:
    """The JSON that docs/cli.md describes."""
    found = shop.json("overview", "winkel")
    assert list(found) == [
        "schedule", "name", "company", "notes", "pbx", "timezone", "voicemail_email", "numbers",
        "revision", "author", "saved_at", "at", "week", "holidays", "exceptions", "overrides",
        "messages", "forwards", "template",
    ]  # fmt: skip
    assert found["at"] == "2026-11-22T11:00+01:00"
    assert found["week"][0]["slots"][0] == {
        "from": "00:00",
        "to": "09:00",
        "status": "closed",
        "action": "voicemail",
        "audio": "Gesloten",
        "is_silent": True,
        "forward": None,
    }
    assert found["week"][0]["slots"][4]["forward"] == {
        "name": "Storingsdienst",
        "number": "+31612345678",
    }
    assert found["holidays"][0]["next"] == "2026-12-25"
    assert found["holidays"][1]["slots"] is None
    assert [one["state"] for one in found["exceptions"]] == ["active", "draft", "expired"]
    assert found["overrides"][0]["reason"] == "Stroomstoring"
    assert found["messages"] == [
        {"id": "gesloten", "name": "Gesloten", "sha256": SHA256, "is_missing": True}
    ]
    assert found["forwards"][0]["is_refused"] is False
    told = shop.json("overview", "winkel", "--html", "winkel.html")
    assert told == {"schedule": "winkel", "revision": 1, "file": "winkel.html"}


def test_two_answers_for_one_stdout_are_wrong_usage(shop: CommandLine) -> None:
    """And an unknown schedule is told."""
    assert "both want stdout" in shop("overview", "winkel", "--html", "-", "--json", code=2).stderr
    assert "no schedule 'winkle'" in shop("overview", "winkle", code=1).stderr


def test_the_terminal_without_colour(shop: CommandLine) -> None:
    """Plain text of at most 80 columns; bars of 48 half hours, readable by their characters."""
    printed = shop("overview", "winkel").stdout
    assert "\x1b" not in printed
    assert max(map(len, printed.splitlines())) <= 80
    bar = "·" * 18 + "█" * 6 + "▒" * 2 + "█" * 10 + "·" * 12
    assert re.search(rf"Monday +{bar}\n", re.sub(" +\n", "\n", printed))
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    for line in (
        "Numbers +31850000200",
        "██ open ▒▒ break ·· closed",
        "Monday to Friday 00:00-09:00 closed, message Gesloten (missing),",
        "18:00-24:00 closed, forward Storingsdienst +31612345678",
        "Saturday and Sunday all day closed",
        "Christmas Day on: Fri 25 Dec 2026; Sat 25 Dec 2027",
        "King's Day off: Tue 27 Apr 2027; Mon 27 Apr 2026",
        "Kerstmarkt Sat 19 Dec 2026, Mon 28 to Thu 31 Dec 2026",
        "Exceptions: drafts, without dates yet",
        "Exceptions: expired",
        "Stroomstoring in force now",
    ):
        assert line in lines


def test_a_terminal_that_knows_ascii_only(shop: CommandLine) -> None:
    """Gets bars of other characters."""
    result = subprocess.run(
        [Path(sys.executable).with_name("bereikbaar"), "overview", "winkel"],
        cwd=shop.folder,
        capture_output=True,
        timeout=60,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LOGNAME": "piet", "PYTHONIOENCODING": "ascii"},
    )
    bar = "." * 18 + "#" * 6 + "=" * 2 + "#" * 10 + "." * 12
    assert f"Monday                {bar}" in result.stdout.decode("ascii")


def test_the_terminal_in_dutch(shop: CommandLine) -> None:
    """With `--lang nl`."""
    printed = shop("overview", "winkel", "--lang", "nl").stdout
    assert "Eerste kerstdag" in printed
    assert "hele dag" in printed


def test_the_terminal_in_colour(shop: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Green, yellow and red; the same text as without."""
    plain = shop("overview", "winkel").stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = shop("overview", "winkel").stdout
    assert "\x1b[32m██████" in coloured
    assert "\x1b[33m▒▒" in coloured
    assert "\x1b[31m····" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", shop("overview", "winkel").stdout)


def test_names_are_no_markup_in_the_terminal(cli: CommandLine) -> None:
    """Brackets stay brackets."""
    cli.apply(HEAD_OFFICE.replace("Hoofdkantoor Utrecht", "Kantoor [red]x[/red]"))
    assert "Kantoor [red]x[/red]" in cli("overview", "hoofdkantoor").stdout
