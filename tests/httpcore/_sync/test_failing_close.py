# Generated from ../_async/test_failing_close.py by tools/make_sync.py: edit that file, then run it.
"""Streams that raise when they are closed do not hide the error that made it necessary to close them."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from httpcore import ConnectError, ConnectionPool, NetworkStream, Proxy, ProxyError
from httpcore_models.network import TLSStream
from httpcore_test_support.recording import RecordingBackend

pytestmark = [pytest.mark.anyio, pytest.mark.upgrade("4.6")]

REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


class Stubborn(NetworkStream):
    """Raises in the handshake, or uses our TLS, and raises when it is closed."""

    def __init__(self, stream: NetworkStream, own_tls: bool) -> None:
        self._stream = stream
        self._own_tls = own_tls

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def start_tls(self, *arguments: Any, **options: Any) -> NetworkStream:
        if not self._own_tls:
            return TLSStream.handshake(self, *arguments, **options)
        raise ConnectError("the handshake failed")

    def close(self) -> None:
        self._stream.close()
        raise OSError("cannot close")


class StubbornBackend(RecordingBackend):
    """Connects streams that raise when they are closed."""

    own_tls = True

    def connect_tcp(self, *args: Any, **kwargs: Any) -> NetworkStream:
        return Stubborn(super().connect_tcp(*args, **kwargs), self.own_tls)


@pytest.mark.parametrize("own_tls", [True, False], ids=["own TLS", "our TLS"])
@pytest.mark.parametrize("retries", [0, 1])
def test_after_a_handshake(own_tls: bool, retries: int) -> None:
    backend = StubbornBackend([b"no TLS"])
    backend.own_tls = own_tls
    pool = ConnectionPool(network_backend=backend, retries=retries, ssl_context=ssl.create_default_context())
    with pool:
        with pytest.raises(ConnectError, match="the handshake failed" if own_tls else "SSL|TLS|record"):
            pool.request("GET", "https://example.com/")
        assert pool.connections == []
    assert [stream.closed for stream in backend.streams] >= [1] * (1 + retries)


@pytest.mark.parametrize(
    ("scheme", "answer", "error"),
    [("http", REFUSED, "403"), ("socks5", b"no SOCKS", "SOCKS"), ("https", b"", "the handshake failed")],
)
def test_after_the_refusal_of_a_proxy(scheme: str, answer: bytes, error: str) -> None:
    backend = StubbornBackend([answer])
    with ConnectionPool(network_backend=backend, proxy=Proxy(f"{scheme}://proxy.local")) as pool:
        with pytest.raises((ProxyError, ConnectError), match=error):
            pool.request("GET", "https://example.com/")


def test_after_a_trace_callback_that_raises() -> None:
    def trace(name: str, info: dict[str, Any]) -> None:
        if name == "connection.connect_tcp.complete":
            raise LookupError("the callback failed")

    with ConnectionPool(network_backend=StubbornBackend([b""])) as pool:
        with pytest.raises(LookupError, match="the callback failed"):
            pool.request("GET", "http://example.com/", extensions={"trace": trace})
