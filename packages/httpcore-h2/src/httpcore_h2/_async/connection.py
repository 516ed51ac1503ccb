"""The life of an HTTP/2 connection: who may use it, when it expires, and how it is closed."""

import logging
import time
from typing import Any

from h2.config import H2Configuration
from httpcore_models import (
    AsyncNetworkStream,
    ConnectionInfo,
    Origin,
    Request,
    Response,
)
from httpcore_models.concurrency import AsyncShield, async_checkpoint_if_cancelled, forks
from httpcore_models.lowlevel import (
    FailureReport,
    async_get_tracer,
    connection_info_of,
    is_origin_of,
    received_response,
)
from httpcore_models.multiplexing import CLOSED, USABLE, AsyncMultiplexedConnection, RequestTranslator

from .._engine import Engine
from .._legacy import LegacyConnection
from .._stream import Stream
from .body import AsyncHTTP2Body
from .exchange import AsyncExchange
from .limited_exchange import async_limited_exchange
from .shared_stream import AsyncSharedStream
from .stream_queue import AsyncStreamQueue
from .tunnel import AsyncTunnelStream

_logger = logging.getLogger("httpcore.http2")


class AsyncHTTP2Connection(LegacyConnection, AsyncMultiplexedConnection):
    """One HTTP/2 connection. It carries as many requests at a time as the server allows (RFC 9113 section 5.1.2).

    `stream` is a connected network stream to `origin`, which the connection takes over. `keepalive_expiry` is how many
    seconds the connection may stay idle before `has_expired()` returns true; `None` means for ever.

    With `ping_interval`, the connection sends a PING when the server has been silent for this many seconds while a
    request waits for it. If nothing arrives within `ping_timeout` seconds after that, all requests fail with
    `ReadError`. `connection_info` describes the connection to those who see its responses; by default it is made of
    what the stream tells.

    Tasks may share a connection. A request that fails, times out or is cancelled at any point resets only its own
    stream; the others continue. What ends all of them is a network failure, a server that breaks the protocol, or a
    write that is interrupted on a stream that cannot resume it, such as a blocking socket.
    """

    _protocol = "HTTP/2"
    _engine: Engine
    _shared: AsyncSharedStream

    READ_NUM_BYTES = 64 * 1024
    # h2 sees no request: `RequestTranslator` checks them, and `_hpack` compresses their fields.
    CONFIG = H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)

    def __init__(
        self,
        origin: Origin,
        stream: AsyncNetworkStream,
        keepalive_expiry: float | None = None,
        *,
        ping_interval: float | None = None,
        ping_timeout: float = 20.0,
        connection_info: ConnectionInfo | None = None,
    ) -> None:
        if ping_interval is not None and not ping_interval > 0:
            raise ValueError(f"ping_interval must be a number of seconds above 0 or None, but got {ping_interval}.")
        self._origin = origin
        self._connection_info = connection_info or connection_info_of(stream, origin, "HTTP/2")
        self._network_stream = stream
        self._translator = RequestTranslator()
        self._shared = AsyncSharedStream(
            stream, self.CONFIG, self.READ_NUM_BYTES, str(origin), ping_interval, ping_timeout
        )
        self._shared.keepalive_expiry = keepalive_expiry
        self._engine = self._shared.engine
        self._stream_queue = AsyncStreamQueue(self._shared)

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request, and return its response with the body still to be read.

        If the server allows no further stream, this waits up to the timeout `pool`. In a pool, which sets
        `on_capacity_change`, it waits only until the server has said how many streams it allows.

        Raises `ConnectionNotAvailable` if the connection is closed or about to be, if the server says by a GOAWAY that
        it has not processed the request, and in another process or event loop; `RuntimeError` for another origin;
        `LocalProtocolError` or `RemoteProtocolError` if either side breaks the protocol; and timeout and network
        errors. The upload ends early if a response with a status of 300 or above arrives, or if the server sends
        RST_STREAM after a complete response; in both cases the response is returned (RFC 9113 section 8.1).

        A successful CONNECT request returns a response whose extension `network_stream` is the tunnel. The request
        extension `protocol`, as `bytes`, makes it an extended CONNECT (RFC 8441).
        """
        if not is_origin_of(self._origin, request.url):
            origin = request.url.origin
            raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._origin}")
        head = self._translator.request_head(request)
        stream, arriving = Stream(head), self._shared.waiters.arriving
        try:
            arriving.add(stream)
            await async_checkpoint_if_cancelled()
            tracer = async_get_tracer(_logger, request)
        finally:
            arriving.discard(stream)
        timed = "timeout" in request.extensions and "total" in request.extensions["timeout"]
        exchange_of = async_limited_exchange if timed else AsyncExchange
        exchange = exchange_of(request, stream, tracer, self, self._shared, self._stream_queue)
        try:
            await exchange.send()
            if tracer is None:
                status, headers = await exchange.receive_head()
            else:
                status, headers = await tracer.run("receive_response_headers", exchange.info, exchange.receive_head)
                exchange.observe_head(headers)
            extensions: dict[str, Any] = {
                "http_version": b"HTTP/2",
                "network_stream": AsyncTunnelStream(exchange) if exchange.is_tunnel else self._network_stream,
                "stream_id": exchange.stream.id,
                "connection": self._connection_info,
            }
            return received_response(status, headers, AsyncHTTP2Body(exchange, extensions), extensions)
        except BaseException as exc:
            with AsyncShield(), FailureReport("response_closed", exc):
                await exchange.close(shielded=True)
            self._check_processed(stream, request, exc)
            raise

    # What a pool needs.

    async def _send_last(self, timeout: float) -> None:
        if not self._network_stream.get_extra_info("is_readable"):
            await self._shared.writer.flush_unless_writing(timeout)

    def is_available(self) -> bool:
        """Whether the connection can take a request now."""
        return self._stream_queue.has_room and not self._shared.affinity.is_other_loop()

    @property
    def stream_limit(self) -> int | None:
        """How many requests the server allows at a time; `None` until it has said so."""
        return self._engine.stream_limit

    def assume_stream_limit(self, limit: int) -> None:
        """Assume `limit`, which the server allowed before, until it says how many requests it allows at a time."""
        with self._shared.lock:
            self._engine.assume_stream_limit(limit)

    def has_expired(self) -> bool:
        """Whether the connection is idle, and should be closed instead of used.

        This is so if it has been idle for too long, if the server has closed it or allows no request on it, or in a
        child process.
        """
        shared, engine = self._shared, self._engine
        if forks.count != shared.forks:
            return True  # in a child, the lock may be held by a thread that does not exist there
        if shared.dropped:
            shared.end_dropped()
        if engine.requests or engine.state is CLOSED:
            return False
        if shared.expire_at is not None and time.monotonic() > shared.expire_at:
            return True
        shared.reader.catch_up()
        return engine.state not in USABLE or engine.streams.open_count >= engine.streams.limit
