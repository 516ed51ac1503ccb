# Generated from ../_async/dialler.py by tools/make_sync.py: edit that file, then run it.
"""Diallers: how a byte stream to an origin is opened, before TLS and HTTP."""

import contextlib
import logging
import os
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from ..._closing import close_unopened
from ..._exceptions import ConnectError
from ..._observing import OBSERVER, ObserverFailedError, connect_observer_of
from ..._request import Request
from ..._sync.tracing import get_tracer
from ..._url import Origin
from ...concurrency import forks
from .._backend_kinds import connecting, udp_method
from .._purpose import PREFERRED_ADDRESS, PURPOSE, Purpose
from .._socket_options import SOCKET_OPTION
from .._tls.alpn import alpn_offer
from .datagrams import DatagramStream
from .interface import NetworkBackend, NetworkStream
from .resolving_backend import connect_udp

_logger = logging.getLogger("httpcore.connection")


class Dialler:
    """Opens byte streams to origins. A proxy's dialler does so over a stream that another dialler opens.

    TLS handshakes on these streams are traced with `logger`.
    """

    logger: logging.Logger = _logger

    #: How many proxies the streams lead through.
    hops: int = 0

    def dial(self, origin: Origin, request: Request, timeout: float | None) -> NetworkStream:
        """Open a stream to `origin` on behalf of `request`, which is needed for tracing only.

        `timeout` is in seconds. Raises `ConnectTimeout`, `ConnectError` or `ProxyError`; on failure and interruption
        nothing stays open.
        """
        raise NotImplementedError

    def describe(self, origin: Origin, timeout: float | None) -> dict[str, Any]:
        """Return what `dial()` reports to the trace when it starts."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Make the dial in progress, and every later one, fail as soon as possible. May be called from any thread."""


class DirectDialler(Dialler):
    """Reaches origins over TCP, or all of them over one Unix domain socket, `uds`.

    `backend`, `local_address`, `uds` and `socket_options` may be changed; they count for the next dial.
    """

    #: Whether what is dialled is an origin or a proxy, for the rules of guards.
    purpose: Purpose = "origin"

    def __init__(
        self,
        backend: NetworkBackend,
        *,
        local_address: str | None = None,
        uds: str | os.PathLike[str] | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
        logger: logging.Logger = _logger,
    ) -> None:
        self.logger = logger
        self.backend: NetworkBackend = backend
        self.local_address: str | None = local_address
        self.uds: str | None = os.fspath(uds) if isinstance(uds, os.PathLike) else uds
        self.socket_options: Iterable[SOCKET_OPTION] | None = socket_options
        self._cancelled = False
        # The stream of the dial in progress, or of the last one.
        self._stream: NetworkStream | DatagramStream | None = None

    def dial(self, origin: Origin, request: Request, timeout: float | None) -> NetworkStream:
        """Connect; see `Dialler.dial()`."""
        arguments = self._arguments(origin, timeout)
        name = "connect_tcp" if self.uds is None else "connect_unix_socket"
        connect = connecting(self.backend.connect_tcp if self.uds is None else self.backend.connect_unix_socket)
        return cast(NetworkStream, self._connect(name, connect, arguments, origin, request))

    def _connect(
        self, name: str, connect: Callable[..., Any], arguments: dict[str, Any], origin: Origin, request: Request
    ) -> Any:
        tracer = get_tracer(self.logger, request)
        stream: Any = None
        self._stream = None
        process = forks.count

        def call() -> Any:
            nonlocal stream
            # Not by a token, which only its own context takes back: a coroutine may be closed in another one.
            outer, outer_observer, observer = PURPOSE.get(), OBSERVER.get(), connect_observer_of(request)
            PURPOSE.set(self.purpose)
            try:
                # Also `None`: a resolver may send requests of its own, which are not those of the observer outside.
                OBSERVER.set(observer)
                self._stream = stream = connect(**arguments)
            except ObserverFailedError as exc:
                raise exc.error from None
            finally:
                if observer is not None:
                    observer.end()
                OBSERVER.set(outer_observer)
                PURPOSE.set(outer)
            if self._cancelled:
                raise ConnectError(f"Connecting to {origin} was interrupted")
            return stream

        try:
            info = self.describe(origin, arguments["timeout"])
            (call() if tracer is None else tracer.run(name, info, call))
            if forks.count != process:  # the trace callback has forked
                raise ConnectError(f"The connection belongs to another process ({origin})")
            return stream
        except BaseException:
            # The callback may raise, or be interrupted, once there is a stream.
            if stream is not None:
                close_unopened(stream)
            raise

    @property
    def can_dial_udp(self) -> bool:
        """Whether `dial_udp()` may work: over TCP, with a backend whose `connect_udp()` bypasses none of its guards."""
        return self.uds is None and udp_method(self.backend) is not None

    def dial_udp(
        self, origin: Origin, request: Request, timeout: float | None, *, prefer: str | None = None
    ) -> DatagramStream:
        """Open datagrams to `origin` on behalf of `request`, for HTTP/3; otherwise like `dial()`.

        `prefer` is the IP address to try first, if it is one of the host's: it has answered over TCP, for example.
        Raises `ConnectError`, too, if `can_dial_udp` is false.
        """
        arguments = self._arguments(origin, timeout)
        if self.uds is not None:
            raise ConnectError(f"There are no datagrams over the Unix socket {self.uds} ({origin})")
        return cast(
            DatagramStream,
            self._connect(
                "connect_udp",
                _connect_preferred,
                {"backend": self.backend, "prefer": prefer, **arguments},
                origin,
                request,
            ),
        )

    def cancel(self) -> None:
        """Close the stream of the last dial, as soon as there is one; see `Dialler.cancel()`."""
        self._cancelled = True
        abort = getattr(self._stream, "abort", None)
        if abort is not None:
            abort()

    def describe(self, origin: Origin, timeout: float | None) -> dict[str, Any]:
        """Return the arguments of the network backend's method."""
        return self._arguments(origin, timeout)

    def _arguments(self, origin: Origin, timeout: float | None) -> dict[str, Any]:
        if self.uds is not None:
            return {"path": self.uds, "timeout": timeout, "socket_options": self.socket_options}
        return {
            "host": origin.host.decode("ascii"),
            "port": origin.port,
            "local_address": self.local_address,
            "timeout": timeout,
            "socket_options": self.socket_options,
        }


