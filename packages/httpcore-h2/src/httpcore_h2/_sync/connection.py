# Generated from ../_async/connection.py by tools/make_sync.py: edit that file, then run it.
"""The life of an HTTP/2 connection: who may use it, when it expires, and how it is closed."""

import contextlib
import logging
import os
import time
from collections.abc import Callable
from typing import Any

from h2.config import H2Configuration
from httpcore_models import (
    ByteStream,
    ConnectionInterface,
    ConnectionNotAvailable,
    NetworkStream,
    Origin,
    Request,
    Response,
)
from httpcore_models.concurrency import TEARDOWN_TIMEOUT, Shield
from httpcore_models.lowlevel import (
    CloseOnExit,
    Retryable,
    get_tracer,
    is_origin_of,
    mark_retryable,
    received_response,
    retryable_after,
)

from .._legacy import LegacyConnection
from .._states import TRANSITIONS, USABLE, Input, State
from .._stream import Stream
from .._translate import RequestTranslator
from .body import HTTP2Body
from .exchange import Exchange
from .shared_stream import SharedStream
from .stream_queue import StreamQueue
from .tunnel import TunnelStream

_logger = logging.getLogger("httpcore.http2")


class HTTP2Connection(CloseOnExit, LegacyConnection, ConnectionInterface):
    """One HTTP/2 connection: as many requests at a time as the server allows (RFC 9113 section 5.1.2).

    `stream` is a connected network stream to `origin`, which the connection takes over; `keepalive_expiry` is how
    long in seconds it may stay idle before `has_expired()` says so, `None` for ever.

    With `ping_interval`, a server that has been silent for so many seconds while a request waits for it is sent a
    PING, and unless anything comes within `ping_timeout` seconds, all requests fail with `ReadError`.

    May be shared between threads, or in its sync form between threads. A request that fails, times out or is interrupted
    at any point resets its own stream; the others go on. Only a network that fails, a server that breaks the protocol,
    and a write that ends in the middle on a stream that cannot resume it, as a blocking socket, end them all.
    """

    READ_NUM_BYTES = 64 * 1024
    # Requests are checked before h2 sees them: an error in the middle of one would spoil its header compression.
    CONFIG = H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)

    def __init__(
        self,
        origin: Origin,
        stream: NetworkStream,
        keepalive_expiry: float | None = None,
        *,
        ping_interval: float | None = None,
        ping_timeout: float = 20.0,
    ) -> None:
        self._origin = origin
        self._network_stream = stream
        self._keepalive_expiry = keepalive_expiry
        self._translator = RequestTranslator()
        self._shared = SharedStream(stream, self.CONFIG, self.READ_NUM_BYTES, str(origin), ping_interval, ping_timeout)
        self._engine = self._shared.engine
        self._stream_queue = StreamQueue(self._shared)

    def handle_request(self, request: Request) -> Response:
        """Send a request and return its response with the body yet to be read.

        Waits while the server allows no further stream, up to the timeout `pool`; in a pool, see `on_capacity_change`,
        only for the server to say how many it allows.

        Raises `ConnectionNotAvailable` when the connection is closed or about to be, when the server says by a GOAWAY
        that it has not processed the request, and in another process; `RuntimeError` for another
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
        tracer = get_tracer(_logger, request)
        exchange = Exchange(request, Stream(head), tracer, self, self._shared, self._stream_queue)
        try:
            exchange.send()
            if tracer is None:
                status, headers = exchange.receive_head()
            else:
                status, headers = tracer.run("receive_response_headers", exchange.info, exchange.receive_head)
            extensions: dict[str, Any] = {
                "http_version": b"HTTP/2",
                "network_stream": TunnelStream(exchange) if exchange.is_tunnel else self._network_stream,
                "stream_id": exchange.stream.id,
            }
            return received_response(status, headers, HTTP2Body(exchange, extensions), extensions)
        except BaseException as exc:
            with Shield():
                exchange.close(shielded=True)
            has_begun = head.has_body and not isinstance(request.stream, (ByteStream, list, tuple))
            if self._engine.disowns(exchange.stream) and not has_begun:
                # Nothing of the request counts, and all of it may be sent elsewhere.
                error = ConnectionNotAvailable(str(exc))
                mark_retryable(error, retryable_after(exc) or Retryable.ANY)
                try:
                    raise error from exc
                finally:
                    del error  # which holds this frame
            raise

    # The connection as its pool sees it.

    def close(self) -> None:
        """Close the connection, with a GOAWAY where that can be sent at once.

        Requests in flight on it fail with `ReadError` or `WriteError`, those that wait for a stream with
        `ConnectionNotAvailable`. The socket is closed even if this is interrupted.
        """
        shared, engine = self._shared, self._engine
        if os.getpid() != shared.process:
            # In a child process the lock may be held by a thread that does not exist, and the stream is the parent's.
            engine.retire("The connection belongs to another process")
            engine.state = TRANSITIONS[engine.state, Input.CLOSE]
            self._network_stream.close()
            return
        try:
            with shared.lock:
                engine.close()
                shared.waiters.wake_all()
            shared.capacity.report()
            if not (shared.affinity.is_other_loop() or self._network_stream.get_extra_info("is_readable")):
                with contextlib.suppress(Exception), Shield():
                    # A write that is under way is ended below.
                    shared.writer.flush_unless_writing(TEARDOWN_TIMEOUT)
        finally:
            # No shield stops a thread's own cancel() on asyncio.
            self._network_stream.close()

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether `origin` is the one this connection leads to."""
        return origin == self._origin

    def is_available(self) -> bool:
        """Whether the connection can take a request now."""
        return self._stream_queue.has_room and not self._shared.affinity.is_other_loop()

    @property
    def stream_limit(self) -> int | None:
        """How many requests and responses the server allows at a time; `None` until it has said so."""
        return self._engine.stream_limit

    def assume_stream_limit(self, limit: int) -> None:
        """Until the server says how many requests it allows at a time, count on `limit`, as it has allowed before."""
        with self._shared.lock:
            self._engine.assume_stream_limit(limit)

    @property
    def on_capacity_change(self) -> Callable[[], None] | None:
        """What a pool sets, to be called without arguments when `stream_limit` or `is_available()` may have changed.

        Where it is set, a request that finds all streams in use raises `ConnectionNotAvailable` instead of waiting. It
        is called from any thread and holds up the connection; it is not called by the methods that a pool asks.
        """
        return self._shared.capacity.on_change

    @on_capacity_change.setter
    def on_capacity_change(self, callback: Callable[[], None] | None) -> None:
        self._shared.capacity.on_change = callback

    @property
    def request_capacity(self) -> int:
        """How many requests and responses the connection can carry now, those included that it carries already."""
        return self._engine.capacity

    def has_expired(self) -> bool:
        """Whether the connection is idle and should be closed instead of used.

        It was kept for too long, or the server has closed it or allows no request on it.
        """
        shared, engine = self._shared, self._engine
        if shared.dropped:
            shared.end_dropped()
        if engine.requests or engine.state is State.CLOSED:
            return False
        if self._keepalive_expiry is not None and self._expire_at is not None and time.monotonic() > self._expire_at:
            return True
        shared.reader.catch_up()
        return engine.state not in USABLE or engine.streams.open_count >= engine.streams.limit

    @property
    def _expire_at(self) -> float | None:
        """When the connection expires if it remains idle, on the monotonic clock. Also read by other programs."""
        idle_since, keepalive_expiry = self._shared.idle_since, self._keepalive_expiry
        return None if idle_since is None or keepalive_expiry is None else idle_since + keepalive_expiry

    def is_idle(self) -> bool:
        """Whether the connection carries no request and is not closed."""
        if self._shared.dropped:
            self._shared.end_dropped()
        return not self._engine.requests and self._engine.state is not State.CLOSED

    def is_closed(self) -> bool:
        """Whether the connection is closed."""
        return self._engine.state is State.CLOSED

    def info(self) -> str:
        """Origin, protocol, state and number of requests."""
        return f"{str(self._origin)!r}, HTTP/2, {self._state.name}, Request Count: {self._request_count}"

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} [{str(self._origin)!r}, {self._state.name}, Request Count: {self._request_count}]>"
        )
