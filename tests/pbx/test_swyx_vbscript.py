"""Swyx's VBScript: its form, in every run; and its decisions, where there is Wine."""

from collections.abc import Iterator
from typing import Final

import pytest

from audio_store.masters import MasterFiles
from pbx_adapters.pbx_scripts import Installation, render_scripts
from schedules.recording_pins import PinHash
from tests.e2e.daemon import AT, Daemon
from tests.pbx.bad_server import Page, bad_server
from tests.pbx.treated import MESSAGE, TREATED, treating_daemon
from tests.pbx.vbscript import Wine, find_faults, new_wine

PIN: Final = "829473"
VARIABLES: Final = (
    "UseExit",
    "BereikbaarStatus",
    "BereikbaarAudio",
    "BereikbaarForward",
    "BereikbaarVoicemail",
)
SCRIPTS: Final = {"bereikbaar.vbs": "bb", "recording.vbs": "bbr"}


def render(url: str, file: str, folder: str = "C:/Bereikbaar", **others: str) -> str:
    """Return a script as it is installed."""
    given = {"token": "bk_0123_secret"} | others
    made = Installation(url, **given, timeout_seconds=5, settings={"folder": folder})
    return render_scripts("swyx", made)[file]


@pytest.mark.parametrize("file", SCRIPTS)
def test_a_script_is_of_safe_form(file: str) -> None:
    """Blocks are closed, names declared, objects looked at, and nothing can end the call."""
    script = render("http://127.0.0.1:8470", file, schedule="winkel", number="+31850000000")
    assert find_faults(script, SCRIPTS[file]) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        pytest.param("On Error Resume Next", "", "normal exit", id="errors-end-it"),
        pytest.param("UseExit = 0", "UseExit = 3", "normal exit", id="other-exit"),
        pytest.param("On Error GoTo 0", "", "error handling", id="errors-hidden-after"),
        pytest.param("End If", "", "missing", id="if-not-closed"),
        pytest.param("End Select", "", "closes nothing", id="select-not-closed"),
        pytest.param("    Next\n", "    End If\n", "closes nothing", id="closed-by-another"),
        pytest.param("Else\n", "End If\nElse\n", "is in no If", id="else-outside"),
        pytest.param('bbStatus = ""', 'bbStatu = ""', "bbStatu is not declared", id="misspelt"),
        pytest.param("Dim bbFolder,", "Dim bbMore, bbFolder,", "not used", id="unused"),
        pytest.param("UseExit = 0", "UseExit = 0\nSub X", "Sub has no place", id="procedure"),
        pytest.param("Set bbHttp = Nothing", "", "left from before", id="object-from-before"),
        pytest.param("If bbHttp Is Nothing Then", "If bbI Then", "not looked at", id="object"),
        pytest.param("If bbDone Then", "If bbHttp.Status Then", "inside it", id="call-in-if"),
        pytest.param("'", "' é", "not ASCII", id="not-ascii"),
    ],
)
def test_each_fault_of_form_is_found(old: str, new: str, fault: str) -> None:
    """The check itself is no idle one."""
    script = render("http://127.0.0.1:8470", "bereikbaar.vbs")
    assert old in script
    assert fault in "; ".join(find_faults(script.replace(old, new, 1), "bb"))


@pytest.fixture(scope="module")
def wine() -> Iterator[Wine]:
    """Have Wine, or skip."""
    with new_wine() as wine:
        yield wine


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, wine: Wine) -> Iterator[Daemon]:
    """Run a daemon with a schedule for each way of treatment; the message is downloaded already.

    This Wine's ADODB.Stream writes no files.
    """
    with treating_daemon(tmp_path_factory.mktemp("vbscript")) as daemon:
        message = MasterFiles(daemon.data_dir / "audio").add(MESSAGE)
        (wine.folder / f"{message}.wav").write_bytes(MESSAGE)
        with daemon.store() as store, store.writing("test", AT) as writer:
            writer.set_recording_pin("office", PinHash.of(PIN))
        yield daemon


def run(wine: Wine, url: str, called: str = "+31850000000", **others: str) -> list[str]:
    """Run the rule as Swyx would; return its exit and what its variables hold."""
    before = (
        f'Function CalledNumber(): CalledNumber = "{called}": End Function\n'
        'Function CallerID(): CallerID = "+31611111111": End Function'
    )
    script = render(url, "bereikbaar.vbs", wine.path(), **others)
    return wine.run(before, script, *VARIABLES)


@pytest.mark.pbx
@pytest.mark.parametrize("scenario", TREATED)
def test_a_call_is_treated_as_the_daemon_says(wine: Wine, daemon: Daemon, scenario: str) -> None:
    """Each action has its exit, four higher with a message before it, and its variables."""
    number, treatment, lot = TREATED[scenario]
    url = f"http://127.0.0.1:{daemon.port}"
    told = run(wine, url, number, token=daemon.token)
    action, _, target = lot.partition(" ")
    is_heard = "audio=m" in treatment
    exits = ("continue", "forward", "voicemail", "hangup")
    assert told[0] == str(exits.index(action) + 4 * is_heard)
    assert told[2].startswith(wine.path().replace("/", "\\")) == is_heard
    assert (told[3], told[4])[action == "voicemail"] == target or not target


