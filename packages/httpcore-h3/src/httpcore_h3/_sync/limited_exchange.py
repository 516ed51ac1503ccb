# Generated from ../_async/limited_exchange.py by tools/make_sync.py: edit that file, then run it.
"""An exchange with a time limit for all of it."""

from typing import Any

from httpcore_models import Request
from httpcore_models.lowlevel import begin_limits
from httpcore_models.multiplexing import LimitedStreamExchange

from .exchange import Exchange


class LimitedExchange(LimitedStreamExchange, Exchange):
    """An exchange each of whose waits ends when the time of the whole request is over, at the latest."""

    @property
    def connect_timeout(self) -> float | None:
        """The limit of a wait for the handshake, in seconds."""
        return None if self.limits is None else self.limits.get("connect")

    def at_most(self, seconds: float) -> float:
        """Return `seconds`, or what is left of the limit of the whole request if that is less."""
        return seconds if self.limits is None else self.limits.at_most(seconds)


def limited_exchange(request: Request, *arguments: Any) -> Exchange:
    """Return an exchange for a request that may have a limit for all of it."""
    limits = begin_limits(request.extensions["timeout"])
    if limits is None:
        return Exchange(request, *arguments)
    exchange = LimitedExchange(request, *arguments)
    exchange.limits = limits
    return exchange
