"""Functions that run where they may mount: in a process with a mount namespace of its own.

Arguments: `module:function`, and what it is given, as text. What it returns is printed as JSON.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

PROJECT: Final = Path(__file__).parents[1]


def mount_namespace() -> list[str]:
    """The command that runs another where it may mount: as a user, or else as root."""
    for command in (["unshare", "--user", "--map-root-user", "--mount"], ["unshare", "--mount"]):
        if not subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
            return command
    pytest.skip("this machine forbids mount namespaces")


def run_apart(function: Callable[..., Any], *arguments: object, timeout: float = 110) -> Any:  # noqa: ANN401 - JSON
    """Run a function of a module in such a process; return what it returned, through JSON.

    A failure in there is a failure here, with its traceback; `timeout` in seconds.
    """
    name = f"{function.__module__}:{function.__name__}"
    done = subprocess.run(
        [*mount_namespace(), sys.executable, "-m", "tests.mounts", name, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=PROJECT,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


def mount_small_disk(folder: Path, kilobytes: int) -> None:
    """Put an empty file system of its own size at a folder."""
    options = f"size={kilobytes}k"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing be opened for writing in a folder; what is open already stays so."""
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
    try:
        yield
    finally:
        # Whoever opened a file meanwhile may still hold it.
        subprocess.run(["umount", "--lazy", folder], check=True)


def main(name: str, *arguments: str) -> None:
    """Run one function, and print what it returns."""
    module, _, function = name.partition(":")
    returned = getattr(import_module(module), function)(*arguments)
    sys.stdout.write(f"{json.dumps(returned)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
