"""`/recordings/{schedule}`: who may send a recording, how often he may guess, and what is kept."""

import asyncio
import errno
import json
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audio_store.errors import RefusedAudioError
from audio_store.intake import Taken
from audio_store.wav_header import WavFacts
from pbx_adapters.connection_limits import ConnectionLimits
from pbx_adapters.serving import Service
from routing_engine.snapshot import RoutingSnapshot
from schedules.recording_pins import PinHash
from schedules.sqlite_store import DATABASE_NAME, open_store
from tests.engine import schedule_of
from tests.http.site import (
    DIGEST,
    ELSEWHERE,
    MASTER,
    ONLY_OFFICE,
    OPERATOR,
    PBX,
    TOKENS,
    Reply,
    Site,
    serve_site,
)

PATH = "/recordings/office"
PIN = "271828"
WRONG = "314159"
AT = datetime(2026, 11, 22, tzinfo=UTC)
WINDOW = 15 * 60
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


@pytest.fixture
def converter() -> Converter:
    """Give a converter."""
    return Converter()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Store two schedules with a PIN, one without, and a deleted one that had one."""
    with closing(open_store(tmp_path)) as store:
        with store.writing("test", AT) as writer:
            for schedule_id in ("office", "branch", "shop", "closed-down"):
                writer.save(schedule_of(id=schedule_id), summary="test")
            for schedule_id in ("office", "branch", "closed-down"):
                writer.set_recording_pin(schedule_id, PinHash.of(PIN))
        with store.writing("test", AT) as writer:
            writer.delete("closed-down", summary="test")
    return tmp_path


@pytest.fixture
async def site(
    folder: Path, compiled: RoutingSnapshot, converter: Converter
) -> AsyncIterator[Site]:
    """Serve them; the time for a body is short, that for a recording less so."""
    limits = ConnectionLimits(body_seconds=0.3, recording_seconds=1.5, sweep_seconds=0.05)
    service = Service(compiled, TOKENS)
    async with serve_site(folder, service, limits=limits, take_in=converter.take_in) as served:
        yield served
        converter.gate.set()


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


def error_of(reply: Reply) -> str:
    """Return the contract's word of a refusal, whose detail says something; empty for a success."""
    if reply.status < 300:
        return ""
    told = json.loads(reply.body)
    assert told["detail"]
    return str(told["error"])


def waiting(site: Site) -> list[str]:
    """Return the ids of the recordings that wait."""
    return [one.id for one in site.inbox.waiting(datetime.fromtimestamp(site.now, UTC))]


@pytest.mark.parametrize("token", [PBX, ONLY_OFFICE, OPERATOR])
async def test_right_pin_is_told(site: Site, token: str) -> None:
    """The schedule's PIN, with a token that is for the schedule, is right: 204 and nothing else."""
    reply = await site.ask(PATH, token=token, headers={"Bereikbaar-Pin": PIN})
    assert (reply.status, reply.body) == (204, b"")


async def test_recording_waits_in_the_inbox(site: Site, converter: Converter) -> None:
    """A recording is converted, kept under an id, and told with what an operator has to know."""
    reply = await upload(site, b"RIFF as recorded")
    told = json.loads(reply.body)
    assert reply.status == 201
    assert told | {"recording": ""} == {
        "recording": "",
        "schedule": "office",
        "seconds": 1.0,
        "level": -20.0,
        "notes": ["was clipped"],
        # Seven days after Monday 23 November 2026, 12:45 in Amsterdam.
        "expires_at": "2026-11-30T11:45:00Z",
    }
    assert converter.given == [b"RIFF as recorded"]
    (recording,) = site.inbox.waiting(datetime.fromtimestamp(site.now, UTC), "office")
    assert recording.id == told["recording"]
    assert site.inbox.read(recording) == MASTER


