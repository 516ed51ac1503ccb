# Generated from ../_async/exchanges.py by tools/make_sync.py: edit that file, then run it.
"""The requests on a connection: how their responses are received, and how they end."""

import collections
import os
import sys
import threading
import time
from typing import Any

from httpcore_models import ConnectionInterface, NetworkStream, ReadError
from httpcore_models.concurrency import TEARDOWN_TIMEOUT, LoopAffinity, Shield
from httpcore_models.lowlevel import warn_unclosed

from .._engine import Engine
from .._events import END_OF_STREAM, NEED_DATA, Event, InformationalResponse, ResponseHead, Trailers
from .._legacy import LegacyConnection
from .._states import Input, State, transition
from .exchange import Exchange
from .shared_stream import SharedStream


class Exchanges(LegacyConnection, ConnectionInterface):
    """What a connection does for requests that have been sent."""

    _network_stream: NetworkStream
    _shared: SharedStream
    _engine: Engine
    _keepalive_expiry: float | None

    def __init__(self) -> None:
        # Guards the engine and what is here. Held for a few microseconds at a time, never across a wait nor a trace
        # callback.
        self._lock = threading.Lock()
        self._state = State.IDLE
        self._expire_at: float | None = None
        self._exchanges: set[Exchange] = set()
        # Those to be ended without waiting, until the lock is free.
        self._dropped: collections.deque[Exchange] = collections.deque()
        self._process = os.getpid()
        self._affinity = LoopAffinity()

    # Receiving.

    def _receive_head(self, exchange: Exchange) -> tuple[int, list[tuple[bytes, bytes]]]:
        while True:
            event = self._next_event(exchange)
            if isinstance(event, ResponseHead):
                return event.status, event.headers
            if isinstance(event, InformationalResponse) and exchange.tracer is not None:
                exchange.tracer.report("receive_informational_response.started", exchange.info)
                exchange.tracer.report("receive_informational_response.complete", {"return_value": tuple(event)})

    def _receive_body(self, exchange: Exchange, extensions: dict[str, Any]) -> bytes:
        """Return the next part of the body, or `b""` at its end."""
        while True:
            event = self._next_event(exchange)
            if isinstance(event, bytes):
                return event
            if isinstance(event, Trailers):
                extensions["trailing_headers"] = event.headers
            if event is END_OF_STREAM:
                return b""

    def _take_body(self, exchange: Exchange) -> bytes | None:
        """Return all that is left of the body, if it has arrived."""
        assert exchange.stream is not None
        with self._lock:
            return self._engine.take_body(exchange.stream)

    def _is_complete(self, exchange: Exchange) -> bool:
        """Whether the response has been read to its end."""
        stream = exchange.stream
        return stream is not None and stream.remote_end and not stream.events

    def _next_event(self, exchange: Exchange) -> Event:
        engine, stream = self._engine, exchange.stream
        assert stream is not None
        while True:
            if os.getpid() != self._process:
                raise ReadError("The connection belongs to another process")
            event = exchange.taken
            if event is None:
                with self._lock:
                    event = engine.next_event(stream)
            if engine.outgoing and not self._affinity.is_other_loop():
                exchange.taken = event
                self._shared.flush_unless_writing(exchange.write_timeout)
            exchange.taken = None
            if event is not NEED_DATA:
                return event
            self._shared.wait_for_event(exchange, stream)

    def _has_event(self, exchange: Exchange) -> bool:
        assert exchange.stream is not None
        return self._engine.has_event(exchange.stream)

    # The end of an exchange.

    def _close_response(self, exchange: Exchange) -> None:
        """End the exchange; reset the stream unless it has ended by itself."""
        # In a child process, the stream is the parent's.
        if os.getpid() != self._process or not (exchange in self._exchanges or exchange.dropped):
            return
        # The server may not know yet of one that was dropped.
        if exchange.tracer is None or exchange.stream is None or exchange.dropped:
            self._end_exchange(exchange)
            return
        try:
            info = {"stream_id": exchange.stream.id}
            exchange.tracer.run("response_closed", info, self._end_exchange, exchange)
        except BaseException:
            # The callback may raise, or be interrupted, before the exchange was ended.
            self._end_exchange(exchange)
            raise

    def _end_exchange(self, exchange: Exchange) -> None:
        with self._lock:
            over = self._leave(exchange)
        if over:
            with Shield():
                self.close()
        elif self._engine.outgoing and not self._affinity.is_other_loop():
            with Shield():
                self._shared.flush_unless_writing(TEARDOWN_TIMEOUT)

    def _leave(self, exchange: Exchange) -> bool:
        """Take an exchange off the connection; return whether that is to be closed. The lock is held."""
        if exchange not in self._exchanges:
            return False
        engine, stream = self._engine, exchange.stream
        try:
            if stream is not None:
                engine.finish(stream)
                self._shared.wake(stream)
                if not stream.remote_end and self._shared.is_read_for(exchange) and not engine.ping_unanswered:
                    # Nothing but an answer of the server's ends a read of another thread.
                    engine.ping()
            self._shared.wake_newcomers()
        finally:
            self._exchanges.discard(exchange)
        if not self._exchanges and self._state in (State.ACTIVE, State.RETIRED):
            self._state = transition(self._state, Input.COMPLETE)
            if self._keepalive_expiry is not None:
                self._expire_at = time.monotonic() + self._keepalive_expiry
        return engine.failed or self._state is State.CLOSED

    def _drop(self, exchange: Exchange, source: object) -> None:
        """End the exchange of `source`, which is finalised, unless another object stands for it.

        May be called at any point, even while the same thread holds the lock, and may not wait.
        """
        exchange.holders -= 1
        if os.getpid() != self._process or sys.is_finalizing():
            return
        is_open = exchange in self._exchanges and not self.is_closed()
        if is_open and exchange.holders:
            return
        if is_open:
            self._abort(exchange)
        drop = getattr(exchange.lease, "drop", None)
        if drop is not None:
            drop()
        if is_open:
            warn_unclosed(exchange.request, source)

    def _abandon(self, exchange: Exchange) -> bool:
        """End an exchange whose body nobody will read on, without waiting; return whether it is over."""
        if os.getpid() != self._process or exchange not in self._exchanges or self._shared.is_read_for(exchange):
            return False
        exchange.dropped = True
        self._abort(exchange)
        return True

    def _abort(self, exchange: Exchange) -> None:
        """End the exchange without waiting."""
        self._dropped.append(exchange)
        self._end_dropped()

    def _end_dropped(self) -> None:
        """Do so with all to be ended without waiting: the next write resets their streams."""
        # Nobody keeps the lock for long, but it may be the calling thread that has it. Whoever waits looks again.
        if not self._dropped or self._lock.locked():
            return
        over = False
        with self._lock:
            while self._dropped:
                over = self._leave(self._dropped.popleft()) or over
        abort = getattr(self._network_stream, "abort", None)
        if over and abort is not None:
            abort()
