"""The body of a response, read from its stream as it is iterated over."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from httpcore_models import AsyncResponseStream
from httpcore_models.concurrency import AsyncShield

if TYPE_CHECKING:
    from .connection import AsyncHTTP2Connection
    from .exchange import AsyncExchange


class AsyncHTTP2Body(AsyncResponseStream):
    """Iterates over the body once, in parts as they arrive.

    An iterator object and not a generator: there is nothing in it to be finalised, so one that is abandoned half-way
    leaves no cleanup to the garbage collector. Errors and cancellation end the stream, and nothing but the stream.
    """

    def __init__(
        self, connection: "AsyncHTTP2Connection", exchange: "AsyncExchange", extensions: dict[str, Any], empty: bool
    ) -> None:
        """`extensions` are those of the response; `empty` says that what comes is no body, as in a tunnel."""
        self._connection = connection
        self._exchange = exchange
        self._extensions = extensions
        self._empty = empty
        self._receiving = False
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._closed or self._empty:
            raise StopAsyncIteration
        tracer = self._exchange.tracer
        try:
            if tracer is not None and not self._receiving:
                self._receiving = True
                await tracer.report("receive_response_body.started", self._exchange.info)
            part = await self._connection._receive_body(self._exchange, self._extensions)
            if not part and self._receiving and tracer is not None:
                self._receiving = False
                await tracer.report("receive_response_body.complete", {"return_value": None})
        except BaseException as exc:
            with AsyncShield():
                await self.aclose(exc)
            raise
        if not part:
            raise StopAsyncIteration
        return part

    async def aread(self) -> bytes:
        """Return all of the body that is left."""
        if self._exchange.tracer is None and not self._closed and not self._empty:
            body = self._connection._take_body(self._exchange)
            if body is not None:
                return body
        return await super().aread()

    async def aclose(self, reason: BaseException | None = None) -> None:
        """End the exchange, and reset the stream unless the body was received to its end.

        `reason` is what reading failed with.
        """
        if self._closed:
            return
        self._closed = True
        tracer = self._exchange.tracer
        try:
            if self._receiving and tracer is not None:
                exception = GeneratorExit() if reason is None else reason
                await tracer.report("receive_response_body.failed", {"exception": exception})
        finally:
            try:
                await self._connection._close_response(self._exchange)
            finally:
                if self.lease is not None:
                    await self.lease.release()
