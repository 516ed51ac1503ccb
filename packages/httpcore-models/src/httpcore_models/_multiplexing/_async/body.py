"""The body of a response, read from its stream as it is iterated over."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

from ..._async.tracing import AsyncTracer
from ..._bodies import AsyncBodyIterator, AsyncLease, AsyncResponseStream
from ..._exceptions import ReadError
from ..._observing import FailureReport
from ...concurrency import AsyncShield
from ..message_stream import MessageStream


class AsyncMessageExchange(Protocol):
    """The exchange of a request and a response, as the body of the response sees it."""

    tracer: AsyncTracer | None
    is_tunnel: bool
    lease: AsyncLease | None

    @property
    def stream(self) -> MessageStream:
        """Both messages, as far as they have arrived."""

    @property
    def info(self) -> dict[str, Any]:
        """What trace events tell about the exchange."""

    @property
    def is_complete(self) -> bool:
        """Whether the response has been read to its end."""

    async def receive_body(self, extensions: dict[str, Any]) -> bytes:
        """Return the next part of the body, or `b""` at its end. Trailers are put into `extensions`."""

    def observe_end(self, complete: bool) -> None:
        """Tell the observer, once, what was received."""

    async def close(self, shielded: bool = False) -> None:
        """End the exchange. `shielded` says that the caller shields the whole call from cancellation."""

    def abandon(self) -> bool:
        """End the exchange without waiting, where that is possible; return whether it is over."""

    def release(self, holder: object) -> None:
        """End the exchange, because `holder` is being finalised."""


class AsyncMessageBody(AsyncResponseStream):
    """Iterates over the body once, in parts as they arrive.

    This is an iterator and not a generator, which would have a state of its own to clean up. An error or a cancellation
    ends the stream, and only the stream. So does dropping the response without closing it, which issues a
    `ResourceWarning`.
    """

    _exchange: AsyncMessageExchange
    _released = True

    def __init__(self, exchange: AsyncMessageExchange, extensions: dict[str, Any]) -> None:
        """`extensions` are those of the response."""
        self._exchange = exchange
        self._extensions = extensions
        self._receiving = False
        # Whether nothing is left to be read: what comes through a tunnel is not a body.
        self._complete = exchange.is_tunnel
        self._closed = False
        self._released = False  # only now is there something to release

    def __aiter__(self) -> AsyncIterator[bytes]:
        return AsyncBodyIterator(self)

    async def __anext__(self) -> bytes:
        """Return the next part. Raises `ReadError` once the response was closed before it had been read to its end."""
        if self._complete:
            raise StopAsyncIteration
        tracer = self._exchange.tracer
        try:
            self._check_open()
            if tracer is not None and not self._receiving:
                self._receiving = True
                await tracer.report("receive_response_body.started", self._exchange.info)
            part = await self._exchange.receive_body(self._extensions)
            if not part and self._receiving and tracer is not None:
                self._receiving = False
                await tracer.report("receive_response_body.complete", {"return_value": None})
                self._exchange.observe_end(complete=True)
        except BaseException as exc:
            with AsyncShield(), FailureReport("response_closed", exc):
                await self.aclose(exc)
            raise
        if not part:
            self._complete = True
            raise StopAsyncIteration
        return part

    async def aread(self) -> bytes:
        """Return the rest of the body. Raises what iterating over it raises."""
        if self._exchange.tracer is None and not self._closed and not self._complete:
            try:
                body = self._exchange.stream.take_body()
            except BaseException:
                # It comes from a signal handler: the body may be lost.
                await self.aclose()
                raise
            if body is not None:
                self._complete = True
                return body
        return await super().aread()

    def _check_open(self) -> None:
        if self._closed:
            raise ReadError("The response was closed before it had been read to its end")

    async def aclose(self, reason: BaseException | None = None) -> None:
        """End the exchange, and reset the stream unless the body was received to its end.

        `reason` is the exception that reading failed with. A caller that passes it shields this call from cancellation.
        """
        if self._released:
            return
        self._complete = self._complete or self._exchange.is_complete
        self._closed = True
        tracer, receiving = self._exchange.tracer, self._receiving
        self._receiving = False
        try:
            if tracer is not None:
                if receiving:
                    await tracer.report_failure("receive_response_body", reason or GeneratorExit())
                self._exchange.observe_end(self._complete)
        finally:
            try:
                await self._exchange.close(shielded=reason is not None)
            finally:
                if self.lease is not None:
                    await self.lease.release()
        self._released = True

    def drop(self) -> None:
        """See `AsyncResponseStream`. Does nothing if the request is traced: only `aclose()` can call the callback."""
        if self._closed or self._complete or self._exchange.tracer is not None:
            return
        self._closed = self._exchange.abandon()
        if self._closed and self.lease is not None:
            self.lease.drop()

    def __del__(self) -> None:
        if not self._released:
            self._exchange.lease = self.lease
            self._exchange.release(self)
