"""Asking as a PBX's scripts do, and what a refusal means."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from admin_cli.pbx_fetch import Reply, fetch
from admin_cli.pbx_findings import Finding, FoundError, shown
from pbx_adapters.answer import ANSWER_FIELDS
from schedules.telephone import E164

OK: Final = 200
# How long a request may take at all; what a call would wait is judged afterwards.
PATIENCE_SECONDS: Final = 10.0
_NOT_OURS: Final = "give --address as it is where the daemon answers, its port included"
# What a proxy says of its own when it can't reach what stands behind it.
_FROM_PROXIES: Final = frozenset({502, 503, 504})
_MOST_ANSWER: Final = 16_384
_DAEMON_AT_FAULT: Final = 500
_STATUSES: Final = frozenset({"open", "closed", "break", "unknown"})
_ACTIONS: Final = frozenset({"continue", "forward", "voicemail", "hangup"})
_AUDIO: Final = re.compile(r"[0-9a-f]{64}\.wav")
_SAME_VERSION: Final = "bring daemon and scripts to the same version"
_REFUSALS: Final = {
    400: ("request-refused", "the daemon refuses the request", _SAME_VERSION),
    401: (
        "token-refused",
        "the daemon doesn't accept the token",
        (
            "`bereikbaar token list --all` says whether it was revoked or has expired; create "
            "another, and fill in the scripts anew"
        ),
    ),
    403: (
        "schedule-refused",
        "the token is for other schedules than the one that was asked for",
        "create one with `bereikbaar token create NAME --schedule ID`, or without",
    ),
    413: ("request-refused", "the daemon finds the request too large", _SAME_VERSION),
    429: (
        "too-many-attempts",
        "the daemon has had too many requests without a valid token from this address",
        "find out who sends them; it passes by itself",
    ),
}
_OTHER_NETWORK: Final = (
    "network-refused",
    "the token is not for the network that this machine asks from",
    (
        "create one with `bereikbaar token create NAME --network CIDR`; behind a proxy the daemon "
        "must trust that (`trusted_proxies`)"
    ),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A PBX beside a daemon, as its scripts are filled in.

    `number` is E.164; it or `schedule` is asked for, or neither. `seconds` is the scripts'
    time-out; `requests` tells how often the time is taken.
    """

    base_url: str
    token: str
    number: str = ""
    schedule: str = ""
    table_key: str = ""
    seconds: int = 2
    requests: int = 10

    @property
    def target(self) -> str:
        """The path and query that a call asks for."""
        what = f"schedule={self.schedule}" if self.schedule else f"did={quote(self.number)}"
        return f"/hook/generic?{what}"

    def fetch(self, target: str, most_bytes: int = _MOST_ANSWER) -> Reply:
        """Send a request with the token; raises `FoundError`."""
        return fetch(
            self.base_url, target, self.token, seconds=PATIENCE_SECONDS, most_bytes=most_bytes
        )


class Passed(NamedTuple):
    """Something that is well: what was looked at, and what was seen."""

    check: str
    seen: str


Seen = Iterator[Passed | Finding]


def read_object(body: bytes) -> dict[str, Any] | None:
    """Read a JSON object; None where there is none."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def ask(asked: Asked) -> dict[str, str]:
    """Ask as a call does; raises `FoundError` for all but a well-formed answer."""
    reply = asked.fetch(asked.target)
    told = read_object(reply.body)
    if reply.status != OK:
        raise refusal_of(reply, told, asked.base_url)
    if told is None or not all(isinstance(told.get(name), str) for name in ANSWER_FIELDS):
        raise _malformed("it lacks fields")
    if told["status"] not in _STATUSES or told["action"] not in _ACTIONS:
        raise _malformed(f"status {shown(told['status'])}, action {shown(told['action'])}")
    if told["action"] == "forward" and not E164.fullmatch(told["forward"]):
        raise _malformed(f"forward {shown(told['forward'])}")
    if told["audio"] and not _AUDIO.fullmatch(told["audio"]):
        raise _malformed(f"audio {shown(told['audio'])}")
    return told


def _malformed(why: str) -> FoundError:
    return FoundError(
        "answer-malformed",
        f"the answer can't be used, {why}: scripts take the normal route",
        "bring daemon and scripts to the same version; check what stands between them",
    )


def not_ours(reply: Reply, base_url: str, how: str) -> FoundError:
    """Return what an answer means that no daemon sent; `how` ends the sentence about it."""
    answers = f"{urlsplit(base_url).netloc} answers HTTP {reply.status}"
    if reply.status not in _FROM_PROXIES:
        return FoundError("not-the-daemon", f"{answers} {how}", _NOT_OURS)
    return FoundError(
        "proxy-without-daemon",
        f"{answers}, as a proxy does that gets no answer from the daemon behind it",
        "start the daemon there; if it runs, see to which address and port the proxy passes on",
    )


def refusal_of(reply: Reply, told: dict[str, Any] | None, base_url: str) -> FoundError:
    """Return what a status other than 200 means; `told` is the body where that is an object."""
    # Headers are read as Latin-1, and written as UTF-8.
    said = reply.headers.get("Bereikbaar-Detail", "").encode("latin-1").decode(errors="replace")
    detail = shown(said or str((told or {}).get("detail", "")), 200)
    why = f" (HTTP {reply.status}{f': {detail}' if detail else ''})"
    if told is None or "error" not in told:
        return not_ours(reply, base_url, "to a call")
    if reply.status >= _DAEMON_AT_FAULT:
        remedy = "see its log; until then scripts use their table, or the normal route"
        return FoundError("daemon-not-ready", f"the daemon can't answer{why}", remedy)
    unforeseen = ("request-refused", "the daemon refuses the request", _SAME_VERSION)
    code, problem, remedy = _REFUSALS.get(reply.status, unforeseen)
    if code == "schedule-refused" and "network" in detail:
        code, problem, remedy = _OTHER_NETWORK
    return FoundError(code, problem + why, remedy)
