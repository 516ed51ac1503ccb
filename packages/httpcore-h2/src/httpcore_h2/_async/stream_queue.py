"""Which request gets the next stream: first come, first served, within the server's limit (RFC 9113 section 5.1.2)."""

import time
from collections.abc import Callable

from httpcore_models import ConnectionNotAvailable, LocalProtocolError, PoolTimeout
from httpcore_models.concurrency import AsyncEvent
from httpcore_models.deadline import limit_text

from .._stream import Stream
from .shared_stream import AsyncSharedStream
from .waiters import AsyncSharer


class AsyncStreamQueue:
    """The requests that wait for a stream.

    In a pool, which has other connections, a request waits only until the server has said how many streams it allows.
    """

    def __init__(self, shared: AsyncSharedStream) -> None:
        self._shared = shared
        self._engine = shared.engine
        self._lock = shared.lock
        # In order of arrival. Each request but the first has an event, which is set when it becomes the first: it would
        # be useless to wake all of them whenever a stream ends.
        self._waiting: dict[Stream, AsyncEvent | None] = {}
        self._opened = False

    @property
    def has_room(self) -> bool:
        """Whether another request would get a stream now, or at least wait for the server's limit."""
        engine = self._engine
        return engine.usable and (not engine.streams.limit_known or engine.can_open_after(len(self._waiting)))

    def enter(self, stream: Stream, open_at_once: bool) -> bool:
        """Take a request; return whether its stream is open already: `open_at_once` says that it may be.

        Raises `ConnectionNotAvailable`.
        """
        with self._lock:
            self._engine.admit(stream)
            return open_at_once and not self._waiting and self._open(stream)

    async def open_stream(self, sharer: AsyncSharer, timeout: float | None) -> None:
        """Open the stream of a request when it is its turn.

        Raises `PoolTimeout` after `timeout` seconds, and `ConnectionNotAvailable` if the connection will offer none.
        """
        try:
            if not self._open_in_turn(sharer.stream):
                await self._wait_and_open(sharer, timeout)
        finally:
            if self._waiting:
                self._step_out(sharer.stream)

    async def require_extended_connect(self, sharer: AsyncSharer, timeout: float | None) -> None:
        """Raise `LocalProtocolError` unless the server, once it has sent its settings, supports extended CONNECT."""
        engine = self._engine
        await self._wait(sharer, lambda: engine.settings_received, timeout)
        if not engine.supports_extended_connect:
            raise LocalProtocolError("The server does not support extended CONNECT (RFC 8441)")

    def _open_in_turn(self, stream: Stream) -> bool:
        with self._lock:
            if (not self._waiting or self._is_first(stream)) and self._open(stream):
                return True
            if not self._engine.usable:
                self._shared.waiters.wake_all()
                raise self._engine.not_available()
            if self._is_full():
                raise ConnectionNotAvailable(
                    f"The server allows no further stream on this connection to {self._shared.peer} "
                    f"({self._engine.streams.open_count} in use)"
                )
            self._waiting[stream] = None
            return False

    def _open(self, stream: Stream) -> bool:
        try:
            opened = self._engine.open_stream(stream)
        except ConnectionNotAvailable:
            self._shared.waiters.wake_all()
            raise
        if opened:
            self._opened = True
        return opened

    def _is_first(self, stream: Stream) -> bool:
        return next(iter(self._waiting), stream) is stream

    def _is_full(self) -> bool:
        """Whether the request should go elsewhere. The first one should not: a server may begin with a limit of 0."""
        engine = self._engine
        in_pool = self._shared.capacity.on_change is not None
        return in_pool and engine.streams.limit_known and self._opened and not engine.can_open

    async def _wait_and_open(self, sharer: AsyncSharer, timeout: float | None) -> None:
        stream = sharer.stream
        deadline = None if timeout is None else time.monotonic() + timeout

        def may_go_on() -> bool:
            return (self._engine.can_open and self._is_first(stream)) or self._is_full()

        try:
            await self._wait_for_turn(stream, timeout)
            while not self._open_in_turn(stream):
                remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
                await self._wait(sharer, may_go_on, remaining)
        except PoolTimeout as exc:
            raise self._timed_out(timeout) from exc

    async def _wait_for_turn(self, stream: Stream, timeout: float | None) -> None:
        with self._lock:
            if self._is_first(stream):
                return
            event = self._waiting[stream] = AsyncEvent()
        if not await event.wait(timeout):
            raise PoolTimeout from TimeoutError()

    def _step_out(self, stream: Stream) -> None:
        with self._lock:
            self._waiting.pop(stream, None)
            event = next(iter(self._waiting.values()), None)
            if event is not None:
                event.set()

    async def _wait(self, sharer: AsyncSharer, ready: Callable[[], bool], timeout: float | None) -> None:
        shared, engine = self._shared, self._engine
        shared.reader.catch_up()
        if not await shared.wait(sharer, shared.waiters.openers, lambda: ready() or not engine.usable, timeout):
            raise self._timed_out(timeout) from TimeoutError()
        if not engine.usable:
            raise engine.not_available()

    def _timed_out(self, timeout: float | None) -> PoolTimeout:
        return PoolTimeout(
            f"Pool timed out {limit_text(timeout)}: no stream to {self._shared.peer} became available "
            f"({self._engine.streams.open_count} in use)"
        )
