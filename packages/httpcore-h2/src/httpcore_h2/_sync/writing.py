# Generated from ../_async/writing.py by tools/make_sync.py: edit that file, then run it.
"""Writing to the network stream of a connection, for all of its requests.

Whoever has made the engine produce bytes writes all there are. One writes at a time: the bytes are taken under the
lock and leave in the order in which the engine made them.

A server may stop reading until what it sends is read. So a write that has to wait looks at what arrives meanwhile,
where the stream allows that, and what it cannot finish is kept for the next one.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from httpcore_models import NetworkStream, ReadTimeout, WriteError, WriteTimeout
from httpcore_models.concurrency import Event
from httpcore_models.lowlevel import optional_method

from .._engine import Engine
from .._events import Failure
from .exchange import Exchange

# How long, in seconds, a request waits for its part in what the connection has to say, such as that it has received
# something. What the server does not take by then is sent by whoever waits next.
PATIENCE = 0.01


def _nothing() -> None:
    pass


class Writer:
    """The sending side of a network stream that requests share."""

    def __init__(self, stream: NetworkStream, engine: Engine, lock: threading.Lock, peer: str) -> None:
        """`lock` guards `engine`, and all that is here."""
        self._stream = stream
        self._engine = engine
        self._outgoing = engine.outgoing
        self._lock = lock
        self._peer = peer
        self._write_until_readable: Callable[..., Any] | None = None
        if optional_method(stream, "receive_nowait", instead_of="read") is not None:
            # Without that, what there is to be read could not be got out of the way.
            self._write_until_readable = optional_method(stream, "write_until_readable", instead_of="write")
        # A token of whoever writes, and who waits for that to end.
        self._writer: object | None = None
        self._writers: dict[Event, None] = {}
        # What was taken from the engine, but not by the stream; and whether the stream keeps something that an
        # interrupted write has left.
        self._unsent = b""
        self._interrupted = False
        # How often something has arrived.
        self._arrivals = 0
        #: Called when the connection may take more or fewer requests than before: with the lock held, and without it.
        self.on_change: Callable[[], None] = _nothing
        self.report: Callable[[], None] = _nothing
        #: Called without the lock, to end what was dropped while somebody held it.
        self.end_dropped: Callable[[], None] = _nothing
        # Set when somebody who reads has done so.
        self._has_read: Event | None = None

    @property
    def output_pending(self) -> bool:
        """Whether there is something to be sent."""
        return bool(self._outgoing or self._unsent or self._interrupted)

    def flush(
        self, timeout: float | None, exchange: Exchange | None = None, enough: Callable[[], bool] | None = None
    ) -> None:
        """Write what the engine has to send. Raises `WriteError`, or `WriteTimeout`, for waiting behind others too.

        Whoever writes goes on until there is nothing left, so that those who wait meanwhile need not; or until `enough`
        says, after something has arrived, that it is not worth waiting for. A failure is noted with `exchange`, too.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        arrivals = self._arrivals
        token = object()
        try:
            while True:
                event = None
                with self._lock:
                    if self._writer is None or self._writer is token:
                        self._writer = token
                        if not (self._outgoing or self._unsent or self._interrupted):
                            self._end_writing()
                            return
                        if self._interrupted:
                            # One interrupted write after the other must not fill the memory of the stream.
                            data = b""
                        else:
                            data = self._unsent or self._engine.bytes_to_send()
                            self._unsent = b""
                    elif enough is not None and enough():
                        return
                    else:
                        event = Event()
                        self._writers[event] = None
                if event is not None:
                    self._wait_for_writer(event, timeout, deadline)
                elif not self._write(data, timeout, enough):
                    with self._lock:
                        self._end_writing()
                    return
        except BaseException as exc:
            with self._lock:
                if self._writer is token:
                    self._stopped_writing(exc)
            if exchange is not None:
                exchange.write_error = exc
                if isinstance(exc, WriteTimeout):
                    self.catch_up()
                    with self._lock:
                        self._judge(arrivals)
                    self.report()
            raise

    def _judge(self, arrivals: int) -> None:
        """Some time limit is over. Unless more has arrived than `arrivals`, the path may be dead. The lock is held."""
        if self._arrivals == arrivals:
            self._engine.stop("Nothing arrived on this connection for as long as a time limit")
            self.on_change()
            self.wake_newcomers()

    def _end_writing(self) -> None:
        """Let the others write. The lock is held."""
        self._writer = None
        if self._writers or self._has_read is not None:
            self._wake_writers()

    def _wake_writers(self) -> None:
        """Let those look again who wait to write, or for something to be read meanwhile. The lock is held."""
        if self._has_read is not None:
            self._has_read.wake()
            self._has_read = None
        while self._writers:
            event = next(iter(self._writers))
            event.wake()
            del self._writers[event]

    def _stopped_writing(self, exc: BaseException) -> None:
        """The write that was under way has failed. The lock is held."""
        if isinstance(exc, WriteError):
            self._unsent, self._interrupted = b"", False
            self._engine.stop("A write on this connection failed")
            self.on_change()
            self.wake_newcomers()
        elif not is_resumable(exc) or (self._interrupted and not self._stream.get_extra_info("keeps_unsent")):
            # A part of a frame may be on its way: nothing can follow it.
            self._engine.fail(Failure("A write on this connection was interrupted", kind=WriteError, cause=exc))
            self._unsent, self._interrupted = b"", False
            self.wake_all()
        self._end_writing()

    def _wait_for_writer(self, event: Event, timeout: float | None, deadline: float | None) -> None:
        remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            if not event.wait(remaining):
                raise self._timed_out(timeout) from TimeoutError()
        finally:
            with self._lock:
                self._writers.pop(event, None)

    def _timed_out(self, timeout: float | None) -> WriteTimeout:
        return WriteTimeout(f"The write operation timed out after {timeout:g} seconds ({self._peer})")

    def _write(self, data: bytes, timeout: float | None, enough: Callable[[], bool] | None) -> bool:
        """Write `data`, and before it what is left of an interrupted write; return whether all was written."""
        write = self._write_until_readable
        if write is None:
            self._interrupted = True
            self._stream.write(data, timeout)
            self._interrupted = False
            return True
        deadline = None if timeout is None else time.monotonic() + timeout
        rest, remaining = data, timeout
        while True:
            # If this is interrupted, the stream keeps what was to be written.
            self._unsent, self._interrupted = b"", True
            arrivals = self._arrivals
            try:
                taken = write(rest, remaining)
            except WriteTimeout as exc:
                raise self._timed_out(timeout) from exc
            self._unsent = rest = rest[taken:]
            self._interrupted = False
            if not rest:
                return True
            if enough is not None and enough():
                return False
            self._receive_meanwhile(arrivals)
            if self._engine.failed:
                raise WriteError(f"The connection was lost while something was written to it ({self._peer})")
            if enough is not None and enough():
                return False
            if deadline is not None:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise self._timed_out(timeout) from TimeoutError()

    def flush_unless_writing(self, timeout: float | None) -> None:
        """Write on behalf of the connection if nobody else does, who would write this too.

        To wait for them could be for ever: a server may not read before somebody reads what it sends. A failure shows
        when something is read, or written for a request.
        """
        if self._writer is None and self.output_pending:
            if self._stream.get_extra_info("keeps_unsent"):
                timeout = PATIENCE if timeout is None else min(timeout, PATIENCE)
            with contextlib.suppress(WriteError, WriteTimeout):
                self.flush(timeout)

    # What the receiving side does.

    def _receive_meanwhile(self, arrivals: int) -> None: ...

    def catch_up(self) -> None: ...

    def wake_newcomers(self) -> None: ...

    def wake_all(self) -> None: ...


# What ends a wait, and nothing but a wait, of a thread or a green thread: by its class and the top of its module.
_CANCELLATIONS = {
    ("asyncio", "CancelledError"),
    ("trio", "Cancelled"),
    ("eventlet", "Timeout"),
    ("gevent", "Timeout"),
    ("greenlet", "GreenletExit"),
}


def is_resumable(exc: BaseException) -> bool:
    """Whether a read or write that ended so has lost nothing: at its timeout, or by an interruption.

    Anything else that ends it comes from a signal handler, at any point.
    """
    if isinstance(exc, (ReadTimeout, WriteTimeout)):
        return True
    kinds = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(exc).__mro__}
    return not kinds.isdisjoint(_CANCELLATIONS)