@pytest.mark.pbx
def test_what_is_asked_may_be_fixed(wine: Wine, daemon: Daemon) -> None:
    """Then the number that the trunk says was called doesn't matter."""
    url = f"http://127.0.0.1:{daemon.port}"
    assert run(wine, url, "x", token=daemon.token, schedule="forwarded")[0] == "5"
    assert run(wine, url, "x", token=daemon.token, number="+31850000002")[0] == "5"


@pytest.mark.pbx
def test_a_swyx_that_lacks_all_takes_the_normal_route(wine: Wine, daemon: Daemon) -> None:
    """Neither its functions nor its objects are there; the exit is still the normal one."""
    script = render(f"http://127.0.0.1:{daemon.port}", "bereikbaar.vbs", token=daemon.token)
    assert wine.run("", script, *VARIABLES) == ["0", "unknown", "", "", ""]


@pytest.mark.pbx
def test_a_script_may_stand_in_a_procedure(wine: Wine, daemon: Daemon) -> None:
    """Its variables are then those that stand outside."""
    names = ("UseExit", *VARIABLES[1:])
    script = render(
        f"http://127.0.0.1:{daemon.port}",
        "bereikbaar.vbs",
        wine.path(),
        token=daemon.token,
        number="+31850000002",
    )
    whole = f"Dim {', '.join(names)}\nSub Block()\n{script}\nEnd Sub\nBlock"
    told = wine.run("", whole, *VARIABLES)
    assert (told[0], told[3]) == ("5", "+31612345678")


@pytest.mark.pbx
@pytest.mark.parametrize(
    "mode",
    [
        *("refused", "401", "malformed", "unknown-action", "500", "huge", "redirect", "html"),
        *("empty", "closed", "no-http", "unknown-status", "bad-forward", "400", "403", "404"),
        *("429", "503"),
    ],
)
def test_anything_unexpected_takes_the_normal_route(wine: Wine, mode: str) -> None:
    """Whatever the answer says besides; and the log says what it was."""
    log = wine.folder / "bereikbaar.log"
    log.unlink(missing_ok=True)
    with bad_server(mode) as server:
        assert run(wine, server.url) == ["0", "", "", "", ""]
        assert not [path for path in server.requests if path.startswith("/followed")]
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.pbx
def test_any_number_arrives_as_it_was(wine: Wine) -> None:
    """Percent-encoded."""
    answer = b"status=open\r\naction=continue\r\nerror=\r\n"
    with bad_server("500") as server:
        server.pages["/hook/swyx"] = Page(answer)
        assert run(wine, server.url, "sip:+31 &=%x@y")[:2] == ["0", "open"]
        assert server.requests == [
            "/hook/swyx?did=sip%3A%2B31%20%26%3D%25x%40y&cli=%2B31611111111&callid=&format=text"
        ]
        assert server.authorizations == ["Bearer bk_0123_secret"]


@pytest.mark.pbx
@pytest.mark.parametrize(
    ("pin", "others", "exit_"),
    [
        pytest.param(PIN, {}, "1", id="right"),
        pytest.param("111222", {}, "3", id="wrong"),
        pytest.param("", {}, "3", id="none"),
        pytest.param("1#2", {}, "3", id="no-digits"),
        pytest.param(PIN, {"schedule": "continue"}, "7", id="schedule-without-pin"),
        pytest.param(PIN, {"schedule": ""}, "7", id="no-schedule"),
        pytest.param(PIN, {"token": "bk_0123_wrong"}, "7", id="wrong-token"),
    ],
)
def test_a_pin_is_checked(
    wine: Wine, daemon: Daemon, pin: str, others: dict[str, str], exit_: str
) -> None:
    """Each outcome has its exit."""
    given = {"schedule": "office", "token": daemon.token} | others
    url = f"http://127.0.0.1:{daemon.port}"
    script = render(url, "recording.vbs", wine.path(), **given)
    before = f'BereikbaarPin = "{pin}"\nBereikbaarRecording = ""'
    assert wine.run(before, script, "UseExit") == [exit_]


@pytest.mark.pbx
@pytest.mark.parametrize("mode", ["refused", "html", "redirect", "500"])
def test_no_pin_is_right_while_the_daemon_is_away(wine: Wine, mode: str) -> None:
    """The caller can be asked to try again later."""
    with bad_server(mode) as server:
        script = render(server.url, "recording.vbs", wine.path(), schedule="office")
        assert wine.run(f'BereikbaarPin = "{PIN}"', script, "UseExit") == ["0"]
