"""One call: parse, authenticate, resolve, render, count."""

import logging
import secrets
from collections.abc import Callable
from itertools import count
from time import monotonic, perf_counter
from typing import Final, NamedTuple

import structlog
from aiohttp import HttpVersion11, web
from multidict import CIMultiDict

from pbx_adapters.admission import Admission, admit_operator
from pbx_adapters.answer import (
    ANSWER_FIELDS,
    CONTENT_TYPES,
    DIALECTS,
    AnswerFormat,
    PreparedAnswer,
    answer_fields,
    answer_headers,
    format_instant,
    prepare_answer,
    render_fields,
)
from pbx_adapters.auth import Caller
from pbx_adapters.forms import FORM_READ, read_form
from pbx_adapters.logs import Throttle
from pbx_adapters.metrics import Metrics
from pbx_adapters.query_text import BadRequestError, parse_query
from pbx_adapters.ready_response import ReadyResponse
from pbx_adapters.refusals import HTTP_CODES, RefusedError
from pbx_adapters.serving import Service, Serving
from pbx_adapters.simulated_time import parse_at, zone_of
from pbx_adapters.url_table import PromptHandler
from routing_engine.decision import CallQuery, Decision
from routing_engine.explain import explain_decision
from routing_engine.resolver import resolve
from schedules.telephone import mask_number, read_number

_MAX_PREPARED: Final = 65_536
_SECONDS_BETWEEN_LINES: Final = 1.0

# As of `DecisionLog.note`.
Note = Callable[[str, int, str, dict[str, str], Decision], None]

_log = structlog.get_logger()


class Asked(NamedTuple):
    """A request once parsed: whose it is, what it asks, and in which form the answer goes out."""

    caller: Caller
    query: dict[str, str]
    answer_format: AnswerFormat


