# Generated from ../_async/exchange.py by tools/make_sync.py: edit that file, then run it.
"""A request and its response on a connection that carries many: what HTTP/2 and HTTP/3 have in common."""

import os
import sys
from collections.abc import Generator, Iterable
from typing import Any

from ..._bodies import Lease
from ..._observing import size_of_fields
from ..._request import Request
from ..._sync.interfaces import ConnectionInterface
from ..._sync.tracing import Tracer
from ..._total_limit import RequestLimits
from ..._unclosed import warn_unclosed
from ..events import END_OF_STREAM, Event, InformationalResponse, Trailers
from ..message_stream import MessageStream
from .sharing import SharedConnection


class StreamExchange:
    """A request and its response, which end with their stream.

    A subclass sends the request and receives the events of the response.
    """

    request: Request
    tracer: Tracer | None
    stream: MessageStream
    #: What has to be closed at the end of the exchange if it can carry no other one.
    connection: ConnectionInterface
    #: The limits of a read and a write that begin now, in seconds.
    read_timeout: float | None
    write_timeout: float | None

    #: Whether the stream has become a tunnel, after a successful CONNECT.
    is_tunnel: bool = False
    #: The time limits, if there is one for the whole request; see `LimitedStreamExchange`.
    limits: RequestLimits | None = None
    #: How many objects stand for the exchange that the user may drop: the body, and the stream of a tunnel.
    holders: int = 1
    #: The lease of a body that was dropped.
    lease: Lease | None = None
    # Of all exchanges on the connection.
    _shared: SharedConnection
    # Whether the exchange was ended without waiting, so that the server may not have been told yet.
    _dropped: bool = False
    # What the observer is told about the response.
    _header_bytes: int = 0
    _end_observed: bool = False

    @property
    def info(self) -> dict[str, Any]:
        """What trace events tell about the exchange."""
        return {"request": self.request, "stream_id": self.stream.id}

    @property
    def pool_timeout(self) -> float | None:
        """The limit of a wait for the stream to be opened, in seconds."""
        timeout: float | None = self.request.extensions.get("timeout", {}).get("pool")
        return timeout

    # What a subclass does.

    def send(self) -> None:
        """Open the stream as soon as the server allows it, and send the request."""
        raise NotImplementedError

    def send_data(self, chunk: bytes, end: bool = False) -> bool:
        """Send a part of the body, with which it may `end`; return false if the server wants no more of it."""
        raise NotImplementedError

    def receive_head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Return status and headers of the final response."""
        raise NotImplementedError

    def _next_event(self) -> Event:
        """Return the next event of the response, as soon as there is one."""
        raise NotImplementedError

    def _end(self, shielded: bool) -> None:
        """End the stream, and tell the server; `shielded` says that nothing can interrupt this call."""
        raise NotImplementedError

    # Sending.

    def _send_parts(self, body: Iterable[bytes]) -> bool:
        """Send a body part by part; return false if the server wants no more of it."""
        parts = body.__iter__()
        try:
            for chunk in parts:
                if not (type(chunk) is bytes and not chunk) and not self.send_data(chunk):
                    return False
        finally:
            # A generator that is not exhausted has to run its own cleanup now. A file stays open: it is the user's.
            if isinstance(parts, Generator):
                parts.close()
        return True

    # Receiving.

    def _report_interim(self, response: InformationalResponse) -> None:
        if self.tracer is not None:
            self.tracer.report("receive_informational_response.started", self.info)
            self.tracer.report("receive_informational_response.complete", {"return_value": tuple(response)})

    def receive_body(self, extensions: dict[str, Any]) -> bytes:
        """Return the next part of the body, or `b""` at its end. Trailers are put into `extensions`."""
        while True:
            event = self._next_event()
            if isinstance(event, bytes):
                return event
            if isinstance(event, Trailers):
                extensions["trailing_headers"] = event.headers
            if event is END_OF_STREAM:
                return b""

    def observe_head(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Note how large the head of the response is. After that of a tunnel, nothing else of a message comes."""
        self._header_bytes = len(":status") + 3 + size_of_fields(headers)
        if self.is_tunnel:
            self.observe_end(complete=True)

    def observe_end(self, complete: bool) -> None:
        """Tell the observer, once, what was received: at the end of the response, or when the exchange ends."""
        if self.tracer is not None and not self._end_observed:
            self._end_observed = True
            size = 0 if self.is_tunnel else self.stream.received
            info = {"header_bytes": self._header_bytes, "body_bytes": size, "complete": complete}
            self.tracer.observe("response.received", info)

    @property
    def is_complete(self) -> bool:
        """Whether the response has been read to its end."""
        return self.stream.remote_end and not self.stream.events

    # The end.

    def close(self, shielded: bool = False) -> None:
        """End the exchange; reset the stream unless it has ended by itself. Closing again does nothing.

        `shielded` says that the caller shields the whole call from interruption. Otherwise only the last step, telling
        the server, is shielded.
        """
        shared, stream = self._shared, self.stream
        # In a child process, the stream is the parent's.
        if os.getpid() != shared.process or not (stream in shared.engine.requests or self._dropped):
            return
        if self.tracer is not None and not self._dropped and shared.engine.has_opened(stream):
            self._close_traced(self.tracer, shielded)
        else:
            self._end(shielded)

    def _close_traced(self, tracer: Tracer, shielded: bool) -> None:
        try:
            tracer.run("response_closed", {"stream_id": self.stream.id}, self._end, shielded)
        except BaseException:
            # The callback may have raised, or been interrupted, before the exchange was ended.
            self._end(shielded)
            raise

    def abandon(self) -> bool:
        """End an exchange whose body will not be read any further, without waiting; return whether it is over."""
        shared = self._shared
        is_open = os.getpid() == shared.process and self.stream in shared.engine.requests
        if not is_open or shared.is_read_for(self.stream):
            return False
        self._dropped = True
        shared.drop(self.stream)
        return True

    def abort(self) -> None:
        """End the exchange without waiting; may be called from a finaliser and from any thread."""
        self._shared.drop(self.stream)

    def release(self, holder: object) -> None:
        """End the exchange, because `holder` is being finalised, unless another object still stands for it.

        May be called at any point, even while the same thread holds the lock, and does not wait.
        """
        self.holders -= 1
        shared = self._shared
        if os.getpid() != shared.process or sys.is_finalizing():
            return
        is_open = self.stream in shared.engine.requests and not self.connection.is_closed()
        if is_open and self.holders:
            return
        if is_open:
            self.abort()
        drop = getattr(self.lease, "drop", None)
        if drop is not None:
            drop()
        if is_open:
            warn_unclosed(self.request, holder)


class LimitedStreamExchange(StreamExchange):
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
        """The limit of a wait for the stream to be opened, in seconds."""
        return None if self.limits is None else self.limits.get("pool")

    # An expired limit does not end what need not wait: a server or a body could go on like that for ever.

    def send(self) -> None:
        """See `StreamExchange`."""
        if self.limits is not None:
            self.limits.to_write(self._shared.peer)
        super().send()

    def send_data(self, chunk: bytes, end: bool = False) -> bool:
        """See `StreamExchange`."""
        if self.limits is not None:
            self.limits.to_write(self._shared.peer)
        return super().send_data(chunk, end)

    def receive_head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """See `StreamExchange`."""
        head = super().receive_head()
        if self.is_tunnel:
            self.limits = None
        return head

    def _next_event(self) -> Event:
        if self.limits is not None and not self.stream.remote_end:
            self.limits.to_read(self._shared.peer)
        return super()._next_event()
