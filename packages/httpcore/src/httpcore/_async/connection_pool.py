"""Connections kept for reuse: carries out what `PoolState` decides."""

import functools
import logging
import random
import ssl
import time
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

from httpcore_models import (
    SOCKET_OPTION,
    AsyncConnectionInterface,
    AsyncNetworkBackend,
    AsyncResponseStream,
    ByteStream,
    ConnectError,
    ConnectionNotAvailable,
    Origin,
    PoolTimeout,
    Proxy,
    RemoteProtocolError,
    Request,
    Response,
    UnsupportedProtocol,
)
from httpcore_models.concurrency import AsyncEvent, async_event_loop_handle
from httpcore_models.lowlevel import (
    AsyncCloseOnExit,
    Retryable,
    async_get_tracer,
    enforce_ssl_context,
    is_refused,
    is_shut_down,
    may_retry_method,
    retryable_after,
)

from .._arguments import enforce_max_connections
from .._default_backends import AutoBackend
from .._extras import find
from .._options import ConnectionOptions
from .._pool.slots import Key, PoolRequest
from .._proxies import enforce_proxies
from .._ssl import requested_server_name
from .bodies import AsyncSentBody, async_can_be_sent_again
from .connection import AsyncHTTPConnection
from .legacy_pool import AsyncLegacyPool
from .proxied_connection import async_proxied_connection
from .reservations import AsyncLeasedBody, AsyncPooled, AsyncReservation, AsyncWaiting

_new = object.__new__

_logger = logging.getLogger("httpcore.connection_pool")

_DEFAULT_PORTS = {b"http": 80, b"https": 443, b"ws": 80, b"wss": 443}

# Of these, a body is rarely more than none, and not worth watching.
_MOSTLY_WITHOUT_BODY = {b"GET", b"HEAD"}

# A request may lose the connection that it opened to another thread that was faster, but hardly so often. It can be
# only that the connections do not work.
_MAX_OPENED = 5

# How often a request is sent again that was refused, and the longest pause, in seconds, before the second time. It
# doubles with each further one. All pauses together take less than a second.
_MAX_REFUSED = 6
_PAUSE = 0.03


