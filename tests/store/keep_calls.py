"""Record calls on a small file system that fills up, and that becomes read-only."""

import sys
from contextlib import suppress
from pathlib import Path

from structlog.testing import capture_logs

from pbx_adapters.decision_keeper import DecisionKeeper
from tests.recorded import AT, CallSource, calls_of, recorded_numbers
from tests.store.keep_uses import remount


def main(folder: Path) -> None:
    """Tell each fault once, and record all once it is over."""
    path = folder / "decisions.db"
    source = CallSource(*calls_of(range(1, 101)))
    keeper = DecisionKeeper(path, source.take, 30, lambda: AT)
    keeper.flush()
    with suppress(OSError), (folder / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(1_000))
    source.calls.extend(calls_of(range(101, 601)))
    keeper.flush()
    keeper.flush()
    (folder / "ballast").unlink()
    keeper.flush()
    assert recorded_numbers(path) == list(range(1, 601))
    remount(folder, "ro")
    source.calls.extend(calls_of(range(601, 701)))
    keeper.flush()
    keeper.flush()
    remount(folder, "rw")
    keeper.flush()
    assert recorded_numbers(path) == list(range(1, 701))


if __name__ == "__main__":
    with capture_logs() as lines:
        main(Path(sys.argv[1]))
    for line in lines:
        print(line["event"], line.get("why", ""))  # noqa: T201 - the test reads it
