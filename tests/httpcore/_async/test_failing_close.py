"""Streams that raise when they are closed do not hide the error that made it necessary to close them."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from httpcore import AsyncConnectionPool, AsyncNetworkStream, ConnectError, Proxy, ProxyError
from httpcore_models.network import AsyncTLSStream
from httpcore_test_support.recording import AsyncRecordingBackend

pytestmark = [pytest.mark.anyio, pytest.mark.upgrade("4.6")]

REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


class Stubborn(AsyncNetworkStream):
    """Raises in the handshake, or uses our TLS, and raises when it is closed."""

    def __init__(self, stream: AsyncNetworkStream, own_tls: bool) -> None:
        self._stream = stream
        self._own_tls = own_tls

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def start_tls(self, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        if not self._own_tls:
            return await AsyncTLSStream.handshake(self, *arguments, **options)
        raise ConnectError("the handshake failed")

    async def aclose(self) -> None:
        await self._stream.aclose()
        raise OSError("cannot close")


class StubbornBackend(AsyncRecordingBackend):
    """Connects streams that raise when they are closed."""

    own_tls = True

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> AsyncNetworkStream:
        return Stubborn(await super().connect_tcp(*args, **kwargs), self.own_tls)


@pytest.mark.parametrize("own_tls", [True, False], ids=["own TLS", "our TLS"])
@pytest.mark.parametrize("retries", [0, 1])
async def test_after_a_handshake(own_tls: bool, retries: int) -> None:
    backend = StubbornBackend([b"no TLS"])
    backend.own_tls = own_tls
    pool = AsyncConnectionPool(network_backend=backend, retries=retries, ssl_context=ssl.create_default_context())
    async with pool:
        with pytest.raises(ConnectError, match="the handshake failed" if own_tls else "SSL|TLS|record"):
            await pool.request("GET", "https://example.com/")
        assert pool.connections == []
    assert [stream.closed for stream in backend.streams] >= [1] * (1 + retries)


@pytest.mark.parametrize(
    ("scheme", "answer", "error"),
    [("http", REFUSED, "403"), ("socks5", b"no SOCKS", "SOCKS"), ("https", b"", "the handshake failed")],
)
async def test_after_the_refusal_of_a_proxy(scheme: str, answer: bytes, error: str) -> None:
    backend = StubbornBackend([answer])
    async with AsyncConnectionPool(network_backend=backend, proxy=Proxy(f"{scheme}://proxy.local")) as pool:
        with pytest.raises((ProxyError, ConnectError), match=error):
            await pool.request("GET", "https://example.com/")


async def test_after_a_trace_callback_that_raises() -> None:
    async def trace(name: str, info: dict[str, Any]) -> None:
        if name == "connection.connect_tcp.complete":
            raise LookupError("the callback failed")

    async with AsyncConnectionPool(network_backend=StubbornBackend([b""])) as pool:
        with pytest.raises(LookupError, match="the callback failed"):
            await pool.request("GET", "http://example.com/", extensions={"trace": trace})
