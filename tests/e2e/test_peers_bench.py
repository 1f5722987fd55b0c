"""The hook is measured beside the peers that this machine has; `make bench` installs them."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.peers.running import ENVIRONMENT, PeerMissingError
from benchmarks.peers.side_by_side import PEERS, Peer

pytestmark = pytest.mark.slow

Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """Run the benchmark once in its quick form; return the rows of its results by their names."""
    path = tmp_path_factory.mktemp("results") / "results.json"
    assert main(["--quick", "--only", "peers", "--results", str(path)]) == 0
    return {row["row"]: row for row in json.loads(path.read_text())["rows"]}


def test_run_has_a_row_for_every_peer(rows: Rows) -> None:
    """Whatever the machine has, the run is good, and no peer is forgotten."""
    assert list(rows) == [peer.row for peer in PEERS]
    assert all(("left out" in row) != ("ratio" in row) for row in rows.values())


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_installed_peer_answers_as_the_hook_does_and_is_measured(peer: Peer, rows: Rows) -> None:
    """What is installed is compared number by number, then measured: answers and CPU time."""
    try:
        peer.command(ENVIRONMENT, Path("nowhere"))
    except PeerMissingError as error:
        pytest.skip(str(error))
    row = rows[peer.row]
    assert row["ratio"] > 0
    assert row["parts"][f"{peer.name}, CPU a request, µs"] > 0
    assert len(row["parts"]) == 10 or "nginx" in row["notes"][0]
