"""An exchange with a time limit for all of it."""

from typing import Any

from httpcore_models import Request
from httpcore_models.lowlevel import RequestLimits, begin_limits
from httpcore_models.multiplexing import Event

from .exchange import AsyncExchange


class AsyncLimitedExchange(AsyncExchange):
    """An exchange each of whose waits ends when the time of the whole request is over, at the latest."""

    limits: RequestLimits | None

    def _limit(self, name: str) -> float | None:
        return None if self.limits is None else self.limits.get(name)

    @property
    def read_timeout(self) -> float | None:
        """The limit of a read that begins now, in seconds."""
        return self._limit("read")

    @read_timeout.setter
    def read_timeout(self, seconds: float | None) -> None:
        pass

    @property
    def write_timeout(self) -> float | None:
        """The limit of a write that begins now, in seconds."""
        return self._limit("write")

    @write_timeout.setter
    def write_timeout(self, seconds: float | None) -> None:
        pass

    @property
    def _pool_timeout(self) -> float | None:
        return self._limit("pool")

    @_pool_timeout.setter
    def _pool_timeout(self, seconds: float | None) -> None:
        pass

    @property
    def _connect_timeout(self) -> float | None:
        return self._limit("connect")

    @_connect_timeout.setter
    def _connect_timeout(self, seconds: float | None) -> None:
        pass

    # An expired limit does not end what need not wait: a server or a body could go on like that for ever.

    async def send(self) -> None:
        """See `AsyncSending`."""
        if self.limits is not None:
            self.limits.to_write(self._shared.peer)
        await super().send()

    async def send_data(self, chunk: bytes, end: bool = False) -> bool:
        """See `AsyncSending`."""
        if self.limits is not None:
            self.limits.to_write(self._shared.peer)
        return await super().send_data(chunk, end)

    async def _next_event(self) -> Event:
        if self.limits is not None and not self.stream.remote_end:
            self.limits.to_read(self._shared.peer)
        return await super()._next_event()


def async_limited_exchange(request: Request, *arguments: Any) -> AsyncExchange:
    """Return an exchange for a request that may have a limit for all of it."""
    limits = begin_limits(request.extensions["timeout"])
    if limits is None:
        return AsyncExchange(request, *arguments)
    exchange = AsyncLimitedExchange(request, *arguments)
    exchange.limits = limits
    return exchange
