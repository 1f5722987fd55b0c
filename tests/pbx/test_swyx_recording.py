"""Swyx's Lua rule by which a message is recorded by telephone: PIN, recording, inbox."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audio_store.inbox import Recording, RecordingInbox
from pbx_adapters import clock
from schedules.recording_pins import PinHash
from tests.e2e.daemon import AT, COMMAND, PATIENCE, Daemon, new_daemon
from tests.e2e.test_audio import tone
from tests.pbx.bad_server import Page, bad_server
from tests.pbx.lua_runtimes import RUNTIMES
from tests.pbx.swyx import Swyx, render

PIN = "829473"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Run a daemon with schedules that take recordings, and one that takes none."""
    with new_daemon(tmp_path_factory.mktemp("recording")) as daemon:
        for schedule in ("winkel", "vol", "vergeten"):
            daemon.save("open", schedule)
            with daemon.store() as store, store.writing("test", AT) as writer:
                writer.set_recording_pin(schedule, PinHash.of(PIN))
        daemon.start()
        yield daemon


def run(
    folder: Path, daemon: Daemon, pin: str = PIN, recording: str = "", **others: str
) -> tuple[int, str]:
    """Let the block run with these variables; return its exit and what it logged."""
    swyx = {name: others.pop(name) for name in ("runtime", "before") if name in others}
    given = {"schedule": "winkel", "token": daemon.token} | others
    script = render(folder, f"http://127.0.0.1:{daemon.port}", "recording.lua", **given)
    variables = {"BereikbaarPin": pin, "BereikbaarRecording": recording}
    log = folder / "kept" / "bereikbaar.log"
    log.unlink(missing_ok=True)
    outcome = Swyx(**swyx, variables=variables).run(script)
    return outcome.exit, log.read_text() if log.exists() else ""


def waiting(daemon: Daemon, schedule: str) -> list[Recording]:
    """Return what waits in the inbox of a schedule."""
    inbox = RecordingInbox(daemon.data_dir / "inbox")
    return inbox.waiting(clock.utc_now(), schedule)


def ask(daemon: Daemon, *arguments: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return what the real command line says of the inbox."""
    command: list[str | Path] = [
        COMMAND,
        "audio",
        "inbox",
        *arguments,
        "--json",
        "--data-dir",
        daemon.data_dir,
    ]
    done = subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    return json.loads(done.stdout)


def test_a_message_recorded_by_telephone_waits_in_the_inbox(daemon: Daemon, tmp_path: Path) -> None:
    """First the PIN is checked, then the same block sends what was recorded."""
    wav = tmp_path / "opname.wav"
    wav.write_bytes(tone(1, 16_000))
    assert run(tmp_path, daemon) == (1, "")
    assert waiting(daemon, "winkel") == []
    assert run(tmp_path, daemon, recording=str(wav)) == (2, "")
    (recording,) = ask(daemon, "list", "winkel")
    assert recording["schedule"] == "winkel"
    # One second of 8 kHz, 16 bit, behind a header.
    shown = ask(daemon, "play-info", recording["recording"])
    assert shown["bytes"] == pytest.approx(16_044, abs=100)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_lua_comes_to_the_same(daemon: Daemon, tmp_path: Path, runtime: str) -> None:
    """Whichever version Swyx has built in."""
    assert run(tmp_path, daemon, runtime=runtime) == (1, "")


def test_a_recording_may_be_named_without_its_folder(daemon: Daemon, tmp_path: Path) -> None:
    """Then it is looked for in the folder that the setting names."""
    (tmp_path / "opname.wav").write_bytes(tone(1))
    before = len(waiting(daemon, "winkel"))
    told = run(tmp_path, daemon, recording="opname.wav", recordings_folder=str(tmp_path))
    assert told == (2, "")
    assert len(waiting(daemon, "winkel")) == before + 1


@pytest.mark.parametrize(
    ("others", "exit_", "log"),
    [
        pytest.param({"pin": ""}, 3, "no PIN was typed", id="no-pin-typed"),
        pytest.param({"pin": "82*4#3"}, 3, "no PIN was typed", id="no-digits"),
        pytest.param({"pin": "1\r\nHost: x"}, 3, "no PIN was typed", id="line-break"),
        pytest.param({"schedule": "office"}, 7, "HTTP 403 no-pin", id="schedule-without-pin"),
        pytest.param({"schedule": "nergens"}, 7, "HTTP 403 no-pin", id="no-such-schedule"),
        pytest.param({"schedule": ""}, 7, "no schedule", id="no-schedule"),
        pytest.param({"token": "bk_0123_wrong"}, 7, "HTTP 401 unauthorized", id="wrong-token"),
        pytest.param({"recording": "/nowhere.wav"}, 6, "can't be read", id="no-file"),
    ],
)
def test_what_can_not_be_done_has_an_exit(
    daemon: Daemon, tmp_path: Path, others: dict[str, str], exit_: int, log: str
) -> None:
    """So that the rule can tell the caller; and a line in the log."""
    told = run(tmp_path, daemon, **others)
    assert told[0] == exit_
    assert log in told[1]


def test_a_schedule_of_its_own(daemon: Daemon, tmp_path: Path) -> None:
    """The setting outweighs what calls ask for."""
    assert run(tmp_path, daemon, schedule="office", recording_schedule="winkel")[0] == 1


def test_wrong_pins_until_there_are_too_many(daemon: Daemon, tmp_path: Path) -> None:
    """Then the right one is refused too, for a while."""
    pins = ["111222"] * 5 + [PIN]
    exits = [run(tmp_path, daemon, pin, schedule="vergeten")[0] for pin in pins]
    assert exits == [3, 3, 3, 3, 3, 4]


def test_a_full_inbox(daemon: Daemon, tmp_path: Path) -> None:
    """Twenty wait; the next one isn't kept, and the caller can be told."""
    wav = tmp_path / "opname.wav"
    wav.write_bytes(tone(0.2))
    inbox = RecordingInbox(daemon.data_dir / "inbox")
    for _ in range(20):
        inbox.put("vol", tone(0.1), clock.utc_now())
    assert run(tmp_path, daemon, recording=str(wav), schedule="vol")[0] == 5
    assert len(waiting(daemon, "vol")) == 20


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"ID3 is no WAV", id="no-wav"),
        pytest.param(b"", id="empty"),
        pytest.param(tone(0.01), id="too-short"),
        pytest.param(bytes(10_485_761), id="too-large"),
    ],
)
def test_a_recording_that_is_none(daemon: Daemon, tmp_path: Path, content: bytes) -> None:
    """It is refused, and nothing of it waits."""
    wav = tmp_path / "opname.wav"
    wav.write_bytes(content)
    before = waiting(daemon, "winkel")
    assert run(tmp_path, daemon, recording=str(wav))[0] == 6
    assert waiting(daemon, "winkel") == before


