"""The stream that is handed out after a switch of protocols: 101, or a successful CONNECT (RFC 9110 section 7.8)."""

import ssl
from typing import Any

from httpcore_models import AsyncNetworkStream


class AsyncUpgradeStream(AsyncNetworkStream):
    """The connection's stream, with the bytes in front that arrived together with the response."""

    def __init__(self, stream: AsyncNetworkStream, leading_data: bytes) -> None:
        self._stream = stream
        self._leading_data = leading_data

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
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> AsyncNetworkStream:
        """Do a TLS handshake, as through a tunnel."""
        return await self._stream.start_tls(ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """See `AsyncNetworkStream.get_extra_info()`."""
        if info == "is_readable" and self._leading_data:
            return True
        return self._stream.get_extra_info(info)
