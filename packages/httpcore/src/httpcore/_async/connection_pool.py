"""Connections kept for reuse: carries out what `PoolState` decides."""

import collections
import contextlib
import logging
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from types import TracebackType
from typing import Any, NoReturn

from httpcore_models import (
    SOCKET_OPTION,
    URL,
    AsyncConnectionInterface,
    AsyncLease,
    AsyncNetworkBackend,
    AsyncRequestInterface,
    AsyncResponseStream,
    ConnectError,
    ConnectionNotAvailable,
    Origin,
    PoolTimeout,
    Proxy,
    Request,
    Response,
    UnsupportedProtocol,
    async_get_tracer,
    may_repeat,
)
from httpcore_models.concurrency import AsyncEvent, AsyncShield
from httpcore_models.network import AutoBackend

from .._extras import require_http2
from .._fork import reset_after_fork
from .._pool_places import Place, PoolRequest
from .._pool_state import PoolState
from .._pool_stats import PoolStats
from .._proxies import enforce_proxies
from .connection import AsyncHTTPConnection

_logger = logging.getLogger("httpcore.connection_pool")

_DEFAULT_PORTS = {b"http": 80, b"https": 443, b"ws": 80, b"wss": 443}

_NOTHING: list[AsyncConnectionInterface] = []

# A request may lose the connection that it opened to another thread that was faster, but hardly so often. It can be
# only that the connections do not work.
_MAX_OPENED = 5


class _Ticket(PoolRequest[AsyncConnectionInterface], AsyncLease):
    """A request in the pool, how it is told that its wait is over, and how its response gives its place back."""

    event: AsyncEvent
    waiting_since = 0.0
    opened = 0

    def __init__(self, pool: "AsyncConnectionPool", url: URL) -> None:
        self.key = (url.scheme, url.host, url.port or _DEFAULT_PORTS[url.scheme])
        self.after = None
        self.pool = pool
        self.url = url
        self.closings = pool._closings

    async def release(self) -> None:
        """Give the place back, now or, where the lock is taken, when whoever holds it lets it go; see `_settle()`."""
        pool = self.pool
        if pool._lock.acquire(False):
            state = pool._state
            try:
                state.release(self, time.monotonic())
                assigned = state.assigned
                if assigned:
                    state.assigned = []
            finally:
                pool._lock.release()
            if assigned:
                for request in assigned:
                    request.event.set()
            if not (state.closing or pool._released):
                return
        else:
            pool._released.append(self)
        closing = pool._settle()
        if closing:
            await pool._close_connections(closing)