@pytest.mark.parametrize("mode", ["refused", "slow", "closed", "html", "redirect", "500", "503"])
@pytest.mark.parametrize("is_recorded", [False, True], ids=["pin", "recording"])
def test_a_daemon_that_is_away(tmp_path: Path, mode: str, *, is_recorded: bool) -> None:
    """Nothing is saved, nothing is believed, and the caller can be asked to try again later."""
    wav = tmp_path / "opname.wav"
    wav.write_bytes(tone(0.1))
    with bad_server(mode) as server:
        away = Daemon(tmp_path, token="bk_0123_secret", port=server.port)
        # The time for sending a recording is far longer than that for a question.
        before = "local set = methods.SetTimeout; function methods:SetTimeout() set(self, 1) end"
        told = run(tmp_path, away, recording=str(wav) if is_recorded else "", before=before)
        assert told[0] == 0
        assert "recording: " in told[1]
        assert not [path for path in server.requests if path.startswith("/followed")]


@pytest.mark.parametrize(
    ("status", "recording"), [(204, "yes"), (201, ""), (200, ""), (200, "yes"), (302, "yes")]
)
def test_only_what_the_daemon_would_say_is_believed(
    tmp_path: Path, status: int, recording: str
) -> None:
    """Another success than the one to be expected saves nothing."""
    wav = tmp_path / "opname.wav"
    wav.write_bytes(tone(0.1))
    with bad_server("500") as server:
        server.pages["/recordings/winkel"] = Page(b"", status)
        away = Daemon(tmp_path, token="bk_0123_secret", port=server.port)
        assert run(tmp_path, away, recording=recording and str(wav))[0] == 0


@pytest.mark.parametrize(
    "before", ["package.preload.PBXWebRequest = nil", "methods.Send = nil", "io = nil", "os = nil"]
)
def test_a_swyx_that_is_otherwise(daemon: Daemon, tmp_path: Path, before: str) -> None:
    """No error ends the call."""
    wav = tmp_path / "opname.wav"
    wav.write_bytes(tone(0.1))
    assert run(tmp_path, daemon, recording=str(wav), before=before)[0] in (0, 2)
