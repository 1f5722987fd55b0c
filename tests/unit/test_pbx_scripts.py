"""The scripts of every PBX: what about.toml says of them, and what may fill their gaps."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pbx_adapters import pbx_scripts
from pbx_adapters.pbx_scripts import (
    SCRIPTS_FOLDER,
    Installation,
    about_scripts,
    check_value,
    left_placeholders,
    pbx_names,
    render_scripts,
)
from schedules.errors import FaultyValueError

ROOT: Final = Path(__file__).parents[2]
PLAIN: Final = Installation(
    "http://daemon.example:8470",
    "bk_0123456789ab_AbCdEf-_0123456789",
    "0123456789abcdef" * 4,
    default_route="100",
)
# What ends a string, or begins something else within it, in any of the scripts' languages.
HARMFUL: Final = re.compile(r"[\"'`\\\r\n\x00-\x1f<>&%]|\$[({]")
# What the Call Flow Designer writes anew.
UNMARKED: Final = {".txt", ".flow", ".cfdproj"}
# FreeSWITCH's own name for the domain of a call, which settings of it may hold.
DOMAIN: Final = "${domain_name}"
GAPS: Final = {
    "BASE_URL": "base_url",
    "TOKEN": "token",
    "TABLE_KEY": "table_key",
    "NUMBER": "number",
    "SCHEDULE": "schedule",
    "DEFAULT_ROUTE": "default_route",
}
FILES: Final = {pbx: about_scripts(pbx).files for pbx in pbx_names()}
SETTINGS: Final = [(pbx, name) for pbx in pbx_names() for name in about_scripts(pbx).settings]


def _shape(texts: dict[str, str]) -> dict[str, list[str]]:
    """Return of each line of each file what opens and closes strings, comments and tags."""
    return {
        name: ["".join(HARMFUL.findall(line)) for line in text.replace(DOMAIN, "").split("\n")]
        for name, text in texts.items()
    }


@cache
def _plain_shape(pbx: str) -> dict[str, list[str]]:
    return _shape(render_scripts(pbx, PLAIN))


def _check_shape(pbx: str, value: str, installation: Installation) -> None:
    """Check that a value leaves the scripts as they are, but for itself."""
    assert not HARMFUL.search(value.replace(DOMAIN, ""))
    texts = render_scripts(pbx, installation)
    assert _shape(texts) == _plain_shape(pbx)
    for file, text in texts.items():
        if Path(file).suffix in {".xml", ".cfdproj", ".flow"}:
            ET.fromstring(text)  # noqa: S314 - our own text


@pytest.mark.parametrize("pbx", pbx_names())
def test_about_lists_exactly_the_files_there_are(pbx: str) -> None:
    """Each with what it is for; the guide exists."""
    about = about_scripts(pbx)
    folder = SCRIPTS_FOLDER / pbx
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == {*about.files, "about.toml"}
    assert (ROOT / about.guide).is_file()
    assert all(file.help for file in about.files.values())


@pytest.mark.parametrize("pbx", pbx_names())
def test_no_gap_is_left(pbx: str) -> None:
    """Also with nothing but address and token, and each file says its licence and its guide."""
    for installation in (PLAIN, Installation(PLAIN.base_url, PLAIN.token)):
        for name, text in render_scripts(pbx, installation).items():
            assert "@@" not in text, name
            if Path(name).suffix not in UNMARKED:
                assert "GPL-3.0-or-later" in text, name
                assert about_scripts(pbx).guide in text, name


@pytest.mark.parametrize("pbx", pbx_names())
def test_token_and_address_stand_in_a_script_of_each_pbx(pbx: str) -> None:
    """As they were given."""
    texts = "".join(render_scripts(pbx, PLAIN).values())
    assert PLAIN.base_url in texts
    assert PLAIN.token in texts


def test_every_shared_file_is_included_somewhere() -> None:
    """By a script of some PBX, once per line."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in SCRIPTS_FOLDER.rglob("*")
        if path.is_file() and "shared" not in path.parts
    ]
    shared = SCRIPTS_FOLDER / "shared"
    for path in (path for path in shared.rglob("*") if path.is_file()):
        line = f"@@INCLUDE {path.relative_to(shared)}@@"
        assert any(line in text for text in texts), line