@pytest.mark.parametrize(
    "case",
    [
        pytest.param((PATH, None, PIN, (401, "unauthorized")), id="no-token"),
        pytest.param((PATH, "bk_pbx1_wrong", PIN, (401, "unauthorized")), id="wrong-token"),
        pytest.param((PATH, ELSEWHERE, PIN, (403, "forbidden")), id="other-network"),
        pytest.param(("/recordings/branch", ONLY_OFFICE, PIN, (403, "forbidden")), id="not-his"),
        pytest.param((PATH, PBX, WRONG, (403, "wrong-pin")), id="wrong-pin"),
        pytest.param((PATH, OPERATOR, WRONG, (403, "wrong-pin")), id="operator-needs-it-too"),
        pytest.param((PATH, PBX, "", (403, "wrong-pin")), id="empty-pin"),
        pytest.param((PATH, PBX, f"{PIN}0", (403, "wrong-pin")), id="one-digit-more"),
        pytest.param((PATH, PBX, "\u0662\u0667\u0661\u0668", (403, "wrong-pin")), id="arabic"),
        pytest.param(("/recordings/shop", PBX, PIN, (403, "no-pin")), id="without-pin"),
        pytest.param(("/recordings/nowhere", PBX, PIN, (403, "no-pin")), id="unknown-schedule"),
        pytest.param(("/recordings/closed-down", PBX, PIN, (403, "no-pin")), id="deleted-schedule"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_rights_are_asked_first(
    site: Site,
    converter: Converter,
    method: str,
    case: tuple[str, str | None, str, tuple[int, str]],
) -> None:
    """Without the right token and PIN nothing is converted, and nothing told beyond that."""
    path, token, pin, refusal = case
    body = b"RIFF" if method == "POST" else b""
    headers = {"Bereikbaar-Pin": pin}
    reply = await site.ask(path, method=method, token=token, body=body, headers=headers)
    assert (reply.status, error_of(reply)) == refusal
    assert (converter.given, waiting(site)) == ([], [])


async def test_pin_header_is_needed(site: Site) -> None:
    """A script that forgets the header is told its name; that is no attempt."""
    for _ in range(6):
        reply = await site.ask(PATH)
        assert (reply.status, error_of(reply)) == (400, "bad-request")
        assert "Bereikbaar-Pin" in json.loads(reply.body)["detail"]
    assert await check(site) == (204, "")


@pytest.mark.parametrize(
    "path", ["/recordings/", "/recordings/Office", "/recordings/a/b", "/recordings/..%2fx"]
)
async def test_other_paths_are_404(site: Site, path: str) -> None:
    """What can't be a schedule's id is no path."""
    reply = await site.ask(path, headers={"Bereikbaar-Pin": PIN})
    assert reply.status == 404


async def test_other_methods_are_405(site: Site) -> None:
    """A recording is only sent, never fetched or removed over HTTP."""
    reply = await site.ask(PATH, method="DELETE")
    assert (reply.status, reply.headers["allow"]) == (405, "GET,POST")


async def test_guessing_ends_after_five(site: Site) -> None:
    """After five wrong PINs even the right one is refused for a quarter of an hour."""
    for _ in range(5):
        assert await check(site, WRONG) == (403, "wrong-pin")
        site.elapsed += 60
    site.elapsed += 0.5
    reply = await site.ask(PATH, headers={"Bereikbaar-Pin": PIN})
    assert (reply.status, error_of(reply)) == (429, "too-many-attempts")
    assert reply.headers["retry-after"] == str(WINDOW - 300)
    assert (await upload(site)).status == 429
    # Another schedule is another thing to guess at.
    assert await check(site, path="/recordings/branch") == (204, "")
    site.elapsed += WINDOW - 301
    assert (await check(site))[0] == 429
    site.elapsed += 1
    assert await check(site, WRONG) == (403, "wrong-pin")
    assert (await check(site))[0] == 429


async def test_guesses_too_many_don_t_reach_the_store(site: Site, folder: Path) -> None:
    """Who may guess no more costs the daemon nothing, not even a look at the stored PIN."""
    for _ in range(5):
        assert await check(site, WRONG) == (403, "wrong-pin")
    (folder / DATABASE_NAME).unlink()
    assert await check(site, WRONG) == (429, "too-many-attempts")


async def test_clock_that_is_set_changes_no_count(site: Site) -> None:
    """A clock set forward lets nobody guess sooner, and one set back locks nobody out."""
    for _ in range(5):
        assert await check(site, WRONG) == (403, "wrong-pin")
    for year in (1, -1):
        site.now += year * 365 * 24 * 3600
        assert (await check(site))[0] == 429
    site.now -= 365 * 24 * 3600
    site.elapsed += WINDOW
    assert await check(site) == (204, "")


async def test_right_pin_clears_the_count(site: Site) -> None:
    """Who mistypes four times and then knows it may mistype again."""
    for _ in range(3):
        for _ in range(4):
            assert await check(site, WRONG) == (403, "wrong-pin")
        assert await check(site) == (204, "")


async def test_many_guesses_at_once_are_no_more_than_five(site: Site) -> None:
    """Fifty parallel guesses get five answers; the rest wait, whatever they hold."""
    replies = await asyncio.gather(*(check(site, f"90210{number:03}") for number in range(50)))
    assert sorted(replies) == [(403, "wrong-pin")] * 5 + [(429, "too-many-attempts")] * 45


async def test_neither_pin_nor_token_is_logged(
    site: Site, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Right or wrong, PINs and tokens stand in no log line and in no answer."""
    replies = [await upload(site), await upload(site, Bereikbaar_Pin=WRONG)]
    told = capfd.readouterr()
    texts = [told.out, told.err, caplog.text, *(reply.body.decode() for reply in replies)]
    assert "recording_received" in "".join(texts)
    secrets = (PIN, WRONG, PBX)
    assert not [text for text in texts for secret in secrets if secret in text]


async def test_refused_bytes_are_told(site: Site, converter: Converter) -> None:
    """What is no recording is refused with what was found and what to do."""
    converter.fault = RefusedAudioError("is an MP3", "convert it")
    reply = await upload(site)
    assert (reply.status, error_of(reply)) == (400, "bad-recording")
    assert {"is an MP3", "convert it"} <= set(
        json.loads(reply.body)["detail"].removeprefix("the recording ").split("; ")
    )
    assert waiting(site) == []


@pytest.mark.parametrize(
    ("number", "refusal"),
    [
        (errno.ENOSPC, (507, "disk-full")),
        (errno.EDQUOT, (507, "disk-full")),
        (errno.EIO, (503, "unavailable")),
    ],
)
async def test_machine_in_trouble(
    site: Site, converter: Converter, number: int, refusal: tuple[int, str]
) -> None:
    """A full disk is told as such, other trouble as unavailable; nothing is kept."""
    converter.fault = OSError(number, "told by the system")
    reply = await upload(site)
    assert (reply.status, error_of(reply)) == refusal
    assert waiting(site) == []
    converter.fault = None
    assert (await upload(site)).status == 201


async def test_full_inbox_is_409_until_some_expire(site: Site) -> None:
    """Past so many per schedule another one is refused; expired ones make room by themselves."""
    first = [(await upload(site)).status for _ in range(3)]
    refused = await upload(site)
    assert (*first, refused.status, error_of(refused)) == (201, 201, 201, 409, "inbox-full")
    kept = waiting(site)
    site.now += int(timedelta(days=7).total_seconds())
    assert (await upload(site)).status == 201
    assert len(waiting(site)) == 1
    assert not set(kept) & set(waiting(site))


async def test_largest_recording_is_taken(site: Site, converter: Converter) -> None:
    """Ten megabytes pass, announced or in chunks."""
    body = bytes(10 * 1024 * 1024)
    assert (await upload(site, body)).status == 201
    chunked = b"a00000\r\n" + body + b"\r\n0\r\n\r\n"
    reply = await send_by_hand(site, "Transfer-Encoding: chunked", chunked)
    assert reply.status == 201
    assert converter.given == [body, body]


async def send_by_hand(site: Site, framing: str, body: bytes) -> Reply:
    """Send a recording with a framing of one's own."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nBereikbaar-Pin: {PIN}\r\n"
    head += f"Authorization: Bearer {PBX}\r\n{framing}\r\n\r\n"
    return await site.send(head.encode() + body)


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        pytest.param("Content-Length: 10485761", b"x", id="announced"),
        pytest.param("Content-Length: 10485761\r\nExpect: 100-continue", b"", id="asked-first"),
        pytest.param(
            "Transfer-Encoding: chunked", b"a00001\r\n" + bytes(0xA00001) + b"\r\n", id="chunked"
        ),
    ],
)
async def test_too_large_recording_is_413(
    site: Site, converter: Converter, framing: str, body: bytes
) -> None:
    """One byte more is refused, before it is sent where it is announced."""
    reply = await send_by_hand(site, framing, body)
    assert (reply.status, error_of(reply)) == (413, "too-large")
    assert "connection" in reply.headers
    assert converter.given == []


async def test_broken_encoding_is_told(site: Site, converter: Converter) -> None:
    """A body that isn't encoded as it says is refused, and not converted."""
    reply = await send_by_hand(site, "Content-Encoding: gzip\r\nContent-Length: 4", b"RIFF")
    assert (reply.status, error_of(reply)) == (400, "bad-request")
    assert converter.given == []


async def test_refusals_are_counted(site: Site) -> None:
    """Monitoring sees wrong PINs, guesses too many and other schedules' tokens; no right PIN."""
    await check(site)
    for _ in range(6):
        await check(site, WRONG)
    await check(site, path="/recordings/branch", token=ONLY_OFFICE)
    shown = site.metrics.exposition(site.now).decode()
    counted = [line for line in shown.splitlines() if line.startswith("bereikbaar_auth_failures")]
    assert counted == [
        'bereikbaar_auth_failures_total{why="pin"} 6.0',
        'bereikbaar_auth_failures_total{why="schedule"} 1.0',
    ]


async def test_other_paths_keep_their_limit(site: Site) -> None:
    """A form is still 64 KiB at most."""
    reply = await site.post_form("/hook/3cx", b"did=1&x=" + bytes(65_536))
    assert reply.status == 413


async def drip(site: Site, path: str, seconds: float) -> bytes:
    """Send a body for so long, a byte at a time; return what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    try:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8\r\n"
        head += f"Bereikbaar-Pin: {PIN}\r\nAuthorization: Bearer {PBX}\r\n\r\n"
        writer.write(head.encode())
        answer = asyncio.create_task(reader.read())
        for _ in range(8):
            await asyncio.wait({answer}, timeout=seconds / 8)
            if not answer.done():
                writer.write(b"x")
        return await asyncio.wait_for(answer, 20)
    finally:
        writer.close()


async def test_slow_recording_has_more_time(site: Site, converter: Converter) -> None:
    """A recording may take longer than a form, whose time is up."""
    recording, form = await asyncio.gather(drip(site, PATH, 0.8), drip(site, "/hook/3cx", 0.8))
    assert recording.startswith(b"HTTP/1.1 201 ")
    assert form.startswith(b"HTTP/1.1 400 ")
    assert converter.given == [b"x" * 8]


async def test_dripped_recording_is_ended(site: Site, converter: Converter) -> None:
    """A recording that doesn't come to its end is refused when its time is up, and not kept."""
    received = await send_all_but_the_end(site)
    assert received.startswith(b"HTTP/1.1 400 ")
    assert b"took too long" in received
    assert converter.given == []
    assert (await upload(site)).status == 201


async def send_all_but_the_end(site: Site) -> bytes:
    """Send all but the last byte of a body, and wait for what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n"
    head += f"Bereikbaar-Pin: {PIN}\r\nAuthorization: Bearer {PBX}\r\n\r\n"
    writer.write(head.encode() + b"1234567")
    try:
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


async def test_few_recordings_at_once(site: Site, converter: Converter) -> None:
    """Past four at once others are put off; one is converted at a time, and calls go on."""
    converter.gate.clear()
    uploads = {asyncio.create_task(upload(site)) for _ in range(6)}
    for left in (5, 4):
        done, uploads = await asyncio.wait(uploads, return_when=asyncio.FIRST_COMPLETED)
        reply = done.pop().result()
        uploads |= done
        assert (reply.status, error_of(reply), len(uploads)) == (503, "unavailable", left)
        assert reply.headers["retry-after"] == "10"
    assert (await site.call("3cx", did="0850000000")).status == 200
    assert len(converter.given) == 1
    converter.gate.set()
    statuses = [one.status for one in await asyncio.gather(*uploads)]
    assert sorted(statuses) == [201, 201, 201, 409]


async def test_senders_that_leave_give_their_places_back(site: Site, converter: Converter) -> None:
    """Recordings broken off halfway are not kept, and hold no place from the next one."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n"
    head += f"Bereikbaar-Pin: {PIN}\r\nAuthorization: Bearer {PBX}\r\n\r\n"
    for _ in range(2):
        writers = []
        for _ in range(4):
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writers.append(writer)
            writer.write(head.encode())
            # From here on it has a place.
            assert b" 100 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
            writer.write(b"RIFF")
        assert (await upload(site)).status == 503
        for writer in writers:
            writer.close()
            await writer.wait_closed()
        # The server hears of it a moment later.
        async with asyncio.timeout(20):
            while (await upload(site)).status == 503:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
    assert converter.given == [b"RIFF"] * 2


async def test_store_that_is_gone_is_503(site: Site, folder: Path) -> None:
    """Without the store no PIN can be looked at; that is no attempt."""
    (folder / DATABASE_NAME).rename(folder / "aside")
    for _ in range(6):
        assert await check(site) == (503, "unavailable")
    (folder / "aside").rename(folder / DATABASE_NAME)
    assert await check(site) == (204, "")
