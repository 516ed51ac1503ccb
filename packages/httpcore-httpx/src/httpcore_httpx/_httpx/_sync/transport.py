# Generated from ../_async/transport.py by tools/make_sync.py: edit that file, then run it.
"""The transport: sends the requests of a client of httpx over a connection pool of httpcore."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, NoReturn, TypeVar

import httpx

from ..._core import httpcore
from .._errors import error_class
from .._options import DEFAULT_LIMITS, CertTypes, ProxyTypes, proxies_for, ssl_context_for, with_total_timeout
from .network_stream import MappedNetworkStream

_Self = TypeVar("_Self", bound="HTTPTransport")


class HTTPTransport(httpx.BaseTransport):
    """A transport for `httpx.Client`, with the arguments of `httpx.HTTPTransport`, in the same order.

    * `verify`, `cert`, `trust_env`: see `httpx.create_ssl_context()`, which makes the TLS context. Unless `verify` is
      a context or a path, or there is a `cert`, the context is made when a handshake needs it, and is shared.
    * `http1`, `http2`: the protocols to offer.
    * `limits`: of the connection pool.
    * `proxy`: a URL, an `httpx.Proxy` or an `httpcore.Proxy`, also of the schemes `socks4` and `socks4a`, or a chain
      of these, nearest first. `retries`, `local_address`, `uds` and `socket_options` apply to the way to the proxy.
    * `uds`: the path of a Unix domain socket to connect to.
    * `local_address`: the address to connect from.
    * `retries`: how often to retry a failed attempt to connect.
    * `socket_options`: arguments for `socket.setsockopt()`.
    * `network_backend`: opens the streams; see `httpcore.NetworkBackend`.
    * `http2_ping_interval`, `http2_ping_timeout`: how many seconds of silence, while a response is due, to wait for
      before and after a PING; see `httpcore.ConnectionPool`.
    * `http3`: whether to use HTTP/3, too, for new connections to origins that have offered it; see
      `httpcore.ConnectionPool`.
    * `total_timeout`: how many seconds each request may take with all of its response, beside the limits of the client,
      which are for single waits. The key `total` of the extension `timeout` of a request replaces it.
    * `on_connection`: a function that is called with an `httpcore.ConnectionEvent` whenever a connection was opened or
      closed; see `httpcore.ConnectionPool`.

    Raises the errors of httpx, with their `request`. Transports cannot be pickled.
    """

    def __init__(
        self,
        verify: ssl.SSLContext | str | bool = True,
        cert: CertTypes | None = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: httpx.Limits = DEFAULT_LIMITS,
        proxy: ProxyTypes | Sequence[ProxyTypes] | None = None,
        uds: str | os.PathLike[str] | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
        *,
        network_backend: httpcore.NetworkBackend | None = None,
        http2_ping_interval: float | None = None,
        http2_ping_timeout: float = 20.0,
        total_timeout: float | None = None,
        on_connection: Callable[[httpcore.ConnectionEvent], object] | None = None,
        http3: bool = False,
    ) -> None:
        self._total_timeout = total_timeout
        own_streams = network_backend is not None
        self._pool = httpcore.ConnectionPool(
            ssl_context_for(verify, cert, trust_env, (http1, http2) if own_streams else None),
            proxies_for(proxy, trust_env, own_streams),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            http1=http1,
            http2=http2,
            retries=retries,
            local_address=local_address,
            uds=uds,
            network_backend=network_backend,
            socket_options=socket_options,
            http2_ping_interval=http2_ping_interval,
            http2_ping_timeout=http2_ping_timeout,
            on_connection=on_connection,
            http3=http3,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` and return the response, with the body yet to be read.

        Raises an `httpx.TransportError`. Whatever happens, also when it is interrupted, nothing stays reserved.
        """
        url = request.url
        extensions: Any = request.extensions
        if self._total_timeout is not None:
            extensions = with_total_timeout(extensions, self._total_timeout)
        try:
            received = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=extensions,
                )
            )
        except Exception as exc:
            kind = error_class(exc)
            if kind is None:
                raise
            raise kind(str(exc), request=request) from exc
        extensions = received.extensions
        if received.status == 101 or (request.method == "CONNECT" and 200 <= received.status < 300):
            extensions["network_stream"] = MappedNetworkStream(extensions["network_stream"], request)
        stream: Any = received.stream
        response = httpx.Response(received.status, headers=received.headers, stream=MappedBody(stream, request))
        # The same object and not a copy, which would lack the trailers that arrive after the body.
        response.extensions = extensions
        return response

    def close(self) -> None:
        """Close all connections. Requests in flight on them fail. The transport may be used again."""
        self._pool.close()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._pool!r}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object: it holds connections")


class MappedBody(httpx.SyncByteStream):
    """The body of a response, with the errors of httpx."""

    def __init__(self, body: Any, request: httpx.Request) -> None:
        self._body = body
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        return MappedParts(self._body, self._request)

    def close(self) -> None:
        """End the exchange."""
        if not hasattr(self._body, "close"):  # programs that mock pools return other bodies
            return
        try:
            self._body.close()
        except Exception as exc:
            kind = error_class(exc)
            if kind is None:
                raise
            raise kind(str(exc), request=self._request) from exc


class MappedParts:
    """Iterates over a body. This is no generator, which would have a state of its own to clean up."""

    __slots__ = ("_next", "_parts", "_request")

    def __init__(self, body: Iterable[bytes], request: httpx.Request) -> None:
        self._parts: Any = body.__iter__()
        self._next = self._parts.__next__
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return self._next()
        except StopIteration:
            raise
        except Exception as exc:
            kind = error_class(exc)
            if kind is None:
                raise
            raise kind(str(exc), request=self._request) from exc

    def close(self) -> None:
        """End the exchange, as closing a generator does before it is exhausted."""
        if not hasattr(self._parts, "close"):
            return
        try:
            self._parts.close()
        except Exception as exc:
            kind = error_class(exc)
            if kind is None:
                raise
            raise kind(str(exc), request=self._request) from exc
