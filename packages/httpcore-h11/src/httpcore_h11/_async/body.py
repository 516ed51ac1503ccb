"""The body of a response, read from its connection as it is iterated over."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from httpcore_models import AsyncResponseStream, AsyncTracer, Request
from httpcore_models.concurrency import AsyncShield

from .._engine import END_OF_MESSAGE, NEED_DATA

if TYPE_CHECKING:
    from .connection import AsyncHTTP11Connection


class AsyncHTTP11Body(AsyncResponseStream):
    """Iterates over the body once, in parts as they arrive.

    An iterator object and not a generator: there is nothing in it to be finalised, so one that is abandoned half-way
    leaves no cleanup to the garbage collector. Errors and cancellation close the connection.
    """

    def __init__(
        self,
        connection: "AsyncHTTP11Connection",
        request: Request,
        tracer: AsyncTracer | None,
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
        self.lease = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        part = await self._receive()
        if not part:
            raise StopAsyncIteration
        return part

    async def aread(self) -> bytes:
        """Return all of the body that is left."""
        if self._tracer is None and not self._closed:
            body = self._connection._engine.take_body()
            if body is not None:
                return body
        parts = []
        while part := await self._receive():
            parts.append(part)
        return b"".join(parts)

    async def _receive(self) -> bytes:
        """Return the next part of the body, or `b""` at its end."""
        connection = self._connection
        engine = connection._engine
        if self._closed or (engine.ended and self._tracer is None):
            return b""
        try:
            if self._tracer is not None and not self._receiving:
                self._receiving = True
                await self._tracer.report("receive_response_body.started", {"request": self._request})
            while (event := engine.next_event()) is NEED_DATA:
                engine.receive_data(await connection._stream.read(connection.READ_NUM_BYTES, self._timeout))
            if event is END_OF_MESSAGE and self._receiving and self._tracer is not None:
                self._receiving = False
                await self._tracer.report("receive_response_body.complete", {"return_value": None})
        except BaseException as exc:
            with AsyncShield():
                await self.aclose(exc)
            raise
        if type(event) is bytes:
            return event
        if engine.trailing_headers:
            self._extensions["trailing_headers"] = engine.trailing_headers
        return b""

    async def aclose(self, reason: BaseException | None = None) -> None:
        """End the exchange, and close the connection unless the body was read to its end.

        `reason` is what reading failed with.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if self._tracer is None:
                await self._connection._end_exchange()
            else:
                await self._close_traced(self._tracer, GeneratorExit() if reason is None else reason)
        finally:
            if self.lease is not None:
                await self.lease.release()

    async def _close_traced(self, tracer: AsyncTracer, reason: BaseException) -> None:
        try:
            if self._receiving:
                await tracer.report("receive_response_body.failed", {"exception": reason})
        finally:
            await self._connection._close_response(tracer)
