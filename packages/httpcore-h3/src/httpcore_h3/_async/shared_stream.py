"""How the exchanges on a connection share its datagram stream.

No task is in charge of reading. A task that needs something from the server, and finds that no other one is reading,
becomes the reader: it receives datagrams, hands them to the engine, wakes the tasks whose streams have something new,
and checks whether it has what it needs. When it has, or when it gives up, it passes the role on to another task that
waits. So each exchange waits with its own timeout, and cancelling one does not affect the others. The reader also looks
after QUIC's timer; a task that sends something while it waits, and so sets an earlier timer, does that itself.

One task at a time writes, and writes what the others have for the server, too. Datagrams that are lost because a task
was interrupted are sent again by QUIC, like those that the network has lost.
"""

import collections
import contextlib
import math
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeAlias

from httpcore_models import ConnectionNotAvailable, ReadError, ReadTimeout, WriteError, WriteTimeout
from httpcore_models.concurrency import AsyncEvent, AsyncLoopAffinity, async_checkpoint_if_cancelled
from httpcore_models.deadline import TotalSeconds, limit_text
from httpcore_models.multiplexing import Failure
from httpcore_models.network import AsyncDatagramStream

from .._capacity import CapacityReport
from .._engine import Engine
from .._states import CLOSED, IDLE
from .._stream import Stream
from .._tls.options import TLSOptions

Condition: TypeAlias = Callable[[], bool]

# How often a catch-up reads at most: a server that sends without end must not keep it from ending.
_CATCH_UP_READS = 16

# How often a task catches up before its timeout is raised, at most.
_LAST_LOOKS = 64

# An event loop needs a turn to see that something has come, one to receive it, and one to run the task that reads.
_TURNS = 3

# How often a download goes on, at most, before what has arrived is acknowledged. Each time brings up to 64 KiB.
_MAX_UNANSWERED = 8

# With more tasks than this waiting, their responses are expected to follow each other closely.
_MANY = 3

# If requests follow each other within this many seconds, what arrived last is acknowledged with the next one.
_IN_A_ROW = 0.05


