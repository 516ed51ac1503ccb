# Generated from ../_async/tunnel.py by tools/make_sync.py: edit that file, then run it.
"""Tunnels through HTTP proxies (RFC 9110 section 9.3.6), over TLS to the proxy or not."""

import contextlib
import logging
import ssl
from collections.abc import Iterable, Sequence
from typing import Any

from httpcore_h11 import HTTP11Connection, UpgradeStream
from httpcore_models import (
    NetworkError,
    NetworkStream,
    Origin,
    ProtocolError,
    ProxyError,
    ReadError,
    RemoteProtocolError,
    Request,
    Response,
    TimeoutException,
    WriteError,
)
from httpcore_models.lowlevel import close_unopened
from httpcore_models.network import Dialler, start_tls

from .._deadline import Deadline
from .._requests import connect_request
from .deadline_stream import DeadlineStream

# The body of a refusal is for the user to read, so that it is neither waited for for long, in seconds, nor kept whole
# if it is long, in bytes.
_REFUSAL_TIMEOUT = 1.0
_REFUSAL_SIZE = 64 * 1024


class TLSDialler(Dialler):
    """Adds TLS to the streams of another dialler: how an `https://` proxy is reached. It offers HTTP/1.1."""

    def __init__(self, dialler: Dialler, ssl_context: ssl.SSLContext) -> None:
        self.logger: logging.Logger = dialler.logger
        self._dialler = dialler
        self._ssl_context = ssl_context

    def dial(self, origin: Origin, request: Request, timeout: float | None) -> NetworkStream:
        """Open a stream and do a TLS handshake, in `timeout` seconds all together; see `Dialler.dial()`."""
        deadline = Deadline(timeout, f"TLS with the proxy {origin}")
        stream = self._dialler.dial(origin, request, timeout)
        try:
            remaining = deadline.remaining()
        except BaseException:
            close_unopened(stream)
            raise
        return start_tls(
            stream,
            request,
            self.logger,
            ssl_context=self._ssl_context,
            server_hostname=origin.host.decode("ascii"),
            timeout=remaining,
            alpn_protocols=("http/1.1",),
        )

    def describe(self, origin: Origin, timeout: float | None) -> dict[str, Any]:
        """What the other dialler reports."""
        return self._dialler.describe(origin, timeout)

    def cancel(self) -> None:
        """Interrupt the wrapped dialler."""
        self._dialler.cancel()


class TunnelDialler(Dialler):
    """Has an HTTP proxy connect to origins, by the method CONNECT.

    `dialler` reaches the proxy; `headers` are sent to it with each CONNECT to come.
    """

    logger: logging.Logger = logging.getLogger("httpcore.proxy")

    def __init__(self, dialler: Dialler, proxy: Origin, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self._dialler = dialler
        self._proxy = proxy
        self.headers: list[tuple[bytes, bytes]] = list(headers)

    def dial(self, origin: Origin, request: Request, timeout: float | None) -> NetworkStream:
        """Open a tunnel, in `timeout` seconds all together; see `Dialler.dial()`.

        Raises `ProxyError` when the proxy refuses, with its response, or does not answer in HTTP/1.1.
        """
        where = f"CONNECT to {origin} through the proxy {self._proxy}"
        deadline = Deadline(timeout, where)
        stream = self._dialler.dial(self._proxy, request, timeout)
        handshake = DeadlineStream(stream, deadline)
        try:
            try:
                response = self._connect(origin, request, handshake)
            except (RemoteProtocolError, ReadError, WriteError) as exc:
                raise ProxyError(f"{exc} ({where})") from exc
            if not 200 <= response.status <= 299:
                raise _refusal(response, handshake, where)
            # What came with the response belongs to the tunnel, which outlives it.
            _, leading_data = response.extensions["network_stream"].detach()
        except BaseException:
            close_unopened(stream)
            raise
        return UpgradeStream(stream, leading_data) if leading_data else stream

    def _connect(self, origin: Origin, request: Request, stream: DeadlineStream) -> Response:
        connection = HTTP11Connection(self._proxy, stream)
        return connection.handle_request(connect_request(origin, request.extensions, self._proxy, self.headers))

    def describe(self, origin: Origin, timeout: float | None) -> dict[str, Any]:
        """What the dialler that reaches the proxy reports."""
        return self._dialler.describe(self._proxy, timeout)

    def cancel(self) -> None:
        """Interrupt the dialler that reaches the proxy."""
        self._dialler.cancel()


def _refusal(response: Response, stream: DeadlineStream, where: str) -> ProxyError:
    """The error for a response that is no tunnel, with as much of its body as there is to be had."""
    stream.deadline = stream.deadline.sooner(_REFUSAL_TIMEOUT)
    assert isinstance(response.stream, Iterable)
    body = b""
    with contextlib.suppress(NetworkError, ProtocolError, TimeoutException):
        for part in response.stream:
            body += part
            if len(body) >= _REFUSAL_SIZE:
                break
    response.close()
    reason = response.extensions["reason_phrase"].decode("ascii", errors="ignore")
    return ProxyError(
        f"{response.status} {reason} ({where})",
        status=response.status,
        headers=response.headers,
        body=body[:_REFUSAL_SIZE],
    )
