"""Who may record: tokens, PINs, and how often somebody may guess."""

import asyncio
import json
from pathlib import Path

import pytest

from schedules.sqlite_store import DATABASE_NAME
from tests.http.recordings.recorder import PATH, PIN, Converter, check, upload, waiting
from tests.http.refused import error_of
from tests.http.site import (
    ELSEWHERE,
    ONLY_OFFICE,
    OPERATOR,
    PBX,
    Site,
)

WRONG = "314159"
WINDOW = 15 * 60


@pytest.mark.parametrize("token", [PBX, ONLY_OFFICE, OPERATOR])
async def test_right_pin_is_told(site: Site, token: str) -> None:
    """The schedule's PIN, with a token that is for the schedule, is right: 204 and nothing else."""
    reply = await site.ask(PATH, token=token, headers={"Bereikbaar-Pin": PIN})
    assert (reply.status, reply.body) == (204, b"")


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


async def test_guessing_ends_after_five(site: Site) -> None:
    """After five wrong PINs even the right one is refused for a quarter of an hour."""
    for _ in range(5):
        assert await check(site, WRONG) == (403, "wrong-pin")
        site.elapsed += 60
    site.elapsed += 0.5
    reply = await site.ask(PATH, headers={"Bereikbaar-Pin": PIN})
    assert (reply.status, error_of(reply)) == (429, "too-many-attempts")
    assert reply.headers["retry-after"] == str(WINDOW - 300)
    assert "try again in 10 minutes" in reply.body.decode()
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


async def test_refusals_are_counted(site: Site) -> None:
    """Monitoring sees wrong PINs, guesses too many and other schedules' tokens; no right PIN."""
    await check(site)
    for _ in range(6):
        await check(site, WRONG)
    await check(site, path="/recordings/branch", token=ONLY_OFFICE)
    shown = site.metrics.exposition(site.now).decode()
    counted = [line for line in shown.splitlines() if line.startswith("bereikbaar_auth_failures")]
    assert sorted(line for line in counted if not line.endswith(" 0.0")) == [
        'bereikbaar_auth_failures_total{why="pin"} 6.0',
        'bereikbaar_auth_failures_total{why="schedule"} 1.0',
    ]
