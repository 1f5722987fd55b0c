"""Before anything is timed: a peer says the same as the hook, number by number."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from random import Random
from typing import Final, NamedTuple
from urllib.parse import quote

from benchmarks.workplace import Server, Workplace

_KINDS: Final = ("linked", "as Dutch trunks give it", "of the same range", "of nobody")


class Answer(NamedTuple):
    """What every peer can say: open or not, and whose number it is; empty where nobody's."""

    is_open: bool
    schedule: str


Ask = Callable[[str], Answer]


def read_answer(body: bytes) -> Answer:
    """Read what the hook or a peer answers; closed, in a break and unknown are all not open."""
    fields = json.loads(body)
    return Answer(fields["status"] == "open", fields["schedule"])


def compare_peer(hook: Ask, peer: Ask, numbers: Sequence[str]) -> None:
    """Assert that both give the same answer now for each of these numbers."""
    for number in numbers:
        expected, said = hook(number), peer(number)
        # A schedule may have opened or closed in between.
        assert said in (expected, hook(number)), f"{number}: {expected}, the peer says {said}"


def draw_numbers(workplace: Workplace, count: int) -> Iterator[str]:
    """Yield numbers of four kinds in turn: two linked ones, one that may be, one that is not."""
    rng = Random(7)
    for place in range(count):
        linked, _ = workplace.random_number(rng)
        match _KINDS[place % len(_KINDS)]:
            case "linked":
                yield linked
            case "as Dutch trunks give it":
                yield f"0{linked.removeprefix('+31')}"
            case "of the same range":
                yield f"+3185{rng.randrange(10_000_000):07}"
            case _:
                yield f"+3120{rng.randrange(10_000_000):07}"


@contextmanager
def asking(server: Server, path: str, token: str) -> Iterator[Ask]:
    """Keep a connection to a server, over which it is asked one number after another."""
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:

        def ask(number: str) -> Answer:
            headers = {"Authorization": f"Bearer {token}"}
            query = f"did={quote(number, safe='')}&cli=%2B31612345678&callid=1"
            connection.request("GET", f"{path}?{query}", headers=headers)
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200, f"{path} answers {response.status}: {body!r}"
            return read_answer(body)

        yield ask


def check_refusal(server: Server, path: str) -> None:
    """Assert that a server refuses a token that it doesn't know."""
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        headers = {"Authorization": "Bearer nobody"}
        connection.request("GET", f"{path}?did=%2B31850000100", headers=headers)
        status = connection.getresponse().status
        assert status == 401, f"{path} answers {status} to a wrong token"
