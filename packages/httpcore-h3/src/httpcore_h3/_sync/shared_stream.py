# Generated from ../_async/shared_stream.py by tools/make_sync.py: edit that file, then run it.
"""How the exchanges on a connection share its datagram stream.

No thread is in charge of reading. A thread that needs something from the server, and finds that no other one is reading,
becomes the reader: it receives datagrams, hands them to the engine, wakes the threads whose streams have something new,
and checks whether it has what it needs. When it has, or when it gives up, it passes the role on to another thread that
waits. So each exchange waits with its own timeout, and interrupting one does not affect the others. The reader also looks
after QUIC's timer; a thread that sends something while it waits, and so sets an earlier timer, does that itself.

One thread at a time writes, and writes what the others have for the server, too. Datagrams that are lost because a thread
was interrupted are sent again by QUIC, like those that the network has lost.
"""

import math
import os
import time
from collections.abc import Callable
from typing import TypeAlias

from httpcore_models import ConnectionNotAvailable
from httpcore_models.concurrency import Event
from httpcore_models.deadline import TotalSeconds
from httpcore_models.multiplexing import CLOSED, IDLE

from .._stream import Stream
from .datagrams import Datagrams

Condition: TypeAlias = Callable[[], bool]

# How often a thread catches up before its timeout is raised, at most.
_LAST_LOOKS = 64

# An event loop needs a turn to see that something has come, one to receive it, and one to run the thread that reads.
_TURNS = 3

# How many seconds a thread reads, at most, before it looks when the timer is due after another has sent its request.
_TIMER_UNKNOWN = 0.02

# How many seconds after qh3's own timer an acknowledgement leaves at the latest, if nothing else does before. The timer
# fires after 0.001; servers are told that it may take 0.025 (RFC 9000 section 13.2.1).
_ACKNOWLEDGED_WITHIN = 0.005

# If requests follow each other within this many seconds, what arrived last is acknowledged with the next one.
_IN_A_ROW = 0.05


