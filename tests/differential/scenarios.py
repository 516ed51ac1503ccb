"""A scenario: which peer, which caller, and what is around them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["LAYERS", "ROUTES", "WORLDS", "Scenario"]

WORLDS = ("sync", "asyncio", "uvloop", "trio")
ROUTES = ("direct", "http proxy", "https proxy", "socks", "socks auth")
LAYERS = ("httpcore", "httpx")


@dataclass(frozen=True)
class Scenario:
    """One combination. Its text, such as `never/get/sync/clear/h11/direct/httpcore`, names it."""

    peer: str
    caller: str
    world: str = "sync"
    tls: bool = False
    http2: bool = False
    route: str = "direct"
    layer: str = "httpcore"

    def __str__(self) -> str:
        parts = (
            self.peer,
            self.caller,
            self.world,
            "tls" if self.tls else "clear",
            "h2" if self.http2 else "h11",
            self.route,
            self.layer,
        )
        return "/".join(parts)

    @classmethod
    def parse(cls, text: str) -> Scenario:
        """Return the scenario with that text; parts that are missing at the end are those of the simplest one."""
        values = [*text.split("/"), *["", "sync", "clear", "h11", "direct", "httpcore"][len(text.split("/")) - 1 :]]
        peer, caller, world, tls, http2, route, layer = values
        return cls(peer, caller, world, tls == "tls", http2 == "h2", route, layer)

    def case(self, **more: Any) -> dict[str, Any]:
        """Return what a runner has to know."""
        return {**asdict(self), **more}
