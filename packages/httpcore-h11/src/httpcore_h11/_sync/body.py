# Generated from ../_async/body.py by tools/make_sync.py: edit that file, then run it.
"""The body of a response, read from its connection as it is iterated over."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from httpcore_models import Request, Tracer
from httpcore_models.concurrency import Shield

from .._engine import END_OF_MESSAGE, NEED_DATA

if TYPE_CHECKING:
    from .connection import HTTP11Connection


class ResponseBody:
    """Iterates over the body once, in parts as they arrive.

    An iterator object and not a generator: there is nothing in it to be finalised, so one that is abandoned half-way
    leaves no cleanup to the garbage collector. Errors and cancellation close the connection.
    """

    def __init__(
        self,
        connection: "HTTP11Connection",
        request: Request,
        tracer: Tracer | None,
        timeout: float | None,
        extensions: dict[str, Any],
    ) -> None:
        """`extensions` are those of the response, where trailers go."""
        self._connection = connection
        self._request = request
        self._tracer = tracer
        self._timeout = timeout
        self._extensions = extensions
        self._receiving = False
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        engine = self._connection._engine
        if self._closed or (engine.ended and self._tracer is None):
            raise StopIteration
        try:
            if self._tracer is not None and not self._receiving:
                self._receiving = True
                self._tracer.report("receive_response_body.started", {"request": self._request})
            connection = self._connection
            while (event := engine.next_event()) is NEED_DATA:
                engine.receive_data(connection._stream.read(connection.READ_NUM_BYTES, self._timeout))
            if event is END_OF_MESSAGE and self._receiving and self._tracer is not None:
                self._receiving = False
                self._tracer.report("receive_response_body.complete", {"return_value": None})
        except BaseException as exc:
            with Shield():
                self._close(exc)
            raise
        if type(event) is bytes:
            return event
        if engine.trailing_headers:
            self._extensions["trailing_headers"] = engine.trailing_headers
        raise StopIteration

    def close(self) -> None:
        """End the exchange, and close the connection unless the body was read to its end."""
        if self._tracer is not None:
            self._close(GeneratorExit())
        elif not self._closed:
            self._closed = True
            self._connection._end_exchange()

    def _close(self, reason: BaseException) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            if self._receiving and self._tracer is not None:
                self._tracer.report("receive_response_body.failed", {"exception": reason})
        finally:
            self._connection._close_response(self._tracer)
