# Generated from ../_async/http3_connection.py by tools/make_sync.py: edit that file, then run it.
"""Connections that use HTTP/3 where it is offered, and TCP otherwise. Imported by pools with `http3=True` only."""

import logging
import math
import ssl
import time
from typing import Any

from httpcore_models import (
    ConnectError,
    ConnectionInterface,
    ConnectTimeout,
    HTTPCoreError,
    NetworkStream,
    Origin,
    Request,
    Response,
    UnsupportedProtocol,
)
from httpcore_models.deadline import Deadline
from httpcore_models.lowlevel import (
    RequestLimits,
    close_unopened,
    get_tracer,
    ssl_context_of,
    without_zone,
)
from httpcore_models.network import DirectDialler

from .._http3.origins import Key, Origins
from .._http3.requirement import require_h3
from .._options import ConnectionOptions
from .._ssl import alpn_protocols, requested_server_name, shared_ssl_context
from .attempts import Attempts
from .connecting import ConnectCall
from .connection import STOCK_CONNECT, STOCK_HANDLE_REQUEST, HTTPConnection

_logger = logging.getLogger("httpcore.http3")

# How much of the time for connecting QUIC may take, at most. The rest is for TCP.
_SHARE = 0.5

# What ends an attempt and leads to TCP. A backend may say of its `connect_udp()` that it is not implemented.
_FAILURES = (HTTPCoreError, NotImplementedError)

# How many seconds pass before the same header of the same connection is read again.
_LEARN_INTERVAL = 60.0


class HTTP3Connections:
    """Makes the connections of a pool, and holds what they learn about origins."""

    def __init__(self, options: ConnectionOptions) -> None:
        """Raises `ModuleNotFoundError` if HTTP/3 is not installed."""
        require_h3()
        self.options = options
        self.origins = Origins()
        # How many connections were opened over HTTP/3, and how many over TCP after that had failed.
        self.opened = 0
        self.fell_back = 0

    def create(self, origin: Origin) -> ConnectionInterface:
        """Return a new connection to `origin`."""
        return HTTP3OrTCPConnection(origin, self)

    def stats(self) -> dict[str, int]:
        """Return the numbers that the pool reports."""
        broken = self.origins.broken(time.monotonic())
        return {"opened": self.opened, "fell_back": self.fell_back, "broken": broken}


class TimedDialler(DirectDialler):
    """Learns how long connecting over TCP takes, and where it comes from. `dialler` has the arguments."""

    def __init__(self, dialler: DirectDialler, origins: Origins) -> None:
        super().__init__(
            dialler.backend,
            local_address=dialler.local_address,
            uds=dialler.uds,
            socket_options=dialler.socket_options,
        )
        self._origins = origins

    def dial(self, origin: Origin, request: Request, timeout: float | None) -> NetworkStream:
        """Connect; see `Dialler.dial()`."""
        began = time.monotonic()
        stream = super().dial(origin, request, timeout)
        seconds = time.monotonic() - began
        local, peer = _ip_address(stream, "client_addr"), _ip_address(stream, "server_addr")
        if local is not None:
            self._origins.connected_from(_key(origin, request), local, seconds, peer)
        return stream


