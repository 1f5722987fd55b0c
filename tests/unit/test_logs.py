"""Logs: one JSON object a line on stderr (contract.md: Logs)."""

import json
import os
import subprocess
import sys

import pytest

# Configuring logs changes the whole process, so each case has one of its own.
PROGRAM = """
import logging, sys, warnings
import structlog
from pbx_adapters.logs import configure_logs
configure_logs({log_format!r}, {log_level!r})
log = structlog.get_logger()
{body}
"""


def logged(body: str, log_format: str = "json", log_level: str = "info") -> list[str]:
    """Run statements with logs configured; return the lines on stderr."""
    program = PROGRAM.format(log_format=log_format, log_level=log_level, body=body)
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, timeout=60
    )
    assert done.stdout == b""
    return done.stderr.decode().split("\n")[:-1]


def test_line_is_one_json_object() -> None:
    """An event has its name, its level, an instant in UTC, and its fields."""
    (line,) = logged("log.info('call_decided', decision_id='ab-1', number=3)")
    entry = json.loads(line)
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {"event": "call_decided", "level": "info", "decision_id": "ab-1", "number": 3}


@pytest.mark.parametrize("text", ["a\nb\r\nc", "é€", "\u2028\x85", "\udcff", '"}', "\x00\x1b[31m"])
def test_no_value_breaks_a_line(text: str) -> None:
    """Line breaks, quotes, controls and broken text stay inside their value."""
    (line,) = logged(f"log.info('odd', text={text!r})")
    assert len(line.splitlines()) == 1
    assert json.loads(line)["text"] == text


@pytest.mark.parametrize(
    ("log_level", "events"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_level_is_kept_to(log_level: str, events: list[str]) -> None:
    """What is less than the level asked for is left out."""
    body = "for level in ('debug', 'info', 'warning', 'error'): getattr(log, level)(level)"
    lines = logged(body, log_level=log_level)
    assert [json.loads(line)["event"] for line in lines] == events


def test_libraries_log_in_the_same_form() -> None:
    """The standard library's warnings are JSON lines too; its chatter is left out."""
    body = "logging.getLogger('x').info('no'); logging.getLogger('x').warning('a %s', 'b')"
    (line,) = logged(body, log_level="debug")
    entry = json.loads(line)
    assert (entry["event"], entry["level"]) == ("a b", "warning")


@pytest.mark.parametrize("logger", ["log", "logging.getLogger('aiohttp.server')"])
def test_traceback_is_inside_its_line(logger: str) -> None:
    """An exception is told within the one line of its event."""
    body = f"try: 1 / 0\nexcept ZeroDivisionError: {logger}.exception('failed')"
    (line,) = logged(body)
    assert "ZeroDivisionError" in json.dumps(json.loads(line)["exception"])


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("logger", ["log", "logging.getLogger('aiohttp.server')"])
def test_traceback_shows_no_values(logger: str, log_format: str) -> None:
    """Local variables, which hold numbers and tokens, stay out of the log."""
    body = (
        "def decide(caller): return 1 / 0\n"
        "try: decide(''.join(map(str, range(6, 11))))\n"
        f"except ZeroDivisionError: {logger}.exception('failed')"
    )
    text = "\n".join(logged(body, log_format))
    assert "ZeroDivisionError" in text
    assert "678910" not in text


def test_console_lines_are_readable() -> None:
    """For a person at a terminal, lines are no JSON."""
    (line,) = logged("log.info('listening', address='x')", log_format="console")
    assert "listening" in line
    assert not line.startswith("{")


@pytest.mark.parametrize("logger", ["log", "logging.getLogger('aiohttp.server')"])
@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("stderr", ["/dev/full", "closed pipe", "none"])
def test_line_that_cannot_be_written_is_lost(logger: str, log_format: str, stderr: str) -> None:
    """A full disk, a closed pipe or no stderr at all costs lines, never the one that logs."""
    program = (
        "import logging, os, structlog\n"
        "from pbx_adapters.logs import configure_logs\n"
        "lost = []\n"
        f"configure_logs({log_format!r}, 'info', lambda: lost.append(1))\n"
        "log = structlog.get_logger()\n"
        f"for _ in range(3): {logger}.error('told')\n"
        "os.write(1, b'%d lost' % len(lost))\n"
    )
    command = [sys.executable, "-c", program]
    if stderr == "none":
        command = ["sh", "-c", 'exec "$0" "$@" 2>&-', *command]
    broken = unwritable(stderr)
    try:
        done = subprocess.run(
            command, check=False, stdout=subprocess.PIPE, stderr=broken, timeout=60
        )
    finally:
        os.close(broken)
    assert (done.returncode, done.stdout) == (0, b"3 lost")


def unwritable(kind: str) -> int:
    """Open something that takes no bytes."""
    if kind == "/dev/full":
        return os.open(kind, os.O_WRONLY)
    reading, writing = os.pipe()
    os.close(reading)
    return writing
