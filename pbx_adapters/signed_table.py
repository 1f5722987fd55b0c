"""`GET` and `HEAD /table/{schedule}`: a week of decisions, for a PBX that can't reach the daemon.

Programs without JSON read it line by line and compare instants as text: docs/hook.md promises it.
"""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from aiohttp import web

from pbx_adapters.answer import ANSWER_FIELDS, answer_fields, format_instant, render_fields
from pbx_adapters.auth import Caller
from pbx_adapters.hook import read_query
from pbx_adapters.metrics import Metrics
from pbx_adapters.refusals import RefusedError
from pbx_adapters.table_writing import TableWriting
from pbx_adapters.token_gate import TokenGate
from routing_engine.decision import Decision
from routing_engine.resolver import decide_span
from routing_engine.table import IntervalTable
from routing_engine.zones import DAY_SECONDS

TABLE_SECONDS: Final = 7 * DAY_SECONDS
SIGNATURE_HEADER: Final = "Bereikbaar-Signature"
RIGHTS_HEADER: Final = "Bereikbaar-Rights"
TABLE_FIELDS: Final = ("schedule", "revision", "generated_at", "expires_at")
# `at` and `decision_id` are one call's.
INTERVAL_FIELDS: Final = (
    "from",
    "until",
    *(name for name in ANSWER_FIELDS if name not in ("at", "decision_id")),
)

_NO_KEY: Final = (
    "a table is signed with its token's own key, and you have none: ask over HTTP, not on the"
    " control socket, with a token that `bereikbaar token create` shows a table key for"
)


@dataclass(frozen=True, slots=True)
class SignedTables:
    """Sends tables; `clock` gives epoch seconds."""

    gate: TokenGate
    metrics: Metrics
    clock: Callable[[], int]
    writing: TableWriting = field(default_factory=lambda: TableWriting(render_table))
    signing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(
        self, request: web.BaseRequest, schedule: str, caller: Caller
    ) -> web.StreamResponse:
        """Answer with the table of a schedule, or where none is named of what the query asks for.

        Raises `RefusedError`.
        """
        if not caller.table_key:
            raise RefusedError("forbidden", _NO_KEY)
        named = f"schedule={quote(schedule, safe='')}" if schedule else ""
        query = read_query(request, named)
        service, hook, at = self.gate.service(), self.gate.hook, self.clock()
        found = hook.decide(caller, query, service, at)
        if found.reason == "unknown-number":
            raise RefusedError("not-found", "no schedule has this id, or this number linked to it")
        table = service.snapshot.tables.get(found.schedule)
        if table is None:
            detail = f"schedule {found.schedule} can't be compiled; /-/ready says why"
            raise RefusedError("unavailable", detail)
        body = await self.writing.written(table, at, hook.base_url)
        # Hundreds may have waited for the same one: calls go between them.
        async with self.signing:
            signature = await asyncio.to_thread(signature_of, body, caller.table_key)
        self.metrics.tables_sent.inc()
        headers = {
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            SIGNATURE_HEADER: signature,
        }
        if caller.is_operator:
            # Who looks at a PBX from outside can't know it otherwise without being refused.
            headers[RIGHTS_HEADER] = "operator"
        return web.Response(body=body, headers=headers)


def signature_of(body: bytes, key: bytes) -> str:
    """Return what the signature's header holds: HMAC-SHA-256 (RFC 2104) of the exact bytes."""
    return f"v1={hmac.digest(key, body, 'sha256').hex()}"


def render_table(table: IntervalTable, from_at: int, base_url: str) -> bytes:
    """Write the decisions of a week from an instant on, in epoch seconds; each is one line of JSON.

    `base_url` is where messages are downloaded from, without a trailing slash.
    """
    until_at = from_at + TABLE_SECONDS
    told = table.schedule, str(table.revision), format_instant(from_at), format_instant(until_at)
    head = dict(zip(TABLE_FIELDS, told, strict=True))
    lines = ",\n".join(
        _render_interval(*span, base_url) for span in decide_span(table, from_at, until_at)
    )
    return f'{render_fields(head, "json")[:-1]},"intervals":[\n{lines}\n]}}\n'.encode()


def _render_interval(from_at: int, until_at: int, decision: Decision, base_url: str) -> str:
    fields = answer_fields(decision, "", "", base_url)
    fields |= {"from": format_instant(from_at), "until": format_instant(until_at)}
    return render_fields({name: fields[name] for name in INTERVAL_FIELDS}, "json")
