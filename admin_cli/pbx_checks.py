"""What `pbx doctor` looks at, in the order in which a call needs it."""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from hashlib import sha256
from statistics import median
from typing import Final
from urllib.parse import urlsplit

from admin_cli.counting import counted
from admin_cli.pbx_asking import OK, Asked, Passed, Seen, ask, not_ours, read_object, refusal_of
from admin_cli.pbx_fetch import Reply
from admin_cli.pbx_findings import Finding, FoundError, shown
from admin_cli.pbx_table_check import look_at_table
from admin_cli.pbx_typed import is_loopback
from audio_store.errors import RefusedAudioError
from audio_store.masters import check_master

_MOST_READINESS: Final = 262_144
_MOST_AUDIO: Final = 10_000_000
_SLOW_AUDIO_SECONDS: Final = 5.0
_MOST_CLOCK_SECONDS: Final = 30


def examine(asked: Asked, now: Callable[[], int]) -> Seen:
    """Yield what is well and what isn't, up to what leaves nothing more to look at.

    `now` gives epoch seconds by this machine's clock. Each request counts as a call.
    """
    try:
        yield from _look_at_daemon(asked, now)
        answer = ask(asked)
        yield Passed("token", "accepted")
        yield from _look_at_answer(asked, answer)
    except FoundError as error:
        yield error.finding
        return
    looks: list[Callable[[], Seen]] = [lambda: _look_at_time(asked)]
    if answer["audio"]:
        looks.insert(0, lambda: _look_at_audio(asked, answer))
    if answer["schedule"]:
        looks.insert(0, lambda: look_at_table(asked, answer, now()))
    for look in looks:
        try:
            yield from look()
        except FoundError as error:
            yield error.finding


def _look_at_daemon(asked: Asked, now: Callable[[], int]) -> Seen:
    """Look whether a daemon of this kind is there, ready, and of the same time."""
    host = urlsplit(asked.base_url).netloc
    reply = asked.fetch("/-/ready", _MOST_READINESS)
    told = read_object(reply.body)
    if told is None or not isinstance(told.get("status"), str):
        raise not_ours(reply, asked.base_url, "and not as a daemon does")
    yield Passed("address", f"{host} answers as the daemon does")
    if asked.base_url.startswith("http:") and not is_loopback(asked.base_url):
        yield Finding(
            "not-encrypted",
            "the token travels as it is, and so do callers' numbers",
            "let a proxy with TLS stand in front of the daemon where the network isn't yours alone",
        )
    why = "; ".join(shown(str(one), 200) for one in told.get("why") or ())
    if reply.status != OK:
        problem = f"the daemon isn't ready: {why or told['status']}"
        raise FoundError("daemon-not-ready", problem, "see its log")
    if told["status"] == "ok":
        yield Passed("ready", "ok")
    else:
        remedy = "`bereikbaar doctor` and the daemon's log say what to do"
        yield Finding("daemon-degraded", f"the daemon is {shown(told['status'])}: {why}", remedy)
    yield from _look_at_clock(reply, now())


def _look_at_clock(reply: Reply, at: int) -> Seen:
    try:
        difference = round(parsedate_to_datetime(reply.headers["Date"]).timestamp()) - at
    except (KeyError, ValueError):
        return
    if abs(difference) > _MOST_CLOCK_SECONDS:
        yield Finding(
            "clock-differs",
            f"the daemon's clock is {abs(difference):,} s {'ahead' if difference > 0 else 'behind'}"
            " of this machine's: kept tables hold from and until wrong moments, and logs don't "
            "match",
            "have both set by NTP",
        )
    else:
        yield Passed("clock", f"differs by {abs(difference)} s")


