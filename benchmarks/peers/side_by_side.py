"""The hook under load beside what other frameworks make of it, and nginx as the machine's ceiling.

All servers are there all the time, on one core, which whoever's turn it is has to itself; short
windows of load take turns, and between any two peers stands one of the hook, so that each peer has
one before and one after it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from benchmarks.effort import Effort
from benchmarks.figures import Goal, LeftOut, Row
from benchmarks.hook_load import (
    LoadBench,
    Triplet,
    cpu_of,
    generator_of,
    hook_requests,
    load_parts,
    rate_of,
    warm_hook,
)
from benchmarks.peers.hand_over import write_hand_over
from benchmarks.peers.running import (
    ENVIRONMENT,
    PeerCommand,
    PeerMissingError,
    express_command,
    fastapi_command,
    running_nginx,
)
from benchmarks.peers.same_answer import asking, check_refusal, compare_peer, draw_numbers
from benchmarks.raw_http import CONNECTIONS, LoadGenerator, request_text
from benchmarks.workplace import Server, Workplace, running_daemon, running_peer

_OUR_PATH: Final = "/hook/3cx"
_PEER_PATH: Final = "/hook"
_COMPARED: Final = 4_000
_WARMING_WINDOWS: Final = 6


class Peer(NamedTuple):
    """A peer, how it is started, and how much faster the hook is to be."""

    name: str
    command: Callable[[Path, Path], PeerCommand]
    goal: Goal

    @property
    def row(self) -> str:
        """The name of its row."""
        return f"hook beside {self.name}, {CONNECTIONS} connections"


PEERS: Final = (
    Peer("FastAPI + opening-hours-py", fastapi_command, Goal("ratio", "at least", 4, 5)),
    Peer("Express + opening_hours.js", express_command, Goal("ratio", "at least", 6, 8)),
)


def measure_peers(
    effort: Effort, workplace: Workplace, environment: Path = ENVIRONMENT
) -> list[Row | LeftOut]:
    """Count answers a second of the hook and of each peer that this machine has."""
    with TemporaryDirectory() as name:
        handed = Path(name) / "hand-over.json"
        commands: dict[str, PeerCommand] = {}
        missing: dict[str, str] = {}
        for peer in PEERS:
            try:
                commands[peer.name] = peer.command(environment, handed)
            except PeerMissingError as error:
                missing[peer.name] = str(error)
        rounds: list[dict[str, Triplet]] = []
        notes: list[str] = []
        if commands:
            year = datetime.now(UTC).year
            write_hand_over(workplace, handed, range(year, year + 2))
            with _peers_bench(effort, workplace, commands, Path(name)) as (bench, found):
                notes.extend(found)
                turns = [server for server in bench.servers if server != "hook"]
                rounds.extend(_take_turns(bench, turns, effort) for _ in range(effort.triplets))
    return [
        LeftOut(peer.row, missing[peer.name]) if peer.name in missing else _row(peer, rounds, notes)
        for peer in PEERS
    ]


@contextmanager
def _peers_bench(
    effort: Effort, workplace: Workplace, commands: Mapping[str, PeerCommand], folder: Path
) -> Iterator[tuple[LoadBench, list[str]]]:
    """Start all servers, compare their answers, warm them up; with what could not be started."""
    notes = []
    with ExitStack() as stack:
        hook = stack.enter_context(running_daemon(workplace))
        peers = {
            name: stack.enter_context(running_peer(command.words, **command.variables))
            for name, command in commands.items()
        }
        for server in peers.values():
            _compare(workplace, hook, server)
        requests = {"hook": (hook.port, list(hook_requests(workplace, hook.port, _OUR_PATH)))}
        for name, server in peers.items():
            texts = list(hook_requests(workplace, server.port, _PEER_PATH))
            requests[name] = (server.port, texts)
        try:
            peers["nginx"] = nginx = stack.enter_context(running_nginx(folder))
            requests["nginx"] = (nginx.port, [request_text("/hello", nginx.port)])
        except PeerMissingError as error:
            notes.append(str(error))
        generator = stack.enter_context(LoadGenerator(requests, folder))
        bench = LoadBench(generator, {"hook": hook, **peers})
        for name in bench.servers:
            # Warming may take longer than a server waits for the first request of a connection.
            bench.flood(name, 0.1)
        warm_hook(bench, workplace)
        for name in peers:
            bench.flood(name, _WARMING_WINDOWS * effort.throughput_seconds)
        yield bench, notes


def _compare(workplace: Workplace, hook: Server, peer: Server) -> None:
    check_refusal(peer, _PEER_PATH)
    numbers = list(draw_numbers(workplace, min(_COMPARED, 10 * len(workplace.schedules))))
    with (
        asking(hook, _OUR_PATH, workplace.token) as ask_hook,
        asking(peer, _PEER_PATH, workplace.token) as ask_peer,
    ):
        compare_peer(ask_hook, ask_peer, numbers)


def _take_turns(bench: LoadBench, peers: Sequence[str], effort: Effort) -> dict[str, Triplet]:
    """Load the hook and the peers in turn; neighbours share the hook's window between them."""
    seconds = effort.throughput_seconds
    before = bench.flood("hook", seconds)
    triplets = {}
    for name in peers:
        peer = bench.flood(name, seconds)
        after = bench.flood("hook", seconds)
        triplets[name] = Triplet(before, peer, after)
        before = after
    return triplets


def _row(peer: Peer, rounds: Sequence[dict[str, Triplet]], notes: Sequence[str]) -> Row:
    triplets = [taken[peer.name] for taken in rounds]
    ceilings = [taken["nginx"].peer for taken in rounds if "nginx" in taken]
    parts = load_parts(triplets, peer.name)
    if ceilings:
        parts |= {
            "nginx, a static answer, requests/s": median(map(rate_of, ceilings)),
            "nginx, CPU a request, µs": median(map(cpu_of, ceilings)),
            "generator's share of a core, nginx": median(map(generator_of, ceilings)),
        }
    ratios = tuple(triplet.ratio(rate_of) for triplet in triplets)
    return Row(
        peer.row,
        median(triplet.hook(rate_of) for triplet in triplets),
        "requests/s",
        (peer.goal,),
        peer=median(rate_of(triplet.peer) for triplet in triplets),
        ratio=median(ratios),
        parts=parts,
        rounds=ratios,
        notes=tuple(notes),
    )
