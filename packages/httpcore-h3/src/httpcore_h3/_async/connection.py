"""The life of an HTTP/3 connection: who may use it, when it expires, and how it is closed."""

import dataclasses
import logging
import ssl
import time
from typing import Any

from httpcore_models import (
    ConnectError,
    ConnectionInfo,
    ConnectionNotAvailable,
    ConnectTimeout,
    LocalProtocolError,
    Origin,
    Request,
    Response,
)
from httpcore_models.concurrency import AsyncShield, async_checkpoint_if_cancelled, forks
from httpcore_models.deadline import limit_text
from httpcore_models.lowlevel import (
    FailureReport,
    async_get_tracer,
    connection_info_of,
    is_origin_of,
    received_response,
    without_zone,
)
from httpcore_models.multiplexing import CLOSED, USABLE, AsyncMultiplexedConnection, RequestTranslator
from httpcore_models.network import AsyncDatagramStream

from .._engine import Engine
from .._stream import Stream
from .._tls.options import tls_obstacle, tls_options
from .body import AsyncHTTP3Body
from .exchange import AsyncExchange
from .limited_exchange import async_limited_exchange
from .network_stream import AsyncQUICStream
from .shared_stream import AsyncSharedStream

_logger = logging.getLogger("httpcore.http3")


class AsyncHTTP3Connection(AsyncMultiplexedConnection):
    """One HTTP/3 connection. It carries as many requests at a time as the server allows (RFC 9114, RFC 9000).

    `stream` is a datagram stream to `origin`, which the connection takes over. `ssl_context` says whom to trust:
    `tls_obstacle()` tells which contexts can be used. `server_hostname` is the name in the server's certificate, by
    default the host of the origin. `keepalive_expiry` is how many seconds the connection may stay idle before
    `has_expired()` returns true; `None` means for ever. The server may end it earlier: after `idle_timeout` seconds in
    which nothing arrives, or fewer if the server says so, the connection is over. Nothing keeps it alive meanwhile, so
    a response that is not read for that long is lost. `connection_info` describes the connection to those who see its
    responses; by default it is made of what the stream tells.

    Tasks may share a connection. A request that fails, times out or is cancelled at any point ends only its own stream;
    the others continue.
    """

    _protocol = "HTTP/3"
    _engine: Engine
    _shared: AsyncSharedStream

    def __init__(
        self,
        origin: Origin,
        stream: AsyncDatagramStream,
        ssl_context: ssl.SSLContext | None = None,
        keepalive_expiry: float | None = None,
        *,
        server_hostname: str | None = None,
        idle_timeout: float = 30.0,
        connection_info: ConnectionInfo | None = None,
    ) -> None:
        """Raises `ValueError` for an `ssl_context` that cannot be honoured. `None` is that of the `ssl` module."""
        if ssl_context is None:
            ssl_context = ssl.create_default_context()
        obstacle = tls_obstacle(ssl_context)
        if obstacle is not None:
            raise ValueError(f"HTTP/3 is not possible: {obstacle}")
        name = server_hostname or without_zone(origin.host).decode("ascii")
        self._origin = origin
        self._network_stream = stream
        self._translator = RequestTranslator()
        self._shared = AsyncSharedStream(stream, tls_options(ssl_context, name), idle_timeout, str(origin))
        self._shared.keepalive_expiry = keepalive_expiry
        self._shared.handshake_info = {"ssl_context": ssl_context, "server_hostname": name}
        self._engine = self._shared.engine
        self._information = AsyncQUICStream(self._shared)
        info = connection_info or connection_info_of(stream, origin, "HTTP/3")
        # There is no object of the `ssl` module to ask: QUIC always uses TLS 1.3 (RFC 9001), and ALPN chooses HTTP/3.
        self._connection_info = dataclasses.replace(info, tls_version="TLSv1.3", alpn="h3")

    async def handshake(self, timeout: float | None = None) -> None:
        """Do the handshake, unless it is done. `handle_async_request()` does it too.

        Several tasks may call this; each waits for `timeout` seconds at most. Raises `ConnectError`, `ConnectTimeout`,
        and `ConnectionNotAvailable` in another process or event loop, and if the connection is closed meanwhile. After
        an error the connection is to be closed.
        """
        shared, engine = self._shared, self._engine
        if engine.handshake_done:
            return
        shared.check()
        with shared.lock:
            engine.start(time.monotonic())
        in_time = await shared.wait(
            object(), lambda: engine.handshake_done or engine.failure is not None, timeout, verdict=False
        )
        if engine.handshake_done:
            self._note_cipher()
            return
        if engine.state is CLOSED:
            raise ConnectionNotAvailable(engine.reason)
        if in_time:
            reason = "The connection failed" if engine.failure is None else engine.failure.message
            name = shared.handshake_info["server_hostname"]
            via = "" if name == without_zone(self._origin.host).decode("ascii") else f"{name} via "
            raise ConnectError(f"{reason} ({via}{shared.peer})")
        raise ConnectTimeout(f"Connect timed out {limit_text(timeout)} ({shared.peer})") from TimeoutError()

    def _note_cipher(self) -> None:
        with self._shared.lock:
            cipher = self._engine.quic.cipher
        self._connection_info = dataclasses.replace(self._connection_info, cipher=cipher)

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request, and return its response with the body still to be read.

        If the server allows no further stream, this waits up to the timeout `pool`. In a pool, which sets
        `on_capacity_change`, it waits only if streams have ended in whose place the server has to allow others (RFC
        9000 section 4.6), and only for a second. No request leaves before the end of the handshake.

        Raises `ConnectionNotAvailable` if the connection is closed or about to be, if the server says by a GOAWAY that
        it has not processed the request, or asks for another version of HTTP, and in another process or event loop;
        `RuntimeError` for another origin; `LocalProtocolError` or `RemoteProtocolError` if either side breaks the
        protocol; and timeout and network errors. The upload ends early if a response with a status of 300 or above
        arrives, or if the server asks for that by STOP_SENDING; in both cases the response is returned (RFC 9114
        section 4.1).
        """
        if not is_origin_of(self._origin, request.url):
            origin = request.url.origin
            raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._origin}")
        head = self._translator.request_head(request)
        if head.is_connect:
            raise LocalProtocolError("CONNECT requests are not possible over HTTP/3 here")
        stream, shared = Stream(head), self._shared
        if not shared.has_no_credit:
            try:
                shared.arriving.add(stream)
                await async_checkpoint_if_cancelled()
            finally:
                shared.arriving.discard(stream)
        tracer = async_get_tracer(_logger, request)
        timed = "timeout" in request.extensions and "total" in request.extensions["timeout"]
        exchange_of = async_limited_exchange if timed else AsyncExchange
        exchange = exchange_of(request, stream, tracer, self, self._shared)
        try:
            await exchange.send()
            if tracer is None:
                status, headers = await exchange.receive_head()
            else:
                status, headers = await tracer.run("receive_response_headers", exchange.info, exchange.receive_head)
                exchange.observe_head(headers)
            if self._connection_info.cipher is None:
                # Whoever did the handshake was cancelled at the end of it.
                self._note_cipher()
            extensions: dict[str, Any] = {
                "http_version": b"HTTP/3",
                "network_stream": self._information,
                "stream_id": stream.id,
                "connection": self._connection_info,
            }
            return received_response(status, headers, AsyncHTTP3Body(exchange, extensions), extensions)
        except BaseException as exc:
            with AsyncShield(), FailureReport("response_closed", exc):
                await exchange.close(shielded=True)
            self._check_processed(stream, request, exc)
            raise

    # What a pool needs.

    async def _send_last(self, timeout: float) -> None:
        await self._shared.flush_quietly(timeout)

    def is_available(self) -> bool:
        """Whether the connection can take a request now.

        It takes none while much of a response waits to be read: HTTP/3 cannot make the server wait for one stream.
        """
        return self._shared.capacity.tell(len(self._shared.queue)) and not self._shared.affinity.is_other_loop()

    @property
    def wants_fallback(self) -> bool:
        """Whether the server asks for another version of HTTP, or for a client certificate, which is not offered."""
        return self._engine.wants_fallback

    @property
    def stream_limit(self) -> int | None:
        """How many requests the server allows at a time, when the connection begins; `None` until it has said so."""
        return self._engine.first_limit

    def assume_stream_limit(self, limit: int) -> None:
        """Do nothing: the server says how many requests it allows before any is sent."""

    def has_expired(self) -> bool:
        """Whether the connection is idle, and should be closed instead of used.

        This is so if it has been idle for too long, if the server has closed it or allows no request on it, or in a
        child process. What has arrived since the last request is taken in first.
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
        shared.catch_up()
        if engine.state not in USABLE:
            return True
        # After a pause, the server is not expected to allow another stream any more.
        is_used_up = engine.handshake_done and not engine.streams_left
        return is_used_up and (engine.overdue or time.monotonic() - shared.idle_since > engine.credit_patience)
