"""One HTTP/2 connection over any network stream."""

import contextlib
import logging
import os
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from typing import Any

from h2.config import H2Configuration
from httpcore_models import (
    AsyncNetworkStream,
    ByteStream,
    ConnectionNotAvailable,
    Origin,
    Request,
    Response,
    WriteError,
)
from httpcore_models.concurrency import TEARDOWN_TIMEOUT, AsyncShield, async_checkpoint_if_cancelled
from httpcore_models.lowlevel import (
    AsyncCloseOnExit,
    Retryable,
    async_get_tracer,
    is_origin_of,
    mark_retryable,
    received_response,
    retryable_after,
)

from .._engine import Engine
from .._frames import as_bytes
from .._states import Input, State, transition
from .._translate import RequestHead, RequestTranslator
from .body import AsyncHTTP2Body
from .exchange import AsyncExchange
from .exchanges import AsyncExchanges
from .shared_stream import AsyncSharedStream
from .stream_queue import AsyncStreamQueue
from .tunnel import AsyncTunnelStream

_logger = logging.getLogger("httpcore.http2")

_OPEN = (State.IDLE, State.ACTIVE)

# Between parts of this size, in bytes, an upload looks whether the server has already answered.
_PART_SIZE = 64 * 1024


class AsyncHTTP2Connection(AsyncCloseOnExit, AsyncExchanges):
    """One HTTP/2 connection: as many requests at a time as the server allows (RFC 9113 section 5.1.2).

    `stream` is a connected network stream to `origin`, which the connection takes over; `keepalive_expiry` is how
    long in seconds it may stay idle before `has_expired()` says so, `None` for ever.

    With `ping_interval`, a server that has been silent for so many seconds while a request waits for it is sent a
    PING, and unless anything comes within `ping_timeout` seconds, all requests fail with `ReadError`.

    May be shared between tasks, or in its sync form between threads. A request that fails, times out or is cancelled
    at any point resets its own stream; the others go on. Only a network that fails, a server that breaks the protocol,
    and a write that ends in the middle on a stream that cannot resume it, as a blocking socket, end them all.
    """

    READ_NUM_BYTES = 64 * 1024
    # Requests are checked before h2 sees them: an error in the middle of one would spoil its header compression.
    CONFIG = H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)

    def __init__(
        self,
        origin: Origin,
        stream: AsyncNetworkStream,
        keepalive_expiry: float | None = None,
        *,
        ping_interval: float | None = None,
        ping_timeout: float = 20.0,
    ) -> None:
        super().__init__()
        self._origin = origin
        self._network_stream = stream
        self._keepalive_expiry = keepalive_expiry
        self._engine = Engine(self.CONFIG)
        self._translator = RequestTranslator()
        self._shared = AsyncSharedStream(
            stream, self._engine, self._lock, self.READ_NUM_BYTES, str(origin), ping_interval, ping_timeout
        )
        self._shared.on_change = self._changed
        self._shared.end_dropped = self._end_dropped
        self._stream_queue = AsyncStreamQueue(self._engine, self._shared, self._lock, str(origin))
        self._shared.report = self._stream_queue.report
        self._request_count = 0

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request and return its response with the body yet to be read.

        Waits while the server allows no further stream, up to the timeout `pool`; in a pool, see `on_capacity_change`,
        only for the server to say how many it allows.

        Raises `ConnectionNotAvailable` when the connection is closed or about to be, when the server says by a GOAWAY
        that it has not processed the request, and in another process or event loop; `RuntimeError` for another
        origin, `LocalProtocolError` or `RemoteProtocolError` when either side breaks the protocol, and timeout and
        network errors. A response with a status of 300 and above that arrives while the body is sent ends the upload,
        and so does a RST_STREAM after a complete response; the response is returned (RFC 9113 section 8.1).

        A CONNECT request, with the extension `protocol` as `bytes` for an extended one (RFC 8441), gives a response
        whose `network_stream` is that of the tunnel.
        """
        if not is_origin_of(self._origin, request.url):
            origin = request.url.origin
            raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._origin}")
        head = self._translator.request_head(request)
        await async_checkpoint_if_cancelled()
        exchange = AsyncExchange(request, async_get_tracer(_logger, request))
        try:
            self._claim(exchange)
            await self._open_stream(exchange, head)
            await self._send_request(exchange)
            response_head = await self._run("receive_response_headers", exchange, self._receive_head)
            return self._response(exchange, *response_head)
        except BaseException as exc:
            with AsyncShield():
                await self._close_response(exchange)
            stream = exchange.stream
            has_begun = head.has_body and not isinstance(request.stream, (ByteStream, list, tuple))
            if stream is not None and self._engine.disowns(stream) and not has_begun:
                # Nothing of the request counts, and all of it may be sent elsewhere.
                error = ConnectionNotAvailable(str(exc))
                mark_retryable(error, retryable_after(exc) or Retryable.ANY)
                try:
                    raise error from exc
                finally:
                    del error  # which holds this frame
            raise

    def _response(self, exchange: AsyncExchange, status: int, headers: list[tuple[bytes, bytes]]) -> Response:
        assert exchange.stream is not None
        exchange.is_tunnel = exchange.stream.is_connect and 200 <= status < 300
        extensions: dict[str, Any] = {
            "http_version": b"HTTP/2",
            "network_stream": AsyncTunnelStream(self, exchange) if exchange.is_tunnel else self._network_stream,
            "stream_id": exchange.stream.id,
        }
        body = AsyncHTTP2Body(self, exchange, extensions)
        return received_response(status, headers, body, extensions)

    async def _run(self, name: str, exchange: AsyncExchange, function: Any) -> Any:
        if exchange.tracer is None:
            return await function(exchange)
        return await exchange.tracer.run(name, exchange.info, function, exchange)

    # The stream of a request.

    def _claim(self, exchange: AsyncExchange) -> None:
        if os.getpid() != self._process:
            raise ConnectionNotAvailable("The connection belongs to another process")
        if self._affinity.is_other_loop():
            raise ConnectionNotAvailable("The connection belongs to another event loop")
        if self._dropped:
            self._end_dropped()
        if self._state is State.IDLE:
            self._shared.catch_up()
        with self._lock:
            if not self._engine.usable:
                raise self._engine.not_available()
            self._exchanges.add(exchange)
            self._state = transition(self._state, Input.REQUEST)
            self._request_count += 1

    def _changed(self) -> None:
        """Note whether the connection can take another request. The lock is held."""
        if not self._engine.usable and self._state in (State.IDLE, State.ACTIVE):
            self._state = transition(self._state, Input.RETIRE)

    async def _open_stream(self, exchange: AsyncExchange, head: RequestHead) -> None:
        engine = self._engine
        with self._lock:
            starting = not engine.started
            if starting:
                engine.start()
        if starting:
            if exchange.tracer is None:
                await self._send_connection_init(exchange)
            else:
                info = {"request": exchange.request}
                await exchange.tracer.run("send_connection_init", info, self._send_connection_init, exchange)
        await self._stream_queue.open_stream(exchange, head)

    async def _send_connection_init(self, exchange: AsyncExchange) -> None:
        await self._shared.flush(exchange.write_timeout)

    # Sending.

    async def _send_request(self, exchange: AsyncExchange) -> None:
        try:
            await self._run("send_request_headers", exchange, self._send_head)
            await self._run("send_request_body", exchange, self._send_body)
        except WriteError as exc:
            # A server may answer without reading all of the request: there may be a response to read. What the user's
            # body or trace callback raises is none of that.
            if exc is not exchange.write_error:
                raise
        finally:
            # It holds the frames of its callers, and with them the response, which would never be freed.
            exchange.write_error = None
        if self._engine.closed and exchange.stream is not None and self._engine.is_half_sent(exchange.stream):
            raise WriteError(f"The connection was closed while the request was being sent ({self._origin})")

    async def _send_head(self, exchange: AsyncExchange) -> None:
        await self._shared.flush(exchange.write_timeout, exchange)

    async def _send_body(self, exchange: AsyncExchange) -> None:
        request, stream = exchange.request, exchange.stream
        assert stream is not None
        if not isinstance(request.stream, AsyncIterable):
            kind = type(request.stream).__name__
            raise TypeError(f"content must be bytes or an iterable of bytes to suit the connection, but got {kind}.")
        body = request.stream.__aiter__()
        try:
            async for chunk in body:
                if not (type(chunk) is bytes and not chunk) and not await self._send_data(exchange, chunk):
                    return
        finally:
            # A generator that was left early has to run its own cleanup now. A file stays open: it is the user's.
            if isinstance(body, AsyncGenerator):
                await body.aclose()
        if not stream.local_end and not stream.is_connect:
            self._end_request(exchange)
            await self._shared.flush(exchange.write_timeout, exchange)

    def _end_request(self, exchange: AsyncExchange) -> None:
        assert exchange.stream is not None
        with self._lock:
            self._engine.end_request(exchange.stream)

    async def _send_data(self, exchange: AsyncExchange, chunk: bytes) -> bool:
        """Send a piece of the body; return false if the server wants no more of it."""
        engine, stream = self._engine, exchange.stream
        assert stream is not None
        rest = as_bytes(chunk)

        def unwanted() -> bool:
            return not engine.wants_body(stream)

        while rest:
            if exchange.sent >= _PART_SIZE:
                exchange.sent = 0
                self._shared.catch_up()
            with self._lock:
                sent = engine.send_data(stream, rest[:_PART_SIZE])
                wanted = engine.wants_body(stream)
            rest = rest[sent:]
            if sent:
                exchange.sent += sent
                await self._shared.flush(exchange.write_timeout, exchange, unwanted)
            if not wanted:
                return False
            if not sent:
                await self._shared.wait_for_credit(exchange, stream)
        return True

    # The connection as its pool sees it.

    async def aclose(self) -> None:
        """Close the connection, with a GOAWAY where that can be sent at once.

        Requests in flight on it fail with `ReadError` or `WriteError`, those that wait for a stream with
        `ConnectionNotAvailable`. The socket is closed even if this is cancelled.
        """
        if os.getpid() != self._process:
            # In a child process: the lock may be held by a thread that is not there, and a word would be the parent's.
            self._state = State.CLOSED
            self._engine.stop("The connection belongs to another process")
            await self._network_stream.aclose()
            return
        try:
            with self._lock:
                self._state = transition(self._state, Input.CLOSE)
                self._engine.close()
                self._shared.wake_all()
            self._stream_queue.report()
            if not (self._affinity.is_other_loop() or self._network_stream.get_extra_info("is_readable")):
                with contextlib.suppress(Exception), AsyncShield():
                    # If somebody writes, that is ended below.
                    await self._shared.flush_unless_writing(TEARDOWN_TIMEOUT)
        finally:
            # No shield holds off a task's own cancel() on asyncio.
            await self._network_stream.aclose()

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether `origin` is the one this connection leads to."""
        return origin == self._origin

    def is_available(self) -> bool:
        """Whether the connection can take a request now."""
        return self._state in _OPEN and self._stream_queue.has_room and not self._affinity.is_other_loop()

    @property
    def stream_limit(self) -> int | None:
        """How many requests and responses the server allows at a time; `None` until it has said so."""
        return self._engine.stream_limit

    def assume_stream_limit(self, limit: int) -> None:
        """Until the server says how many requests it allows at a time, count on `limit`, as it has allowed before."""
        with self._lock:
            self._engine.assume_stream_limit(limit)

    @property
    def on_capacity_change(self) -> Callable[[], None] | None:
        """What a pool sets, to be called without arguments when `stream_limit` or `is_available()` may have changed.

        Where it is set, a request that finds all streams in use raises `ConnectionNotAvailable` instead of waiting. It
        is called from any thread and holds up the connection; it is not called by the methods that a pool asks.
        """
        return self._stream_queue.on_capacity_change

    @on_capacity_change.setter
    def on_capacity_change(self, callback: Callable[[], None] | None) -> None:
        self._stream_queue.on_capacity_change = callback

    @property
    def request_capacity(self) -> int:
        """How many requests and responses the connection can carry now, those included that it carries already."""
        return self._engine.capacity

    def has_expired(self) -> bool:
        """Whether the connection is idle and should be closed instead of used.

        It was kept for too long, or the server has closed it or allows no request on it.
        """
        if self._state is not State.IDLE and not self.is_idle():
            return False
        expire_at = self._expire_at
        if expire_at is not None and time.monotonic() > expire_at:
            return True
        self._shared.catch_up()
        return not self._engine.can_open

    def is_idle(self) -> bool:
        """Whether the connection carries no request."""
        if self._dropped:
            self._end_dropped()
        return self._state is State.IDLE or (self._state is State.RETIRED and not self._exchanges)

    def is_closed(self) -> bool:
        """Whether the connection is closed."""
        return self._state is State.CLOSED

    def info(self) -> str:
        """Origin, protocol, state and number of requests."""
        return f"{str(self._origin)!r}, HTTP/2, {self._state.name}, Request Count: {self._request_count}"

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} [{str(self._origin)!r}, {self._state.name}, Request Count: {self._request_count}]>"
        )

    # For use without a pool.
