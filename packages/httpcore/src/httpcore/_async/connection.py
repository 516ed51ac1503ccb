"""A connection to an origin, from dialling to closing: the one place that chooses the protocol."""

import itertools
import logging
import ssl
import sys
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import (
    SOCKET_OPTION,
    AsyncConnectionInterface,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectionNotAvailable,
    ConnectTimeout,
    Origin,
    Request,
    Response,
    async_get_tracer,
)
from httpcore_models.concurrency import AsyncLock
from httpcore_models.network import AsyncDialler, AsyncDirectDialler, AutoBackend, async_start_tls

from .._extras import require_http2
from .._ssl import shared_ssl_context

_logger = logging.getLogger("httpcore.connection")

# The wait before the second retry, in seconds; it doubles with each further one, and the first comes at once.
_RETRY_DELAY = 0.5


def _retry_delays() -> Iterator[float]:
    yield 0.0
    delay = _RETRY_DELAY
    while True:
        yield delay
        delay *= 2


class AsyncHTTPConnection(AsyncConnectionInterface):
    """A connection to one origin, opened by its first request.

    * `ssl_context`: for `https` and `wss` origins; by default a shared one with certifi's CA bundle.
    * `keepalive_expiry`: seconds that the connection may stay idle, `None` for ever.
    * `http1`, `http2`: the protocols to offer; HTTP/2 needs the extra `http2`.
    * `retries`: how often a failed attempt to connect is repeated, at growing intervals.
    * `local_address`: the address to connect from.
    * `uds`: the path of a Unix domain socket to connect to instead of the origin's host and port.
    * `network_backend`: what opens the stream; by default sockets of the running async library.
    * `socket_options`: arguments for `socket.setsockopt()`, set before connecting.
    * `http2_ping_interval`: seconds of silence after which a server that a request waits for is sent a PING, `None`
      for never; unless it answers within `http2_ping_timeout` seconds, the requests fail with `ReadError`.
    """

    def __init__(
        self,
        origin: Origin,
        ssl_context: ssl.SSLContext | None = None,
        keepalive_expiry: float | None = None,
        http1: bool = True,
        http2: bool = False,
        retries: int = 0,
        local_address: str | None = None,
        uds: str | None = None,
        network_backend: AsyncNetworkBackend | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        *,
        http2_ping_interval: float | None = None,
        http2_ping_timeout: float = 20.0,
    ) -> None:
        if http2:
            require_http2()
        self._origin = origin
        self._ssl_context = ssl_context
        self._keepalive_expiry = keepalive_expiry
        self._http1 = http1
        self._http2 = http2
        self._http2_ping_interval = http2_ping_interval
        self._http2_ping_timeout = http2_ping_timeout
        self._retries = retries
        self._backend: AsyncNetworkBackend = AutoBackend() if network_backend is None else network_backend
        self._dialler: AsyncDialler = AsyncDirectDialler(
            self._backend, local_address=local_address, uds=uds, socket_options=socket_options
        )
        self._connection: AsyncConnectionInterface | None = None
        self._multiplexed = False
        self._connect_failed = False
        self._connect_lock = AsyncLock()

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request, connecting first if this is the first one; see `AsyncConnectionInterface`.

        Raises `ConnectTimeout` or `ConnectError` when connecting fails, `ConnectionNotAvailable` when the connection
        is busy or closed, and `RuntimeError` for another origin.
        """
        connection = self._connection
        if connection is None:
            # Once established, the connection below makes sure of that.
            origin = request.url.origin
            if not self.can_handle_request(origin):
                raise RuntimeError(f"Attempted to send request to {origin} on connection to {self._origin}")
            connection = await self._establish(request)
        if self._multiplexed and not (connection.is_available() or connection.is_idle()):
            # It would wait for other requests to end. A pool has better ideas.
            raise ConnectionNotAvailable
        return await connection.handle_async_request(request)

    async def _establish(self, request: Request) -> AsyncConnectionInterface:
        # Requests that count on HTTP/2 wait here for the one that connects.
        async with self._connect_lock:
            if self._connection is None:
                try:
                    stream = await self._connect(request)
                except BaseException:
                    self._connect_failed = True
                    raise
                self._connect_failed = False
                self._connection = self._protocol_on(stream)
            return self._connection

    def _protocol_on(self, stream: AsyncNetworkStream) -> AsyncConnectionInterface:
        ssl_object = stream.get_extra_info("ssl_object")
        chosen = None if ssl_object is None else ssl_object.selected_alpn_protocol()
        if chosen == "h2" or (self._http2 and not self._http1):
            from httpcore_h2 import AsyncHTTP2Connection

            self._multiplexed = True
            return AsyncHTTP2Connection(
                self._origin,
                stream,
                self._keepalive_expiry,
                ping_interval=self._http2_ping_interval,
                ping_timeout=self._http2_ping_timeout,
            )
        return AsyncHTTP11Connection(self._origin, stream, self._keepalive_expiry)

    async def _connect(self, request: Request) -> AsyncNetworkStream:
        timeout = request.extensions.get("timeout", {}).get("connect")
        delays = _retry_delays()
        for attempt in itertools.count():
            info = self._dialler.describe(self._origin, timeout)
            try:
                stream = await self._dialler.dial(self._origin, request, timeout)
                if self._origin.scheme not in (b"https", b"wss"):
                    return stream
                info = self._tls_arguments(request, timeout)
                return await async_start_tls(stream, request, self._dialler.logger, **info)
            except (ConnectError, ConnectTimeout):
                if attempt >= self._retries:
                    raise
            await self._wait_to_retry(next(delays), request, info)
        raise AssertionError("unreachable")

    def _tls_arguments(self, request: Request, timeout: float | None) -> dict[str, Any]:
        protocols = ("h2", "http/1.1") if self._http1 else ("h2",)
        protocols = protocols if self._http2 else ("http/1.1",)
        if self._ssl_context is None:
            ssl_context = shared_ssl_context(protocols)
        else:
            ssl_context = self._ssl_context
            ssl_context.set_alpn_protocols(list(protocols))
        return {
            "ssl_context": ssl_context,
            "server_hostname": request.extensions.get("sni_hostname") or self._origin.host.decode("ascii"),
            "timeout": timeout,
        }

    async def _wait_to_retry(self, delay: float, request: Request, info: dict[str, Any]) -> None:
        tracer = async_get_tracer(_logger, request)
        if tracer is None:
            await self._backend.sleep(delay)
        else:
            await tracer.run("retry", info, self._sleep, delay)

    async def _sleep(self, delay: float) -> None:
        await self._backend.sleep(delay)

    # The connection as its pool sees it.

    async def aclose(self) -> None:
        """Close the connection; requests in flight on it fail."""
        if self._connection is None:
            return
        tracer = async_get_tracer(_logger, None)
        if tracer is None:
            await self._connection.aclose()
        else:
            await tracer.run("close", {}, self._connection.aclose)

    def can_handle_request(self, origin: Origin) -> bool:
        """Whether `origin` is the one this connection leads to."""
        return origin == self._origin

    def is_available(self) -> bool:
        """Whether the connection can take a request now, or may, once it is established, take several."""
        if self._connection is not None:
            return self._connection.is_available()
        may_be_http2 = self._http2 and (self._origin.scheme in (b"https", b"wss") or not self._http1)
        return may_be_http2 and not self._connect_failed

    @property
    def request_capacity(self) -> int:
        """How many requests the connection can carry now, as far as that is known, those included that it carries."""
        return getattr(self._connection, "request_capacity", sys.maxsize)

    def has_expired(self) -> bool:
        """Whether the connection should be closed instead of used."""
        return self._connect_failed if self._connection is None else self._connection.has_expired()

    def is_idle(self) -> bool:
        """Whether the connection carries no request."""
        return self._connect_failed if self._connection is None else self._connection.is_idle()

    def is_closed(self) -> bool:
        """Whether the connection is closed, or could not be established."""
        return self._connect_failed if self._connection is None else self._connection.is_closed()

    def info(self) -> str:
        """Origin, protocol, state and number of requests."""
        if self._connection is None:
            return "CONNECTION FAILED" if self._connect_failed else "CONNECTING"
        return self._connection.info()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.info()}]>"

    # For use without a pool.

    async def __aenter__(self) -> "AsyncHTTPConnection":
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()