class AsyncConnectionPool(AsyncCloseOnExit, AsyncLegacyPool):
    """Sends requests to any origin, keeping connections open for later ones.

    * `ssl_context`: for `https` and `wss` origins; by default a shared one with certifi's CA bundle.
    * `proxy`: the proxy to connect through, or several of them, nearest first.
    * `max_connections`: how many connections there may be, `None` for no limit; further requests wait.
    * `max_keepalive_connections`: how many of them may be idle, `None` for no other limit than the one above.
    * `keepalive_expiry`: seconds that a connection may stay idle, `None` for ever.
    * `http1`, `http2`, `retries`, `local_address`, `uds`, `network_backend`, `socket_options`, `http2_ping_interval`,
      `http2_ping_timeout`: see `AsyncHTTPConnection`.

    A pool may be shared, between tasks or, in its sync form, between threads. Requests that wait are served first
    come, first served. Whatever happens to a request, its slot in the pool comes back.
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
        if ssl_context is not None:
            enforce_ssl_context(ssl_context, name="ssl_context")
        enforce_max_connections(max_connections)
        self._proxies = enforce_proxies(proxy)
        self._options = ConnectionOptions(
            ssl_context,
            keepalive_expiry,
            http1,
            http2,
            retries,
            local_address,
            uds,
            AutoBackend() if network_backend is None else network_backend,
            socket_options,
            http2_ping_interval,
            http2_ping_timeout,
        )
        super().__init__(max_connections, max_keepalive_connections, keepalive_expiry)

    def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
        """Return a new connection to `origin`. Override it to use connections of your own."""
        if self._proxies:
            return async_proxied_connection(self._proxies, origin, self._options)
        return AsyncHTTPConnection(origin, **vars(self._options))

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request over a connection of the pool and return its response with the body yet to be read.

        The response holds its slot in the pool until it is closed. One that nobody holds any more gives it back, with
        a `ResourceWarning`.

        A request that its server did not process, as it says (RFC 9113 section 8.7), is sent again up to six times,
        from the second time on after a short pause, which counts towards the `pool` limit; and as often as it takes
        where the server ends connections after other requests (section 6.8). One that found the
        connection it was given closed by the server, before anything of a response arrived, is sent once more, over a
        new one, when its method is idempotent (RFC 9110 section 9.2.2); on a new connection it is never sent twice.
        In either case its body has to be one that was not begun, or that can be iterated over again: bytes, a list, a
        tuple, an object that holds nothing but plain data, or any other that has a Content-Length, by which it is
        noticed if the second time gives but the rest.

        Raises `UnsupportedProtocol` for the URL's scheme, `PoolTimeout` when no connection is available in time,
        `ConnectError` when the pool is closed meanwhile, and what the connection raises.
        """
        url, stream = request.url, request.stream
        scheme = url.scheme
        if scheme not in _DEFAULT_PORTS:
            raise _unsupported(scheme)
        waiting: AsyncWaiting = _new(PoolRequest)  # what PoolRequest() does, without a detour through C
        waiting.key = (scheme, url.host, _DEFAULT_PORTS[scheme] if url.port is None else url.port)
        waiting.request = request
        if "sni_hostname" in request.extensions:
            waiting.key = _key_with_name(waiting.key, request)
        reservation = AsyncReservation(self, waiting)
        try:
            self._submit(reservation, waiting)
            while True:
                if self._deferred or self._state.to_close:
                    await self._settle()
                slot = waiting.slot or await self._wait(request, reservation, waiting)
                connection = slot.connection
                if connection is None:
                    connection = await self._open(request, reservation, slot)
                if request.method not in _MOSTLY_WITHOUT_BODY and type(stream) is not ByteStream:
                    stream = _original(stream)
                    request.stream = _as_sent(stream, reservation, connection)
                try:
                    response = await connection.handle_async_request(request)
                    break
                except Exception as exc:
                    if not await self._may_go_again(request, reservation, waiting, exc):
                        raise
                    usable = is_refused(exc) and not is_shut_down(exc)
                await self._go_again(reservation, waiting, usable)
            if not slot.established or (slot.multiplexed and self._state.requests_queued):
                await self._established(slot, response)
        except BaseException:
            stream = _original(stream)
            await reservation.release()
            if reservation.body is not None:
                await reservation.body.discard()
            raise
        finally:
            request.stream = stream
        body = response.stream
        if isinstance(body, AsyncResponseStream) and body.lease is None:
            body.lease = reservation
        else:
            response.stream = AsyncLeasedBody(body, reservation, request)
        return response

    async def _open(
        self, request: Request, reservation: AsyncReservation, slot: AsyncPooled
    ) -> AsyncConnectionInterface:
        connection = self.create_connection(request.url.origin)
        reservation.opened += 1
        slot.event_loop = async_event_loop_handle()
        if hasattr(connection, "on_capacity_change"):
            # A strong reference would keep the connection until the garbage collector runs.
            connection.on_capacity_change = functools.partial(_changed, weakref.ref(self), weakref.ref(slot))
        self._step(self._state.opened, slot, connection)
        await self._settle()
        if not slot.pooled:
            self._check_not_closed(reservation)
        return connection

    # Sending a request again.

    async def _may_go_again(
        self, request: Request, reservation: AsyncReservation, waiting: AsyncWaiting, exc: Exception
    ) -> bool:
        """Whether a request that failed is to be sent again, after `reservation.pause` seconds."""
        not_available = isinstance(exc, ConnectionNotAvailable)
        if not_available:
            self._check_not_closed(reservation)
            if not is_refused(exc):
                self._check_worth_trying(request, reservation, exc)
        elif not may_retry_method(request, exc):
            return False
        reservation.pause = 0.0
        if reservation.body is not None:
            request.stream = reservation.body
        if retryable_after(exc) is Retryable.IDEMPOTENT:
            # Once, and not where it was: a server that fails twice would fail for ever.
            if waiting.failed_on is not None or waiting.slot is None or reservation.closings != self._closings:
                return False
            if not await async_can_be_sent_again(request, exc):
                return False
            waiting.failed_on = waiting.slot.number
            return True
        # Where each connection carries some requests, all are processed in the end, however often one of them is late.
        if (is_refused(exc) and not is_shut_down(exc)) or _says_available(waiting.slot):
            reservation.refused += 1
            if reservation.refused > 1:
                reservation.pause = _PAUSE * 2 ** (reservation.refused - 2) * random.uniform(0.5, 1.0)
        in_time = self._has_time(request, reservation)
        if reservation.refused <= _MAX_REFUSED and in_time and await async_can_be_sent_again(request, exc):
            self._check_not_closed(reservation)
            return True
        if not not_available:
            return False
        if not in_time:
            raise self._pool_timeout(request) from exc
        why = (
            f"refused {reservation.refused} times"
            if reservation.refused > _MAX_REFUSED
            else "and its body cannot be sent again"
        )
        raise RemoteProtocolError(f"{request.url.origin} did not process the request, {why}: {exc}") from exc

    def _has_time(self, request: Request, reservation: AsyncReservation) -> bool:
        if not reservation.pause:
            return True
        now = time.monotonic()
        reservation.waiting_since = reservation.waiting_since or now
        timeout = _pool_timeout(request)
        return timeout is None or now + reservation.pause <= reservation.waiting_since + timeout

    async def _go_again(self, reservation: AsyncReservation, waiting: AsyncWaiting, usable: bool) -> None:
        """Give the slot back and get another, or the same if its connection is `usable`; after a pause, if any."""
        if not usable or waiting.failed_on is not None:
            if not reservation.pause:
                self._step(self._rejoin, reservation, waiting, self._state.requeue)
                self._check_not_closed(reservation)
                return
            self._step(self._state.step_aside, waiting)
        else:
            self._step(self._state.release, waiting, time.monotonic())
        await self._settle()
        if reservation.pause:
            await AsyncEvent().wait(reservation.pause)
        self._step(self._rejoin, reservation, waiting, self._state.rejoin)
        # Closing does not reach a request that holds no slot and is not in the line. From here on it does.
        self._check_not_closed(reservation)

    def _check_worth_trying(self, request: Request, reservation: AsyncReservation, exc: Exception) -> None:
        if reservation.opened >= _MAX_OPENED:
            raise ConnectError(
                f"{reservation.opened} new connections to {request.url.origin} were not available to the request "
                "that opened them"
            ) from exc

    # Waiting.

    async def _wait(self, request: Request, reservation: AsyncReservation, waiting: AsyncWaiting) -> AsyncPooled:
        tracer = async_get_tracer(_logger, request)
        if tracer is not None:
            arguments = request, reservation, waiting
            await tracer.run("wait_for_connection", {"request": request}, self._wait_in_line, *arguments)
        timeout: float | None = request.extensions.get("timeout", {}).get("pool")
        while waiting.slot is None:
            # There is one deadline over all waits.
            remaining = None if timeout is None else max(0.0, reservation.waiting_since + timeout - time.monotonic())
            in_time = await waiting.event.wait(remaining)
            if waiting.slot is None:
                await self._woken_without_slot(request, reservation, waiting, in_time)
        return waiting.slot

    async def _wait_in_line(self, request: Request, reservation: AsyncReservation, waiting: AsyncWaiting) -> None:
        """Do the same under the eyes of a tracer, which gets no slot to show."""
        timeout = _pool_timeout(request)
        while waiting.slot is None:
            remaining = None if timeout is None else max(0.0, reservation.waiting_since + timeout - time.monotonic())
            in_time = await waiting.event.wait(remaining)
            if waiting.slot is None:
                await self._woken_without_slot(request, reservation, waiting, in_time)

    async def _woken_without_slot(
        self, request: Request, reservation: AsyncReservation, waiting: AsyncWaiting, in_time: bool
    ) -> None:
        """See whether there is one in what was noted meanwhile; else go on waiting, or give up."""
        # First of all, so that a step of another thread, from here on, wakes this one again.
        waiting.event = AsyncEvent()
        self._check_not_closed(reservation)
        await self._settle()
        if not in_time and waiting.slot is None:
            raise self._pool_timeout(request) from TimeoutError()

    def _pool_timeout(self, request: Request) -> PoolTimeout:
        state = self._state
        return PoolTimeout(
            f"Pool timed out after {_pool_timeout(request):g} seconds: no connection to {request.url.origin} became "
            f"available ({state.connections_active} of {state.max_connections} in use, {state.requests_queued} waiting)"
        )


