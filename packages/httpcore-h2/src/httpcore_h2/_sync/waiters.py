# Generated from ../_async/waiters.py by tools/make_sync.py: edit that file, then run it.
"""The threads that wait on a connection, by what they wait for."""

from collections.abc import Iterable
from typing import Protocol

from httpcore_models.concurrency import Event
from httpcore_models.lowlevel import RequestLimits, Tracer

from .._stream import Stream


class Handover:
    """Requests that were left to a thread that was writing when they came. It sends all of them together."""

    __slots__ = ("arrivals", "sent_at")

    def __init__(self) -> None:
        #: When they had been sent, on the monotonic clock; `None` until then.
        self.sent_at: float | None = None
        #: How often something had arrived by then.
        self.arrivals: int = 0

    def was_sent_after(self, since: float) -> bool:
        """Whether they were sent after the time `since` on the monotonic clock."""
        return self.sent_at is not None and self.sent_at > since


class Sharer(Protocol):
    """An exchange, as the parts that all exchanges of a connection share see it."""

    stream: Stream
    tracer: Tracer | None
    write_timeout: float | None
    #: The time limits, if there is one for the whole request.
    limits: RequestLimits | None
    #: The exception that ended a write on behalf of the exchange.
    write_error: BaseException | None
    is_tunnel: bool
    #: Set if the request was left to another thread to send.
    handover: Handover | None


class Waiters:
    """The threads that wait, each with its own event. All of this is used with the connection's lock held."""

    def __init__(self) -> None:
        #: Threads that wait for a part of a response, for flow control credit, and for a stream.
        self.receivers: dict[Stream, Event] = {}
        self.senders: dict[Stream, Event] = {}
        self.openers: dict[Stream, Event] = {}
        #: Threads that wait until another one has finished writing.
        self.writers: dict[Event, Event] = {}
        #: Set as soon as something is received, for the thread that writes meanwhile.
        self.on_receipt: Event | None = None
        #: Events of threads that were woken and have not run since. Each of them looks after those that still wait.
        self.woken: set[Event] = set()
        #: Requests of threads that are about to open a stream: they run before any other that yields now.
        self.arriving: set[Stream] = set()

    def wake(self, streams: Iterable[Stream]) -> None:
        """Wake threads that wait for a part of a response, or for credit, on these streams."""
        for stream in streams:
            for waiting in (self.receivers, self.senders):
                if stream in waiting:
                    self._set(waiting, stream)

    def wake_openers(self) -> None:
        """Wake all threads that wait for a stream."""
        while self.openers:
            self._set(self.openers, next(iter(self.openers)))

    def wake_writers(self) -> None:
        """Wake all threads that wait to write, or for something to be received meanwhile."""
        if self.on_receipt is not None:
            self.on_receipt.wake()
            self.on_receipt = None
        while self.writers:
            event = next(iter(self.writers))
            event.wake()
            del self.writers[event]

    def wake_all(self) -> None:
        """Wake all threads."""
        self.wake([*self.receivers, *self.senders])
        self.wake_openers()
        self.wake_writers()

    def wake_next_reader(self, among_openers: bool) -> None:
        """Wake one thread, so that it reads next. One that waits for a stream is woken only if `among_openers`."""
        candidates: tuple[dict[Stream, Event], ...] = (self.receivers, self.senders)
        for waiting in (*candidates, self.openers) if among_openers else candidates:
            if waiting:
                self._set(waiting, next(iter(waiting)))
                return

    def _set(self, waiting: dict[Stream, Event], stream: Stream) -> None:
        """Wake a thread, and only then forget it: an exception in between must not make it wait for ever.

        This may run in any thread, since the garbage collector drops responses in any thread.
        """
        event = waiting[stream]
        event.wake()
        self.woken.add(event)
        del waiting[stream]