class Hook:
    """Answers every incoming call.

    `clock` gives epoch seconds; `base_url` is where messages are downloaded; national numbers are
    read in `region`. `admission` judges who asks; without one everybody has operator rights, as
    over the control socket. `note` has each call's decision recorded.
    """

    def __init__(  # noqa: PLR0913 - what one call needs
        self,
        serving: Serving,
        metrics: Metrics,
        admission: Admission | None,
        *,
        clock: Callable[[], int],
        base_url: str,
        region: str,
        note: Note | None = None,
    ) -> None:
        self._serving = serving
        self._metrics = metrics
        self._clock = clock
        self.base_url = base_url
        self._region = region
        self._note = note
        self._admission = admission
        self._admit = admit_operator if admission is None else admission.admit
        self._prepared: dict[AnswerFormat, dict[str, tuple[Decision, PreparedAnswer]]] = {
            answer_format: {} for answer_format in CONTENT_TYPES
        }
        self._headers = {
            answer_format: CIMultiDict(answer_headers(answer_format))
            for answer_format in CONTENT_TYPES
        }
        # A flood of bad requests must not become a flood of lines.
        self._throttle = Throttle(_SECONDS_BETWEEN_LINES, monotonic)
        self._tells_calls = _log.is_enabled_for(logging.DEBUG)
        prefix = secrets.token_hex(6)
        self._decision_ids = (f"{prefix}-{number:08x}" for number in count(1))

    def handler(self, dialect: str) -> PromptHandler:
        """Return the request handler of one dialect; it waits for nothing but a body."""
        default_format = DIALECTS[dialect]

        async def answer_call(request: web.BaseRequest) -> web.StreamResponse:
            decision_id = next(self._decision_ids)
            try:
                form = await read_form(request) if request.can_read_body else ""
                response = self._answer(request, form, dialect, default_format, decision_id)
            except RefusedError as refusal:
                response = self._refuse(refusal, request, dialect, decision_id)
            except ConnectionError:
                # The client is gone.
                raise
            except Exception:  # noqa: BLE001 - a defect of ours must not keep a caller from his route
                _log.exception("call_failed", decision_id=decision_id)
                fault = RefusedError("unavailable", "a fault in the daemon; its log has more")
                response = self._refuse(fault, request, dialect, decision_id)
            # What operators ask here is no PBX's call.
            if self._admission is not None:
                self._metrics.calls.count_response(dialect, response.status)
            return response

        return answer_call

    def _answer(
        self,
        request: web.BaseRequest,
        form: str,
        dialect: str,
        default_format: AnswerFormat,
        decision_id: str,
    ) -> web.StreamResponse:
        started = perf_counter()
        service = self._serving.service
        if service is None:
            raise RefusedError("unavailable", "; ".join(self._serving.troubles))
        at = self._clock()
        caller = self._admit(request, service.tokens, at)
        query = read_query(request, form)
        answer_format = _format_of(query["format"]) if "format" in query else default_format
        if "at" in query or "explain" in query:
            return self._simulate(Asked(caller, query, answer_format), service, decision_id)
        decision = self.decide(caller, query, service, at)
        answer = self._render(decision, answer_format)
        response: web.StreamResponse
        if request.keep_alive and request.version == HttpVersion11:
            response = ReadyResponse(answer.message(at, decision_id))
        else:
            response = web.Response(
                body=answer.body(at, decision_id), headers=self._headers[answer_format]
            )
        if self._admission is not None:
            self._metrics.calls.count_decision(dialect, decision, perf_counter() - started)
        if self._note is not None:
            self._note(decision_id, at, dialect, query, decision)
        if self._tells_calls:
            _log_call(decision, query, decision_id)
        return response

    def authenticate(self, request: web.BaseRequest, service: Service) -> Caller:
        """Return who asks for what is no call; raises `RefusedError`."""
        return self._admit(request, service.tokens, self._clock())

    def decide(self, caller: Caller, query: dict[str, str], service: Service, at: int) -> Decision:
        """Decide what a query asks at an instant; raises `RefusedError` where a token may not."""
        did = query.get("did")
        number = None if did is None else read_number(did, self._region)
        decision = resolve(service.snapshot, CallQuery(at, number, query.get("schedule")))
        if caller.schedules and decision.schedule and not caller.may_ask_for(decision.schedule):
            self._metrics.auth_failures.labels("schedule").inc()
            raise RefusedError("forbidden", "this token is not for that schedule")
        return decision

    def _render(self, decision: Decision, answer_format: AnswerFormat) -> PreparedAnswer:
        """Prepare each decision's answer once: it stands for every call until it changes."""
        prepared = self._prepared[answer_format]
        kept = prepared.get(decision.schedule)
        if kept is not None and kept[0] is decision:
            return kept[1]
        if len(prepared) >= _MAX_PREPARED:
            prepared.clear()
        answer = prepare_answer(decision, answer_format, self.base_url)
        prepared[decision.schedule] = decision, answer
        return answer

    def _simulate(self, asked: Asked, service: Service, decision_id: str) -> web.Response:
        """Answer an operator's `at` or `explain`: neither counted nor recorded as a call."""
        if not asked.caller.is_operator:
            self._metrics.auth_failures.labels("operator").inc()
            raise RefusedError("forbidden", "`at` and `explain` need an operator token")
        snapshot = service.snapshot
        at = self._clock()
        if "at" in asked.query:
            zone = zone_of(self.decide(asked.caller, asked.query, service, at), snapshot)
            at = parse_at(asked.query["at"], zone)
        decision = self.decide(asked.caller, asked.query, service, at)
        fields: dict[str, object] = dict(
            answer_fields(decision, format_instant(at), decision_id, self.base_url)
        )
        if "explain" in asked.query and asked.answer_format == "json":
            table = snapshot.tables.get(decision.schedule)
            fields["considered"] = [
                consideration._asdict()
                for consideration in (explain_decision(table, at) if table is not None else ())
            ]
        body = render_fields(fields, asked.answer_format).encode()
        return web.Response(body=body, headers=self._headers[asked.answer_format])

    def _refuse(
        self, refusal: RefusedError, request: web.BaseRequest, dialect: str, decision_id: str
    ) -> web.Response:
        """Answer a refused request with the same fields, so that any script routes normally."""
        fields = dict.fromkeys(ANSWER_FIELDS, "") | {
            "status": "unknown",
            "action": "continue",
            "at": format_instant(self._clock()),
            "decision_id": decision_id,
            "error": refusal.error,
        }
        answer_format = _asked_format(request) or DIALECTS[dialect]
        headers = CIMultiDict(self._headers[answer_format])
        # A line break would end the header.
        headers["Bereikbaar-Detail"] = " ".join(refusal.detail.split())
        headers.update(refusal.headers)
        if refusal.error == "unauthorized":
            headers["WWW-Authenticate"] = 'Bearer realm="bereikbaar"'
        if self._throttle.admits(refusal.error):
            _log.info(
                "request_refused",
                dialect=dialect,
                error=refusal.error,
                detail=refusal.detail,
                remote=self._admission and self._admission.address_of(request),
                decision_id=decision_id,
                left_out=self._throttle.take_left_out(refusal.error),
            )
        return web.Response(
            body=render_fields(fields, answer_format).encode(),
            status=HTTP_CODES[refusal.error],
            headers=headers,
        )


def read_query(request: web.BaseRequest, form: str) -> dict[str, str]:
    """Return the parameters of a request's query and of a form; raises `RefusedError`."""
    _, _, query_text = request.raw_path.partition("?")
    try:
        return parse_query(query_text, form)
    except BadRequestError as error:
        raise RefusedError("bad-request", str(error)) from None


def _format_of(asked: str) -> AnswerFormat:
    for answer_format in CONTENT_TYPES:
        if asked == answer_format:
            return answer_format
    raise RefusedError("bad-request", f"format is one of {', '.join(CONTENT_TYPES)}")


def _asked_format(request: web.BaseRequest) -> AnswerFormat | None:
    """Find the format a refused request asked for, as well as it can be read."""
    _, _, query_text = request.raw_path.partition("?")
    pairs = f"{query_text}&{request.get(FORM_READ, '')}".split("&")
    return next((one for one in CONTENT_TYPES if f"format={one}" in pairs), None)


def _log_call(decision: Decision, query: dict[str, str], decision_id: str) -> None:
    _log.debug(
        "call_decided",
        decision_id=decision_id,
        caller=mask_number(query.get("cli", "")),
        callid=query.get("callid", ""),
        schedule=decision.schedule,
        status=decision.outcome.status,
        action=decision.outcome.action,
        rule=decision.rule,
    )
