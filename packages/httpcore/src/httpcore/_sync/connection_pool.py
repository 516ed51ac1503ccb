# Generated from ../_async/connection_pool.py by tools/make_sync.py: edit that file, then run it.
"""The connection pool: sends each request over a connection that `PoolState` chooses."""

import functools
import logging
import os
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from httpcore_models import (
    SOCKET_OPTION,
    ByteStream,
    ConnectionInterface,
    NetworkBackend,
    Origin,
    Proxy,
    Request,
    Response,
    ResponseStream,
    SSLContextTypes,
)
from httpcore_models.concurrency import Shield
from httpcore_models.lowlevel import (
    CloseOnExit,
    begin_request,
    cached_origin,
    enforce_ssl_context,
    get_tracer,
)

from .._arguments import (
    enforce_backend,
    enforce_callback,
    enforce_limits,
    enforce_max_connections,
    enforce_pings,
)
from .._connection_event import ConnectionEvent
from .._connection_facts import ConnectionFacts, connection_id_of
from .._default_backends import SyncBackend
from .._lazy import legacy_name, preload_http2
from .._options import ConnectionOptions
from .._pool.slots import PoolRequest, Slot
from .._proxies import enforce_proxies
from .._reports import described, report_assigned, report_failed
from .bodies import RewindableBody, rewindable
from .connection import HTTPConnection
from .http3 import http3_connections
from .leased_body import LeasedBody
from .legacy_pool import LegacyPool
from .proxied_connection import proxied_connection
from .reservation import Reservation
from .shared_state import SharedState

_logger = logging.getLogger("httpcore.connection_pool")

# Requests with these methods rarely have a body, so it is not made rewindable.
_MOSTLY_WITHOUT_BODY = {b"GET", b"HEAD"}


