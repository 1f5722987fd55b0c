"""Somebody who records by telephone, and what takes it in."""

import threading
from datetime import UTC, datetime

from audio_store.intake import Taken
from audio_store.wav_header import WavFacts
from tests.http.refused import error_of
from tests.http.site import (
    DIGEST,
    MASTER,
    PBX,
    Reply,
    Site,
)

PATH = "/recordings/office"
PIN = "271828"
AT = datetime(2026, 11, 22, tzinfo=UTC)
FACTS = WavFacts("PCM 16 bit", 1, 8_000, 8_000)


class Converter:
    """Takes anything in as the same master, as soon as its gate opens; keeps what it was given."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.given: list[bytes] = []
        self.fault: Exception | None = None

    def take_in(self, data: bytes) -> Taken:
        """Return the master, or raise the fault."""
        self.given.append(data)
        assert self.gate.wait(20)
        if self.fault is not None:
            raise self.fault
        return Taken(MASTER, DIGEST, 1.0, FACTS, -31.27, -20.04, -3.0, ("was clipped",))


async def check(
    site: Site, pin: str = PIN, path: str = PATH, token: str | None = PBX
) -> tuple[int, str]:
    """Ask whether a PIN is right; return code and error."""
    reply = await site.ask(path, token=token, headers={"Bereikbaar-Pin": pin})
    return reply.status, error_of(reply)


async def upload(site: Site, body: bytes = b"RIFF", **headers: str) -> Reply:
    """Send a recording with the right PIN."""
    headers = {"Bereikbaar-Pin": PIN} | {name.replace("_", "-"): headers[name] for name in headers}
    return await site.ask(PATH, method="POST", body=body, headers=headers)


def waiting(site: Site) -> list[str]:
    """Return the ids of the recordings that wait."""
    return [one.id for one in site.inbox.waiting(datetime.fromtimestamp(site.now, UTC))]