class SharedStream(Datagrams):
    """The datagram stream of a connection, for all of its exchanges, and the engine behind it."""

    # Of the base class; declared again for type checkers, since they are assigned here too.
    idle_since: float
    expire_at: float | None
    in_a_row: bool
    _reading: object | None
    _reads_for: object | None
    _reads_until: float

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
        elif self.engine.handshake_done and self._reading is None:
            self._retire_if_neglected()

    def _retire_if_neglected(self) -> None:
        """Retire the connection if nobody has looked after it for so long that the server may have closed it.

        The responses that are in progress were not read meanwhile. Perhaps all of them has arrived.
        """
        quic = self.engine.quic
        if time.monotonic() - quic.heard > quic.idle_timeout:
            with self.lock:
                self.engine.retire("Nothing was received on this connection for as long as the idle timeout")
                self.wake_all()

    @property
    def has_no_credit(self) -> bool:
        """Whether a request in a pool would wait for the server to allow a stream, before anything of it leaves."""
        engine = self.engine
        return engine.opened >= engine.limit and engine.handshake_done and self.capacity.on_change is not None

    def leave(self, stream: Stream) -> bool:
        """End a request; return whether the connection is over. The lock is held."""
        engine = self.engine
        if stream not in engine.requests:
            return False
        engine.finish(stream)
        if not engine.requests:
            self.idle_since = now = time.monotonic()
            # The server has closed it then, perhaps without a word. What it has sent before that, and nobody has read,
            # does not make it live longer.
            self.expire_at = now + engine.quic.idle_timeout
            if self.keepalive_expiry is not None:
                self.expire_at = min(self.expire_at, now + self.keepalive_expiry)
        if stream in self.waiting:
            self._wake(stream)
        if self._reading is not None and self._reads_for is stream and not engine.ping_unanswered:
            # Only an answer from the server can end the wait of another thread.
            engine.ping()
        if self.queue:
            self._wake_first()
        return engine.failure is not None or engine.state is CLOSED

    def is_read_for(self, stream: Stream) -> bool:
        """See `SharedConnection`."""
        return self._reading is not None and self._reads_for is stream

    @property
    def is_writing(self) -> bool:
        """Whether a thread is writing, which will write what others have, too."""
        return self._writing is not None

    # Waiting.

    def wait(self, key: object, ready: Condition, timeout: float | None, *, verdict: bool = True) -> bool:
        """Wait until `ready` returns true; return false after `timeout` seconds.

        `key` stands for what the thread waits for: its stream, if it has one. With `verdict`, a wait that times out
        without anything at all having arrived ends the use of the connection: the path to the server may be dead.
        """
        engine, token = self.engine, object()
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        arrivals, in_time, has_taken = self.arrivals, True, False
        event: Event | None = None
        try:
            while True:
                with self.lock:
                    if event is not None:
                        self.woken.discard(event)
                        # Its time may be over: then nothing has removed it. Nobody must wake a thread that runs.
                        self.waiting.pop(key, None)
                        event = None
                    is_ready = ready()
                    if is_ready or not in_time:
                        # What is to be acknowledged may leave with the next request.
                        self._end_wait(key)
                        # The silence of a server that was not asked for anything says nothing.
                        if verdict and not is_ready and arrivals == self.arrivals and key not in engine.blocked:
                            self._retire_if_silent(timeout)
                        break
                    sending, patience = engine.output_pending and self._writing is None, 0.0
                    if sending and not engine.output_urgent:
                        if self._take_more():
                            has_taken = True
                            continue
                        if not self.senders and engine.quic.is_acknowledging and engine.timer > time.monotonic():
                            # Acknowledgements have time, and so has what the server may have asked for.
                            sending, patience = False, _ACKNOWLEDGED_WITHIN
                    if not sending:
                        due, now = engine.timer + patience, time.monotonic()
                        if due <= now:
                            self._touched(engine.handle_timer(now))
                            continue
                        until = due if due < deadline else deadline
                        if self._reading is None:
                            if engine.output_pending and until - now > _TIMER_UNKNOWN:
                                # The thread that writes sets the timer, and may have something else to do then.
                                until = now + _TIMER_UNKNOWN
                            self._reading, self._reads_for, self._reads_until = token, key, until
                        else:
                            if due >= self._reads_until:
                                until = deadline
                            event = self.waiting[key] = Event()
                        limit = None if until == math.inf else max(0.0, until - now)
                if sending:
                    self.flush_quietly(timeout)
                elif event is None:
                    self._read(limit, timeout)
                else:
                    event.wait(limit)
                if in_time and deadline != math.inf and time.monotonic() >= deadline:
                    in_time = False
                    self._look_once_more(ready)
            if has_taken:
                self.capacity.report()
            return is_ready
        except BaseException:
            with self.lock:
                self._give_up_wait(key, token, event)
            raise

    def _end_wait(self, key: object) -> None:
        """Leave the wait, and let another thread read if none does. The lock is held.

        A thread that has just been woken does this itself, when it has looked whether it has to wait any longer.
        """
        waiting = self.waiting
        waiting.pop(key, None)
        if waiting and not self.woken and (self._reading is None or (self.engine.output_pending and not self._writing)):
            self._wake(next(iter(waiting)))

    def _give_up_wait(self, key: object, token: object, event: Event | None) -> None:
        """Leave the wait as a thread that is interrupted, whether it reads or waits for its event. The lock is held."""
        if self._reading is token:
            self._reading = None
        if event is not None:
            self.woken.discard(event)
        self._end_wait(key)

    def _retire_if_silent(self, limit: float | None) -> None:
        """Retire the connection after a timeout of `limit` seconds in which nothing has arrived. The lock is held.

        The short time that is left of the limit of a whole request says nothing.
        """
        if not isinstance(limit, TotalSeconds) or limit.is_conclusive:
            self.engine.retire("Nothing arrived on this connection for as long as a time limit")
            self.wake_all()

    def _look_once_more(self, ready: Condition) -> None:
        """Catch up before a timeout is raised: what the thread needs may have arrived while the program was busy."""
        for _ in range(_LAST_LOOKS):
            arrivals = self.arrivals
            for _ in range(_TURNS):
                if self._reading is None or self.arrivals != arrivals:
                    break
            self.catch_up()
            with self.lock:
                if self.arrivals == arrivals or ready():
                    return
