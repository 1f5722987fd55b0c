"""Keep when tokens were used on a small file system that fills up, and that becomes read-only."""

import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from structlog.testing import capture_logs

from pbx_adapters.token_uses import read_uses
from pbx_adapters.use_keeper import UseKeeper

AT = 1_795_341_600


def remount(folder: Path, mode: str) -> None:
    """Let the file system be written, or not."""
    subprocess.run(["mount", "-o", f"remount,{mode}", folder], check=True)


def main(folder: Path) -> None:
    """Tell each fault once, and keep all once it is over."""
    path = folder / "decisions.db"
    uses = {"a": AT}
    keeper = UseKeeper(path, uses)
    with suppress(OSError), (folder / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(1_000))
    with capture_logs() as lines:
        keeper.flush()
        keeper.flush()
    print("full:", *(line["why"] for line in lines))  # noqa: T201 - the test reads it
    (folder / "ballast").unlink()
    with capture_logs() as lines:
        keeper.flush()
        keeper.flush()
    print("room:", *(line["event"] for line in lines))  # noqa: T201 - the test reads it
    assert read_uses(path) == {"a": datetime.fromtimestamp(AT, UTC)}
    remount(folder, "ro")
    uses["a"] = AT + 60
    with capture_logs() as lines:
        keeper.flush()
        keeper.flush()
    print("read-only:", *(line["why"] for line in lines))  # noqa: T201 - the test reads it
    assert read_uses(path) == {"a": datetime.fromtimestamp(AT, UTC)}
    remount(folder, "rw")
    with capture_logs() as lines:
        keeper.flush()
    print("writable:", *(line["event"] for line in lines))  # noqa: T201 - the test reads it
    assert read_uses(path) == {"a": datetime.fromtimestamp(AT + 60, UTC)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
