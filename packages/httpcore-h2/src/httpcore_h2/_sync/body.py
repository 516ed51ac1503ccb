# Generated from ../_async/body.py by tools/make_sync.py: edit that file, then run it.
"""The body of a response, read from its stream as it is iterated over."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from httpcore_models import BodyIterator, ReadError, ResponseStream
from httpcore_models.concurrency import Shield

from .._legacy import LegacyBody

if TYPE_CHECKING:
    # The body can be imported without h2, the exchange cannot.
    from .exchange import Exchange


class HTTP2Body(LegacyBody, ResponseStream):
    """Iterates over the body once, in parts as they arrive.

    This is an iterator and not a generator, which would have a state of its own to clean up. An error or an interruption
    ends the stream, and only the stream. So does dropping the response without closing it, which issues a
    `ResourceWarning`.
    """

    _exchange: "Exchange"
    _released = True

    def __init__(self, exchange: "Exchange", extensions: dict[str, Any]) -> None:
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
            with Shield():
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
                    exception = GeneratorExit() if reason is None else reason
                    tracer.report("receive_response_body.failed", {"exception": exception})
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