class AsyncConnectionPool(AsyncRequestInterface):
    """Sends requests to any origin, keeping connections open for later ones.

    * `ssl_context`: for `https` and `wss` origins; by default a shared one with certifi's CA bundle.
    * `proxy`: the proxy to connect through, or several of them, nearest first.
    * `max_connections`: how many connections there may be, `None` for no limit; further requests wait.
    * `max_keepalive_connections`: how many of them may be idle, `None` for no other limit than the one above.
    * `keepalive_expiry`: seconds that a connection may stay idle, `None` for ever.
    * `http1`, `http2`, `retries`, `local_address`, `uds`, `network_backend`, `socket_options`, `http2_ping_interval`,
      `http2_ping_timeout`: see `AsyncHTTPConnection`.

    A pool may be shared, between tasks or, in its sync form, between threads. Requests that wait are served first
    come, first served. Whatever happens to a request, its place in the pool comes back.
    """

    def __init__(
        self,
        ssl_context: ssl.SSLContext | None = None,
        proxy: Proxy | Sequence[Proxy] | None = None,
        max_connections: int | None = 10,
        max_keepalive_connections: int | None = None,
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
        self._proxies = enforce_proxies(proxy)
        self._ssl_context = ssl_context
        self._keepalive_expiry = keepalive_expiry
        self._http1 = http1
        self._http2 = http2
        self._http2_ping_interval = http2_ping_interval
        self._http2_ping_timeout = http2_ping_timeout
        self._retries = retries
        self._local_address = local_address
        self._uds = uds
        self._network_backend: AsyncNetworkBackend = AutoBackend() if network_backend is None else network_backend
        self._socket_options = socket_options
        self._limits = (max_connections, max_keepalive_connections, keepalive_expiry)
        self._state: PoolState[AsyncConnectionInterface] = PoolState(*self._limits)
        self._closings = 0
        # Held for a few microseconds at a time, never across a wait.
        self._lock = threading.Lock()
        self._released: collections.deque[_Ticket] = collections.deque()
        reset_after_fork(self)

    def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
        """Return a new connection to `origin`. Override it to use connections of your own."""
        options: dict[str, Any] = {
            "ssl_context": self._ssl_context,
            "keepalive_expiry": self._keepalive_expiry,
            "http1": self._http1,
            "http2": self._http2,
            "retries": self._retries,
            "local_address": self._local_address,
            "uds": self._uds,
            "network_backend": self._network_backend,
            "socket_options": self._socket_options,
            "http2_ping_interval": self._http2_ping_interval,
            "http2_ping_timeout": self._http2_ping_timeout,
        }
        if self._proxies:
            # Here, since pools are what the module of proxied connections is about, too.
            from .proxies import async_connection_through

            return async_connection_through(self._proxies, origin, **options)
        return AsyncHTTPConnection(origin, **options)

    @property
    def connections(self) -> list[AsyncConnectionInterface]:
        """The connections in the pool, oldest first, as a new list."""
        return self._state.connections

    def stats(self) -> PoolStats:
        """How many connections and requests there are at the moment, and what became of connections so far. Cheap."""
        return self._state.stats()

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request over a connection of the pool and return its response with the body yet to be read.

        The response holds its connection until it is closed. A request that finds the connection it was given closed
        by the server is sent once more, over a new one, when its method is idempotent (RFC 9110 section 9.2.2), its
        body can be sent again, and nothing of a response had arrived; on a new connection it is never sent twice.

        Raises `UnsupportedProtocol` for the URL's scheme,
        `PoolTimeout` when no connection is available in time, and what the connection raises.
        """
        url = request.url
        if url.scheme not in _DEFAULT_PORTS:
            raise _unsupported(url.scheme)
        ticket = _Ticket(self, url)
        try:
            self._submit(ticket)
            while True:
                if self._released or self._state.assigned or self._state.closing:
                    await self._close_connections(self._settle())
                place = ticket.place or await self._wait(request, ticket)
                connection = place.connection
                if connection is None:
                    connection = await self._open(place, ticket)
                try:
                    response = await connection.handle_async_request(request)
                    break
                except Exception as exc:
                    self._check_may_repeat(request, ticket, place, exc)
                self._requeue(ticket)
            if not place.established or (place.multiplexed and self._state.requests_queued):
                await self._established(place, response.extensions.get("http_version") == b"HTTP/2")
        except BaseException:
            await ticket.release()
            raise
        stream = response.stream
        if isinstance(stream, AsyncResponseStream) and stream.lease is None:
            stream.lease = ticket
        else:
            response.stream = _LeasedBody(stream, ticket)
        return response

    async def _open(self, place: Place[AsyncConnectionInterface], ticket: _Ticket) -> AsyncConnectionInterface:
        connection = self.create_connection(ticket.url.origin)
        ticket.opened += 1
        with self._lock:
            self._state.opened(place, connection)
        await self._close_connections(self._settle())
        return connection

    def _check_may_repeat(
        self, request: Request, ticket: _Ticket, place: Place[AsyncConnectionInterface], exc: Exception
    ) -> None:
        """Raise what the request fails with, unless it is to be sent over another connection."""
        if isinstance(exc, ConnectionNotAvailable):
            self._check_not_closed(ticket)
            if ticket.opened >= _MAX_OPENED:
                raise ConnectError(
                    f"{ticket.opened} new connections to {ticket.url.origin} were not available to the request "
                    "that opened them"
                ) from exc
            return
        # Once, and not where it was: a server that fails twice would fail for ever.
        if ticket.after is not None or not may_repeat(request, exc):
            raise exc
        self._check_not_closed(ticket)
        ticket.after = place.number

    async def _wait(self, request: Request, ticket: _Ticket) -> Place[AsyncConnectionInterface]:
        timeout: float | None = request.extensions.get("timeout", {}).get("pool")
        tracer = async_get_tracer(_logger, request)
        remaining = None if timeout is None else max(0.0, ticket.waiting_since + timeout - time.monotonic())
        if tracer is None:
            await ticket.event.wait(remaining)
        else:
            await tracer.run(
                "wait_for_connection", {"request": request}, self._wait_in_line, ticket, remaining, timeout
            )
        return ticket.place or self._give_up(ticket, timeout)

    async def _wait_in_line(self, ticket: _Ticket, remaining: float | None, timeout: float | None) -> None:
        await ticket.event.wait(remaining)
        if ticket.place is None:
            self._give_up(ticket, timeout)

    def _give_up(self, ticket: _Ticket, timeout: float | None) -> NoReturn:
        self._check_not_closed(ticket)
        state = self._state
        raise PoolTimeout(
            f"Pool timed out after {timeout:g} seconds: no connection to {ticket.url.origin} became available "
            f"({state.connections_active} of {state.max_connections} in use, {state.requests_queued} waiting)"
        )

    def _check_not_closed(self, ticket: _Ticket) -> None:
        """Without this, a request that lost its connection to the closing of the pool would open another."""
        if ticket.closings != self._closings:
            raise ConnectError("The connection pool was closed while the request waited for a connection.")

    # Exchanges with the state. Each does what it has to under the lock, and what follows from it afterwards.

    def _submit(self, ticket: _Ticket) -> None:
        self._lock.acquire()  # `with` would take twice the time
        try:
            if not self._state.submit(ticket, time.monotonic()):
                ticket.event = AsyncEvent()
                ticket.waiting_since = time.monotonic()
        finally:
            self._lock.release()

    def _requeue(self, ticket: _Ticket) -> None:
        with self._lock:
            now = time.monotonic()
            self._state.requeue(ticket, now)
            if ticket.place is None:
                ticket.event = AsyncEvent()
                # There is one deadline over all waits.
                ticket.waiting_since = ticket.waiting_since or now

    async def _established(self, place: Place[AsyncConnectionInterface], multiplexed: bool) -> None:
        with self._lock:
            self._state.established(place, multiplexed)
        await self._close_connections(self._settle())

    def _settle(self) -> list[AsyncConnectionInterface]:
        """Process released requests, wake those whose wait is over, and return the connections to close.

        A response may be finalised by the garbage collector at any point, even while the same thread holds the lock.
        Releasing only notes the request then, and whoever holds the lock comes here after letting it go.
        """
        state, released = self._state, self._released
        closing = _NOTHING
        while self._lock.acquire(False):
            try:
                while released:
                    state.release(released.popleft(), time.monotonic())
                assigned = state.assigned
                if assigned:
                    state.assigned = []
                if state.closing:
                    closing = closing + state.closing
                    state.closing = []
            finally:
                self._lock.release()
            for request in assigned:
                request.event.set()
            # Whoever noted another one meanwhile found the lock taken. Who changes the state otherwise comes here too.
            if not released:
                break
        return closing

    async def _close_connections(self, connections: list[AsyncConnectionInterface]) -> None:
        if not connections:
            return
        # They are gone from the pool already: neither a cancellation nor a failing one may keep the others open.
        with AsyncShield():
            for connection in connections:
                with contextlib.suppress(Exception):
                    await connection.aclose()

    # Closing.

    async def close_expired(self) -> None:
        """Close the idle connections that have expired or that their servers have closed.

        Not needed for the pool to work: a request that comes or goes looks after some of them. It is for programs
        that send nothing for long and want the sockets closed meanwhile.
        """
        with self._lock:
            self._state.close_expired(time.monotonic())
        await self._close_connections(self._settle())

    def _reset_after_fork(self) -> None:
        """In a child process: forget what belongs to the parent. Called by itself.

        The connections are closed when the pool is used next, which only closes descriptors of this process.
        """
        inherited = self._state
        self._lock = threading.Lock()
        self._released.clear()
        self._state = PoolState(*self._limits)
        self._state.closing = inherited.forsake()

    async def aclose(self) -> None:
        """Close all connections. Requests in flight on them fail, and those that wait raise `ConnectError`.

        The pool may be used again.
        """
        with self._lock:
            self._closings += 1
            waiting = self._state.close()
        closing = self._settle()
        for request in waiting:
            request.event.set()
        await self._close_connections(closing)

    async def __aenter__(self) -> "AsyncConnectionPool":
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        state = self._state
        return (
            f"<{type(self).__name__} ["
            f"Requests: {state.requests_active} active, {state.requests_queued} queued | "
            f"Connections: {state.connections_active} active, {state.connections_idle} idle]>"
        )


def _unsupported(scheme: bytes) -> UnsupportedProtocol:
    if not scheme:
        return UnsupportedProtocol("Request URL is missing an 'http://' or 'https://' protocol.")
    return UnsupportedProtocol(f"Request URL has an unsupported protocol '{scheme.decode()}://'.")


class _LeasedBody(AsyncResponseStream):
    """The body of a response from a connection that knows nothing of leases: one of somebody's own."""

    def __init__(self, stream: Any, lease: _Ticket) -> None:
        self._stream = stream
        self._lease = lease
        self._iterator: AsyncIterator[bytes] | None = None
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._iterator is None:
            self._iterator = self._stream.__aiter__()
        try:
            return await self._iterator.__anext__()
        except StopAsyncIteration:
            raise
        except BaseException:
            with AsyncShield():
                await self.aclose()
            raise

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            if hasattr(self._stream, "aclose"):
                await self._stream.aclose()
        finally:
            await self._lease.release()
