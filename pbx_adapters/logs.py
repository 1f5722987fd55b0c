"""Logs: one JSON object a line on stderr, or readable lines on a console."""

import logging
import os
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Literal, TextIO, cast

import structlog


class LossyStream:
    """Writes text to a file descriptor, and loses what can't be written rather than fail.

    A closed pipe or a full disk behind the log must not end a thread or a call. `on_lost` is called
    for each write that failed. Unbuffered, so that nothing is left over to fail at the end.
    """

    def __init__(self, descriptor: int, on_lost: Callable[[], object]) -> None:
        self._descriptor = descriptor
        self._on_lost = on_lost

    def write(self, text: str) -> int:
        """Write all of it, if that can be."""
        data = text.encode("utf-8", "backslashreplace")
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            self._on_lost()
        return len(text)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""


def configure_logs(
    log_format: Literal["json", "console"],
    log_level: str,
    on_lost: Callable[[], object] = lambda: None,
    worker: int | None = None,
) -> None:
    """Send structlog and the standard library's loggers to stderr in one form.

    `on_lost` is called for each line that can't be written; `worker` is the number of the process
    that every line tells, where there are several.
    """
    # Python has no stderr where it was closed beforehand; its number is then some other file's.
    descriptor = -1 if cast("TextIO | None", sys.stderr) is None else sys.stderr.fileno()
    stream = cast("TextIO", LossyStream(descriptor, on_lost))
    level = logging.getLevelNamesMapping()[log_level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if worker is not None:
        shared.insert(0, partial(_add_worker, worker))
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    tail: list[structlog.types.Processor] = [renderer]
    if log_format == "json":
        # Local variables hold callers' numbers and tokens.
        frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        tail.insert(0, structlog.processors.ExceptionRenderer(frames))
    structlog.configure(
        processors=[*shared, *tail],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def _add_worker(
    number: int, _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    event["worker"] = number
    return event


class Throttle:
    """Lets one log line a key through in so many seconds, and counts those left out meanwhile."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._open_at: dict[str, float] = {}
        self._left_out: Counter[str] = Counter()

    def admits(self, key: str) -> bool:
        """Tell whether a line of this key may be written now."""
        now = self._clock()
        if now < self._open_at.get(key, now):
            self._left_out[key] += 1
            return False
        self._open_at[key] = now + self._seconds
        return True

    def take_left_out(self, key: str) -> int:
        """Return how many lines were left out since the last one, and forget them."""
        return self._left_out.pop(key, 0)