class HTTP3OrTCPConnection(HTTPConnection):
    """A connection to one origin, over HTTP/3 if the origin has offered it, or if no other protocol is allowed.

    QUIC gets a head start. If it has not connected by then, or fails, it is given up and TCP is tried, and the origin
    counts as broken for a while. No request is sent before the handshake has ended.
    """

    def __init__(self, origin: Origin, shared: HTTP3Connections) -> None:
        super().__init__(origin, **vars(shared.options))
        self._http3 = shared
        self._direct = TimedDialler(self._direct, shared.origins)
        self._dialler = self._direct
        self._is_mandatory = not (shared.options.http1 or shared.options.http2)
        self._is_http3 = False
        # Whether the server has said that requests are better sent over TCP.
        self._retired = False
        # The headers that were seen last, and until when they say nothing new; what they offered, and until when. Their
        # hash is enough, and does not keep cookies for as long as the connection is open. If other headers had the same
        # hash, their offer would be noticed with the next response.
        self._seen: int | None = None
        self._seen_until = math.inf
        self._learnt: list[bytes] = []
        self._learnt_until = 0.0

    def handle_request(self, request: Request) -> Response:
        """Send a request, and learn from the response whether HTTP/3 is offered; see `HTTPConnection`."""
        try:
            established = self._established
            if (
                established is None
                or self._verified_name is not None
                or "sni_hostname" in request.extensions
                or HTTPConnection.handle_request is not STOCK_HANDLE_REQUEST
            ):
                response = super().handle_request(request)
            else:
                # As there, but without a call that the thread would pass whenever it goes on. Programs replace the method
                # of 1.0 to record requests, or to forbid them.
                response = established.handle_request(request)
        except HTTPCoreError:
            if getattr(self._established, "wants_fallback", False) and not self._is_mandatory and not self._retired:
                self._retire(request, "the server asks for another version of HTTP, or for a certificate")
                self._mark_broken(_key(self._origin, request))
            raise
        if self._origin.scheme == b"https":
            if response.status == 421:
                # Its header does not count (RFC 7838 section 6).
                if self._is_http3 and not self._is_mandatory:
                    self._retire(request, "the server says that it is the wrong one (421)")
                return response
            # Most servers send the same headers with many responses, and the same offer with all. Their order may vary.
            if hash(frozenset(response.headers)) != self._seen or time.monotonic() >= self._seen_until:
                self._learn(request, response)
        return response

    def _learn(self, request: Request, response: Response) -> None:
        """Note what the server offers."""
        headers = response.headers.copy()
        values = [value for name, value in headers if len(name) == 7 and name.lower() == b"alt-svc"]
        now = time.monotonic()
        if values and not (now < self._learnt_until and values == self._learnt):
            if _verifies(self._tls_context()):
                self._http3.origins.advertised(_key(self._origin, request), values, now)
            self._learnt, self._learnt_until = values, now + _LEARN_INTERVAL
        self._seen, self._seen_until = hash(frozenset(headers)), self._learnt_until if values else math.inf

    def _retire(self, request: Request, reason: str) -> None:
        """Take no more requests on this connection, and use TCP for the next one."""
        self._retired = True
        self._http3.origins.dropped(_key(self._origin, request))
        _logger.debug("HTTP/3 with %s is not used any more: %s", self._origin, reason)

    # Connecting.

    def _open(self, request: Request, call: ConnectCall) -> ConnectionInterface:
        if self._may_be_http3(request):
            obstacle = self._obstacle()
            if obstacle is None:
                connection = self._open_http3(request, call)
                if connection is not None:
                    return connection
            elif self._is_mandatory:
                self._connect_failed = True
                raise UnsupportedProtocol(f"HTTP/3 is the only protocol allowed, but {obstacle} ({self._origin})")
            else:
                _logger.debug("HTTP/3 with %s is not tried: %s", self._origin, obstacle)
        return super()._open(request, call)

    def _may_be_http3(self, request: Request | None) -> bool:
        if self._is_mandatory:
            return True
        if self._origin.scheme != b"https":
            return False
        return self._http3.origins.may_try(_key(self._origin, request), time.monotonic())

    def _obstacle(self) -> str | None:
        """Return why HTTP/3 cannot be used, or `None` if it can. Whatever guards TCP must not be bypassed."""
        if self._origin.scheme != b"https":
            return "the scheme is not https"
        if not self._direct.can_dial_udp:
            return "the network backend has no connect_udp() that may be used"
        if self._dialler is not self._direct or self._connects_otherwise:
            return "the program has replaced _connect()"
        obstacle: str | None = require_h3().tls_obstacle(self._tls_context())
        return obstacle

    @property
    def _connects_otherwise(self) -> bool:
        """Whether a program has replaced `_connect()`: in the class, in a subclass, or on the object."""
        replaced = [kind for kind in type(self).__mro__ if "_connect" in vars(kind)] != [HTTPConnection]
        return replaced or vars(HTTPConnection)["_connect"] is not STOCK_CONNECT or "_connect" in vars(self)

    def _tls_context(self) -> Any:
        context = self._options.ssl_context
        if context is None:
            return shared_ssl_context(alpn_protocols(self._options.http1, self._options.http2))
        return ssl_context_of(context)

    def _open_http3(self, request: Request, call: ConnectCall) -> ConnectionInterface | None:
        """Return the connection, or `None` if TCP is to be used."""
        key, connection = _key(self._origin, request), None
        limit = _limit(request, call)
        if not self._is_mandatory:
            head_start = self._http3.origins.head_start(key)
            limit = head_start if limit is None else min(head_start, limit * _SHARE)
        try:
            connection = call.attempt.run(self._connect_http3, request, limit)
            if connection is None:
                raise self._connecting.closed_error()
            self._is_http3 = True
            self._use(connection, request)
        except BaseException as exc:
            if self._established is None:
                if connection is not None:
                    close_unopened(connection)
                if isinstance(exc, _FAILURES) and not self._is_mandatory and not self._connecting.closed:
                    self._fall_back(key, exc, call)
                    return None
                self._connect_failed = True
            if self._connecting.closed and isinstance(exc, Exception):
                raise self._connecting.closed_error() from exc
            if isinstance(exc, HTTPCoreError) and not isinstance(exc, (ConnectError, ConnectTimeout)):
                raise ConnectError(str(exc)) from exc
            raise
        self._http3.opened += 1
        self._http3.origins.succeeded(key)
        _logger.debug("HTTP/3 is used with %s", self._origin)
        return connection

    def _connect_http3(self, request: Request, timeout: float | None) -> ConnectionInterface:
        attempts = Attempts(request, self._options.retries, self._connecting, self._direct.backend)
        while True:
            try:
                return self._attempt_http3(request, timeout)
            except (ConnectError, ConnectTimeout) as exc:
                # Where TCP can take its place, that is tried instead of another attempt.
                if not self._is_mandatory or not attempts.may_repeat(exc):
                    raise
            attempts.pause(self._direct.describe(self._origin, timeout))

    def _attempt_http3(self, request: Request, timeout: float | None) -> ConnectionInterface:
        deadline = Deadline(timeout)
        peer = self._http3.origins.last_peer(_key(self._origin, request))
        stream = self._direct.dial_udp(self._origin, request, timeout, prefer=peer)
        connection: Any = None
        try:
            # TLS sends and checks names without a final dot (RFC 6066 section 3), and addresses without an IPv6 zone.
            name = without_zone(_server_name(self._origin, request).encode("ascii")).decode("ascii").removesuffix(".")
            context = self._tls_context()
            connection = require_h3().HTTP3Connection(
                self._origin,
                stream,
                context,
                self._options.keepalive_expiry,
                server_hostname=name,
                connection_info=self._describe(stream, "HTTP/3"),
            )
            connection.on_capacity_change = self._on_capacity_change
            left = deadline.remaining_as_limit()
            tracer = get_tracer(_logger, request)
            if tracer is None:
                connection.handshake(left)
            else:
                info = {"ssl_context": context, "server_hostname": name, "timeout": left}
                tracer.run("handshake", info, connection.handshake, left)
        except BaseException:
            close_unopened(stream if connection is None else connection)
            raise
        return connection  # type: ignore[no-any-return]

    def _fall_back(self, key: Key, exc: Exception, call: ConnectCall) -> None:
        self._is_http3 = False
        self._http3.fell_back += 1
        # TCP gets what is left of the time, as for a request that has waited for another one to connect.
        call.has_followed = True
        _logger.debug("HTTP/3 with %s did not work, TCP is used: %s", self._origin, exc)
        self._mark_broken(key)

    def _mark_broken(self, key: Key) -> None:
        now = time.monotonic()
        until = self._http3.origins.failed(key, now)
        _logger.debug("HTTP/3 with %s is broken for the next %d seconds", self._origin, until - now)

    # The connection as its pool sees it.

    def is_available(self) -> bool:
        """Whether the connection can take a request now, or may take several once it is established."""
        if self._retired:
            return False
        if self._established is not None:
            return self._established.is_available()
        return super().is_available() or (not self._is_over and self._may_be_http3(None))

    def has_expired(self) -> bool:
        """Whether the connection should be closed instead of used."""
        return self._retired or super().has_expired()


def _ip_address(stream: NetworkStream, info: str) -> str | None:
    try:
        address = stream.get_extra_info(info)
    except Exception:  # of a user's stream, or one that is closed already
        return None
    return str(address[0]) if isinstance(address, tuple) and address else None


def _verifies(context: ssl.SSLContext) -> bool:
    """Whether a connection with `context` has been verified: only then does the server speak for its origin."""
    return context.verify_mode == ssl.CERT_REQUIRED and bool(context.check_hostname)


def _server_name(origin: Origin, request: Request | None) -> str:
    name = None if request is None or "sni_hostname" not in request.extensions else requested_server_name(request)
    return name or origin.host.decode("ascii")


def _key(origin: Origin, request: Request | None) -> Key:
    return origin.host, origin.port, _server_name(origin, request)


def _limit(request: Request, call: ConnectCall) -> float | None:
    """Return how many seconds connecting may take."""
    timeouts = request.extensions.get("timeout", {})
    left = call.deadline.remaining_as_limit()
    return timeouts.at_most(left) if isinstance(timeouts, RequestLimits) else left
