"""VBScript: what its text shows without being run, and running it under Wine."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final

from tests.pbx.suites import require_suite

_STRING: Final = re.compile(r'"(?:[^"]|"")*"')
_OPENERS: Final = (
    (re.compile(r"If .* Then$"), "End If"),
    (re.compile(r"For "), "Next"),
    (re.compile(r"Select Case "), "End Select"),
)
_CLOSERS: Final = ("End If", "Next", "End Select")
# Procedures can't stand within one; the rest Swyx hasn't, or would end the script.
_BANNED: Final = (
    "Function",
    "Sub",
    "Class",
    "Option Explicit",
    "Exit",
    "Stop",
    "WScript",
    "Execute",
    "Do",
)
_SENTINEL: Final = "the whole script ran"
PATIENCE: Final = 120.0


def statements_of(text: str) -> list[str]:
    """Return the lines without comments, with strings emptied."""
    bare = (_STRING.sub('""', line) for line in text.splitlines())
    return [line for line in (one.partition("'")[0].strip() for one in bare) if line]


def find_faults(text: str, prefix: str) -> list[str]:
    """Return what would keep a script from running safely; `prefix` begins its own variables."""
    statements = statements_of(text)
    faults = [
        *_faults_of_frame(statements),
        *_faults_of_blocks(statements),
        *_faults_of_names(statements, prefix),
        *_faults_of_objects(statements),
    ]
    if not text.isascii() or "_\n" in text:
        faults.append("not ASCII, or a line goes on in the next")
    return faults


def _faults_of_frame(statements: list[str]) -> Iterator[str]:
    if statements[:2] != ["On Error Resume Next", "UseExit = 0"]:
        yield "does not begin with the normal exit"
    if statements[-1] != "On Error GoTo 0":
        yield "leaves error handling changed"
    if sum("On Error" in statement for statement in statements) != 2:
        yield "changes error handling on the way"


def _faults_of_blocks(statements: list[str]) -> Iterator[str]:
    expected = []
    for statement in statements:
        expected += [closer for opener, closer in _OPENERS if opener.match(statement)]
        if statement in _CLOSERS and (not expected or expected.pop() != statement):
            yield f"{statement} closes nothing"
        if re.match(r"(Else|ElseIf .* Then)$", statement) and expected[-1:] != ["End If"]:
            yield f"{statement} is in no If"
        if re.match(r"Else *If", statement) and not statement.endswith(" Then"):
            yield f"{statement} has no Then"
    yield from (f"{closer} is missing" for closer in expected)


def _faults_of_names(statements: list[str], prefix: str) -> Iterator[str]:
    text = "\n".join(statements)
    declared = re.findall(r"\w+", " ".join(re.findall(r"^Dim (.*)$", text, re.MULTILINE)))
    used = re.findall(rf"\b{prefix}\w+", re.sub(r"^Dim .*$", "", text, flags=re.MULTILINE))
    yield from (f"{name} is declared twice" for name in declared if declared.count(name) > 1)
    yield from (f"{name} is not declared" for name in sorted({*used} - {*declared}))
    yield from (f"{name} is not used" for name in sorted({*declared} - {*used}))
    for word in _BANNED:
        if re.search(rf"\b{word}\b", text):
            yield f"{word} has no place here"


def _faults_of_objects(statements: list[str]) -> Iterator[str]:
    text = "\n".join(statements)
    for name in re.findall(r"Set (\w+) = CreateObject", text):
        if not re.search(rf"Set {name} = Nothing\nSet {name} = CreateObject", text):
            yield f"{name} may be left from before"
        if not re.search(rf"If .*{name} Is Nothing", text):
            yield f"{name} is not looked at"
    for statement in statements:
        condition = re.match(r"(?:Else)?If (.*) Then|Select Case (.*)|For .* = (.*)", statement)
        asked = next(filter(None, condition.groups()), "") if condition else ""
        if "." in asked.replace("Err.Number", ""):
            yield f"an error in {statement!r} would go on inside it"


@dataclass(frozen=True, slots=True)
class Wine:
    """A root with Wine in it, and a folder there, which is `Z:` and its name to Wine."""

    root: Path
    folder: Path

    def path(self, file: str = "") -> str:
        """Return what a file of the folder is called in Wine."""
        return f"Z:/{self.folder.relative_to(self.root)}/{file}".rstrip("/")

    def run(self, before: str, script: str, *variables: str) -> list[str]:
        """Run a script, and return what variables hold behind it; an end before it is an error."""
        echo = "".join(f'WScript.Echo "=" & {name}\n' for name in (*variables, f'"{_SENTINEL}"'))
        path = self.folder / "case.vbs"
        path.write_bytes(f"{before}\n{script}\n{echo}".replace("\n", "\r\n").encode("cp1252"))
        output = self.start("/usr/lib/wine/wine64", "cscript", "//nologo", self.path("case.vbs"))
        told = [line[1:] for line in output.splitlines() if line.startswith("=")]
        # A script that an error ended is a success to Wine.
        assert told[-1:] == [_SENTINEL], output
        return told[:-1]

    def prepare(self) -> None:
        """Have Wine make its settings, and wait until they are written."""
        made = "/usr/lib/wine/wine64 wineboot --init && /usr/lib/wine/wineserver64 --wait"
        self.start("sh", "-c", made)

    def start(self, *command: str) -> str:
        """Run a program in the root; all that it leaves running ends with it."""
        env = (
            *("PATH=/usr/bin:/bin", f"HOME={self.inside}", "WINEDEBUG=-all"),
            f"WINEPREFIX={self.inside}/prefix",
        )
        done = subprocess.run(
            [
                *("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c"),
                'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"',
                *(str(self.root), "/usr/bin/env", "-i", *env, *command),
            ],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        return done.stdout

    @property
    def inside(self) -> str:
        """Return where the folder is within the root."""
        return f"/{self.folder.relative_to(self.root)}"


@contextmanager
def new_wine() -> Iterator[Wine]:
    """Give Wine a folder of its own until the block ends; skips where there is no Wine."""
    root = require_suite("bookworm")
    folder = Path(mkdtemp(prefix="wine-", dir=root / "tmp"))
    try:
        wine = Wine(root, folder)
        wine.prepare()
        yield wine
    finally:
        rmtree(folder)
