"""The life of a connection that carries many requests, as a pool and a debugger see it."""

import contextlib
import os
from collections.abc import Callable
from typing import Any

from ..._async.interfaces import AsyncConnectionInterface
from ..._bodies import ByteStream
from ..._closing import AsyncCloseOnExit
from ..._connection_info import ConnectionInfo
from ..._exceptions import ConnectionNotAvailable
from ..._request import Request
from ..._retrying import Retryable, mark_retryable, retryable_after
from ..._url import Origin
from ...concurrency import TEARDOWN_TIMEOUT, AsyncShield
from ..engine import MessageEngine
from ..message_stream import MessageStream
from ..states import CLOSED, TRANSITIONS, Input
from .sharing import AsyncSharedConnection


class AsyncMultiplexedConnection(AsyncCloseOnExit, AsyncConnectionInterface):
    """A connection that carries as many requests at a time as the server allows."""

    # The name of the protocol, for `info()`.
    _protocol: str
    _origin: Origin
    _network_stream: Any
    _shared: AsyncSharedConnection
    _engine: MessageEngine
    _connection_info: ConnectionInfo

    @property
    def connection_info(self) -> ConnectionInfo:
        """What is known about the connection. Its responses have it as their extension `connection`."""
        return self._connection_info

    def _check_processed(self, stream: MessageStream, request: Request, failure: BaseException) -> None:
        """Raise `ConnectionNotAvailable` if the server has ignored a request that has ended with `failure`.

        Then all of it may be sent elsewhere, unless its body cannot be iterated over again.
        """
        has_begun = stream.head.has_body and not isinstance(request.stream, (ByteStream, list, tuple))
        if has_begun or not self._engine.disowns(stream):
            return
        error = ConnectionNotAvailable(str(failure))
        mark_retryable(error, retryable_after(failure) or Retryable.ANY)
        try:
            raise error from failure
        finally:
            del error, failure  # they hold this frame

    # What a pool needs.

    async def aclose(self) -> None:
        """Close the connection; tell the server if that takes no waiting.

        Requests in flight fail with `ReadError` or `WriteError`, and those that wait for a stream fail with
        `ConnectionNotAvailable`. The socket is closed even if this call is cancelled. In a child process nothing is
        sent.
        """
        shared, engine = self._shared, self._engine
        if os.getpid() != shared.process:
            # The lock may be held by a thread that does not exist here, and the stream is the parent's.
            engine.retire("The connection belongs to another process")
            engine.state = TRANSITIONS[engine.state, Input.CLOSE]
            await self._network_stream.aclose()
            return
        try:
            with shared.lock:
                engine.close()
                shared.wake_all()
            shared.capacity.report()
            if not shared.affinity.is_other_loop():
                with contextlib.suppress(Exception), AsyncShield():
                    # A write that is under way is ended below.
                    await self._send_last(TEARDOWN_TIMEOUT)
        finally:
            # A shield does not stop everything: not `Task.cancel()` of asyncio, and no exception from a signal handler.
            await self._network_stream.aclose()

    async def _send_last(self, timeout: float) -> None:
        """Send what the engine has for the server at the end, unless another task is writing."""
        raise NotImplementedError

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether the connection leads to `origin`."""
        return origin == self._origin

    @property
    def on_capacity_change(self) -> Callable[[], None] | None:
        """A callback, set by a pool, that is called when what the connection can carry may have changed.

        That is what `stream_limit`, `request_capacity` and `is_available()` tell. The callback takes no arguments, may
        be called from any thread, and should be quick, because the connection waits for it. The methods that a pool
        calls do not call it, nor does a response over HTTP/2 that has arrived as a whole, whose stream is free before
        it is read: a pool looks at `request_capacity` when it has got a response. While it is set, a request that finds
        all streams in use raises `ConnectionNotAvailable` instead of waiting, except over HTTP/3 for a stream that the
        server is about to allow. One on an idle connection does not check whether the server has closed it: whoever
        sets the callback has to ask `has_expired()` first, as a pool does.
        """
        return self._shared.capacity.on_change

    @on_capacity_change.setter
    def on_capacity_change(self, callback: Callable[[], None] | None) -> None:
        self._shared.capacity.on_change = callback

    @property
    def request_capacity(self) -> int:
        """How many requests the connection can carry now, including those that it carries already."""
        return self._engine.capacity

    def is_idle(self) -> bool:
        """Whether the connection carries no request and is not closed."""
        if self._shared.dropped:
            self._shared.end_dropped()
        return not self._engine.requests and self._engine.state is not CLOSED

    def is_closed(self) -> bool:
        """Whether the connection is closed."""
        return self._engine.state is CLOSED

    @property
    def close_reason(self) -> str | None:
        """Why the connection takes no further request: one of the reasons of `ConnectionEvent`, if it is known."""
        return self._engine.close_reason

    def info(self) -> str:
        """Origin, protocol, state and number of requests."""
        engine = self._engine
        return f"{str(self._origin)!r}, {self._protocol}, {engine.state.name}, Request Count: {engine.request_count}"

    def __repr__(self) -> str:
        state, count = self._engine.state.name, self._engine.request_count
        return f"<{type(self).__name__} [{str(self._origin)!r}, {state}, Request Count: {count}]>"
