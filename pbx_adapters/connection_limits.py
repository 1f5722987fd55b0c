"""What one server grants its clients."""

import resource
from dataclasses import dataclass, replace
from typing import Final, Literal

from aiohttp import web

from pbx_adapters.addresses import Network

DropReason = Literal[
    "max_connections",
    "max_connections_per_ip",
    "slow_head",
    "slow_body",
    "slow_reader",
    "tiny_chunks",
]

MAX_BODY_BYTES: Final = 64 * 1024
BODY_SECONDS: Final = 10.0
# Set on a request that brings a recording, once its token is known.
IS_RECORDING: Final = web.RequestKey("is_recording", bool)
# A refused client that is given time to read its 503 holds a file descriptor meanwhile.
MAX_REFUSED_OPEN: Final = 64
_SPARE_DESCRIPTORS: Final = 128
# Less often a line ends in any head, and in chunks of an audio frame or more.
_MAX_LINES: Final = 200
_MIN_LINE_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one server grants its clients; counts are connections, times are seconds.

    `max_connections_per_ip` 0 means no cap, and does not count clients of a Unix socket; nor does
    it cap the `trusted` proxies, whose connections are of many clients.
    `head_seconds` runs from the opening of a connection or the first byte of a later head until
    that head is complete; `body_seconds` from there until the body is, `recording_seconds` where
    that is a recording; `keepalive_seconds` is how long a connection may idle between requests;
    `send_seconds` how long a client may leave an answer untouched. Each is kept to within two
    sweeps.
    """

    max_connections: int = 1000
    max_connections_per_ip: int = 0
    trusted: tuple[Network, ...] = ()
    head_seconds: float = 10.0
    body_seconds: float = BODY_SECONDS
    recording_seconds: float = 60.0
    keepalive_seconds: float = 75.0
    send_seconds: float = 60.0
    sweep_seconds: float = 1.0


def has_tiny_chunks(received: bytes, *, is_chunked: bool) -> bool:
    """Tell whether what came at once holds very many very small chunks, which take long to read.

    `is_chunked`: whether the request it goes on with is; one that begins in it says so itself.
    """
    if len(received) <= _MAX_LINES:
        return False
    lines = received.count(b"\r\n")
    return lines > max(_MAX_LINES, len(received) // _MIN_LINE_BYTES) and (
        is_chunked or b"chunked" in received.lower()
    )


def fit_to_descriptors(limits: ConnectionLimits) -> ConnectionLimits:
    """Lower `max_connections` to what this process may hold open.

    The caller says so in its log when that differs from what was configured.
    """
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limits if soft == resource.RLIM_INFINITY else fit_to(limits, soft)


def fit_to(limits: ConnectionLimits, soft: int) -> ConnectionLimits:
    """Lower `max_connections` to what a process that may open so many files can hold open."""
    room = max(1, soft - _SPARE_DESCRIPTORS - MAX_REFUSED_OPEN)
    return replace(limits, max_connections=min(limits.max_connections, room))
