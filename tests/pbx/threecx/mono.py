"""The 3CX script under Mono, with 3CX's interface imitated: compiled, and calls put through it."""

import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from pbx_adapters.pbx_scripts import Installation, render_scripts

PBX: Final = "3cx C# (Mono, simulated)"
STUBS: Final = Path(__file__).with_name("stubs.cs")
# Seconds; a program that takes longer hangs.
PATIENCE: Final = 60.0
# Mono wants /proc; it is mounted for the program alone, so that nothing stays behind.
_IN_ROOT: Final = 'mount -t proc proc "$0/proc" && cd "$0" && exec chroot "$0" "$@"'


@dataclass(frozen=True, slots=True)
class Treated:
    """What became of a call: the last thing said of it, what was played before, who decided."""

    lot: str
    played: tuple[str, ...]
    source: str
    events: tuple[str, ...]


@dataclass
class Script:
    """The running program.

    `folder` is where the script keeps things, seen from outside; `version` the 3CX it is for.
    """

    process: subprocess.Popen[str]
    lines: "queue.Queue[str | None]"
    folder: Path
    version: str

    def command(self, *words: str) -> list[str]:
        """Give a command; return what it says."""
        assert self.process.stdin is not None
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        told: list[str] = []
        while (line := self.lines.get(timeout=PATIENCE)) != ".":
            assert line is not None, "the program has ended"
            told.append(line)
        return told

    def set(self, **settings: str | int) -> None:
        """Change settings of the script, named as they are in it."""
        for name, value in settings.items():
            assert self.command("set", name, str(value)) == []

    def call(self, called: str, caller: str = "+31611111111", *faults: str) -> Treated:
        """Put a call through; `faults` are members of 3CX that fail."""
        events = self.command("call", called, caller, *faults)
        logs = [event for event in events if event.startswith("log ")]
        told = [event for event in events if event not in logs]
        return Treated(
            lot=told[-1] if told else "",
            played=tuple(event for event in told if event.startswith("play ")),
            source=logs[0].removeprefix("log Bereikbaar: ").partition(":")[0] if logs else "",
            events=tuple(events),
        )


@contextmanager
def running_script(root: Path, installation: Installation) -> Iterator[Script]:
    """Compile the script as it is installed, with its folder in `root`, and run it until the end.

    `folder` of the installation's settings is ignored: it lies in a folder of this run's own.
    """
    place = Path(mkdtemp(prefix="3cx-", dir=root / "tmp"))
    inside = Path("/") / place.relative_to(root)
    try:
        settings = {**installation.settings, "folder": str(inside / "kept")}
        _write(place, installation, settings)
        run_in(
            root,
            *("mcs", "-langversion:7", "-warn:4", "-warnaserror", "-r:System.Net.Http.dll"),
            *(f"-out:{inside}/calls.exe", f"{inside}/script.cs", f"{inside}/stubs.cs"),
        )
        with _started(root, f"{inside}/calls.exe") as process:
            version = "v20" if settings["v20"] == "true" else "v18"
            yield Script(process, _read_lines(process), place / "kept", version)
    finally:
        shutil.rmtree(place)


def _write(place: Path, installation: Installation, settings: dict[str, str]) -> None:
    made = Installation(
        base_url=installation.base_url,
        token=installation.token,
        table_key=installation.table_key,
        number=installation.number,
        schedule=installation.schedule,
        default_route=installation.default_route,
        timeout_seconds=installation.timeout_seconds,
        settings=settings,
    )
    (place / "script.cs").write_text(render_scripts("3cx", made)["BereikbaarRouting.cs"])
    shutil.copy(STUBS, place / "stubs.cs")


def _chroot(root: Path, *command: str) -> list[str]:
    return ["unshare", "--mount", "sh", "-c", _IN_ROOT, str(root), *command]


def run_in(root: Path, *command: str) -> str:
    """Run a program of the suite to its end; return what it says."""
    done = subprocess.run(
        _chroot(root, *command), capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def _started(root: Path, program: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program under Mono; end it in any case."""
    with subprocess.Popen(
        _chroot(root, "mono", program),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _read_lines(process: subprocess.Popen[str]) -> "queue.Queue[str | None]":
    """Read a program's lines as they come; none is its end."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return lines
