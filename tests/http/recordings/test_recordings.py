"""`POST /recordings/…`: what is taken in, and what becomes of it."""

import errno
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audio_store.errors import RefusedAudioError
from schedules.sqlite_store import DATABASE_NAME
from tests.http.recordings.recorder import PATH, PIN, Converter, check, upload, waiting
from tests.http.refused import error_of
from tests.http.site import (
    MASTER,
    Site,
)


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
    "path", ["/recordings/", "/recordings/Office", "/recordings/a/b", "/recordings/..%2fx"]
)
async def test_other_paths_are_404(site: Site, path: str) -> None:
    """What can't be a schedule's id is no path."""
    reply = await site.ask(path, headers={"Bereikbaar-Pin": PIN})
    assert reply.status == 404


async def test_other_methods_are_405(site: Site) -> None:
    """A recording is only sent, never fetched or removed over HTTP."""
    reply = await site.ask(PATH, method="DELETE")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, POST")


async def test_a_form_with_a_file_is_told_as_such(site: Site, converter: Converter) -> None:
    """Its parts are no WAV, and how to send one is said before any of it is read."""
    reply = await upload(site, b"--x\r\n", Content_Type="multipart/form-data; boundary=x")
    assert (reply.status, error_of(reply)) == (400, "bad-recording")
    assert "the WAV file itself as the body" in reply.body.decode()
    assert converter.given == []


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


async def test_store_that_is_gone_is_503(site: Site, folder: Path) -> None:
    """Without the store no PIN can be looked at; that is no attempt."""
    (folder / DATABASE_NAME).rename(folder / "aside")
    for _ in range(6):
        assert await check(site) == (503, "unavailable")
    (folder / "aside").rename(folder / DATABASE_NAME)
    assert await check(site) == (204, "")
