"""Whether the table that a PBX keeps could stand in for the daemon."""

import hmac
from typing import Any, Final

from admin_cli.pbx_asking import OK, Asked, Passed, Seen, read_object, refusal_of
from admin_cli.pbx_findings import Finding, FoundError, shown
from pbx_adapters.answer import format_instant

_MOST_TABLE: Final = 4_000_000
# Scripts in Lua take no longer one.
_LONG_TABLE: Final = 1_048_576
_HEADER: Final = "Bereikbaar-Signature"
_RIGHTS: Final = "Bereikbaar-Rights"
_TREATMENT: Final = ("status", "action", "audio", "forward", "voicemail")
_SAME_VERSION: Final = "bring the daemon to the version of this program"
_Intervals = list[dict[str, str]]


def look_at_table(asked: Asked, answer: dict[str, str], at: int) -> Seen:
    """Look at the table of what was asked, beside the answer to a call; `at` is epoch seconds.

    Raises `FoundError`.
    """
    target = "/table" + asked.target.removeprefix("/hook/generic")
    reply = asked.fetch(target, _MOST_TABLE)
    told = read_object(reply.body)
    if reply.status != OK:
        problem = refusal_of(reply, told, asked.base_url).finding.problem
        remedy = "scripts keep none until this is mended: tokens of before tables need a new one"
        raise FoundError("table-unavailable", f"no table can be had: {problem}", remedy)
    if reply.headers.get(_RIGHTS) == "operator":
        yield Finding(
            "token-of-operator",
            "the token has an operator's rights, which a PBX doesn't need",
            "create another with `bereikbaar token create NAME`, without --operator, and fill in "
            "the scripts anew",
        )
    signed = _look_at_signature(asked, reply.body, reply.headers.get(_HEADER, ""))
    if isinstance(signed, Finding):
        yield signed
    start, end, intervals = _read_table(told)
    now = format_instant(at)
    if not start <= now < end:
        raise FoundError(
            "table-not-in-force",
            f"the table holds from {shown(start)} to {shown(end)}, and here it is {now}",
            "have both clocks set by NTP",
        )
    asked_at = answer["at"]
    holding = [one for one in intervals if one["from"] <= asked_at < one["until"]]
    if any(one[name] != answer[name] for one in holding for name in _TREATMENT):
        raise FoundError(
            "table-differs",
            f"at {shown(asked_at)} the table says otherwise than the daemon does",
            "run it again; if it stays, report it as a fault of the daemon",
        )
    if len(reply.body) > _LONG_TABLE:
        yield Finding(
            "table-too-long",
            f"the table has {len(reply.body):,} bytes; some scripts keep none over {_LONG_TABLE:,}",
            "clear the overrides of the coming week that nobody needs",
        )
    text = f"{len(intervals)} intervals up to {end}, {len(reply.body):,} bytes"
    yield Passed("table", text if isinstance(signed, Finding) else f"{text}, rightly signed")


def _look_at_signature(asked: Asked, body: bytes, signature: str) -> Finding | None:
    if not asked.table_key:
        return Finding(
            "table-unsigned",
            "without the table key its signature can't be judged",
            "give --table-key-file FILE, as `bereikbaar token create` showed it",
        )
    right = hmac.digest(bytes.fromhex(asked.table_key), body, "sha256").hex()
    if not hmac.compare_digest(f"v1={right}".encode(), signature.encode(errors="replace")):
        raise FoundError(
            "table-wrongly-signed",
            "the table is not signed with this key, so scripts don't keep it",
            "fill in the scripts anew, with the key of the token that they have",
        )
    return None


def _read_table(told: dict[str, Any] | None) -> tuple[str, str, _Intervals]:
    """Return a table's first and last instant and its intervals; raises `FoundError`."""
    try:
        assert told is not None  # noqa: S101 - told below, as all else that isn't there
        start, end = str(told["generated_at"]), str(told["expires_at"])
        intervals: _Intervals = [
            {name: str(one[name]) for name in ("from", "until", *_TREATMENT)}
            for one in told["intervals"]
        ]
    except (AssertionError, KeyError, TypeError):
        raise FoundError("table-malformed", "the table lacks fields", _SAME_VERSION) from None
    bounds = [start, *(one["until"] for one in intervals)]
    if [one["from"] for one in intervals] != bounds[:-1] or bounds[-1] != end or not intervals:
        problem = "the table's intervals leave a gap"
        raise FoundError("table-malformed", problem, _SAME_VERSION)
    return start, end, intervals
