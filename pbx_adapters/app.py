"""The URL table: which path leads to what (contract.md: HTTP hook)."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web

from pbx_adapters.answer import DIALECTS
from pbx_adapters.audio_download import AudioDownloads
from pbx_adapters.auth import Caller
from pbx_adapters.hook import Hook
from pbx_adapters.metrics import CONTENT_TYPE, Metrics
from pbx_adapters.openapi import openapi_document
from pbx_adapters.recordings import Recordings
from pbx_adapters.refusals import RefusedError, bare_answer
from pbx_adapters.serving import Serving
from pbx_adapters.signed_table import SignedTables
from pbx_adapters.token_gate import TokenGate, refusal_response
from pbx_adapters.url_table import App, Handler, dispatch
from pbx_adapters.whole import SilentError, Whole

_AUDIO: Final = re.compile("/audio/([0-9a-f]{64})[.]wav", re.ASCII)
_RECORDINGS: Final = re.compile("/recordings/([a-z0-9-]{1,64})", re.ASCII)
_TABLE: Final = re.compile("/table(?:/(.*))?", re.DOTALL)
_PAGE_METHODS: Final = ("GET", "HEAD")
_HOOK: Final = re.compile("/hook(/.*)?", re.DOTALL)

# What answers at a path that names a message or a schedule; it gets the name, empty where there is
# none, and who asks.
NamedHandler = Callable[[web.BaseRequest, str, Caller], Awaitable[web.StreamResponse]]
NamedPaths = tuple[re.Pattern[str], Mapping[str, NamedHandler]]


def build_app(  # noqa: PLR0913 - its wiring
    hook: Hook,
    serving: Serving,
    metrics: Metrics,
    downloads: AudioDownloads,
    recordings: Recordings,
    *,
    whole: Whole,
    clock: Callable[[], int],
) -> App:
    """Return what daemon and tests serve.

    `whole` speaks for all processes of the daemon; `clock` gives epoch seconds.
    """
    gate = TokenGate(hook, serving)
    patterns: tuple[NamedPaths, ...] = (
        (_AUDIO, dict.fromkeys(_PAGE_METHODS, downloads.send)),
        (_RECORDINGS, {"GET": recordings.check, "POST": recordings.receive}),
        (_TABLE, dict.fromkeys(_PAGE_METHODS, SignedTables(gate, metrics, clock).send)),
    )
    paths = _Paths(serving, gate, patterns, whole)
    hooks = {f"/hook/{dialect}": hook.handler(dialect) for dialect in DIALECTS}
    handler = dispatch(
        {
            **{path: {"GET": one, "POST": one} for path, one in hooks.items()},
            "/-/healthy": _page(tell_alive),
            "/-/ready": _page(paths.tell_ready),
            "/-/reload": {"POST": paths.reload_now},
            "/metrics": _page(paths.show_metrics),
            "/openapi.json": _page(describe),
        },
        paths.answer_other,
    )
    return App(handler, hooks)


def _page(handler: Handler) -> dict[str, Handler]:
    # aiohttp leaves the body out for HEAD.
    return dict.fromkeys(_PAGE_METHODS, handler)


async def tell_alive(_request: web.BaseRequest) -> web.Response:
    """Answer that the process lives."""
    return web.json_response({"status": "ok"})


async def describe(_request: web.BaseRequest) -> web.Response:
    """Send the description of this interface."""
    return web.json_response(openapi_document())


@dataclass(frozen=True, slots=True)
class _Paths:
    """What stands beside the hook."""

    serving: Serving
    gate: TokenGate
    patterns: tuple[NamedPaths, ...]
    whole: Whole

    async def tell_ready(self, _request: web.BaseRequest) -> web.Response:
        """Answer 200 while calls can be answered, with what troubles there are.

        The revision is one that no process of the daemon is behind.
        """
        others = await self.whole.others()
        service = self.serving.service
        if service is None:
            body: dict[str, object] = {"status": "unavailable", "why": list(self.serving.troubles)}
            return web.json_response(body, status=HTTPStatus.SERVICE_UNAVAILABLE)
        troubles = dict.fromkeys((*service.troubles, *others.troubles))
        revision = service.snapshot.revision
        return web.json_response(
            {
                "status": "degraded" if troubles else "ok",
                "why": list(troubles),
                "revision": min(revision, revision if others.revision is None else others.revision),
                "schedules": len(service.snapshot.tables),
                "degraded_targets": service.degraded_targets,
            }
        )

    async def show_metrics(self, _request: web.BaseRequest) -> web.Response:
        """Send the metrics in the Prometheus text format."""
        try:
            body = await self.whole.exposition()
        except SilentError as error:
            # What this process alone holds would look like counters that fell.
            return web.Response(text=f"{error}\n", status=HTTPStatus.SERVICE_UNAVAILABLE)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def reload_now(self, request: web.BaseRequest) -> web.Response:
        """Read everything anew and answer as readiness does; for operators."""
        try:
            caller = self.gate.admit(request)
        except RefusedError as refusal:
            return refusal_response(refusal)
        if not caller.is_operator:
            return refusal_response(RefusedError("forbidden", "reloading needs an operator token"))
        await self.whole.reload()
        return await self.tell_ready(request)

    async def answer_other(
        self, request: web.BaseRequest, methods: Collection[str]
    ) -> web.StreamResponse:
        """Answer at a path that names a message or a schedule, or refuse as the hook does."""
        for pattern, handlers in self.patterns:
            found = pattern.fullmatch(request.path)
            if found is None:
                continue
            if handler := handlers.get(request.method):
                return await self._answer_named(request, handler, found[1] or "")
            methods = handlers
        if _HOOK.fullmatch(request.path):
            return _refuse_hook(methods)
        return _refuse_path(methods)

    async def _answer_named(
        self, request: web.BaseRequest, handler: NamedHandler, name: str
    ) -> web.StreamResponse:
        try:
            return await handler(request, name, self.gate.admit(request))
        except RefusedError as refusal:
            return refusal_response(refusal)


def _refuse_path(methods: Collection[str]) -> web.Response:
    """Refuse a path that leads nowhere, or a method that it doesn't take."""
    if not methods:
        told = {"error": "bad-request", "detail": "there is no such path: see /openapi.json"}
        return web.json_response(told, status=HTTPStatus.NOT_FOUND)
    allowed = ", ".join(methods)
    told = {"error": "bad-request", "detail": f"this path takes {allowed}"}
    code = HTTPStatus.METHOD_NOT_ALLOWED
    return web.json_response(told, status=code, headers={"Allow": allowed})


def _refuse_hook(methods: Collection[str]) -> web.Response:
    """Refuse an unknown dialect, or a method the hook doesn't know."""
    detail = f"ask /hook/ and one of {', '.join(DIALECTS)}"
    code, headers = HTTPStatus.NOT_FOUND, {}
    if methods:
        detail, code = "ask by GET or POST", HTTPStatus.METHOD_NOT_ALLOWED
        headers = {"Allow": ", ".join(methods)}
    return web.Response(
        body=bare_answer("bad-request"),
        status=code,
        headers={"Bereikbaar-Detail": detail, **headers},
        content_type="application/json",
    )
