"""How the exchanges on a connection share its network stream.

No task is in charge of reading. A task that needs something from the server, and finds that no other one is reading,
becomes the reader: it reads once, hands the bytes to the engine, wakes the tasks whose streams have something new, and
checks whether it has what it needs. When it has, or when it gives up, it passes the role on to another task that waits.
So each exchange reads with its own timeout, and cancelling one does not affect the others.

A task does not wait while bytes are pending that no other one is sending: the server may be waiting for them.
"""

import contextlib
import os
import time
from collections.abc import Callable
from typing import TypeAlias

from h2.config import H2Configuration
from httpcore_models import AsyncNetworkStream, ConnectionNotAvailable, ReadError, ReadTimeout, WriteError, WriteTimeout
from httpcore_models.concurrency import AsyncEvent, async_checkpoint_if_cancelled
from httpcore_models.multiplexing import CLOSED, IDLE, USABLE, AsyncSharedConnection

from .._capacity import CapacityReport
from .._engine import Engine
from .._events import RemoteSettingsChanged
from .._stream import Stream
from .reading import AsyncReader
from .waiters import AsyncSharer, AsyncWaiters
from .writing import AsyncWriter

Condition: TypeAlias = Callable[[], bool]
Waiting: TypeAlias = dict[Stream, AsyncEvent]

# How often, in seconds, a task that reads checks whether a task that writes has given up.
_LOOK_AGAIN = 1.0

# How often a task catches up before its timeout is raised, at most: enough for all that the buffers of a socket hold,
# but not for a server that sends without end.
_LAST_LOOKS = 64

# For a wait whose timeout says nothing about the connection: more has always arrived.
NO_VERDICT = -1

# An event loop needs a turn to see that something has come, one to receive it, and one to run the task that reads.
_TURNS = 3


