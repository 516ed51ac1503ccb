# Generated from ../_async/body.py by tools/make_sync.py: edit that file, then run it.
"""The body of a response, read from its stream as it is iterated over."""

from collections.abc import Iterator
from typing import Any, Protocol

from ..._bodies import BodyIterator, Lease, ResponseStream
from ..._exceptions import ReadError
from ..._observing import FailureReport
from ..._sync.tracing import Tracer
from ...concurrency import Shield
from ..message_stream import MessageStream


class MessageExchange(Protocol):
    """The exchange of a request and a response, as the body of the response sees it."""

    tracer: Tracer | None
    is_tunnel: bool
    lease: Lease | None

    @property
    def stream(self) -> MessageStream:
        """Both messages, as far as they have arrived."""

    @property
    def info(self) -> dict[str, Any]:
        """What trace events tell about the exchange."""

    @property
    def is_complete(self) -> bool:
        """Whether the response has been read to its end."""

    def receive_body(self, extensions: dict[str, Any]) -> bytes:
        """Return the next part of the body, or `b""` at its end. Trailers are put into `extensions`."""

    def observe_end(self, complete: bool) -> None:
        """Tell the observer, once, what was received."""

    def close(self, shielded: bool = False) -> None:
        """End the exchange. `shielded` says that the caller shields the whole call from interruption."""

    def abandon(self) -> bool:
        """End the exchange without waiting, where that is possible; return whether it is over."""

    def release(self, holder: object) -> None:
        """End the exchange, because `holder` is being finalised."""


class MessageBody(ResponseStream):
    """Iterates over the body once, in parts as they arrive.

    This is an iterator and not a generator, which would have a state of its own to clean up. An error or an interruption
    ends the stream, and only the stream. So does dropping the response without closing it, which issues a
    `ResourceWarning`.
    """

    _exchange: MessageExchange
    _released = True

    def __init__(self, exchange: MessageExchange, extensions: dict[str, Any]) -> None:
        """`extensions` are those of the response."""
        self._exchange = exchange
        self._extensions = extensions
        self._receiving = False
        # Whether nothing is left to be read: what comes through a tunnel is not a body.
        self._complete = exchange.is_tunnel
        self._closed = False
        self._released = False  # only now is there something to release

    def __iter__(self) -> Iterator[bytes]:
        return BodyIterator(self)

    def __next__(self) -> bytes:
        """Return the next part. Raises `ReadError` once the response was closed before it had been read to its end."""
        if self._complete:
            raise StopIteration
        tracer = self._exchange.tracer
        try:
            self._check_open()
            if tracer is not None and not self._receiving:
                self._receiving = True
                tracer.report("receive_response_body.started", self._exchange.info)
            part = self._exchange.receive_body(self._extensions)
            if not part and self._receiving and tracer is not None:
                self._receiving = False
                tracer.report("receive_response_body.complete", {"return_value": None})
                self._exchange.observe_end(complete=True)
        except BaseException as exc:
            with Shield(), FailureReport("response_closed", exc):
                self.close(exc)
            raise
        if not part:
            self._complete = True
            raise StopIteration
        return part

    def read(self) -> bytes:
        """Return the rest of the body. Raises what iterating over it raises."""
        if self._exchange.tracer is None and not self._closed and not self._complete:
            try:
                body = self._exchange.stream.take_body()
            except BaseException:
                # It comes from a signal handler: the body may be lost.
                self.close()
                raise
            if body is not None:
                self._complete = True
                return body
        return super().read()

    def _check_open(self) -> None:
        if self._closed:
            raise ReadError("The response was closed before it had been read to its end")

    def close(self, reason: BaseException | None = None) -> None:
        """End the exchange, and reset the stream unless the body was received to its end.

        `reason` is the exception that reading failed with. A caller that passes it shields this call from interruption.
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
                    tracer.report_failure("receive_response_body", reason or GeneratorExit())
                self._exchange.observe_end(self._complete)
        finally:
            try:
                self._exchange.close(shielded=reason is not None)
            finally:
                if self.lease is not None:
                    self.lease.release()
        self._released = True

    def drop(self) -> None:
        """See `ResponseStream`. Does nothing if the request is traced: only `close()` can call the callback."""
        if self._closed or self._complete or self._exchange.tracer is not None:
            return
        self._closed = self._exchange.abandon()
        if self._closed and self.lease is not None:
            self.lease.drop()

    def __del__(self) -> None:
        if not self._released:
            self._exchange.lease = self.lease
            self._exchange.release(self)
