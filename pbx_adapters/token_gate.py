"""Who may ask for what is not a call, and how those paths refuse."""

from dataclasses import dataclass

from aiohttp import web

from pbx_adapters.auth import Caller
from pbx_adapters.hook import Hook
from pbx_adapters.refusals import HTTP_CODES, RefusedError
from pbx_adapters.serving import Service, Serving


@dataclass(frozen=True, slots=True)
class TokenGate:
    """Asks for the token that a call needs too."""

    hook: Hook
    serving: Serving

    def admit(self, request: web.BaseRequest) -> Caller:
        """Return who asks; raises `RefusedError`."""
        return self.hook.authenticate(request, self.service())

    def service(self) -> Service:
        """Return the service in force; raises `RefusedError` while there is none."""
        service = self.serving.service
        if service is None:
            raise RefusedError("unavailable", "; ".join(self.serving.troubles))
        return service


def refusal_response(refusal: RefusedError) -> web.Response:
    """Tell a refusal on the paths that are not a PBX's hook."""
    headers = dict(refusal.headers)
    if refusal.error == "unauthorized":
        headers["WWW-Authenticate"] = 'Bearer realm="bereikbaar"'
    body = {"error": refusal.error, "detail": refusal.detail}
    return web.json_response(body, status=HTTP_CODES[refusal.error], headers=headers)