def _unsupported(scheme: bytes) -> UnsupportedProtocol:
    if not scheme:
        return UnsupportedProtocol("Request URL is missing an 'http://' or 'https://' protocol.")
    return UnsupportedProtocol(f"Request URL has an unsupported protocol '{scheme.decode()}://'.")


def _key_with_name(key: Key, request: Request) -> Key:
    """Keep apart connections on which TLS checked the server for another name than the host's."""
    name = requested_server_name(request)
    if name is None or key[0] not in (b"https", b"wss") or name == key[1].decode("ascii"):
        return key
    return (key[0], key[1], key[2], name)


def _original(stream: Any) -> Any:
    """Return the user's object. Where several tasks send the same request, another one may have replaced it."""
    return stream.original if isinstance(stream, AsyncSentBody) else stream


def _as_sent(stream: Any, reservation: AsyncReservation, connection: AsyncConnectionInterface) -> Any:
    """Have it watched what becomes of a body, unless the connection is somebody's own, which gets the user's object."""
    if isinstance(stream, (list, tuple)) or not hasattr(stream, "__aiter__"):
        return stream
    if reservation.body is None and isinstance(connection, AsyncHTTPConnection):
        reservation.body = AsyncSentBody(stream)
    return reservation.body or stream


def _pool_timeout(request: Request) -> float | None:
    timeout: float | None = request.extensions.get("timeout", {}).get("pool")
    return timeout


def _says_available(slot: AsyncPooled | None) -> bool:
    try:
        return slot is not None and slot.connection is not None and slot.connection.is_available()
    except Exception:
        return False


def _changed(pool: "weakref.ref[AsyncConnectionPool]", slot: "weakref.ref[AsyncPooled]") -> None:
    """Have a connection looked at that may be able to carry more requests than before, or fewer."""
    this_pool, this_place = pool(), slot()
    if this_pool is not None and this_place is not None:
        this_pool._defer(this_place)


def __getattr__(name: str) -> Any:
    return find(__name__, name)
