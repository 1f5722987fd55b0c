"""The real application on a real socket, with schedules compiled in memory and a clock to set."""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlencode

from audio_store.inbox import RecordingInbox
from audio_store.intake import Encoding, Taken, encode, take_in
from audio_store.masters import MasterFiles
from pbx_adapters.addresses import Network
from pbx_adapters.admission import Admission
from pbx_adapters.app import build_app
from pbx_adapters.audio_cache import AudioCache
from pbx_adapters.audio_download import AudioDownloads
from pbx_adapters.auth import index_tokens
from pbx_adapters.connection_limits import ConnectionLimits
from pbx_adapters.decision_log import DecisionLog
from pbx_adapters.hook import Hook
from pbx_adapters.listening import bind_tcp
from pbx_adapters.metrics import Metrics
from pbx_adapters.recordings import Recordings
from pbx_adapters.server import serve_guarded
from pbx_adapters.serving import Service, Serving
from pbx_adapters.whole import Alone
from routing_engine.snapshot import RoutingSnapshot
from schedules.store import Token
from tests.engine import SHA256, instant, schedule_of, snapshot_of, table_of

# A Monday in winter, in the break of `office`.
NOW: Final = "2026-11-23T12:45"
BASE_URL: Final = "https://bereikbaar.example.nl"

PBX: Final = "bk_pbx1_secret-of-the-pbx"
OPERATOR: Final = "bk_op1_secret-of-the-operator"
ONLY_OFFICE: Final = "bk_one1_secret-for-one-schedule"
ELSEWHERE: Final = "bk_net1_secret-for-another-network"
NEARBY: Final = "bk_net2_secret-for-this-network"

# What tables are signed with: 32 bytes each, in hexadecimal.
PBX_KEY: Final = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
ONLY_OFFICE_KEY: Final = "f0" * 32

# What callers' numbers are hashed with.
CALLER_KEY: Final = bytes(range(64))

# Room for three messages of five minutes.
MAX_HELD: Final = 15_000_000

# One second of silence: PCM, mono, 8,000 Hz, 16 bit, written out.
MASTER: Final = (
    b"RIFF\xa4\x3e\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00"
    b"\x02\x00\x10\x00data\x80\x3e\x00\x00" + bytes(16_000)
)
DIGEST: Final = sha256(MASTER).hexdigest()

# contract.md: HTTP hook, the answer's fields in their order.
FIELDS: Final = [
    *("status", "action", "audio", "audio_url", "forward", "voicemail"),
    *("schedule", "schedule_name", "reason", "rule", "at", "valid_until", "next_status"),
    *("revision", "decision_id", "error"),
]

_REPLY: Final = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\r\n(.*?)\r\n\r\n(.*)", re.DOTALL)
_DECISION_ID: Final = re.compile(r"[0-9a-f]{12}-[0-9a-f]+")


