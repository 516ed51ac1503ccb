"""Moving datagrams between the network and the engine of a connection, and waking the tasks that they concern."""

import contextlib
import math
import time
from collections.abc import Iterable
from typing import Any

from httpcore_models import ReadError, ReadTimeout, WriteError, WriteTimeout
from httpcore_models.concurrency import AsyncEvent, async_checkpoint_if_cancelled
from httpcore_models.deadline import limit_text
from httpcore_models.multiplexing import AsyncSharedConnection, Failure
from httpcore_models.network import AsyncDatagramStream

from .._capacity import CapacityReport
from .._engine import Engine
from .._stream import Stream
from .._tls.options import TLSOptions

# How often a catch-up reads at most: a server that sends without end must not keep it from ending.
_CATCH_UP_READS = 16

# A datagram of this many bytes, or several, are part of something larger: RFC 9000 section 14 has every path take them.
_FULL = 1200

# How many bytes of a download are taken in at once, about, and how many before they are acknowledged.
_MAX_BATCH, _MAX_UNANSWERED = 256 * 1024, 512 * 1024

# How many seconds after its time a timer of acknowledgements need not be fired before the next request carries them.
_ACKNOWLEDGING = 0.1

# With more tasks than this waiting, their responses are expected to follow each other closely.
_MANY = 3


class AsyncDatagrams(AsyncSharedConnection):
    """The datagram stream of a connection, the engine behind it, and the tasks that wait."""

    def __init__(self, stream: AsyncDatagramStream, tls: TLSOptions, idle_timeout: float, peer: str) -> None:
        """`idle_timeout` is in seconds."""
        super().__init__(peer)
        self.network_stream: AsyncDatagramStream = stream
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
        #: When the connection became idle, on the monotonic clock.
        self.idle_since: float = -math.inf
        #: Whether the last request came soon after the one before.
        self.in_a_row: bool = False
        #: What a trace callback is told about the handshake.
        self.handshake_info: dict[str, Any] = {}
        #: How often something has arrived.
        self.arrivals: int = 0
        # Unique tokens of the tasks that read and write; for what the one that reads waits, and until when.
        self._reading: object | None = None
        self._reads_for: object | None = None
        self._reads_until: float = math.inf
        self._writing: object | None = None
        # Whether the task that writes lets others add to it first. It may be overtaken.
        self._gathers: bool = False
        # Whether more has probably come than was taken in, and how many bytes were taken in since acknowledgements were
        # sent.
        self._is_bulk: bool = False
        self._unanswered: int = 0

    # Waking.

    def wake_all(self) -> None:
        """Wake all tasks that wait. The lock is held."""
        for key in list(self.waiting):
            self._wake(key)

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

    async def _read(self, limit: float | None, timeout: float | None) -> None:
        """Receive once, within `limit` seconds, as the reader that the caller has become.

        `timeout` is that of a write, in seconds.
        """
        try:
            if self.engine.blocked or self.queue:
                # What is read may let the request of this task leave, which must not happen if it is cancelled.
                await self._give_way()
            received = [await self.network_stream.receive(limit)]
            error = self._receive_rest(received)
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
                self._received(received)
                if error is not None:
                    self._lost(error)
                self._reading = None
        if self.capacity.is_due:
            self.capacity.report()
        engine = self.engine
        if engine.limit - engine.opened < len(engine.touched) and not self._is_bulk and self._writing is None:
            # There may be more requests than the server allows. It allows others once this is acknowledged, and can do
            # so while the tasks run.
            await self.flush_quietly(timeout)

    def _receive_rest(self, received: list[tuple[bytes, int]]) -> ReadError | None:
        """Add to `received`, the first part of a download perhaps, what else has come. Return an error that came too.

        So the parts of a download are taken in, handed over and acknowledged together.
        """
        size = len(received[0][0])
        self._is_bulk = size >= _FULL or bool(self.senders)
        try:
            while self._is_bulk and size < _MAX_BATCH:
                more = self.network_stream.receive_nowait()
                if more is None:
                    self._is_bulk = False
                    break
                received.append(more)
                size += len(more[0])
        except ReadError as exc:
            self._is_bulk = False
            return exc
        finally:
            self._unanswered += size
        return None

    def _received(self, received: list[tuple[bytes, int]]) -> None:
        """Hand datagrams to the engine, and wake the tasks that they concern. The lock is held."""
        self.arrivals += 1
        self._touched(self.engine.receive(received, time.monotonic()))

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
            received: list[tuple[bytes, int]] = []
            error: ReadError | None = None
            try:
                while len(received) < _CATCH_UP_READS and (more := self.network_stream.receive_nowait()) is not None:
                    received.append(more)
            except ReadError as exc:
                error = exc
            if received:
                self._received(received)
            if error is not None:
                self._lost(error)
                return
            now = time.monotonic()
            # Behind a timer of acknowledgements that was due long ago, others may be due: that of the idle timeout.
            if engine.timer <= now and not (now - engine.timer < _ACKNOWLEDGING and engine.quic.is_acknowledging):
                self._touched(engine.handle_timer(now))

    def _take_more(self) -> bool:
        """Take in what has come meanwhile, before an acknowledgement is sent for what came before. The lock is held.

        Returns whether there was something. Where that is unlikely this does not look, nor from time to time, since the
        server needs acknowledgements.
        """
        if not (self._is_bulk or len(self.waiting) > _MANY) or self.engine.blocked or self.queue:
            return False
        if self._reading is not None or self._unanswered >= _MAX_UNANSWERED:
            return False
        error: ReadError | None = None
        try:
            first = self.network_stream.receive_nowait()
            if first is None:
                self._is_bulk = False
                return False
            received = [first]
            error = self._receive_rest(received)
            self._received(received)
        except ReadError as exc:
            self._is_bulk = False
            error = exc
        if error is not None:
            self._lost(error)
        return True

    # Writing.

    async def flush(self, timeout: float | None, gather: bool = False) -> None:
        """Write what the engine has to send. If another task is writing, it writes this too.

        With `gather`, other tasks that are about to send a request may add it to the same datagrams, and do not write.

        Raises `WriteTimeout` after `timeout` seconds. A write that fails ends the connection, and raises nothing here:
        the server may have answered already.
        """
        engine, token, has_sent = self.engine, object(), False
        try:
            while True:
                with self.lock:
                    if self._writing not in (None, token) and (gather or not self._gathers):
                        return
                    datagrams: list[bytes] = []
                    if not (gather and self.arriving):
                        if engine.output_pending:
                            datagrams = engine.datagrams_to_send(time.monotonic())
                        self._unanswered = 0
                        if not datagrams:
                            self._writing = None
                            if has_sent:
                                self._look_after_timer()
                            return
                    self._writing, self._gathers = token, not datagrams
                gather = False
                if datagrams:
                    has_sent = True
                    await self.network_stream.send(datagrams, timeout)
                else:
                    await self._give_way()
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

    def _look_after_timer(self) -> None:
        """Have a task that waits look after the timer, if what was sent has set an earlier one. The lock is held.

        The task that has sent it may have something else to do than wait.
        """
        if self.waiting and not self.woken and self.engine.timer < self._reads_until:
            self._wake(next(iter(self.waiting)))

    async def _give_way(self) -> None:
        """Let tasks that are about to send a request do so, and raise a cancellation."""
        await async_checkpoint_if_cancelled()

    async def flush_quietly(self, timeout: float | None) -> None:
        """Write on behalf of the connection. A timeout is not raised here: datagrams may be lost."""
        with contextlib.suppress(WriteTimeout):
            await self.flush(timeout)