class ConnectionPool(CloseOnExit, LegacyPool):
    """Sends requests to any origin, and keeps connections open for later requests.

    * `ssl_context`: for `https` and `wss` origins; by default a shared one with certifi's CA bundle. A function without
      arguments that returns a context is called before each TLS handshake, so it should keep what it returns.
    * `proxy`: the proxy to connect through, or a chain of proxies, nearest first.
    * `max_connections`: how many connections the pool may have, `None` for no limit. Further requests wait.
    * `max_keepalive_connections`: how many of these may be idle, `None` for all of them.
    * `keepalive_expiry`: for how many seconds a connection may be idle, `None` for no limit.
    * `http3`: whether to use HTTP/3, too, for new connections to origins that have offered it (Alt-Svc, RFC 7838) over
      TLS that was verified, unless there is a proxy or `uds`. Where it does not work, TCP is used. With
      `http1=False, http2=False` it is the only protocol. Raises `ModuleNotFoundError` without the extra `http3`.
    * `on_connection`: a function that is called with a `ConnectionEvent` whenever a connection was opened or closed.
      See the documentation on pools.
    * `http1`, `http2`, `retries`, `local_address`, `uds`, `network_backend`, `socket_options`, `http2_ping_interval`,
      `http2_ping_timeout`: see `HTTPConnection`.

    Threads may share a pool. Waiting requests are served in the order in which they came. Whatever happens to a request,
    it releases its slot in the pool.
    """

    def __init__(
        self,
        ssl_context: SSLContextTypes | None = None,
        proxy: Proxy | Sequence[Proxy] | None = None,
        max_connections: int | None = 10,
        max_keepalive_connections: int | None = None,
        keepalive_expiry: float | None = None,
        http1: bool = True,
        http2: bool = False,
        retries: int = 0,
        local_address: str | None = None,
        uds: str | os.PathLike[str] | None = None,
        network_backend: NetworkBackend | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        *,
        http2_ping_interval: float | None = None,
        http2_ping_timeout: float = 20.0,
        on_connection: Callable[[ConnectionEvent], object] | None = None,
        http3: bool = False,
    ) -> None:
        if ssl_context is not None:
            enforce_ssl_context(ssl_context, name="ssl_context")
        if http2:
            preload_http2()
        enforce_max_connections(max_connections)
        max_keepalive_connections, retries = enforce_limits(max_keepalive_connections, keepalive_expiry, retries)
        enforce_backend(network_backend)
        enforce_pings(http2_ping_interval, http2_ping_timeout)
        enforce_callback(on_connection)
        self._proxies = enforce_proxies(proxy)
        self._options = ConnectionOptions(
            ssl_context,
            keepalive_expiry,
            http1,
            http2,
            retries,
            local_address,
            uds,
            SyncBackend() if network_backend is None else network_backend,
            socket_options,
            http2_ping_interval,
            http2_ping_timeout,
        )
        if http3:
            self._http3 = http3_connections(self._options, has_proxy=bool(self._proxies))
        super().__init__(max_connections, max_keepalive_connections, keepalive_expiry)
        self._shared.report_to(on_connection)

    def create_connection(self, origin: Origin) -> ConnectionInterface:
        """Return a new connection to `origin`. Override it to use connections of your own."""
        if self._proxies:
            return proxied_connection(self._proxies, origin, self._options)
        if self._http3 is not None:
            return self._http3.create(origin)
        return HTTPConnection(origin, **vars(self._options))

    def handle_request(self, request: Request) -> Response:
        """Send a request over a connection of the pool and return its response, with the body yet to be read.

        The response keeps its slot in the pool until it is closed. If it is dropped without being closed, the slot is
        released and a `ResourceWarning` issued.

        A request is sent again in two cases:

        * Its server did not process it, and says so (RFC 9113 section 8.7). It is sent up to six more times, from the
          second time on after a short pause, which counts towards the `pool` timeout. There is no limit if the server
          shuts its connections down after other requests (section 6.8).
        * It was sent over a reused connection that turned out to be closed before any part of the response arrived.
          If its method is idempotent (RFC 9110 section 9.2.2), it is sent once more, over a new connection.

        In both cases its body must not have been started, or it must be possible to send it from the beginning: bytes,
        a list, a tuple, an object that holds nothing but plain data, or another iterable with a Content-Length, which
        reveals an iterable that goes on where it stopped.

        A request with a body and `Expect: 100-continue` is sent once more without that header if the response has
        status 417 and the body is in memory or was not begun (RFC 9110 section 10.1.1).

        Raises `UnsupportedProtocol` for the URL's scheme, `PoolTimeout` if no connection becomes available in time,
        `ConnectError` if the pool is closed meanwhile, and what the connection raises.
        """
        shared, stream = self._shared, request.stream
        if type(stream) is RewindableBody:
            stream = stream.original  # another thread is sending the same request, and has set its body
        try:
            if "timeout" in request.extensions and "total" in request.extensions["timeout"]:
                request = begin_request(request)
            reservation = Reservation(self, shared, request)
        except BaseException as exc:
            if "observe" in request.extensions:
                report_failed(request, exc)
            raise
        pool_request: PoolRequest[ConnectionInterface] = reservation.pool_request  # type: ignore[assignment]
        try:
            while True:
                if shared.deferred or shared.state.to_close or shared.departed:
                    shared.close_pending()
                if pool_request.slot is None:
                    tracer, wait = get_tracer(_logger, request), reservation.wait
                    (wait() if tracer is None else tracer.run("wait_for_connection", {"request": request}, wait))
                slot: Slot[ConnectionInterface] = pool_request.slot  # type: ignore[assignment]
                connection = slot.connection
                if connection is None:
                    connection = self._open(pool_request, slot)
                elif request.extensions.get("observe") is not None:
                    report_assigned(request, pool_request, slot, reused=True)
                if request.method not in _MOSTLY_WITHOUT_BODY and type(stream) is not ByteStream:
                    if reservation.body is None and isinstance(connection, HTTPConnection):
                        reservation.body = rewindable(stream)  # a user's own connection gets the user's object
                    request.stream = reservation.body or stream
                try:
                    response = connection.handle_request(request)
                    if response.status != 417:
                        break
                except Exception as exc:
                    if not reservation.retries.may_retry(exc, reservation.body):
                        raise
                else:
                    if not reservation.retries.may_drop_expectation(response, reservation.body):
                        break
                    request.stream = stream
                    request = reservation.retries.request
                reservation.retries.retry()
            if not slot.established or (shared.state.requests.waiting and slot.may_take_another):
                self._established(slot, response)
        except BaseException as exc:
            reservation.give_up(request, exc)
            raise
        finally:
            request.stream = stream
        pool_request.answered = True
        body = response.stream
        if isinstance(body, ResponseStream) and body.lease is None:
            body.lease = reservation
        else:
            response.stream = LeasedBody(body, reservation, request)
        return response

    def _open(
        self, pool_request: PoolRequest[ConnectionInterface], slot: Slot[ConnectionInterface]
    ) -> ConnectionInterface:
        shared = self._shared
        scheme, host, port = slot.key[:3]
        connection = self.create_connection(cached_origin(scheme, host, port))
        pool_request.opened += 1
        slot.event_loop = None
        if hasattr(connection, "on_capacity_change"):
            # A strong reference would keep the connection until the garbage collector runs.
            connection.on_capacity_change = functools.partial(_defer_change, weakref.ref(shared), weakref.ref(slot))
        slot.reports = isinstance(connection, HTTPConnection)
        slot.connection_id = connection_id_of(connection)
        if shared.on_connection is not None and isinstance(connection, HTTPConnection):
            ConnectionFacts.report_opening_to(connection, shared.reporter_of(slot))
        shared.step(shared.state.opened, slot, connection)
        if shared.deferred or shared.state.to_close or shared.departed:
            shared.close_pending()
        if not slot.pooled:
            shared.check_not_closed(pool_request)
        if "observe" in pool_request.request.extensions:
            report_assigned(pool_request.request, pool_request, slot, reused=False)
        return connection

    def _established(self, slot: Slot[ConnectionInterface], response: Response) -> None:
        shared = self._shared
        try:
            multiplexed = response.extensions.get("http_version") in (b"HTTP/2", b"HTTP/3")
            shared.step(shared.state.established, slot, multiplexed)
            if shared.on_connection is not None and slot.history is None:
                shared.report_opened(slot, described(slot, response))  # of a class that has not reported this itself
            if shared.deferred or shared.state.to_close or shared.departed:
                shared.close_pending()
        except BaseException:
            with Shield():
                response.close()
            raise


def _defer_change(shared: "weakref.ref[SharedState]", slot: "weakref.ref[Slot[ConnectionInterface]]") -> None:
    """Have the next step check a connection that can carry more or fewer requests than before."""
    this_state, this_slot = shared(), slot()
    if this_state is not None and this_slot is not None:
        this_state.defer(this_slot)


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
