"""What a person sees who waits for many files."""

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_MANY_FILES: Final = 50
_MANY_MESSAGES: Final = 3


class FileProgress:
    """Bars at a terminal once there is something to wait for; elsewhere nothing."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._done = 0
        self._messages = 0
        self._bars: Progress | None = None
        self._tasks: list[TaskID] = []

    def close(self) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.stop()

    def expect(self, more: int) -> None:
        """Count files in that came to light."""
        self._count += more

    def advance(self) -> None:
        """Tell that a file is done."""
        self._done += 1
        self._show()

    def convert(self) -> None:
        """Tell that a message is converted next, which takes a while."""
        self._messages += 1
        self._show()

    def _show(self) -> None:
        is_long = self._count >= _MANY_FILES or self._messages >= _MANY_MESSAGES
        if not is_long or not sys.stderr.isatty():
            return
        if self._bars is None:
            from rich.console import Console
            from rich.progress import Progress

            self._bars = Progress(console=Console(stderr=True), transient=True)
            self._tasks = [self._bars.add_task(what) for what in ("schedules", "messages")]
            self._bars.start()
        schedules, messages = self._tasks
        self._bars.update(schedules, total=self._count, completed=self._done)
        told = f"message {self._messages}"
        self._bars.update(messages, total=None, description=told, visible=self._messages > 0)
