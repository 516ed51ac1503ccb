"""An exchange with a time limit for all of it."""

from typing import Any

from httpcore_models import Request
from httpcore_models.lowlevel import begin_limits
from httpcore_models.multiplexing import AsyncLimitedStreamExchange

from .exchange import AsyncExchange


class AsyncLimitedExchange(AsyncLimitedStreamExchange, AsyncExchange):
    """An exchange each of whose waits ends when the time of the whole request is over, at the latest."""

    @property
    def connect_timeout(self) -> float | None:
        """The limit of a wait for the handshake, in seconds."""
        return None if self.limits is None else self.limits.get("connect")

    def at_most(self, seconds: float) -> float:
        """Return `seconds`, or what is left of the limit of the whole request if that is less."""
        return seconds if self.limits is None else self.limits.at_most(seconds)


def async_limited_exchange(request: Request, *arguments: Any) -> AsyncExchange:
    """Return an exchange for a request that may have a limit for all of it."""
    limits = begin_limits(request.extensions["timeout"])
    if limits is None:
        return AsyncExchange(request, *arguments)
    exchange = AsyncLimitedExchange(request, *arguments)
    exchange.limits = limits
    return exchange
