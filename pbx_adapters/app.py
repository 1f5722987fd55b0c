"""The URL table: which path leads to what (contract.md: HTTP hook)."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web

from audio_store.masters import MasterFiles
from pbx_adapters.answer import DIALECTS
from pbx_adapters.auth import Caller
from pbx_adapters.connection_limits import MAX_BODY_BYTES
from pbx_adapters.hook import Hook
from pbx_adapters.metrics import CONTENT_TYPE, Metrics
from pbx_adapters.openapi import openapi_document
from pbx_adapters.refusals import HTTP_CODES, RefusedError, bare_answer
from pbx_adapters.serving import Serving

_DIGEST: Final = re.compile("[0-9a-f]{64}")


def build_app(  # noqa: PLR0913 - its wiring
    hook: Hook,
    serving: Serving,
    metrics: Metrics,
    masters: MasterFiles,
    *,
    clock: Callable[[], int],
    reload: Callable[[], Awaitable[None]],
) -> web.Application:
    """Build the application that daemon and tests serve.

    `clock` gives epoch seconds; `reload` returns once everything was read anew.
    """
    paths = _Paths(hook, serving, metrics, masters, clock, reload)
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    # Exact paths first: the router finds them without trying a pattern.
    for dialect in DIALECTS:
        handler = hook.handler(dialect)
        app.router.add_route("GET", f"/hook/{dialect}", handler)
        app.router.add_route("POST", f"/hook/{dialect}", handler)
    app.router.add_route("*", "/hook{rest:(/.*)?}", refuse_path)
    app.router.add_get("/-/healthy", tell_alive)
    app.router.add_get("/-/ready", paths.tell_ready)
    app.router.add_post("/-/reload", paths.reload_now)
    app.router.add_get("/metrics", paths.show_metrics)
    app.router.add_get("/openapi.json", describe)
    app.router.add_get("/audio/{digest}.wav", paths.send_audio)
    return app


async def tell_alive(_request: web.Request) -> web.Response:
    """Answer that the process lives."""
    return web.json_response({"status": "ok"})


async def refuse_path(request: web.Request) -> web.Response:
    """Refuse an unknown dialect, or a method the hook doesn't know, as the hook refuses."""
    is_known = request.path.removeprefix("/hook/") in DIALECTS
    code = HTTPStatus.METHOD_NOT_ALLOWED if is_known else HTTPStatus.NOT_FOUND
    detail = "ask by GET or POST" if is_known else f"ask /hook/ and one of {', '.join(DIALECTS)}"
    headers = {"Bereikbaar-Detail": detail} | ({"Allow": "GET, POST"} if is_known else {})
    return web.Response(
        body=bare_answer("bad-request"),
        status=code,
        headers=headers,
        content_type="application/json",
    )


async def describe(_request: web.Request) -> web.Response:
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

    async def tell_ready(self, _request: web.Request) -> web.Response:
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

    async def show_metrics(self, _request: web.Request) -> web.Response:
        """Send the metrics in the Prometheus text format."""
        body = self.metrics.exposition(self.clock())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def reload_now(self, request: web.Request) -> web.Response:
        """Read everything anew and answer as readiness does; for operators."""
        try:
            is_operator = self._caller_of(request).is_operator
        except RefusedError as refusal:
            return _refused(refusal)
        if not is_operator:
            return _refused(RefusedError("forbidden", "reloading needs an operator token"))
        await self.reload()
        return await self.tell_ready(request)

    async def send_audio(self, request: web.Request) -> web.StreamResponse:
        """Send a message's bytes, for any token."""
        try:
            self._caller_of(request)
        except RefusedError as refusal:
            return _refused(refusal)
        if request.query.get("encoding") is not None:
            detail = "messages come as PCM 16-bit WAV only so far: leave `encoding` out"
            return _refused(RefusedError("bad-request", detail))
        digest = request.match_info["digest"]
        path = self.masters.path_of(digest)
        if _DIGEST.fullmatch(digest) is None or not path.is_file():
            raise web.HTTPNotFound(text="no such message\n")
        # The name is the content's hash: what it names never changes.
        headers = {
            "Content-Type": "audio/wav",
            "Cache-Control": "private, max-age=31536000, immutable",
        }
        return web.FileResponse(path, headers=headers)

    def _caller_of(self, request: web.Request) -> Caller:
        if self.serving.service is None:
            raise RefusedError("unavailable", "; ".join(self.serving.troubles))
        return self.hook.authenticate(request, self.serving.service)


def _refused(refusal: RefusedError) -> web.Response:
    """Tell a refusal on the paths that are not a PBX's hook."""
    headers = dict(refusal.headers)
    if refusal.error == "unauthorized":
        headers["WWW-Authenticate"] = 'Bearer realm="bereikbaar"'
    body = {"error": refusal.error, "detail": refusal.detail}
    return web.json_response(body, status=HTTP_CODES[refusal.error], headers=headers)
