"""Bytes that are no request, some that nearly are, and requests that ask for nonsense."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final
from urllib.parse import quote

FORM: Final = "Content-Type: application/x-www-form-urlencoded\r\n"
_CHUNKED: Final = "Transfer-Encoding: chunked\r\n"
# Answered, it would show that what stands in a body was taken for a request.
_HIDDEN: Final = "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"
_MOST: Final = 20_000


def malformed(token: str) -> dict[str, bytes]:
    """Return by name what HTTP forbids or what is larger than anybody needs."""
    bearer = f"Authorization: Bearer {token}\r\n"
    post = f"POST /hook/3cx HTTP/1.1\r\nHost: x\r\n{bearer}"
    get = f"GET /hook/3cx?did=1 HTTP/1.1\r\nHost: x\r\n{bearer}"
    texts = {
        "long path": f"GET /{'x' * 100_000} HTTP/1.1\r\n\r\n",
        "long field": f"{get}X: {'y' * 100_000}\r\n\r\n",
        "many fields": get + "X: y\r\n" * 10_000 + "\r\n",
        "two hosts": f"{get}Host: y\r\n\r\n",
        "length below 0": f"{post}{FORM}Content-Length: -1\r\n\r\n",
        "two lengths": f"{post}{FORM}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "list of lengths": f"{post}{FORM}Content-Length: 1, 1\r\n\r\na",
        "huge length": f"{post}{FORM}Content-Length: {10**30}\r\n\r\na",
        "large form": f"{post}{FORM}Content-Length: 200000\r\n\r\n{'a' * 200_000}",
        "bad chunk": f"{post}{_CHUNKED}\r\nzz\r\n",
        "huge chunk": f"{post}{_CHUNKED}\r\n{'f' * 40}\r\n",
        "tiny chunks": f"{post}{_CHUNKED}\r\n" + "1\r\na\r\n" * 20_000,
        "two encodings": f"{post}{_CHUNKED}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "packed": f"{post}Content-Encoding: gzip\r\n{FORM}Content-Length: 2\r\n\r\nxx",
        "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0" * 200,
        "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    }
    return {name: text.encode("latin-1") for name, text in texts.items()}


def smuggled(token: str) -> list[bytes]:
    """Return messages in which a proxy might see one request, and a careless daemon two."""
    post = f"POST /hook/3cx HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{FORM}"
    length = len(_HIDDEN)
    texts = [
        f"{post}Content-Length: 4\r\n{_CHUNKED}\r\n0\r\n\r\n{_HIDDEN}",
        f"{post}{_CHUNKED}Content-Length: {length + 5}\r\n\r\n0\r\n\r\n{_HIDDEN}",
        f"{post}Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{_HIDDEN}",
        f"{post}Content-Length: +{length}\r\n\r\n{_HIDDEN}",
        f"{post}Content-Length : {length}\r\n\r\n{_HIDDEN}",
        f"{post}Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n{_HIDDEN}",
        f"{post}Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n{_HIDDEN}",
        f"{post}Transfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n\r\n{_HIDDEN}",
        f"{post}X: y\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n{_HIDDEN}",
    ]
    return [text.encode() for text in texts]


def random_requests(token: str, count: int, seed: int) -> Iterator[bytes]:
    """Make up requests: bytes without sense, spoilt ones, and whole ones that ask for nonsense."""
    rng = Random(seed)
    makers: tuple[Callable[[str, Random], bytes], ...] = (_noise, _spoilt, _strange, _strange_form)
    for _ in range(count):
        yield rng.choice(makers)(token, rng)


def _noise(_token: str, rng: Random) -> bytes:
    noise = rng.randbytes(rng.choice((1, 10, 100, 1_000, _MOST)))
    # Of blank lines alone nothing is asked: a server waits for what comes after them.
    return noise.lstrip(b"\r\n") or b"\0"


def _spoilt(token: str, rng: Random) -> bytes:
    raw = bytearray(_get(token, "did=%2B31850000000&cli=0612345678"))
    for _ in range(rng.choice((1, 1, 2, 8))):
        place = rng.randrange(len(raw))
        way = rng.randrange(3)
        if way == 0:
            raw[place] = rng.randrange(256)
        elif way == 1:
            del raw[place : place + rng.randrange(1, 20)]
        else:
            raw[place:place] = rng.randbytes(rng.randrange(1, 20))
    return bytes(raw)


def _strange(token: str, rng: Random) -> bytes:
    return _get(token, _query(rng))


def _strange_form(token: str, rng: Random) -> bytes:
    body = _query(rng).encode("latin-1")
    head = f"POST /hook/generic HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{FORM}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _query(rng: Random) -> str:
    names = ("did", "called", "to", "schedule", "cli", "from", "callid", "format", "at", "explain")
    pairs = [f"{rng.choice(names)}={_value(rng)}" for _ in range(rng.randrange(5))]
    return "&".join(pairs)


def _value(rng: Random) -> str:
    way = rng.randrange(5)
    if way == 0:
        return quote(rng.randbytes(rng.choice((1, 8, 300))))
    if way == 1:
        return rng.choice(
            ("%", "%zz", "%00", "%ff%fe", "\xe9", "..%2f..%2fetc%2fpasswd", "%0d%0aX")
        )
    if way == 2:
        return "9" * rng.choice((1, 10, 255, 257, 3_000))
    if way == 3:
        return quote("".join(chr(rng.randrange(0x20, 0x2FFF)) for _ in range(20)))
    return rng.choice(
        ("0850000000", "+31850000000", "office", "json", "xml", "2026-10-25T02:30", "")
    )


def _get(token: str, query: str) -> bytes:
    head = f"GET /hook/3cx?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    return head.encode("latin-1")