def _connect_preferred(backend: NetworkBackend, prefer: str | None, **arguments: Any) -> DatagramStream:
    outer = PREFERRED_ADDRESS.get()
    PREFERRED_ADDRESS.set(prefer)
    try:
        return connect_udp(backend, **arguments)
    finally:
        PREFERRED_ADDRESS.set(outer)


def start_tls(
    stream: NetworkStream,
    request: Request,
    logger: logging.Logger,
    *,
    ssl_context: ssl.SSLContext,
    server_hostname: str,
    timeout: float | None,
    alpn_protocols: Sequence[str] | None = None,
) -> NetworkStream:
    """Do a TLS handshake on behalf of `request`, which is needed for tracing only, with `logger`.

    `server_hostname` is a host in the form of a URL. The handshake offers `alpn_protocols`, or, without them, the
    protocols that `ssl_context` is set to offer. The context is left unchanged, and may be used for other handshakes at
    the same time. See `NetworkStream.start_tls()`. On failure and interruption nothing stays open.
    """
    # TLS sends and checks names without a final dot (RFC 6066 section 3), and addresses without an IPv6 zone.
    name = server_hostname.partition("%")[0] if ":" in server_hostname else server_hostname
    name = name.removesuffix(".")
    arguments: dict[str, Any] = {"ssl_context": ssl_context, "server_hostname": name, "timeout": timeout}
    tracer = get_tracer(logger, request)
    process = forks.count

    def call() -> NetworkStream:
        nonlocal stream
        if forks.count != process:  # the trace callback has forked
            raise ConnectError("The connection belongs to another process")
        start_tls = stream.start_tls
        offer = alpn_protocols
        with contextlib.nullcontext() if offer is None else alpn_offer(ssl_context, offer, start_tls):
            stream = start_tls(**arguments)
        return stream

    try:
        (call() if tracer is None else tracer.run("start_tls", arguments, call))
        if forks.count != process:  # or has done so when TLS was there
            raise ConnectError("The connection belongs to another process")
    except BaseException:
        close_unopened(stream)
        raise
    return stream