def _script_texts(pbx: str) -> dict[str, str]:
    """Return the raw text of each file of a PBX, and of each shared one that it brings in."""
    texts = {name: (SCRIPTS_FOLDER / pbx / name).read_text("utf-8") for name in FILES[pbx]}
    for line in re.findall("@@INCLUDE ([^@]*)@@", "".join(texts.values())):
        shared = SCRIPTS_FOLDER / "shared" / line
        assert shared.is_file(), f"{pbx} includes {line}, which is not in scripts/shared"
        texts[f"shared/{line}"] = shared.read_text("utf-8")
    return texts


@pytest.mark.parametrize("pbx", pbx_names())
def test_every_gap_is_known(pbx: str) -> None:
    """One that nothing fills is named, with its file; and what is included includes nothing."""
    known = {*GAPS, "TIMEOUT_SECONDS", "TIMEOUT_MS", *map(str.upper, about_scripts(pbx).settings)}
    for name, text in _script_texts(pbx).items():
        gaps = set(re.findall("@@([^@\n]*)@@", text))
        included = {gap for gap in gaps if gap.startswith("INCLUDE ")}
        unknown = gaps - included - known
        assert not unknown, f"{name} has gaps that {pbx} doesn't fill: {sorted(unknown)}"
        assert not (included and name.startswith("shared/")), f"{name} includes another file"


@pytest.mark.parametrize(("pbx", "name"), SETTINGS)
def test_a_setting_has_a_default_that_it_may_be(pbx: str, name: str) -> None:
    """And a name that is no gap of every PBX."""
    setting = about_scripts(pbx).settings[name]
    assert re.fullmatch(setting.pattern, setting.default, re.ASCII)
    assert re.fullmatch("[a-z][a-z0-9_]*", name)
    assert name.upper() not in {*GAPS, "TIMEOUT_SECONDS", "TIMEOUT_MS"}


@pytest.mark.parametrize("gap", GAPS)
@settings(max_examples=10)
@given(data=st.data())
def test_no_value_that_passes_ends_a_string(gap: str, data: st.DataObject) -> None:
    """Every file keeps its lines, and in each line what opens and closes strings."""
    value = data.draw(st.from_regex(pbx_scripts._VALUES[gap].pattern, fullmatch=True))
    assert check_value(gap, value) == value
    changed: dict[str, Any] = {GAPS[gap]: value}
    for pbx in pbx_names():
        _check_shape(pbx, value, replace(PLAIN, **changed))


@pytest.mark.parametrize(("pbx", "name"), SETTINGS)
@settings(max_examples=10)
@given(data=st.data())
def test_no_setting_that_passes_ends_a_string(pbx: str, name: str, data: st.DataObject) -> None:
    """As with the values that every PBX has."""
    setting = about_scripts(pbx).settings[name]
    value = data.draw(st.from_regex(re.compile(setting.pattern, re.ASCII), fullmatch=True))
    assume(not setting.is_expression or not pbx_scripts._why_no_expression(value))
    _check_shape(pbx, value, replace(PLAIN, settings={name: value}))


@pytest.mark.parametrize(
    ("gap", "value"),
    [
        ("BASE_URL", "ftp://daemon.example"),
        ("BASE_URL", "http://user:secret@daemon.example"),
        ("BASE_URL", "http://daemon.example/?x=1"),
        ("BASE_URL", "http://daemon.example/"),
        ("BASE_URL", "http://daemon.example:port"),
        ("BASE_URL", "http://dæmon.example"),
        ("BASE_URL", "http://"),
        ("BASE_URL", ""),
        ("TOKEN", ""),
        ("TOKEN", "secret"),
        ("TOKEN", "bk_0123"),
        ("TOKEN", "bk_0123_x\n"),
        ("TABLE_KEY", "00"),
        ("TABLE_KEY", "g" * 64),
        ("TABLE_KEY", "0" * 65),
        ("NUMBER", "0850000000"),
        ("NUMBER", "+3185000000\u0660"),
        ("SCHEDULE", "-kantoor"),
        ("SCHEDULE", "Kantoor"),
        ("DEFAULT_ROUTE", "a\nb"),
        ("DEFAULT_ROUTE", "${HOME}"),
        ("DEFAULT_ROUTE", 'a"'),
        ("DEFAULT_ROUTE", "a;b"),
        ("DEFAULT_ROUTE", " a"),
        ("DEFAULT_ROUTE", "1" * 200),
        ("TIMEOUT_SECONDS", "0"),
        ("TIMEOUT_SECONDS", "31"),
    ],
)
def test_what_is_not_harmless_is_refused(gap: str, value: str) -> None:
    """With what to do about it, and without showing what may be a secret."""
    with pytest.raises(FaultyValueError) as refused:
        check_value(gap, value)
    ((problem, remedy),) = refused.value.faults
    assert remedy
    assert gap not in {"TOKEN", "TABLE_KEY"} or value not in problem or not value


