"""One HTTP/1.1 connection over any network stream."""

import time

from httpcore_models import (
    AsyncConnectionInterface,
    AsyncNetworkStream,
    ConnectionInfo,
    ConnectionNotAvailable,
    Origin,
    Request,
    Response,
)
from httpcore_models.concurrency import async_checkpoint_if_cancelled
from httpcore_models.lowlevel import AsyncCloseOnExit, FailureReport, connection_info_of, is_origin_of

from .._engine import Engine
from .._legacy import LegacyConnection
from .._states import TRANSITIONS, Input, State
from .body import AsyncHTTP11Body
from .lifecycle import AsyncLifecycle
from .upgrade import AsyncUpgradeStream

# Before Python 3.12, looking up a member of an enumeration is slow.
_IDLE, _CLOSED, _REQUEST = State.IDLE, State.CLOSED, Input.REQUEST

# How many seconds a check by `has_expired()` remains valid. A pool calls it just before it sends a request, but other
# tasks may run in between.
_CHECK_IS_VALID_FOR = 0.002


class AsyncHTTP11Connection(AsyncCloseOnExit, LegacyConnection, AsyncConnectionInterface):
    """One HTTP/1.1 connection, which carries one request at a time and stays open in between (RFC 9112 section 9.3).

    The connection takes over `stream`, a connected network stream to `origin`. After `keepalive_expiry` idle seconds
    `has_expired()` returns true; `None` means never. `connection_info` describes the connection to those who see its
    responses; by default it is made of what the stream tells.

    A request that fails or is cancelled at any point closes the connection. So does closing a response before its body
    was read to its end.
    """

    READ_NUM_BYTES = 64 * 1024
    MAX_INCOMPLETE_EVENT_SIZE = 100 * 1024

    def __init__(
        self,
        origin: Origin,
        stream: AsyncNetworkStream,
        keepalive_expiry: float | None = None,
        *,
        connection_info: ConnectionInfo | None = None,
    ) -> None:
        self._origin = origin
        # The limit is for incomplete heads: a complete one may be larger by as much as one read returns.
        reads = self.MAX_INCOMPLETE_EVENT_SIZE // self.READ_NUM_BYTES + 1
        engine = Engine(reads * self.READ_NUM_BYTES, origin)
        self._lifecycle = AsyncLifecycle(origin, stream, engine, keepalive_expiry, self.READ_NUM_BYTES)
        self._lifecycle.connection_info = connection_info or connection_info_of(stream, origin, "HTTP/1.1")
        # When the last check by `has_expired()` has to be repeated.
        self._recheck_at = 0.0

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request and return its response. The body of the response is still to be read.

        A final response with a status of 300 or above ends the upload of the body (RFC 9112 section 9.5). Any other
        final response is returned after the whole body was sent.

        Raises `ConnectionNotAvailable` if the connection is busy, or closed by either side; `RuntimeError` for another
        origin; `LocalProtocolError` or `RemoteProtocolError` if the request or the response breaks the protocol; and
        timeout and network errors.
        """
        if not is_origin_of(self._origin, request.url):
            origin = request.url.origin
            raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._origin}")
        await async_checkpoint_if_cancelled()
        lifecycle = self._lifecycle
        body = AsyncHTTP11Body(self, lifecycle, request)
        begun = False
        try:
            with lifecycle.state_lock:
                state = TRANSITIONS[lifecycle.state].get(_REQUEST)
                if state is not None:
                    # In this order: once the state is changed, any exception has to end the exchange.
                    begun = True
                    lifecycle.state = state
            if not begun:
                raise ConnectionNotAvailable(self._why_not_available())
            is_checked = not lifecycle.request_count or time.monotonic() < self._recheck_at
            if not is_checked and lifecycle.stream.get_extra_info("is_readable"):
                raise ConnectionNotAvailable(
                    f"The server closed the idle connection to {self._origin}, or sent something without being asked."
                )
            self._recheck_at = 0.0
            lifecycle.request_count += 1
            await body.send_request()
            response = await body.receive_response()
            if body.leading_data is not None:
                response.extensions["network_stream"] = AsyncUpgradeStream(lifecycle.stream, body.leading_data, body)
                body.leading_data = None  # the stream frees them once they are read
            return response
        except BaseException as exc:
            if begun:
                with FailureReport("response_closed", exc):
                    await body.fail(exc)
            raise

    def _why_not_available(self) -> str:
        if self._lifecycle.state is _CLOSED:
            return f"The connection to {self._origin} is closed."
        return f"The connection to {self._origin} is busy with another request."

    @property
    def connection_info(self) -> ConnectionInfo:
        """What is known about the connection. Its responses have it as their extension `connection`."""
        info: ConnectionInfo = self._lifecycle.connection_info
        return info

    # The interface for pools.

    async def aclose(self) -> None:
        """Close the connection. A request in progress fails."""
        await self._lifecycle.aclose()

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether this connection leads to `origin`."""
        return origin == self._origin

    def is_available(self) -> bool:
        """Whether the connection is idle."""
        return self._lifecycle.state is _IDLE

    def has_expired(self) -> bool:
        """Whether the connection is idle and should be closed: it was idle for too long, or the server closed it."""
        lifecycle = self._lifecycle
        if lifecycle.state is not _IDLE:
            return False
        expire_at, now = lifecycle.expire_at, time.monotonic()
        if expire_at is not None and now > expire_at:
            return True
        # While no request is open, the server has nothing to send but the end of stream.
        if lifecycle.stream.get_extra_info("is_readable"):
            return True
        self._recheck_at = now + _CHECK_IS_VALID_FOR
        return False

    def is_idle(self) -> bool:
        """Whether the connection has carried a request, and carries none now."""
        return self._lifecycle.state is _IDLE

    def is_closed(self) -> bool:
        """Whether the connection is closed."""
        return self._lifecycle.state is _CLOSED

    @property
    def close_reason(self) -> str | None:
        """Why the last exchange has closed the connection: one of the reasons of `ConnectionEvent`, if it is known."""
        reason: str | None = self._lifecycle.close_reason
        return reason

    def info(self) -> str:
        """Origin, protocol, state and number of requests."""
        lifecycle = self._lifecycle
        count = lifecycle.request_count
        return f"{str(self._origin)!r}, HTTP/1.1, {lifecycle.state.name}, Request Count: {count}"

    def __repr__(self) -> str:
        lifecycle = self._lifecycle
        count = lifecycle.request_count
        return f"<{type(self).__name__} [{str(self._origin)!r}, {lifecycle.state.name}, Request Count: {count}]>"
