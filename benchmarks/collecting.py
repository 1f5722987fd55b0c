"""The real daemon, which notes how long its garbage collector made everything wait.

Run as `python -m benchmarks.collecting FILE` with the daemon's settings in the environment, it
serves until it is ended, and then writes its collections to FILE.
"""

import gc
import json
import sys
from pathlib import Path
from time import perf_counter
from typing import NamedTuple


class Collection(NamedTuple):
    """One collection: when it began on the clock of `perf_counter`, and its length in seconds."""

    began_at: float
    seconds: float
    generation: int


def read_collections(path: Path) -> list[Collection]:
    """Read what a daemon wrote at its end."""
    return [Collection(*one) for one in json.loads(path.read_text())]


def main(path: Path) -> None:
    """Serve, and note every collection, whatever the thread that happened to cause it."""
    from pbx_adapters.config import load_config
    from pbx_adapters.daemon import main as serve

    collections: list[Collection] = []
    began_at = 0.0

    def note(phase: str, about: dict[str, int]) -> None:
        nonlocal began_at
        if phase == "start":
            began_at = perf_counter()
        else:
            ended_at = perf_counter()
            collections.append(Collection(began_at, ended_at - began_at, about["generation"]))

    gc.callbacks.append(note)
    serve(load_config(None, {}))
    path.write_text(json.dumps(collections))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