class Reply(NamedTuple):
    """What came back: names of headers in lower case, the body as sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """Return the body with the one part that differs each time written as `ID`."""
        text, count = _DECISION_ID.subn("ID", self.body.decode())
        assert count == 1, text
        return text


def token_of(text: str, **rights: object) -> Token:
    """Return what the store keeps of a token's text."""
    _, token_id, secret = text.split("_")
    plain = Token(
        id=token_id,
        name=token_id,
        sha256=sha256(secret.encode()).hexdigest(),
        is_operator=False,
        schedules=frozenset(),
        networks=(),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return replace(plain, **rights)  # type: ignore[arg-type]


TOKENS: Final = index_tokens(
    [
        token_of(PBX, table_key=PBX_KEY),
        token_of(OPERATOR, is_operator=True, table_key="0f" * 32),
        token_of(ONLY_OFFICE, schedules=frozenset({"office"}), table_key=ONLY_OFFICE_KEY),
        token_of(ELSEWHERE, networks=("192.0.2.0/24", "2001:db8::/32")),
        token_of(NEARBY, networks=("127.0.0.0/8",)),
    ]
)


def snapshot() -> RoutingSnapshot:
    """Compile an office with every kind of treatment, a branch that is shut, and a broken one."""
    office = schedule_of(
        (
            "00:00-08:30 closed voicemail",
            "08:30-12:30 open",
            "12:30-13:00 break audio=lunch",
            "13:00-17:00 open",
            "17:00-24:00 closed forward=night",
        ),
        id="office",
        name='Café "De Hoek" & Zn',
        numbers=["+31850000000", "+31850000100..99"],
        voicemail_email="desk@example.nl",
        audio={"lunch": {"name": "Lunch", "sha256": SHA256}},
        forwards={"night": {"name": "Night", "number": "+31612345678"}},
        holidays={"koningsdag": {}},
    )
    branch = schedule_of(id="branch", name="Branch", numbers=["+31850000001"])
    tables = (table_of(schedule, first="2026-11-01") for schedule in (office, branch))
    return snapshot_of(*tables, unusable=(("+31850000009", "broken"),))


def basic(user: str, password: str) -> str:
    """Return the header of Basic authentication."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@dataclass
class Site:
    """A served application and all that a test may change about it.

    `now` is in epoch seconds; `elapsed` seconds have passed, whatever the clock was set to.
    """

    serving: Serving
    metrics: Metrics
    masters: MasterFiles
    cache: AudioCache
    inbox: RecordingInbox
    now: int
    trusted: tuple[Network, ...] = ()
    port: int = 0
    elapsed: float = 0.0
    reloads: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Let tokens be judged, and calls noted, by these clocks and metrics."""
        self.admission = Admission(
            self.metrics.auth_failures, trusted=self.trusted, timer=lambda: self.elapsed
        )
        self.decisions = DecisionLog(
            1_000, key=CALLER_KEY, region="NL", tell_dropped=self.metrics.decisions_dropped.inc
        )

    async def reload(self) -> None:
        """Count a reload."""
        self.reloads += 1

    async def send(self, raw: bytes) -> Reply:
        """Send bytes as they are, and return the answer to them."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(raw)
            return parse_reply(await asyncio.wait_for(reader.read(), 20))
        finally:
            writer.close()
            await writer.wait_closed()

    async def ask(
        self,
        target: str | bytes,
        *,
        token: str | None = PBX,
        method: str = "GET",
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send a request; `target` goes out byte for byte."""
        every = {"Host": "evil.example", "Connection": "close"}
        if token is not None:
            every["Authorization"] = f"Bearer {token}"
        if body:
            every["Content-Length"] = str(len(body))
        every |= headers or {}
        target = target.encode("utf-8", "surrogateescape") if isinstance(target, str) else target
        head = b"%b %b HTTP/1.1\r\n" % (method.encode(), target)
        for name, value in every.items():
            head += f"{name}: {value}\r\n".encode("utf-8", "surrogateescape")
        return await self.send(head + b"\r\n" + body)

    async def call(
        self, dialect: str = "generic", token: str | None = PBX, **parameters: str
    ) -> Reply:
        """Ask as a PBX does, by GET; `caller_` stands for the parameter `caller`."""
        query = urlencode({name.rstrip("_"): value for name, value in parameters.items()})
        return await self.ask(f"/hook/{dialect}?{query}", token=token)

    async def post_form(self, target: str, body: bytes, token: str = PBX) -> Reply:
        """Send a form."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.ask(target, token=token, method="POST", body=body, headers=headers)


def parse_reply(raw: bytes) -> Reply:
    """Take one whole answer apart; nothing may follow it."""
    found = _REPLY.fullmatch(raw)
    assert found is not None, raw[:500]
    status, head, body = found.groups()
    pairs = [line.split(": ", 1) for line in head.decode().split("\r\n")]
    headers = {name.lower(): value for name, value in pairs}
    assert len(headers) == len(pairs), "a header was sent twice"
    return Reply(int(status), headers, body)


@asynccontextmanager
async def serve_site(
    folder: Path,
    service: Service | None,
    *,
    is_control: bool = False,
    limits: ConnectionLimits | None = None,
    trusted: tuple[Network, ...] = (),
    encode: Callable[[bytes, Encoding], bytes] = encode,
    take_in: Callable[[bytes], Taken] = take_in,
) -> AsyncIterator[Site]:
    """Serve every path as the daemon does, until the block ends."""
    masters = MasterFiles(folder / "audio")
    cache = AudioCache(masters, encode, hold_bytes=MAX_HELD, max_encodings=2)
    inbox = RecordingInbox(folder / "inbox", max_per_schedule=3)
    site = Site(Serving(), Metrics(), masters, cache, inbox, instant(NOW), trusted)
    if service is not None:
        site.serving.put(service)
    hook = Hook(
        site.serving,
        site.metrics,
        None if is_control else site.admission,
        clock=lambda: site.now,
        base_url=BASE_URL,
        region="NL",
        note=site.decisions.note,
    )
    app = build_app(
        hook,
        site.serving,
        site.metrics,
        AudioDownloads(site.cache, lambda *failure: site.failures.append(failure)),
        Recordings(
            folder,
            site.inbox,
            site.metrics,
            clock=lambda: site.now,
            timer=lambda: site.elapsed,
            take_in=take_in,
        ),
        whole=Alone(site.metrics, lambda: site.now, site.reload),
        clock=lambda: site.now,
    )
    guarded = await serve_guarded(
        app, bind_tcp("127.0.0.1", 0), limits or ConnectionLimits(), lambda _why: None
    )
    site.port = guarded.addresses[0][1]
    try:
        yield site
    finally:
        await guarded.close(grace_seconds=0.1)
