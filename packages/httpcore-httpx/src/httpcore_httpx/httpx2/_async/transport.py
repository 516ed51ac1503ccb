# Generated from ../_httpx/_async/transport.py by tools/make_httpx2.py: edit that file, then run it.
"""The transport: sends the requests of a client of httpx2 over a connection pool of httpcore."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, NoReturn, TypeVar

import httpx2

from ..._core import httpcore
from .._errors import error_class
from .._options import DEFAULT_LIMITS, CertTypes, ProxyTypes, proxies_for, ssl_context_for, with_total_timeout
from .network_stream import AsyncMappedNetworkStream

_Self = TypeVar("_Self", bound="AsyncHTTPTransport")


class AsyncHTTPTransport(httpx2.AsyncBaseTransport):
    """A transport for `httpx2.AsyncClient`, with the arguments of `httpx2.AsyncHTTPTransport`, in the same order.

    * `verify`, `cert`, `trust_env`: see `httpx2.create_ssl_context()`, which makes the TLS context. Unless `verify` is
      a context or a path, or there is a `cert`, the context is made when a handshake needs it, and is shared.
    * `http1`, `http2`: the protocols to offer.
    * `limits`: of the connection pool.
    * `proxy`: a URL, an `httpx2.Proxy` or an `httpcore.Proxy`, also of the schemes `socks4` and `socks4a`, or a chain
      of these, nearest first. `retries`, `local_address`, `uds` and `socket_options` apply to the way to the proxy.
    * `uds`: the path of a Unix domain socket to connect to.
    * `local_address`: the address to connect from.
    * `retries`: how often to retry a failed attempt to connect.
    * `socket_options`: arguments for `socket.setsockopt()`.
    * `network_backend`: opens the streams; see `httpcore.AsyncNetworkBackend`.
    * `http2_ping_interval`, `http2_ping_timeout`: how many seconds of silence, while a response is due, to wait for
      before and after a PING; see `httpcore.AsyncConnectionPool`.
    * `http3`: whether to use HTTP/3, too, for new connections to origins that have offered it; see
      `httpcore.AsyncConnectionPool`.
    * `total_timeout`: how many seconds each request may take with all of its response, beside the limits of the client,
      which are for single waits. The key `total` of the extension `timeout` of a request replaces it.
    * `on_connection`: a function that is called with an `httpcore.ConnectionEvent` whenever a connection was opened or
      closed; see `httpcore.AsyncConnectionPool`.

    Raises the errors of httpx2, with their `request`. Transports cannot be pickled.
    """

    def __init__(
        self,
        verify: ssl.SSLContext | str | bool = True,
        cert: CertTypes | None = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: httpx2.Limits = DEFAULT_LIMITS,
        proxy: ProxyTypes | Sequence[ProxyTypes] | None = None,
        uds: str | os.PathLike[str] | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
        *,
        network_backend: httpcore.AsyncNetworkBackend | None = None,
        http2_ping_interval: float | None = None,
        http2_ping_timeout: float = 20.0,
        total_timeout: float | None = None,
        on_connection: Callable[[httpcore.ConnectionEvent], object] | None = None,
        http3: bool = False,
    ) -> None:
        self._total_timeout = total_timeout
        own_streams = network_backend is not None
        self._pool = httpcore.AsyncConnectionPool(
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

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send `request` and return the response, with the body yet to be read.

        Raises an `httpx2.TransportError`. Whatever happens, also when it is cancelled, nothing stays reserved.
        """
        url = request.url
        extensions: Any = request.extensions
        if self._total_timeout is not None:
            extensions = with_total_timeout(extensions, self._total_timeout)
        try:
            received = await self._pool.handle_async_request(
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
            extensions["network_stream"] = AsyncMappedNetworkStream(extensions["network_stream"], request)
        stream: Any = received.stream
        response = httpx2.Response(received.status, headers=received.headers, stream=AsyncMappedBody(stream, request))
        # The same object and not a copy, which would lack the trailers that arrive after the body.
        response.extensions = extensions
        return response

    async def aclose(self) -> None:
        """Close all connections. Requests in flight on them fail. The transport may be used again."""
        await self._pool.aclose()

    async def __aenter__(self: _Self) -> _Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._pool!r}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object: it holds connections")


class AsyncMappedBody(httpx2.AsyncByteStream):
    """The body of a response, with the errors of httpx2."""

    def __init__(self, body: Any, request: httpx2.Request) -> None:
        self._body = body
        self._request = request

    def __aiter__(self) -> AsyncIterator[bytes]:
        return AsyncMappedParts(self._body, self._request)

    async def aclose(self) -> None:
        """End the exchange."""
        if not hasattr(self._body, "aclose"):  # programs that mock pools return other bodies
            return
        try:
            await self._body.aclose()
        except Exception as exc:
            kind = error_class(exc)
            if kind is None:
                raise
            raise kind(str(exc), request=self._request) from exc


class AsyncMappedParts:
    """Iterates over a body. This is no generator, which would have a state of its own to clean up."""

    __slots__ = ("_next", "_parts", "_request")

    def __init__(self, body: AsyncIterable[bytes], request: httpx2.Request) -> None:
        self._parts: Any = body.__aiter__()
        self._next = self._parts.__anext__
        self._request = request

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self._next()
        except StopAsyncIteration:
            raise
        except Exception as exc:
            kind = error_class(exc)
            if kind is None:
                raise
            raise kind(str(exc), request=self._request) from exc

    async def aclose(self) -> None:
        """End the exchange, as closing a generator does before it is exhausted."""
        if not hasattr(self._parts, "aclose"):
            return
        try:
            await self._parts.aclose()
        except Exception as exc:
            kind = error_class(exc)
            if kind is None:
                raise
            raise kind(str(exc), request=self._request) from exc
