# Generated from ../_async/writing.py by tools/make_sync.py: edit that file, then run it.
"""Writing to the network stream of a connection, for all of its exchanges.

A thread that makes the engine produce bytes writes all that are pending. One thread writes at a time: bytes are taken
under the lock and leave in the order in which the engine produced them.

A server may stop reading until the client reads. So a write that has to wait receives what arrives meanwhile, if the
network stream supports that; what it cannot finish is kept for the next write.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from httpcore_models import NetworkStream, ReadError, WriteError, WriteTimeout
from httpcore_models.concurrency import Event, forks
from httpcore_models.deadline import Deadline, TotalSeconds, limit_text
from httpcore_models.lowlevel import optional_method

from .._capacity import CapacityReport
from .._engine import Engine
from .._events import Failure
from .._resumable import is_resumable
from .reading import Reader
from .waiters import Handover, Sharer, Waiters

# How long, in seconds, an exchange tries to send what the connection itself has to send, such as acknowledgements. What
# the server does not accept in this time is sent by the next exchange that waits.
_PATIENCE = 0.01

# How many seconds a server has for the answer to a PING, before the path to it is taken for dead.
_ANSWER_TIME = 1.0


def _has_enough(sharer: Sharer | None, enough: Callable[[], bool] | None) -> bool:
    return (sharer is not None and sharer.stream.has_event()) or (enough is not None and enough())


def _time_left(deadline: Deadline, own_written: bool) -> float | None:
    """Return the limit of the next write of a flush.

    The time that the thread waited, or wrote what others had left unfinished, counts until its own bytes are written.
    From then on, each write for others has all of a limit that is for single waits.
    """
    timeout = deadline.timeout
    return timeout if own_written and not isinstance(timeout, TotalSeconds) else deadline.remaining_as_limit()


def _gather() -> None:
    """Let threads that are about to send a request add it to the same write."""


class Writer:
    """The sending side of a network stream that exchanges share."""

    def __init__(
        self,
        stream: NetworkStream,
        engine: Engine,
        lock: threading.Lock,
        waiters: Waiters,
        reader: Reader,
        capacity: CapacityReport,
        peer: str,
    ) -> None:
        """`lock` guards `engine`, `waiters` and everything here."""
        self._stream = stream
        self._engine = engine
        self._outgoing = engine.outgoing
        self._lock = lock
        self._waiters = waiters
        self._reader = reader
        self._capacity = capacity
        self._peer = peer
        #: Writes until something can be read, where the stream has such a method and can be read without waiting.
        self.write_until_readable: Callable[..., Any] | None = None
        if reader.can_receive_nowait:
            self.write_until_readable = optional_method(stream, "write_until_readable", instead_of="write")
        #: A unique token of the thread that writes.
        self.holder: object | None = None
        #: Bytes that the engine has handed over, but the stream has not accepted. `b""` means that the stream itself
        #: keeps the rest of an interrupted write, and another write completes it.
        self.unfinished: bytes | None = None
        # Of requests that others have left here: those that are still in the engine, and those taken from it.
        self._next: Handover | None = None
        self._going: list[Handover] = []
        # When the write began during which the server was asked by a PING: the next one has no more time than that.
        self._blocked_since: float | None = None
        # When a server was asked that was silent for a short time, and how much had arrived by then.
        self._asked: tuple[int, float] | None = None
        self._forks = forks.count

    def check_process(self) -> None:
        """Raise `WriteError` in a child process: a callback or the body of a request may have forked."""
        if forks.count != self._forks:
            raise WriteError(f"The connection belongs to another process ({self._peer})")

    def flush(
        self,
        timeout: float | None,
        sharer: Sharer | None = None,
        enough: Callable[[], bool] | None = None,
        leave: bool = False,
    ) -> None:
        """Write what the engine has to send.

        Raises `WriteError`, and `WriteTimeout` after `timeout` seconds, which include waiting for other threads that
        write. An exception is stored in `sharer.write_error` too.

        A thread that writes continues until nothing is left, so that those that wait need not write; or until `enough`
        returns true after something has arrived; or until all of its own is written and its response has begun. With
        `leave`, a thread that finds another one writing does not wait: the other one sends its bytes too, and
        `sharer.handover` tells when that is done.

        The limit of a whole request goes on while the thread writes for others.
        """
        if forks.count != self._forks:
            self.check_process()
        arrivals, token, left = self._reader.arrivals, object(), timeout
        deadline = Deadline(timeout) if isinstance(timeout, TotalSeconds) else None
        gather, written, own, own_written = leave, False, False, False
        try:
            while True:
                event = data = None
                with self._lock:
                    if written and self._going:
                        self._note_sent()
                    if self.holder is None or self.holder is token:
                        self.holder = token
                        pending = self._outgoing or self.unfinished is not None
                        if not pending or (written and _has_enough(sharer if own_written else None, enough)):
                            self._end_writing()
                            return
                        if deadline is not None:
                            left = _time_left(deadline, own_written)
                            if written and left == 0.0:
                                if not own_written:
                                    raise self.timed_out(timeout) from TimeoutError()
                                self._end_writing()
                                return
                        if not (gather and self._waiters.arriving):
                            own = self.unfinished is None
                            if not own:
                                deadline = deadline or Deadline(timeout)  # one for this and what follows
                            data = self._take()
                    elif leave and sharer is not None:
                        self._leave(sharer)
                        return
                    elif enough is not None and enough():
                        return
                    else:
                        event = Event()
                        self._waiters.writers[event] = event
                gather = False
                if event is not None:
                    deadline = deadline or Deadline(timeout)
                    self._wait_for_writer(event, deadline)
                elif data is None:
                    _gather()
                elif self._write(data, left, enough):
                    written, own_written = True, own_written or own
                else:
                    with self._lock:
                        self._end_writing()
                    return
        except BaseException as exc:
            self._failed(token, exc, sharer, arrivals, timeout)
            raise

    def _take(self) -> bytes:
        """Return what has to be written next. The lock is held."""
        # What is unfinished is written alone: otherwise a series of interrupted writes could make the stream keep more
        # and more.
        data = self.unfinished
        if data is not None:
            self.unfinished = None
            return data
        if self._next is not None:
            self._going.append(self._next)
            self._next = None
        return self._engine.bytes_to_send()

    def _leave(self, sharer: Sharer) -> None:
        """Leave the request of `sharer` to the thread that writes. The lock is held."""
        if self._outgoing:
            sharer.handover = self._next = self._next or Handover()
        else:
            # The writer, running beside the caller, has taken these bytes already: no later write will take any.
            sharer.handover = handover = Handover()
            self._going.append(handover)

    @property
    def is_abandoned(self) -> bool:
        """Whether requests were left to a thread that writes no more. The lock is held."""
        return self.holder is None and (self._next is not None or bool(self._going))

    def _note_sent(self) -> None:
        """Note that requests that others have left here were sent. The lock is held."""
        now = time.monotonic()
        for handover in self._going:
            handover.arrivals = self._reader.arrivals
            handover.sent_at = now
        self._going.clear()
        if self._reader.holder is None and not self._waiters.woken:
            # Until now they had to leave reading to others.
            self._waiters.wake_next_reader(among_openers=False)

    def _end_writing(self) -> None:
        """Let the others write. The lock is held."""
        self.holder = self._blocked_since = None
        if self._waiters.writers or self._waiters.on_receipt is not None:
            self._waiters.wake_writers()
        if self._next is not None or self._going:
            # They wait for a response: one of them sends what is left.
            self._waiters.wake_next_reader(among_openers=False)

    def _failed(
        self, token: object, exc: BaseException, sharer: Sharer | None, arrivals: int, timeout: float | None
    ) -> None:
        with self._lock:
            if self.holder is token:
                self._stopped_writing(exc)
        if sharer is not None:
            sharer.write_error = exc
            if isinstance(exc, WriteTimeout):
                self._reader.catch_up()
                with self._lock:
                    self.retire_if_silent(arrivals, timeout)
                self._capacity.report()

    def _stopped_writing(self, exc: BaseException) -> None:
        """Clean up after the write that was under way, which has failed. The lock is held."""
        if isinstance(exc, WriteError):
            self.unfinished = None
            # The server may have answered all the same: the next read tells.
            self._note_sent()
            self._engine.retire("A write on this connection failed")
            self._waiters.wake_openers()
        elif not is_resumable(exc) or (self.unfinished == b"" and not self._stream.get_extra_info("keeps_unsent")):
            # A part of a frame may be on its way: nothing can follow it.
            self._engine.fail(Failure("A write on this connection was interrupted", kind=WriteError, cause=exc))
            self.unfinished = None
            self._note_sent()
            self._waiters.wake_all()
        self._end_writing()

    def retire_if_silent(self, arrivals: int, limit: float | None) -> None:
        """Retire the connection after a timeout of `limit` seconds, unless more has arrived than `arrivals`.

        The path to the server may be dead. But the short time that was left of the limit of a whole request says
        nothing: then the server is asked by a PING, and a later timeout finds out whether it has answered. The lock is
        held.
        """
        if self._reader.arrivals != arrivals:
            return
        if isinstance(limit, TotalSeconds) and not limit.is_conclusive:
            now = time.monotonic()
            if self._asked is None or self._asked[0] != arrivals:
                self._asked = (arrivals, now)
                self._reader.ping()
                return
            if now - self._asked[1] < _ANSWER_TIME:
                return
        self._engine.retire("Nothing arrived on this connection for as long as a time limit")
        self._waiters.wake_openers()

    def _wait_for_writer(self, event: Event, deadline: Deadline) -> None:
        try:
            if not event.wait(deadline.remaining()):
                raise self.timed_out(deadline.timeout) from TimeoutError()
        finally:
            with self._lock:
                self._waiters.writers.pop(event, None)

    def timed_out(self, timeout: float | None) -> WriteTimeout:
        """Return the exception for a write that has taken `timeout` seconds."""
        return WriteTimeout(f"The write operation timed out {limit_text(timeout)} ({self._peer})")

    def _write(self, data: bytes, timeout: float | None, enough: Callable[[], bool] | None) -> bool:
        """Write what is left of an interrupted write, then `data`; return whether all was written."""
        write = self.write_until_readable
        if write is None:
            self.unfinished = b""
            self._stream.write(data, timeout)
            self.unfinished = None
            return True
        since, rest, remaining = time.monotonic(), data, timeout
        if self._blocked_since is not None:
            # A transport that has taken everything is still blocked by it.
            remaining = None if timeout is None else max(0.0, self._blocked_since + timeout - since)
            since, self._blocked_since = self._blocked_since, None
        deadline = None if timeout is None else since + timeout
        interval = self._reader.ping_interval
        while True:
            # If this write is interrupted, the stream keeps the rest.
            self.unfinished = b""
            arrivals = self._reader.arrivals
            patience = None if interval is None else self._patience(interval, since)
            is_last = patience is None or (remaining is not None and remaining <= patience)
            try:
                taken = write(rest, remaining if is_last else patience)
            except WriteTimeout as exc:
                if is_last:
                    raise self.timed_out(timeout) from exc
                # The stream keeps the rest, and sends it before the PING.
                rest, self._blocked_since = b"", since
                self._ask()
            else:
                if taken is None:
                    self.unfinished = None
                    return True
                rest = self.unfinished = rest[taken:]
                if enough is not None and enough():
                    return False
                self._reader.receive_meanwhile(arrivals)
            if self._engine.failure is not None:
                raise WriteError(f"The connection was lost while something was written to it ({self._peer})")
            if enough is not None and enough():
                return False
            if deadline is not None:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise self.timed_out(timeout) from TimeoutError()

    def _patience(self, interval: float, since: float) -> float | None:
        """Return for how many seconds a write that began at the time `since` may wait before the server is asked."""
        if not self._stream.get_extra_info("keeps_unsent"):
            return None
        return self._reader.patience(interval, since)

    def _ask(self) -> None:
        """Have a PING sent to a silent server; fail if it has not answered one."""
        try:
            self._reader.ask()
        except ReadError as exc:
            with self._lock:
                self._reader.lost(exc, exc)
            raise WriteError(str(exc)) from exc

    def flush_unless_writing(self, timeout: float | None, enough: Callable[[], bool] | None = None) -> None:
        """Write on behalf of the connection, unless another thread is writing, which will write this too.

        Waiting for that thread could last for ever: a server may stop reading until what it sends is read. A failure is
        not raised here; the next read, or write for a request, raises it.
        """
        if self.holder is None and (self._outgoing or self.unfinished is not None):
            if self._stream.get_extra_info("keeps_unsent"):
                timeout = _PATIENCE if timeout is None else min(timeout, _PATIENCE)
            with contextlib.suppress(WriteError, WriteTimeout):
                self.flush(timeout, enough=enough)
