"""The stream that the caller gets after a switch of protocols: 101, or a success to CONNECT (RFC 9110 section 7.8)."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

from httpcore_models import AsyncNetworkStream, ConnectError

from .body import AsyncHTTP11Body


class AsyncUpgradeStream(AsyncNetworkStream):
    """The connection's stream, which reads the bytes first that arrived together with the response.

    `body` is the body of the response. This stream keeps it, so that the connection stays open even if the caller drops
    the response and keeps only its stream. Closing this stream ends the exchange.
    """

    def __init__(self, stream: AsyncNetworkStream, leading_data: bytes, body: AsyncHTTP11Body | None = None) -> None:
        self._stream = stream
        self._leading_data = leading_data
        self._body = body

    def detach(self) -> tuple[AsyncNetworkStream, bytes]:
        """Return the connection's stream, and the bytes to read before any from that stream.

        The exchange ends. The stream stays open, even when the response and its connection are closed.
        """
        if self._body is not None:
            self._body.give_stream_away()
        return self._stream, self._leading_data

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the leading bytes first, then read from the connection."""
        if not self._leading_data:
            return await self._stream.read(max_bytes, timeout)
        data, self._leading_data = self._leading_data[:max_bytes], self._leading_data[max_bytes:]
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        try:
            if self._body is not None:
                await self._body.aclose()
        finally:
            await self._stream.aclose()

    @property
    def abort(self) -> Callable[[], None]:
        """See `AsyncNetworkStream`. Present if the connection's stream has it."""
        abort: Callable[[], None] = self._stream.abort  # type: ignore[attr-defined]
        return abort

    @property
    def write_until_readable(self) -> Any:
        """See `AsyncNetworkStream`. Present if the connection's stream has it and no leading bytes are left."""
        if self._leading_data:
            raise AttributeError("Leading bytes are left to read")
        return self._stream.write_until_readable  # type: ignore[attr-defined]

    def _receive_nowait(self, max_bytes: int) -> bytes | None:
        if self._leading_data:
            data, self._leading_data = self._leading_data[:max_bytes], self._leading_data[max_bytes:]
            return data
        received: bytes | None = self._stream.receive_nowait(max_bytes)  # type: ignore[attr-defined]
        return received

    @property
    def receive_nowait(self) -> Callable[[int], bytes | None]:
        """See `AsyncNetworkStream`. Present if the connection's stream has it."""
        if not hasattr(self._stream, "receive_nowait"):
            raise AttributeError("The connection's stream has no receive_nowait()")
        return self._receive_nowait

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> AsyncNetworkStream:
        """Start TLS on the connection, as through a tunnel.

        Raises `ConnectError` if bytes came with the response: in TLS no server speaks first, and they would be lost.
        """
        if self._leading_data:
            size = len(self._leading_data)
            await self.aclose()
            raise ConnectError(f"{size} bytes were received before the TLS handshake began")
        stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        if self._body is None:
            return stream
        self._body.replace_stream(stream)
        return AsyncUpgradeStream(stream, b"", self._body)

    def get_extra_info(self, info: str) -> Any:
        """See `AsyncNetworkStream.get_extra_info()`."""
        if info == "is_readable" and self._leading_data:
            return True
        return self._stream.get_extra_info(info)
