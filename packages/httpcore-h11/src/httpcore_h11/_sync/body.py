# Generated from ../_async/body.py by tools/make_sync.py: edit that file, then run it.
"""The body of a response, read from its connection as it is iterated over."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from httpcore_models import (
    BodyIterator,
    Lease,
    NetworkStream,
    ReadError,
    Request,
    ResponseStream,
)
from httpcore_models.concurrency import Shield
from httpcore_models.lowlevel import LegacyBody, Tracer, warn_unclosed

from .._engine import END_OF_MESSAGE, NEED_DATA
from .._states import State

if TYPE_CHECKING:
    from .connection import HTTP11Connection


class HTTP11Body(LegacyBody, ResponseStream):
    """Iterates over the body once, in parts as they arrive.

    An iterator object and not a generator: there is nothing in it to be finalised but the exchange itself. Errors and
    interruption close the connection. Once the body was closed, reading what had not been read of it raises
    `ReadError`. A body that is dropped ends its exchange, with a `ResourceWarning`.
    """

    # At first for all, since most of them stay as they are.
    _closed = True
    _ended = False  # all of the body was given out
    _reading = False
    _traced = False  # the callback knows that the body is being received
    lease: Lease | None = None

    def __init__(
        self,
        connection: "HTTP11Connection",
        request: Request,
        tracer: Tracer | None,
        timeout: float | None,
        extensions: dict[str, Any],
    ) -> None:
        """`extensions` are those of the response, where trailers go.

        Until there is a response, the body counts as closed. Then the connection opens it, and the exchange ends with
        it.
        """
        self._connection = connection
        self._request = request
        self._tracer = tracer
        self._timeout = timeout
        self._extensions = extensions

    def __iter__(self) -> Iterator[bytes]:
        return BodyIterator(self)

    def __next__(self) -> bytes:
        part = self._receive()
        if not part:
            raise StopIteration
        return part

    def read(self) -> bytes:
        """Return all of the body that is left."""
        if self._tracer is None:
            self._reading = True  # see `_receive()`, which goes on from here unless all of the body is there
            body = None if self._closed else self._connection._engine.take_body()
            if body is not None:
                self._ended = True
                self._reading = False
                return body
        parts = []
        while part := self._receive():
            parts.append(part)
        return b"".join(parts)

    def _receive(self) -> bytes:
        """Return the next part of the body, or `b""` at its end."""
        if self._ended and not self._traced:
            return b""
        connection = self._connection
        engine = connection._engine
        try:
            # In this order: who closes the body looks whether somebody reads after saying that it is closed.
            self._reading = True
            if self._closed:
                raise ReadError("Attempted to read the body of a response after the response was closed.")
            if self._tracer is not None and not self._traced:
                self._traced = True
                self._tracer.report("receive_response_body.started", {"request": self._request})
            event = END_OF_MESSAGE if self._ended else engine.next_event()
            while event is NEED_DATA:
                data = connection._network_stream.read(connection.READ_NUM_BYTES, self._timeout)
                if not data:
                    connection._check_not_closed()
                engine.receive_data(data)
                event = engine.next_event()
            if type(event) is bytes:
                self._ended = engine.ended
                return event
            trailing_headers, at_end_of_stream = engine.trailing_headers, engine.at_end_of_stream
            # From here on whoever closes the body may hand the engine on to another request.
            self._ended = True
            if self._tracer is not None:
                self._traced = False
                self._tracer.report("receive_response_body.complete", {"return_value": None})
            if trailing_headers:
                self._extensions["trailing_headers"] = trailing_headers
            if at_end_of_stream:
                # It was the end of the body, and is that of the connection (RFC 9112 section 6.3).
                connection.close()
            return b""
        except BaseException as exc:
            with Shield():
                self.close(exc)
            raise
        finally:
            self._reading = False

    def close(self, reason: BaseException | None = None) -> None:
        """End the exchange, and close the connection unless the body was read to its end.

        `reason` is what reading failed with.
        """
        if self._closed:
            return
        connection = self._connection
        try:
            self._closed = True
            if reason is None and not self._ended and not self._reading:
                self._ended = connection._engine.is_complete()
            if self._tracer is None:
                connection._end_exchange(self._ended)
            else:
                self._close_traced(self._tracer, GeneratorExit() if reason is None else reason)
        except BaseException:
            # Whatever it was interrupted by.
            if connection._state is State.ACTIVE:
                with Shield():
                    connection.close()
            raise
        finally:
            if self.lease is not None:
                self.lease.release()
                self.lease = None

    def replace_stream(self, stream: NetworkStream) -> None:
        """After a switch of protocols: the connection's stream is now this one, which is on top of it."""
        self._connection._network_stream = stream

    def give_up(self) -> None:
        """After a switch of protocols: end the exchange, and with it the connection, but leave its stream open."""
        self._closed = True
        self._connection._state = State.CLOSED

    def _close_traced(self, tracer: Tracer, reason: BaseException) -> None:
        try:
            if self._traced:
                self._traced = False  # there is nothing more to be reported of what may be read on
                tracer.report("receive_response_body.failed", {"exception": reason})
        finally:
            self._connection._close_response(tracer, self._ended)

    def drop(self) -> None:
        """See `ResponseStream`. A callback is told only by `close()`."""
        connection = self._connection
        if self._closed or self._reading or self._tracer is not None or not connection._is_ours():
            return
        connection._drop_exchange(self._ended)
        if connection._state is not State.ACTIVE:
            self._closed = True
            lease, self.lease = self.lease, None
            if lease is not None:
                lease.drop()

    def __del__(self) -> None:
        if self._closed and self.lease is None:
            return
        if sys.is_finalizing() or not self._connection._is_ours():
            return
        closed = self._closed
        # Of a connection that was closed meanwhile, and belongs to no pool, nothing is left open.
        leaked = not closed and (self.lease is not None or self._connection._state is not State.CLOSED)
        try:
            if not closed:
                self._closed = True
                self._connection._drop_exchange(self._ended)
        finally:
            lease, self.lease = self.lease, None
            if lease is not None:
                lease.drop()
        if leaked:
            warn_unclosed(self._request, self)
