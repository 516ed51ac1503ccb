# Generated from ../_async/limited_exchange.py by tools/make_sync.py: edit that file, then run it.
"""An exchange with a time limit for all of it."""

from typing import Any

from httpcore_models import Request
from httpcore_models.lowlevel import RequestLimits, begin_limits

from .._events import Event
from .exchange import Exchange


class LimitedExchange(Exchange):
    """An exchange each of whose waits ends when the time of the whole request is over, at the latest.

    The stream of a tunnel has no such limit: it belongs to the caller.
    """

    limits: RequestLimits | None
    # The limits that the stream of a tunnel is given for each read and write.
    _own_read_timeout: float | None = None
    _own_write_timeout: float | None = None

    @property
    def read_timeout(self) -> float | None:
        """The limit of a read that begins now, in seconds."""
        return self._own_read_timeout if self.limits is None else self.limits.get("read")

    @read_timeout.setter
    def read_timeout(self, seconds: float | None) -> None:
        self._own_read_timeout = seconds

    @property
    def write_timeout(self) -> float | None:
        """The limit of a write that begins now, in seconds."""
        return self._own_write_timeout if self.limits is None else self.limits.get("write")

    @write_timeout.setter
    def write_timeout(self, seconds: float | None) -> None:
        self._own_write_timeout = seconds

    @property
    def pool_timeout(self) -> float | None:
        return None if self.limits is None else self.limits.get("pool")

    # An expired limit does not end what need not wait: a server or a body could go on like that for ever.

    def send(self) -> None:
        """See `Sending`."""
        if self.limits is not None:
            self.limits.to_write(self._shared.peer)
        super().send()

    def _send_preface(self) -> None:
        super()._send_preface()
        if self.limits is not None:
            self.limits.to_write(self._shared.peer)

    def send_data(self, chunk: bytes, end: bool = False) -> bool:
        """See `Sending`."""
        if self.limits is not None:
            self.limits.to_write(self._shared.peer)
        return super().send_data(chunk, end)

    def receive_head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """See `Exchange`."""
        head = super().receive_head()
        if self.is_tunnel:
            self.limits = None
        return head

    def _next_event(self) -> Event:
        if self.limits is not None and not self.stream.remote_end:
            self.limits.to_read(self._shared.peer)
        return super()._next_event()


def limited_exchange(request: Request, *arguments: Any) -> Exchange:
    """Return an exchange for a request that may have a limit for all of it."""
    limits = begin_limits(request.extensions["timeout"])
    if limits is None:
        return Exchange(request, *arguments)
    exchange = LimitedExchange(request, *arguments)
    exchange.limits = limits
    return exchange
