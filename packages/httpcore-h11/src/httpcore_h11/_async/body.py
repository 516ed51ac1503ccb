"""The body of a response, read from its connection as it is iterated over."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from httpcore_models import AsyncTracer, Request
from httpcore_models.concurrency import AsyncShield

if TYPE_CHECKING:
    from .connection import AsyncHTTP11Connection


class AsyncResponseBody:
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
    ) -> None:
        self._connection = connection
        self._request = request
        self._tracer = tracer
        self._timeout = timeout
        self._receiving = False
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._closed:
            raise StopAsyncIteration
        try:
            if self._tracer is not None and not self._receiving:
                self._receiving = True
                await self._tracer.report("receive_response_body.started", {"request": self._request})
            part = await self._connection._receive_body(self._timeout)
            if not part and self._receiving and self._tracer is not None:
                self._receiving = False
                await self._tracer.report("receive_response_body.complete", {"return_value": None})
        except BaseException as exc:
            with AsyncShield():
                await self._close(exc)
            raise
        if not part:
            raise StopAsyncIteration
        return part

    async def aclose(self) -> None:
        """End the exchange, and close the connection unless the body was read to its end."""
        await self._close(GeneratorExit())

    async def _close(self, reason: BaseException) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            if self._receiving and self._tracer is not None:
                await self._tracer.report("receive_response_body.failed", {"exception": reason})
        finally:
            await self._connection._close_response(self._tracer)
