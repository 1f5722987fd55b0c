"""A reload that brings something bad: old answers go on, and metrics, readiness and log say so."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.e2e.daemon import COMMAND, PATIENCE, Daemon, wait_until
from tests.faults.fault_table import note_fault
from tests.faults.good_calls import calling, check_calls

BAD_CONFIGURATIONS = {
    "no TOML": 'listen = "127.0.0.1:0',
    "unknown key": 'listne = "127.0.0.1:0"',
    "bad value": 'max_connections = -1\nkeepalive_seconds = "long"\nlisten = "nowhere"',
}


def is_served(daemon: Daemon, schedule_id: str, name: str) -> bool:
    """Tell whether a schedule is answered under a name."""
    return bool(daemon.call(schedule=schedule_id).fields["schedule_name"] == name)


def is_told(daemon: Daemon) -> bool:
    """Tell whether readiness, still 200, and the metric both say that something is amiss."""
    ready = daemon.ready()
    is_degraded = ready.status == 200 and ready.fields["status"] == "degraded"
    return is_degraded and daemon.metric("bereikbaar_last_reload_successful") == 0


def is_well(daemon: Daemon) -> bool:
    """Tell whether readiness and metric say that all is in order."""
    is_ok = daemon.ready().fields["status"] == "ok"
    return is_ok and daemon.metric("bereikbaar_last_reload_successful") == 1


def reload_bad_schedule(daemon: Daemon, number: int) -> None:
    """Bring a schedule that can't be read, have all read anew, change another, and mend it."""
    before = len(daemon.log())
    daemon.save_unreadable()
    daemon.signal(signal.SIGHUP)
    wait_until(partial(is_told, daemon), "the bad schedule is told")
    assert "office" in str(daemon.ready().fields["why"])
    assert [line for line in daemon.log()[before:] if line["level"] in ("warning", "error")]
    daemon.save("closed", "branch", name=f"Branch {number}")
    wait_until(partial(is_served, daemon, "branch", f"Branch {number}"), "others are followed")
    assert daemon.status() == "open"
    daemon.save("open", name=f"Office {number}")
    wait_until(partial(is_served, daemon, "office", f"Office {number}"), "the mended one is served")
    wait_until(partial(is_well, daemon), "nothing is told any more")


def test_reload_with_a_bad_schedule(daemon: Daemon, how_many: Callable[[int, int], int]) -> None:
    """The schedule's last answers go on while others change, and it is taken up once mended."""
    rounds = how_many(5, 100)
    daemon.start()
    with calling(daemon) as told:
        for number in range(rounds):
            reload_bad_schedule(daemon, number)
    check_calls(told, "open")
    assert daemon.stop() == 0
    note_fault(
        "reload with a bad schedule or config",
        "a schedule that can't be read, SIGHUP, another one changed, the bad one mended",
        rounds,
        f"{len(told):,} calls meanwhile all answered as before; readiness, metric and log told "
        "each time, and no longer once it was mended",
    )


def command(daemon: Daemon, config: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line with a configuration."""
    return subprocess.run(
        [COMMAND, *words, "--data-dir", daemon.data_dir, "--config", config],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={key: value for key, value in os.environ.items() if not key.startswith("BEREIKBAAR")},
    )


def test_reload_with_a_bad_configuration(
    daemon: Daemon, tmp_path: Path, how_many: Callable[[int, int], int]
) -> None:
    """A reload reads no configuration: calls go on, and the next start is refused until mended."""
    config, rounds = tmp_path / "bereikbaar.toml", how_many(1, 5)
    config.write_text("max_connections = 500\n")
    daemon.settings["config"] = str(config)
    daemon.start()
    with calling(daemon) as told:
        for _ in range(rounds):
            for bad in BAD_CONFIGURATIONS.values():
                loaded = len(daemon.events("loaded"))
                config.write_text(f"{bad}\n")
                daemon.signal(signal.SIGHUP)
                wait_until(lambda n=loaded: len(daemon.events("loaded")) > n, "it was reloaded")  # type: ignore[misc]
                for words in (["config", "check"], ["serve"]):
                    refused = command(daemon, config, *words)
                    assert refused.returncode == 1, refused
                    assert config.name in refused.stderr
                    assert "Traceback" not in refused.stderr
        ended_at = time.monotonic()
        wait_until(lambda: told[-1].sent_at > ended_at, "calls go on")
    check_calls(told, "open")
    assert is_well(daemon)
    config.write_text("max_connections = 400\n")
    assert command(daemon, config, "config", "check").returncode == 0
    assert daemon.stop() == 0
    daemon.start()
    assert daemon.status() == "open"
    note_fault(
        "reload with a bad schedule or config",
        "a configuration with a fault (no TOML, an unknown key, bad values), SIGHUP, a start",
        rounds * len(BAD_CONFIGURATIONS),
        f"{len(told):,} calls meanwhile all answered, since a reload reads no configuration; "
        "`config check` and each new start named the file and ended with 1",
    )