@pytest.mark.parametrize(
    ("gap", "value"),
    [
        ("BASE_URL", "https://daemon.example/bereikbaar"),
        ("BASE_URL", "http://[2001:db8::1]:8470"),
        ("BASE_URL", "http://127.0.0.1:8470"),
        ("DEFAULT_ROUTE", "from-trunk,100,1"),
        ("DEFAULT_ROUTE", "1000 XML default"),
        ("DEFAULT_ROUTE", "sip:100@pbx.example:5060"),
        ("DEFAULT_ROUTE", ""),
        ("NUMBER", "+31850000000"),
        ("TIMEOUT_SECONDS", "30"),
    ],
)
def test_what_pbxs_need_passes(gap: str, value: str) -> None:
    """Routes in the words of each PBX among it."""
    assert check_value(gap, value) == value


@pytest.mark.parametrize(
    ("pbx", "name", "value"),
    [
        ("asterisk", "trunk", "PJSIP/{number}@my,trunk"),
        ("freeswitch", "trunk", "sofia/gateway/mytrunk"),
        ("freeswitch", "destination", "^(31850[0-9]+$"),
        ("freeswitch", "destination", "^31850[9-0]+$"),
        ("freeswitch", "destination", "^31850[0-9$"),
        ("freeswitch", "destination", "*31"),
        ("freeswitch", "destination", "[[31"),
        ("freeswitch", "destination", "3{9999999999}"),
    ],
)
def test_a_setting_that_could_not_work_is_refused(pbx: str, name: str, value: str) -> None:
    """A trunk without the number, a regular expression that isn't one."""
    with pytest.raises(FaultyValueError) as refused:
        render_scripts(pbx, replace(PLAIN, settings={name: value}))
    ((problem, remedy),) = refused.value.faults
    assert problem.startswith(f"{name} ")
    assert remedy == f"give {about_scripts(pbx).settings[name].help}"


@pytest.mark.parametrize(
    ("pbx", "name", "value"),
    [
        ("asterisk", "trunk", "PJSIP/trunk/sip:{digits}@192.0.2.1:5060"),
        ("freeswitch", "destination", "^(31850|0850)[0-9]{4,6}$"),
        ("freeswitch", "destination", "[[]31]"),
    ],
)
def test_a_setting_that_works_is_taken(pbx: str, name: str, value: str) -> None:
    """As it is, in a file of the PBX."""
    texts = render_scripts(pbx, replace(PLAIN, settings={name: value}))
    assert any(value in text for text in texts.values())


def test_placeholders_are_told_until_they_are_given() -> None:
    """Also when the same is given, since then somebody meant it; only trunks are such."""
    left = {
        (pbx, name) for pbx in pbx_names() for name in left_placeholders(about_scripts(pbx), PLAIN)
    }
    assert left == {("asterisk", "trunk"), ("freeswitch", "trunk"), ("kamailio", "trunk")}
    given = replace(PLAIN, settings={"trunk": "trunk.example.invalid"})
    assert left_placeholders(about_scripts("kamailio"), given) == {}


def test_every_fault_is_told_at_once() -> None:
    """Of the values that every PBX has, and of settings."""
    wrong = Installation("x", "y", settings={"folder": "relative", "fold": "/x"})
    with pytest.raises(FaultyValueError) as refused:
        render_scripts("generic", wrong)
    problems = [problem for problem, _ in refused.value.faults]
    assert [problem.split()[0] for problem in problems] == ["'fold'", "'x'", "this", "folder"]
    assert refused.value.faults[0][1] == "did you mean folder?"


def test_what_fills_a_gap_is_not_searched_for_gaps() -> None:
    """A value can't bring in another."""
    texts = render_scripts("generic", replace(PLAIN, default_route="@@TOKEN@@"))
    assert "default_route='@@TOKEN@@'" in texts["bereikbaar-ask.sh"]
