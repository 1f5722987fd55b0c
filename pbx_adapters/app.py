"""The URL table: which path leads to what (contract.md: HTTP hook)."""

import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web

from audio_store.masters import MasterFiles
from pbx_adapters.answer import DIALECTS
from pbx_adapters.auth import Caller
from pbx_adapters.hook import Hook
from pbx_adapters.metrics import CONTENT_TYPE, Metrics
from pbx_adapters.openapi import openapi_document
from pbx_adapters.refusals import HTTP_CODES, RefusedError, bare_answer
from pbx_adapters.serving import Serving
from pbx_adapters.url_table import Handler, dispatch

_AUDIO: Final = re.compile("/audio/([0-9a-f]{64})[.]wav", re.ASCII)
_PAGE_METHODS: Final = ("GET", "HEAD")
_HOOK: Final = re.compile("/hook(/.*)?", re.DOTALL)


def build_app(  # noqa: PLR0913 - its wiring
    hook: Hook,
    serving: Serving,
    metrics: Metrics,
    masters: MasterFiles,
    *,
    clock: Callable[[], int],
    reload: Callable[[], Awaitable[None]],
) -> Handler:
    """Return the handler of every request, that daemon and tests serve.

    `clock` gives epoch seconds; `reload` returns once everything was read anew.
    """
    paths = _Paths(hook, serving, metrics, masters, clock, reload)
    handlers = {dialect: hook.handler(dialect) for dialect in DIALECTS}
    return dispatch(
        {
            **{f"/hook/{name}": {"GET": one, "POST": one} for name, one in handlers.items()},
            "/-/healthy": _page(tell_alive),
            "/-/ready": _page(paths.tell_ready),
            "/-/reload": {"POST": paths.reload_now},
            "/metrics": _page(paths.show_metrics),
            "/openapi.json": _page(describe),
        },
        paths.answer_other,
    )


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

    hook: Hook
    serving: Serving
    metrics: Metrics
    masters: MasterFiles
    clock: Callable[[], int]
    reload: Callable[[], Awaitable[None]]

    async def tell_ready(self, _request: web.BaseRequest) -> web.Response:
        """Answer 200 while calls can be answered, with what troubles there are."""
        service = self.serving.service
        if service is None:
            body: dict[str, object] = {"status": "unavailable", "why": list(self.serving.troubles)}
            return web.json_response(body, status=HTTPStatus.SERVICE_UNAVAILABLE)
        return web.json_response(
            {
                "status": "degraded" if service.troubles else "ok",
                "why": list(service.troubles),
                "revision": service.snapshot.revision,
                "schedules": len(service.snapshot.tables),
                "degraded_targets": service.degraded_targets,
            }
        )

    async def show_metrics(self, _request: web.BaseRequest) -> web.Response:
        """Send the metrics in the Prometheus text format."""
        body = self.metrics.exposition(self.clock())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def reload_now(self, request: web.BaseRequest) -> web.Response:
        """Read everything anew and answer as readiness does; for operators."""
        try:
            is_operator = self._caller_of(request).is_operator
        except RefusedError as refusal:
            return _refused(refusal)
        if not is_operator:
            return _refused(RefusedError("forbidden", "reloading needs an operator token"))
        await self.reload()
        return await self.tell_ready(request)

    async def answer_other(
        self, request: web.BaseRequest, methods: Collection[str]
    ) -> web.StreamResponse:
        """Send a message, or refuse; at the hook's paths as the hook refuses."""
        audio = _AUDIO.fullmatch(request.path)
        if audio is not None:
            if request.method in _PAGE_METHODS:
                return await self.send_audio(request, audio[1])
            methods = _PAGE_METHODS
        if _HOOK.fullmatch(request.path):
            return _refuse_hook(methods)
        if methods:
            raise web.HTTPMethodNotAllowed(request.method, methods)
        raise web.HTTPNotFound

    async def send_audio(self, request: web.BaseRequest, digest: str) -> web.StreamResponse:
        """Send a message's bytes, for any token."""
        try:
            self._caller_of(request)
        except RefusedError as refusal:
            return _refused(refusal)
        if request.query.get("encoding") is not None:
            detail = "messages come as PCM 16-bit WAV only so far: leave `encoding` out"
            return _refused(RefusedError("bad-request", detail))
        path = self.masters.path_of(digest)
        if not path.is_file():
            raise web.HTTPNotFound(text="no such message\n")
        # The name is the content's hash: what it names never changes.
        headers = {
            "Content-Type": "audio/wav",
            "Cache-Control": "private, max-age=31536000, immutable",
        }
        return web.FileResponse(path, headers=headers)

    def _caller_of(self, request: web.BaseRequest) -> Caller:
        if self.serving.service is None:
            raise RefusedError("unavailable", "; ".join(self.serving.troubles))
        return self.hook.authenticate(request, self.serving.service)


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


def _refused(refusal: RefusedError) -> web.Response:
    """Tell a refusal on the paths that are not a PBX's hook."""
    headers = dict(refusal.headers)
    if refusal.error == "unauthorized":
        headers["WWW-Authenticate"] = 'Bearer realm="bereikbaar"'
    body = {"error": refusal.error, "detail": refusal.detail}
    return web.json_response(body, status=HTTP_CODES[refusal.error], headers=headers)