class AsyncSharedStream(AsyncSharedConnection):
    """The network stream of a connection, for all of its exchanges, and the engine behind it."""

    # Of the base class; declared again for type checkers, since it is assigned here too.
    expire_at: float | None

    def __init__(
        self,
        stream: AsyncNetworkStream,
        config: H2Configuration,
        read_size: int,
        peer: str,
        ping_interval: float | None,
        ping_timeout: float,
    ) -> None:
        """`ping_interval` and `ping_timeout` are in seconds, `read_size` is in bytes."""
        super().__init__(peer)
        self.network_stream: AsyncNetworkStream = stream
        self.engine: Engine = Engine(config, peer)
        self.capacity: CapacityReport = CapacityReport(self.engine)
        self.waiters: AsyncWaiters = AsyncWaiters()
        self.reader: AsyncReader = AsyncReader(
            stream, self.engine, self.lock, self.waiters, read_size, peer, ping_interval, ping_timeout
        )
        self.writer: AsyncWriter = AsyncWriter(
            stream, self.engine, self.lock, self.waiters, self.reader, self.capacity, peer
        )
        self._read_size = read_size
        self._ping_timeout = ping_timeout

    # Taking part.

    def check(self) -> None:
        """Raise `ConnectionNotAvailable` if the connection cannot be used here; take in what a request has to know."""
        if os.getpid() != self.process:
            raise ConnectionNotAvailable("The connection belongs to another process")
        if self.affinity.is_other_loop():
            raise ConnectionNotAvailable("The connection belongs to another event loop")
        if self.dropped:
            self.end_dropped()
        # In a pool this is not necessary: it has just called `has_expired()`, which catches up too.
        if self.capacity.on_change is None and self.engine.state is IDLE:
            self.reader.catch_up()

    def leave(self, stream: Stream) -> bool:
        """End a request; return whether the connection is over. The lock is held."""
        engine, waiters = self.engine, self.waiters
        if stream not in engine.requests:
            return False
        engine.finish(stream)
        if not engine.requests and self.keepalive_expiry is not None:
            self.expire_at = time.monotonic() + self.keepalive_expiry
        if stream in waiters.receivers or stream in waiters.senders:
            waiters.wake((stream,))
        if not stream.remote_end and self.reader.is_held_for(stream) and not engine.ping_unanswered:
            # Only an answer from the server can end the read of another task.
            self.reader.ping()
        if waiters.openers:
            waiters.wake_openers()
        return engine.failure is not None or engine.state is CLOSED

    def wake_all(self) -> None:
        """See `AsyncSharedConnection`."""
        self.waiters.wake_all()

    def is_read_for(self, stream: Stream) -> bool:
        """See `AsyncSharedConnection`."""
        return self.reader.is_held_for(stream)

    # Waiting.

    async def wait(
        self,
        sharer: AsyncSharer,
        waiting: Waiting,
        ready: Condition,
        timeout: float | None,
        arrivals: int | None = None,
    ) -> bool:
        """Wait until `ready` returns true; return false after `timeout` seconds.

        `waiting` is the table of `waiters` in which the task stands while another one reads. A task that waits for a
        stream reads only while no stream is open: another task that closes one can wake a task that waits, but not one
        that reads. `arrivals` is how much had arrived when the time limit began, if that was before this call.
        """
        engine, writer, reader = self.engine, self.writer, self.reader
        for_stream = waiting is self.waiters.openers
        since = time.monotonic()
        deadline = None if timeout is None else since + timeout
        remaining, token, event = timeout, object(), None
        arrivals = reader.arrivals if arrivals is None else arrivals
        in_time = can_send = True
        try:
            while True:
                with self.lock:
                    if event is not None:
                        self.waiters.woken.discard(event)
                        event = None
                    is_ready = ready()
                    if is_ready or not in_time:
                        self._end_wait(sharer, waiting, None if is_ready else arrivals, since, timeout)
                        return is_ready
                    sending = (engine.outgoing or writer.unfinished is not None) and can_send and writer.holder is None
                    if sending:
                        self._pass_on()
                    elif reader.holder is not None or not self._start_reading(sharer, token, for_stream):
                        event = waiting[sharer.stream] = AsyncEvent()
                if sending:
                    can_send = await self._send_while_waiting(sharer, ready, remaining)
                elif event is None:
                    done = await self._read(sharer, remaining, since, ready)
                    if done and not for_stream:
                        return True
                    in_time, can_send = done is not None, True
                elif for_stream:
                    in_time = await self._wait_for_room(event, remaining)
                else:
                    in_time = can_send = await event.wait(remaining)
                if deadline is not None:
                    remaining = deadline - time.monotonic()
                    in_time = in_time and remaining > 0
                    if not in_time:
                        await self._look_once_more(ready)
        except BaseException as exc:
            with self.lock:
                reader.stop(token, exc)
                if event is not None:
                    self.waiters.woken.discard(event)
                self._end_wait(sharer, waiting, arrivals if isinstance(exc, ReadTimeout) else None, since, None)
            raise

    def _start_reading(self, sharer: AsyncSharer, token: object, for_stream: bool) -> bool:
        """Make a task that waits the reader, as no other one is. Return whether it may be that. The lock is held.

        Its request has to be sent first, in case the task that sends it gives up: nothing wakes a task that reads. If
        that write has to wait, it receives what arrives meanwhile, where the stream can do that.
        """
        handover = sharer.handover
        if handover is not None and handover.sent_at is None and self.writer.write_until_readable is not None:
            return False
        if for_stream and self.engine.streams.open_count:
            # Another task has opened a stream, and left reading to this one, which leaves it to one with a stream.
            self._pass_on()
            return False
        self.reader.holder, self.reader.reads_for = token, sharer.stream
        return True

    def _end_wait(
        self, sharer: AsyncSharer, waiting: Waiting, arrivals: int | None, since: float, timeout: float | None
    ) -> None:
        """End a wait that began at the time `since` on the monotonic clock. The lock is held.

        If it has timed out, `arrivals` is how much had arrived before it, and `timeout` its limit. The connection is
        retired if nothing has arrived since. But silence is normal in a tunnel, and while waiting for a stream, which
        depends on other requests; and a request that another task has sent only during this wait has more time.
        """
        waiting.pop(sharer.stream, None)
        self._pass_on()
        if arrivals is None or waiting is self.waiters.openers or sharer.is_tunnel:
            return
        if sharer.handover is None or not sharer.handover.was_sent_after(since):
            self.writer.retire_if_silent(arrivals, timeout)

    def _pass_on(self) -> None:
        """Let a task that waits read, or send what was left to another one, if no task does. The lock is held.

        A task that has just been woken does this itself, when it has looked whether it has to wait any longer.
        """
        waiters = self.waiters
        if not (waiters.receivers or waiters.senders or waiters.openers) or waiters.woken:
            return
        if self.reader.holder is None or self.writer.is_abandoned:
            waiters.wake_next_reader(among_openers=not self.engine.streams.open_count)

    async def _send_while_waiting(self, sharer: AsyncSharer, ready: Condition, timeout: float | None) -> bool:
        """Send, and receive meanwhile; return whether to try this again before something else arrives."""
        if self.writer.write_until_readable is None:
            await self.writer.flush_unless_writing(sharer.write_timeout)
            return False
        if sharer.limits is not None:
            timeout = sharer.limits.at_most(timeout)
        with contextlib.suppress(WriteError, WriteTimeout):
            await self.writer.flush(timeout, enough=ready)
        return True

    async def _wait_for_room(self, event: AsyncEvent, timeout: float | None) -> bool:
        """Wait for the end of another request; return false after `timeout` seconds."""
        limit = _LOOK_AGAIN if timeout is None else min(timeout, _LOOK_AGAIN)
        in_time = await event.wait(limit) or limit != timeout
        # Requests that were dropped while the lock was held have woken no task.
        self.end_dropped()
        return in_time

    async def _look_once_more(self, ready: Condition) -> None:
        """Catch up before a timeout is raised: what the task needs may have arrived while the program was busy."""
        for _ in range(_LAST_LOOKS):
            arrivals = self.reader.arrivals
            await self._let_others_read(arrivals)
            self.reader.catch_up()
            with self.lock:
                if self.reader.arrivals == arrivals or ready():
                    return

    async def _let_others_read(self, arrivals: int) -> None:
        """Give the task that reads, if there is one, the time to take in what has come: it may be late, too."""
        for _ in range(_TURNS):
            await async_checkpoint_if_cancelled()
            if self.reader.holder is None or self.reader.arrivals != arrivals:
                return

    # Reading.

    async def _read(self, sharer: AsyncSharer, timeout: float | None, since: float, ready: Condition) -> bool | None:
        """Read once, as the reader that the caller has become; return what `ready` returns after that.

        Returns `None` if nothing came in time. The caller has been waiting since the time `since` on the monotonic
        clock.
        """
        engine, reader, writer = self.engine, self.reader, self.writer
        limit = timeout
        if writer.holder is not None or engine.outgoing or writer.unfinished is not None:
            # If the task that writes gives up, this one has to send the rest.
            limit = _LOOK_AGAIN if timeout is None else min(timeout, _LOOK_AGAIN)
        try:
            if reader.ping_interval is None:
                data = await self.network_stream.read(self._read_size, limit)
            else:
                data = await self._read_with_pings(reader.ping_interval, limit, since)
        except ReadTimeout:
            with self.lock:
                reader.holder = None
            if limit is None:
                # The stream has a limit of its own.
                raise
            return None if limit == timeout else False
        except ReadError as exc:
            with self.lock:
                reader.lost(exc, exc)
                reader.holder = None
            self.capacity.report()
            return False
        with self.lock:
            # Under one lock: what is read next must not overtake this.
            reader.received(data)
            settings: list[RemoteSettingsChanged] = []
            if reader.unreported:
                settings += reader.unreported
                reader.unreported.clear()
            reader.holder = None
            is_ready, answering = ready(), engine.outgoing or writer.unfinished is not None
            if is_ready or answering:
                # Writing may take long, and others should not have to wait for it.
                self._pass_on()
        if settings or engine.state not in USABLE:
            self.capacity.report()
        if sharer.tracer is not None:
            for change in settings:
                await sharer.tracer.report("receive_remote_settings.started", {})
                await sharer.tracer.report("receive_remote_settings.complete", {"return_value": change})
            if settings and os.getpid() != self.process:
                # The callback has forked. What comes next is for the parent.
                raise ReadError("The connection belongs to another process")
        if answering:
            await writer.flush_unless_writing(sharer.write_timeout)
        return is_ready

    async def _read_with_pings(self, interval: float, timeout: float | None, since: float) -> bytes:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            # The time counts from the beginning of the wait, which may consist of many short reads.
            patience = self.reader.patience(interval, since)
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            if remaining is not None and remaining <= patience:
                return await self.network_stream.read(self._read_size, remaining)
            with contextlib.suppress(ReadTimeout):
                return await self.network_stream.read(self._read_size, patience)
            self.reader.ask()
            await self.writer.flush_unless_writing(self._ping_timeout)
