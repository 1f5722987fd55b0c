"""What the daemon answers from at this moment; a reload swaps it whole."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from pbx_adapters.auth import TokenTable
from routing_engine.snapshot import RoutingSnapshot


@dataclass(frozen=True, slots=True)
class Service:
    """One snapshot, the tokens that may ask it, and what is wrong with either.

    `troubles` are sentences for readiness and logs; empty when all is well. `degraded_targets`
    counts slots whose forward or message can't be used (semantics.md rule 19).
    """

    snapshot: RoutingSnapshot
    tokens: TokenTable
    troubles: tuple[str, ...] = ()
    degraded_targets: int = 0

    def with_troubles(self, troubles: tuple[str, ...]) -> "Service":
        """Return the same service with other troubles told."""
        return replace(self, troubles=troubles)


@dataclass(slots=True)
class Serving:
    """The service in force, None until the first one is loaded; changed on the event loop only.

    `on_change` is called after each change.
    """

    service: Service | None = None
    troubles: tuple[str, ...] = ("nothing is loaded yet; try again in a moment",)
    on_change: Callable[[], None] = lambda: None

    def put(self, service: Service) -> None:
        """Swap the service: the next call is answered from this one."""
        self.service = service
        self.troubles = service.troubles
        self.on_change()

    def put_troubles(self, troubles: tuple[str, ...]) -> None:
        """Say why there is no service."""
        self.troubles = troubles
        self.on_change()