class AsyncSharedStream:
    """The datagram stream of a connection, for all of its exchanges, and the engine behind it."""

    def __init__(self, stream: AsyncDatagramStream, tls: TLSOptions, idle_timeout: float, peer: str) -> None:
        """`idle_timeout` is in seconds."""
        #: Guards the engine and everything here. Held for some microseconds at a time, never across a wait or a trace
        #: callback.
        self.lock: threading.Lock = threading.Lock()
        self.network_stream: AsyncDatagramStream = stream
        self.peer: str = peer
        self.engine: Engine = Engine(tls, idle_timeout)
        self.capacity: CapacityReport = CapacityReport(self.engine)
        #: Tasks that wait, each with its own event, by what they wait for; and those that were woken and have not run
        #: since. Each of these looks after those that still wait.
        self.waiting: dict[object, AsyncEvent] = {}
        self.woken: set[AsyncEvent] = set()
        #: Streams whose requests wait until more of their body may be sent, and requests that wait for a stream.
        self.senders: set[Stream] = set()
        self.queue: dict[Stream, None] = {}
        #: Requests of tasks that are about to open a stream: they run before any other that yields now.
        self.arriving: set[Stream] = set()
        #: Where the stream can be used: in which process or event loop.
        self.process: int = os.getpid()
        self.affinity: AsyncLoopAffinity = AsyncLoopAffinity()
        #: How many seconds the connection may stay idle, `None` for no limit; when it became idle, and when it expires
        #: if it stays so, on the monotonic clock.
        self.keepalive_expiry: float | None = None
        self.idle_since: float = -math.inf
        self.expire_at: float | None = None
        #: Whether the last request came soon after the one before.
        self.in_a_row: bool = False
        #: How often something has arrived.
        self.arrivals: int = 0
        #: Streams that are to be ended without waiting, as soon as the lock is free.
        self.dropped: collections.deque[Stream] = collections.deque()
        # Unique tokens of the tasks that read and write; for what the one that reads waits, and until when.
        self._reading: object | None = None
        self._reads_for: object | None = None
        self._reads_until: float = math.inf
        self._writing: object | None = None
        # Whether several datagrams came at once the last time, and how often something was taken in since an
        # acknowledgement was sent.
        self._is_bulk: bool = False
        self._unanswered: int = 0

    # Taking part.

    def check(self) -> None:
        """Raise `ConnectionNotAvailable` if the connection cannot be used here; take in what a request has to know."""
        if os.getpid() != self.process:
            raise ConnectionNotAvailable("The connection belongs to another process")
        if self.affinity.is_other_loop():
            raise ConnectionNotAvailable("The connection belongs to another event loop")
        if self.dropped:
            self.end_dropped()
        if self.engine.state is IDLE:
            self.in_a_row = time.monotonic() - self.idle_since < _IN_A_ROW
            # In a pool this is not necessary: it has just called `has_expired()`, which catches up too.
            if self.capacity.on_change is None:
                self.catch_up()

    def leave(self, stream: Stream) -> bool:
        """End a request; return whether the connection is over. The lock is held."""
        engine = self.engine
        if stream not in engine.requests:
            return False
        engine.finish(stream)
        if not engine.requests:
            self.idle_since = now = time.monotonic()
            if self.keepalive_expiry is not None:
                self.expire_at = now + self.keepalive_expiry
        if stream in self.waiting:
            self._wake(stream)
        if self._reading is not None and self._reads_for is stream and not engine.ping_unanswered:
            # Only an answer from the server can end the wait of another task.
            engine.ping()
        if self.queue:
            self._wake_first()
        return engine.failure is not None or engine.state is CLOSED

    def drop(self, stream: Stream) -> None:
        """End a request without waiting: the next write resets its stream.

        May be called at any point, by a finaliser in any thread, even while the same thread holds the lock.
        """
        self.dropped.append(stream)
        self.end_dropped()

    def end_dropped(self) -> None:
        """End the requests that were dropped while the lock was held."""
        # The lock is never held for long, but the calling thread itself may hold it. Then this is done later.
        if not self.dropped or self.lock.locked():
            return
        over = False
        with self.lock:
            while self.dropped:
                over = self.leave(self.dropped.popleft()) or over
        if over:
            self.network_stream.abort()

    def wake_all(self) -> None:
        """Wake all tasks that wait. The lock is held."""
        for key in list(self.waiting):
            self._wake(key)

    def is_read_for(self, stream: Stream) -> bool:
        """Whether a task waits for the network on behalf of this stream."""
        return self._reading is not None and self._reads_for is stream

    @property
    def is_writing(self) -> bool:
        """Whether a task is writing, which will write what others have, too."""
        return self._writing is not None

    # Waiting.

    async def wait(self, key: object, ready: Condition, timeout: float | None, *, verdict: bool = True) -> bool:
        """Wait until `ready` returns true; return false after `timeout` seconds.

        `key` stands for what the task waits for: its stream, if it has one. With `verdict`, a wait that times out
        without anything at all having arrived ends the use of the connection: the path to the server may be dead.
        """
        engine, token = self.engine, object()
        deadline = None if timeout is None else time.monotonic() + timeout
        arrivals, in_time = self.arrivals, True
        event: AsyncEvent | None = None
        try:
            while True:
                until: float | None = None
                with self.lock:
                    if event is not None:
                        self.woken.discard(event)
                        # Its time may be over: then nothing has removed it. Nobody must wake a task that runs.
                        self.waiting.pop(key, None)
                        event = None
                    if ready():
                        # What is to be acknowledged may leave with the next request.
                        self._end_wait(key)
                        return True
                    if not in_time:
                        self._end_wait(key)
                        if verdict and arrivals == self.arrivals:
                            self._retire_if_silent(timeout)
                        return False
                    sending = engine.output_pending and self._writing is None
                    if sending and not engine.output_urgent and self._take_more():
                        continue
                    if not sending:
                        due, now = engine.timer, time.monotonic()
                        if due is not None and due <= now:
                            self._touched(engine.handle_timer(now))
                            continue
                        until = deadline if due is None else due if deadline is None else min(due, deadline)
                        if self._reading is None:
                            self._reading, self._reads_for = token, key
                            self._reads_until = math.inf if until is None else until
                        else:
                            if due is not None and due >= self._reads_until:
                                until = deadline
                            event = self.waiting[key] = AsyncEvent()
                if sending:
                    await self.flush_quietly(timeout)
                elif event is None:
                    await self._read(None if until is None else max(0.0, until - now))
                else:
                    await event.wait(None if until is None else max(0.0, until - now))
                if deadline is not None and in_time and time.monotonic() >= deadline:
                    in_time = False
                    await self._look_once_more(ready)
        except BaseException:
            with self.lock:
                if self._reading is token:
                    self._reading = None
                if event is not None:
                    self.woken.discard(event)
                self._end_wait(key)
            raise

    def _take_more(self) -> bool:
        """Take in what has come meanwhile, before an acknowledgement is sent for what came before. The lock is held.

        Returns whether there was something. Where that is unlikely this does not look, nor from time to time, since the
        server needs acknowledgements.
        """
        if not (self._is_bulk or len(self.waiting) > _MANY):
            return False
        if self._reading is not None or self._unanswered >= _MAX_UNANSWERED:
            return False
        try:
            received = self.network_stream.receive_nowait()
            if received is None:
                return False
            self._unanswered += 1
            self._received(*received)
        except ReadError as exc:
            self._lost(exc)
        return True

    def _end_wait(self, key: object) -> None:
        """Leave the wait, and let another task read if none does. The lock is held.

        A task that has just been woken does this itself, when it has looked whether it has to wait any longer.
        """
        waiting = self.waiting
        waiting.pop(key, None)
        if waiting and not self.woken and (self._reading is None or (self.engine.output_pending and not self._writing)):
            self._wake(next(iter(waiting)))

    def _retire_if_silent(self, limit: float | None) -> None:
        """Retire the connection after a timeout of `limit` seconds in which nothing has arrived. The lock is held.

        The short time that is left of the limit of a whole request says nothing.
        """
        if not isinstance(limit, TotalSeconds) or limit.is_conclusive:
            self.engine.retire("Nothing arrived on this connection for as long as a time limit")
            self.wake_all()

    async def _look_once_more(self, ready: Condition) -> None:
        """Catch up before a timeout is raised: what the task needs may have arrived while the program was busy."""
        for _ in range(_LAST_LOOKS):
            arrivals = self.arrivals
            for _ in range(_TURNS):
                await async_checkpoint_if_cancelled()
                if self._reading is None or self.arrivals != arrivals:
                    break
            self.catch_up()
            with self.lock:
                if self.arrivals == arrivals or ready():
                    return

    def _wake(self, key: object) -> None:
        """Wake a task, and only then forget it: an exception in between must not make it wait for ever."""
        event = self.waiting[key]
        event.wake()
        self.woken.add(event)
        del self.waiting[key]

    def _wake_first(self) -> None:
        first = next(iter(self.queue))
        if first in self.waiting:
            self._wake(first)

    # Reading.

    async def _read(self, limit: float | None) -> None:
        """Receive once, as the reader that the caller has become."""
        try:
            buffer, segment_size = await self.network_stream.receive(limit)
        except ReadTimeout:
            with self.lock:
                self._reading = None
            return
        except ReadError as exc:
            with self.lock:
                self._lost(exc)
                self._reading = None
        else:
            with self.lock:
                self._received(buffer, segment_size)
                self._reading = None
        if self.capacity.is_due:
            self.capacity.report()

    def _received(self, buffer: bytes, segment_size: int) -> None:
        """Hand datagrams to the engine, and wake the tasks that they concern. The lock is held."""
        self.arrivals += 1
        self._is_bulk = len(buffer) > segment_size
        self._touched(self.engine.receive(buffer, segment_size, time.monotonic()))

    def _touched(self, streams: Iterable[Stream]) -> None:
        engine, waiting = self.engine, self.waiting
        if not waiting:
            return
        if engine.failure is not None or not engine.handshake_done or not engine.usable:
            self.wake_all()
            return
        for stream in streams:
            if stream in waiting:
                self._wake(stream)
        for stream in self.senders:
            if stream in waiting and engine.can_go_on(stream):
                self._wake(stream)
        if self.queue and engine.can_open:
            self._wake_first()

    def _lost(self, error: ReadError | WriteError) -> None:
        """Fail the connection with `error`. The lock is held."""
        self.engine.fail(Failure(str(error), kind=type(error), cause=error), disconnected=True)
        self.wake_all()

    def catch_up(self) -> None:
        """Take in, without waiting, what came while no task was reading, and fire the timer if it is due."""
        with self.lock:
            engine = self.engine
            if self._reading is not None or not engine.started or engine.failure is not None:
                return
            try:
                for _ in range(_CATCH_UP_READS):
                    received = self.network_stream.receive_nowait()
                    if received is None:
                        break
                    self._received(*received)
            except ReadError as exc:
                self._lost(exc)
                return
            due, now = engine.timer, time.monotonic()
            if due is not None and due <= now:
                self._touched(engine.handle_timer(now))

    # Writing.

    async def flush(self, timeout: float | None) -> None:
        """Write what the engine has to send. If another task is writing, it writes this too.

        Raises `WriteTimeout` after `timeout` seconds. A write that fails ends the connection, and raises nothing here:
        the server may have answered already.
        """
        engine, token = self.engine, object()
        try:
            while True:
                with self.lock:
                    if self._writing is not None and self._writing is not token:
                        return
                    datagrams = engine.datagrams_to_send(time.monotonic()) if engine.output_pending else None
                    self._unanswered = 0
                    if not datagrams:
                        self._writing = None
                        return
                    self._writing = token
                await self.network_stream.send(datagrams, timeout)
        except WriteError as exc:
            with self.lock:
                self._writing = None
                self._lost(exc)
            self.capacity.report()
        except BaseException as exc:
            with self.lock:
                if self._writing is token:
                    self._writing = None
                    if self.waiting and not self.woken:
                        # A task that waits has to send what others have left here.
                        self._wake(next(iter(self.waiting)))
            if isinstance(exc, WriteTimeout):
                text = f"The write operation timed out {limit_text(timeout)} ({self.peer})"
                raise WriteTimeout(text) from exc
            raise

    async def flush_quietly(self, timeout: float | None) -> None:
        """Write on behalf of the connection. A timeout is not raised here: datagrams may be lost."""
        with contextlib.suppress(WriteTimeout):
            await self.flush(timeout)
