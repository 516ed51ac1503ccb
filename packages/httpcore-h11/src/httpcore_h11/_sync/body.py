# Generated from ../_async/body.py by tools/make_sync.py: edit that file, then run it.
"""The body of a response, received as it is iterated over, and the end of the exchange."""

import sys
import time
from collections.abc import Iterator

from httpcore_models import BodyIterator, Lease, ReadError
from httpcore_models.concurrency import Shield, forks
from httpcore_models.lowlevel import FailureReport, LegacyBody, Tracer, warn_unclosed

from .._events import END_OF_MESSAGE, NEED_DATA
from .._states import TRANSITIONS, Input, State
from .exchange import Exchange

# Before Python 3.12, looking up a member of an enumeration is slow.
_ACTIVE, _COMPLETE, _CLOSE = State.ACTIVE, Input.COMPLETE, Input.CLOSE


class HTTP11Body(LegacyBody, Exchange):
    """Iterates over the body once, in parts as they arrive.

    This is an iterator and not a generator, which would have a state of its own to clean up. Errors and interruption
    close the connection. Reading a body that was closed before its end raises `ReadError`. A body that is dropped
    without being closed ends its exchange, with a `ResourceWarning`.
    """

    # Defaults for all bodies, since most of them keep these values.
    _ended = False  # the whole body was returned
    _reading = False
    _trace_pending = False  # `receive_response_body.started` was reported, its end was not
    lease: Lease | None = None

    def __iter__(self) -> Iterator[bytes]:
        return BodyIterator(self)

    def __next__(self) -> bytes:
        part = self._receive()
        if not part:
            raise StopIteration
        return part

    def read(self) -> bytes:
        """Return the rest of the body."""
        if self._tracer is None:
            self._reading = True  # see `_receive()`, which takes over unless the whole body is there
            body = None if self._closed else self._engine.take_body()
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
        if self._ended and not self._trace_pending:
            return b""
        lifecycle, engine, tracer = self._lifecycle, self._engine, self._tracer
        try:
            # In this order: `close()`, in another thread, looks at `_reading` after it has set `_closed`.
            self._reading = True
            if self._closed:
                raise ReadError("Attempted to read the body of a response after the response was closed.")
            if tracer is not None and not self._trace_pending:
                self._trace_pending, process = True, forks.count
                tracer.report("receive_response_body.started", {"request": self._request})
                if forks.count != process:  # the callback has forked, and the body is for the parent
                    raise ReadError(f"The connection belongs to another process ({lifecycle.origin})")
            event = END_OF_MESSAGE if self._ended else engine.next_event()
            while event is NEED_DATA:
                if self._limits is not None:
                    self._timeout = self._limits.to_read(lifecycle.origin)
                data = lifecycle.stream.read(lifecycle.read_size, self._timeout)
                if not data:
                    self._check_not_closed()
                engine.receive_data(data)
                event = engine.next_event()
            if type(event) is bytes:
                self._ended = engine.ended
                if tracer is not None:
                    self._body_bytes += len(event)
                return event
            trailing_headers, at_end_of_stream = engine.trailing_headers, engine.at_end_of_stream
            # After this, `close()` in another thread may hand the engine on to the next request.
            self._ended = True
            if tracer is not None:
                self._trace_pending = False
                tracer.report("receive_response_body.complete", {"return_value": None})
                self._observe_end(complete=True)
            if trailing_headers:
                self._extensions["trailing_headers"] = trailing_headers
            if at_end_of_stream:
                # The end of stream ended the body, and ends the connection too (RFC 9112 section 6.3).
                lifecycle.close()
            return b""
        except BaseException as exc:
            with Shield(), FailureReport("response_closed", exc):
                self.close(exc)
            raise
        finally:
            self._reading = False

    def close(self, reason: BaseException | None = None) -> None:
        """End the exchange, and close the connection unless the body was read to its end.

        `reason` is the exception that reading failed with, if it did.
        """
        if self._closed:
            return
        lifecycle = self._lifecycle
        try:
            self._closed = True
            if reason is None and not self._ended and not self._reading:
                self._ended = self._engine.is_complete()
            if self._tracer is not None:
                self._close_traced(self._tracer, reason)
            elif not self._keep_alive():
                self._note_reason(reason)
                self._close_connection()
        except BaseException:
            # An interruption or a signal handler may raise anywhere above.
            if lifecycle.is_active():
                with Shield():
                    lifecycle.close()
            raise
        finally:
            if self.lease is not None:
                self.lease.release()
                self.lease = None

    def _close_traced(self, tracer: Tracer, reason: BaseException | None) -> None:
        try:
            if self._trace_pending:
                self._trace_pending = False  # a `_receive()` that goes on meanwhile has nothing left to report
                tracer.report_failure("receive_response_body", reason or GeneratorExit())
            self._observe_end(self._ended)
        finally:
            try:
                tracer.run("response_closed", {}, self._end_exchange, reason)
            except BaseException:
                # The callback, an interruption or a signal handler may raise before the exchange has ended.
                if self._lifecycle.is_active():
                    self._end_exchange(reason)
                raise

    def _end_exchange(self, reason: BaseException | None) -> None:
        if not self._keep_alive():
            self._note_reason(reason)
            self._close_connection()

    def _note_reason(self, reason: BaseException | None) -> None:
        """Note why the connection is closed, unless it carried its last exchange to the end, or is closed already."""
        lifecycle = self._lifecycle
        if reason is not None:
            lifecycle.close_reason = "failed" if isinstance(reason, Exception) else "cancelled"
        elif self._engine.leading_data is not None:
            lifecycle.close_reason = "protocol was switched"
        elif not self._ended and lifecycle.is_active():
            lifecycle.close_reason = "response was not read to its end"

    def _keep_alive(self) -> bool:
        """End the exchange, and return whether the connection can carry another one. If not, close it next."""
        lifecycle = self._lifecycle
        with lifecycle.state_lock:
            kept_alive = self._ended and lifecycle.state is _ACTIVE and self._engine.next_cycle()
            if kept_alive:
                if lifecycle.keepalive_expiry is not None:
                    lifecycle.expire_at = time.monotonic() + lifecycle.keepalive_expiry
                lifecycle.state = TRANSITIONS[_ACTIVE][_COMPLETE]
        return kept_alive

    def _close_connection(self) -> None:
        with Shield():
            self._lifecycle.close()

    def _drop_exchange(self) -> None:
        """End the exchange of a response that was dropped without being closed.

        Finalisers call this, and may run in the middle of anything: so it waits for nothing, not even for the lock.
        Besides the exchange that ends here, only closing the connection changes the state. If another thread does that
        at the same time, the state may end up idle, but the closed stream makes `has_expired()` true.
        """
        lifecycle = self._lifecycle
        if lifecycle.state is not _ACTIVE:
            return
        if (self._ended or self._engine.is_complete()) and self._engine.next_cycle():
            if lifecycle.keepalive_expiry is not None:
                lifecycle.expire_at = time.monotonic() + lifecycle.keepalive_expiry
            lifecycle.state = TRANSITIONS[_ACTIVE][_COMPLETE]
            return
        lifecycle.close_reason = "response was not closed"
        abort = getattr(lifecycle.stream, "abort", None)
        if abort is not None:  # otherwise the pool closes the connection when it finds it still active
            lifecycle.state = TRANSITIONS[_ACTIVE][_CLOSE]
            abort()

    def drop(self) -> None:
        """See `ResponseStream`. With a trace callback, which only `close()` can call, this does nothing."""
        lifecycle = self._lifecycle
        if self._closed or self._reading or self._tracer is not None or not lifecycle.is_ours():
            return
        self._drop_exchange()
        if not lifecycle.is_active():
            self._closed = True
            lease, self.lease = self.lease, None
            if lease is not None:
                lease.drop()

    def __del__(self) -> None:
        if self._closed and self.lease is None:
            return
        lifecycle = self._lifecycle
        if sys.is_finalizing() or not lifecycle.is_ours():
            return
        closed = self._closed
        # Nothing leaks if the connection belongs to no pool and was closed meanwhile.
        leaked = not closed and (self.lease is not None or not lifecycle.is_closed())
        try:
            if not closed:
                self._closed = True
                self._drop_exchange()
        finally:
            lease, self.lease = self.lease, None
            if lease is not None:
                lease.drop()
        if leaked:
            warn_unclosed(self._request, self)