def _look_at_answer(asked: Asked, answer: dict[str, str]) -> Seen:
    """Look whether the answer is about what was asked, and complete."""
    if not asked.number and not asked.schedule:
        yield Finding(
            "nothing-asked",
            "no number and no schedule was asked for",
            "give --number N or --schedule ID, to have answers, messages and table looked at",
        )
        return
    if answer["reason"] == "unknown-number":
        if asked.number:
            raise FoundError(
                "number-unknown",
                f"{asked.number} is linked to no schedule, so its calls take the normal route",
                f"`bereikbaar schedule link ID {asked.number}`",
            )
        raise FoundError(
            "schedule-unknown",
            f"there is no schedule {asked.schedule}, so its calls take the normal route",
            "check the spelling with `bereikbaar schedule list`",
        )
    if answer["reason"] == "outside-service":
        raise FoundError(
            "outside-service",
            f"schedule {answer['schedule']} can't be used, so its calls take the normal route",
            "`bereikbaar doctor` says what is wrong with it",
        )
    yield Passed("answer", f"{shown(answer['schedule'])} is {answer['status']}: {answer['action']}")
    if answer["error"] in {"forward-refused", "audio-missing"}:
        what = "a forward that isn't allowed" if "forward" in answer["error"] else "its message"
        yield Finding(
            answer["error"],
            f"schedule {answer['schedule']} goes without {what}",
            f"`bereikbaar lint {answer['schedule']}` says where",
        )


def _look_at_audio(asked: Asked, answer: dict[str, str]) -> Seen:
    """Look whether the message can be downloaded, and is what it is called."""
    name = answer["audio"]
    if not answer["audio_url"].startswith(f"{asked.base_url}/"):
        yield Finding(
            "audio-elsewhere",
            f"answers name {shown(answer['audio_url'], 60)}… for messages; the scripts here ask "
            f"{asked.base_url}, but others may not",
            f"set `public_url` to {asked.base_url} in the daemon's configuration",
        )
    reply = asked.fetch(f"/audio/{name}", _MOST_AUDIO)
    if reply.status != OK:
        raise FoundError(
            "audio-unavailable",
            f"message {name} can't be downloaded: HTTP {reply.status}",
            "`bereikbaar doctor` says what is wrong with it",
        )
    if sha256(reply.body).hexdigest() != name.removesuffix(".wav"):
        raise FoundError(
            "audio-damaged",
            f"message {name} arrives altered",
            "something between the daemon and this machine changes it: a proxy or a filter",
        )
    try:
        seconds = check_master(reply.body)
    except RefusedAudioError as error:
        raise FoundError("audio-unplayable", f"message {name}: {error}", "add it anew") from None
    if reply.seconds > _SLOW_AUDIO_SECONDS:
        yield Finding(
            "audio-slow",
            f"message {name} takes {reply.seconds:.1f} s to download, and the first caller waits",
            "see what slows the way to the daemon",
        )
    yield Passed(
        "message",
        f"{name}: {seconds:.0f} s, {len(reply.body):,} bytes, here in {reply.seconds * 1_000:,.0f} "
        "ms",
    )


def _look_at_time(asked: Asked) -> Seen:
    """Look how long calls wait, each on a connection of its own as scripts have them."""
    taken = []
    for _ in counted(range(asked.requests), "requests"):
        reply = asked.fetch(asked.target)
        if reply.status != OK:
            raise refusal_of(reply, read_object(reply.body), asked.base_url)
        taken.append(reply.seconds)
    taken.sort()
    worst = taken[-1]
    late = taken[max(0, -(-len(taken) * 95 // 100) - 1)]
    told = (
        f"{len(taken)} answers: median {_ms(median(taken))}, 95 % within {_ms(late)}, slowest "
        f"{_ms(worst)}, of {asked.seconds * 1_000:,} ms that calls wait"
    )
    remedy = "see the daemon's load and the network; or give scripts a longer --timeout"
    if worst > asked.seconds:
        yield Finding("too-slow", told, remedy)
    elif worst > asked.seconds / 2:
        yield Finding("slow", told, remedy)
    else:
        yield Passed("time", told)


def _ms(seconds: float) -> str:
    return f"{seconds * 1_000:,.1f} ms"
