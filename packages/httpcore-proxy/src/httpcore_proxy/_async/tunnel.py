"""Tunnels through HTTP proxies (RFC 9110 section 9.3.6), with or without TLS to the proxy."""

import contextlib
import logging
from collections.abc import AsyncIterable, Sequence
from typing import Any

from httpcore_h11 import AsyncHTTP11Connection, AsyncUpgradeStream
from httpcore_models import (
    AsyncNetworkStream,
    NetworkError,
    Origin,
    ProtocolError,
    ProxyError,
    ReadError,
    RemoteProtocolError,
    Request,
    Response,
    SSLContextTypes,
    TimeoutException,
    WriteError,
)
from httpcore_models.deadline import Deadline
from httpcore_models.lowlevel import async_close_unopened, observed_ssl_context
from httpcore_models.network import AsyncDialler, async_start_tls

from .._requests import connect_request
from .._timeouts import limits_single_waits, remaining_time
from .deadline_stream import AsyncDeadlineStream
from .hops import async_observed_hop

# The body of a refusal is for the user to read. It is worth neither a long wait (seconds) nor much memory (bytes).
_REFUSAL_TIMEOUT = 1.0
_REFUSAL_SIZE = 64 * 1024


class AsyncTLSDialler(AsyncDialler):
    """Adds TLS to the streams of another dialler, to reach an `https://` proxy. It offers HTTP/1.1."""

    def __init__(self, dialler: AsyncDialler, ssl_context: SSLContextTypes) -> None:
        self.logger: logging.Logger = dialler.logger
        self.hops: int = dialler.hops
        self._dialler = dialler
        self._ssl_context = ssl_context

    async def dial(self, origin: Origin, request: Request, timeout: float | None) -> AsyncNetworkStream:
        """Open a stream and do a TLS handshake, both within `timeout` seconds; see `AsyncDialler.dial()`."""
        # Before connecting: making a context takes a while, and may fail.
        ssl_context = observed_ssl_context(self._ssl_context, request)
        deadline = Deadline(timeout)
        stream = await self._dialler.dial(origin, request, timeout)
        try:
            remaining = remaining_time(deadline, lambda: f"TLS with the proxy {origin}")
        except BaseException:
            await async_close_unopened(stream)
            raise
        return await async_start_tls(
            stream,
            request,
            self.logger,
            ssl_context=ssl_context,
            server_hostname=origin.host.decode("ascii"),
            timeout=remaining,
            alpn_protocols=("http/1.1",),
        )

    def describe(self, origin: Origin, timeout: float | None) -> dict[str, Any]:
        """Return what the wrapped dialler reports."""
        return self._dialler.describe(origin, timeout)

    def cancel(self) -> None:
        """Cancel the wrapped dialler."""
        self._dialler.cancel()


class AsyncTunnelDialler(AsyncDialler):
    """Has an HTTP proxy connect to origins, with the method CONNECT.

    `dialler` reaches the proxy. Each CONNECT request carries `headers`, which may be changed between dials.
    """

    logger: logging.Logger = logging.getLogger("httpcore.proxy")

    def __init__(self, dialler: AsyncDialler, proxy: Origin, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self.hops: int = dialler.hops + 1
        self._dialler = dialler
        self._proxy = proxy
        self.headers: list[tuple[bytes, bytes]] = list(headers)

    async def dial(self, origin: Origin, request: Request, timeout: float | None) -> AsyncNetworkStream:
        """Open a tunnel within `timeout` seconds; see `AsyncDialler.dial()`.

        Raises `ProxyError` when the proxy refuses, with its response, or does not answer in HTTP/1.1.
        """
        return await async_observed_hop(self._proxy, self.hops - 1, request, self._open, origin, timeout)

    async def _open(self, origin: Origin, request: Request, timeout: float | None) -> AsyncNetworkStream:
        def operation() -> str:
            return f"CONNECT to {origin} through the proxy {self._proxy}"

        deadline = Deadline(timeout)
        stream = await self._dialler.dial(self._proxy, request, timeout)
        single_waits = timeout is not None and limits_single_waits(request)
        handshake = AsyncDeadlineStream(stream, deadline, operation, single_waits)
        try:
            connect = connect_request(origin, request.extensions, self._proxy, self.headers)
            try:
                response = await AsyncHTTP11Connection(self._proxy, handshake).handle_async_request(connect)
            except (RemoteProtocolError, ReadError, WriteError) as exc:
                raise ProxyError(f"{exc} ({operation()})") from exc
            if not 200 <= response.status <= 299:
                raise await _refusal(response, handshake, operation())
            # Bytes that arrived with the response are the first of the tunnel.
            _, leading_data = response.extensions["network_stream"].detach()
        except BaseException:
            await async_close_unopened(stream)
            raise
        return AsyncUpgradeStream(stream, leading_data) if leading_data else stream

    def describe(self, origin: Origin, timeout: float | None) -> dict[str, Any]:
        """Return what the dialler that reaches the proxy reports."""
        return self._dialler.describe(self._proxy, timeout)

    def cancel(self) -> None:
        """Cancel the dialler that reaches the proxy."""
        self._dialler.cancel()


async def _refusal(response: Response, stream: AsyncDeadlineStream, where: str) -> ProxyError:
    """Return the error for a response that opens no tunnel, with as much of its body as arrives in time."""
    stream.deadline = stream.deadline.at_most(_REFUSAL_TIMEOUT)
    assert isinstance(response.stream, AsyncIterable)
    body = b""
    with contextlib.suppress(NetworkError, ProtocolError, TimeoutException):
        async for part in response.stream:
            body += part
            if len(body) >= _REFUSAL_SIZE:
                break
    await response.aclose()
    reason = response.extensions["reason_phrase"].decode("ascii", errors="ignore")
    return ProxyError(
        f"{response.status} {reason} ({where})",
        status=response.status,
        headers=response.headers,
        body=body[:_REFUSAL_SIZE],
    )
