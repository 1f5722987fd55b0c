"""Who may ask: the token of each request judged, failed attempts limited by client address."""

from collections.abc import Callable
from math import ceil
from time import monotonic
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import Counter

from pbx_adapters.addresses import Network, client_address, holder_of
from pbx_adapters.attempt_limits import AttemptLimits
from pbx_adapters.auth import LOCAL_OPERATOR, Caller, Refusal, TokenTable
from pbx_adapters.logs import Throttle
from pbx_adapters.refusals import RefusedError

MAX_FAILED: Final = 20
WINDOW_SECONDS: Final = 60.0
# At most about five megabytes.
_MAX_CLIENTS: Final = 4_096
_SECONDS_BETWEEN_LINES: Final = 10.0
_REMEDIES: Final[dict[Refusal, str]] = {
    "missing": "send a token: Authorization: Bearer TOKEN, or Basic with it as password or user",
    "malformed": "the Authorization header holds no token: use Bearer, or Basic",
    "unknown": "this token is not known: create one with `bereikbaar token create`",
}
_EXPIRED: Final = (
    "this token has expired: send the one that took its place, or make one with "
    "`bereikbaar token rotate`"
)

Admit = Callable[[web.BaseRequest, TokenTable, int], Caller]

_log = structlog.get_logger()


class Admission:
    """Judges who asks over TCP; a valid token is admitted however many wrong ones came before.

    `failures` counts refusals by `why`; `timer` gives the seconds of a clock that nobody sets;
    `trusted` are the proxies whose word on the client's address is taken. `uses` tells when each
    token was last sent, by its id, in epoch seconds: while it was valid, or after it had expired.
    """

    def __init__(
        self,
        failures: Counter,
        *,
        trusted: tuple[Network, ...] = (),
        timer: Callable[[], float] = monotonic,
    ) -> None:
        self.uses: dict[str, int] = {}
        self._failures = failures
        self._trusted = trusted
        self._timer = timer
        self._limits = AttemptLimits(
            max_attempts=MAX_FAILED,
            window_seconds=WINDOW_SECONDS,
            max_keys=_MAX_CLIENTS,
            forgets_oldest=True,
        )
        self._throttle = Throttle(_SECONDS_BETWEEN_LINES, timer)

    def admit(self, request: web.BaseRequest, tokens: TokenTable, at: int) -> Caller:
        """Return who asks at an instant, in epoch seconds; raises `RefusedError`."""
        caller = tokens.authenticate(request.headers.get("Authorization"))
        if not isinstance(caller, Caller):
            raise self._failed(request, caller)
        if caller.expires_at is not None and caller.expires_at <= at:
            # No guess: its secret is right. Whoever sends it is told apart from who guesses.
            self.uses[caller.token_id] = at
            self._failures.labels("expired").inc()
            raise RefusedError("unauthorized", _EXPIRED)
        # Asked only where it matters: the peer's address costs a system call.
        if caller.networks and not caller.may_come_from(self.address_of(request)):
            self._failures.labels("network").inc()
            raise RefusedError("forbidden", "this token is not for the network you ask from")
        self.uses[caller.token_id] = at
        return caller

    def address_of(self, request: web.BaseRequest) -> str | None:
        """Return the address of the client, which trusted proxies may tell."""
        return client_address(request, self._trusted)

    def _failed(self, request: web.BaseRequest, why: Refusal) -> RefusedError:
        """Count a failed attempt; return how it is refused."""
        address = self.address_of(request)
        seconds = ceil(self._limits.take(holder_of(address), self._timer()))
        if not seconds:
            self._failures.labels(why).inc()
            return RefusedError("unauthorized", _REMEDIES[why])
        self._failures.labels("too-many-attempts").inc()
        if self._throttle.admits("too-many-attempts"):
            left_out = self._throttle.take_left_out("too-many-attempts")
            _log.warning("too_many_attempts", remote=address, left_out=left_out)
        detail = f"too many requests without a valid token; {_REMEDIES[why]}"
        return RefusedError("too-many-attempts", detail, **{"Retry-After": str(seconds)})


def admit_operator(_request: web.BaseRequest, _tokens: TokenTable, _at: int) -> Caller:
    """Return who asks over the control socket, which only its owner can open."""
    return LOCAL_OPERATOR
