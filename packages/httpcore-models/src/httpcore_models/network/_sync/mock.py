# Generated from ../_async/mock.py by tools/make_sync.py: edit that file, then run it.
"""A network for tests: streams that play back given bytes."""

import ssl
from collections.abc import Iterable, Sequence
from typing import Any

from ..._exceptions import ConnectError, ReadError, ReadTimeout, WriteError
from .._socket_options import SOCKET_OPTION
from .datagrams import DatagramStream
from .interface import NetworkBackend, NetworkStream


class MockSSLObject:
    """The part of an `ssl.SSLObject` that connections use: it tells the protocol that ALPN chose."""

    def __init__(self, http2: bool) -> None:
        self._http2 = http2

    def selected_alpn_protocol(self) -> str:
        return "h2" if self._http2 else "http/1.1"


class MockStream(NetworkStream):
    """Plays back `buffer`, one item for each read whatever its size, then the end of stream. Writes are dropped.

    `http2` tells whether ALPN seems to have chosen HTTP/2.
    """

    def __init__(self, buffer: list[bytes], http2: bool = False) -> None:
        self._buffer = buffer
        self._http2 = http2
        self._closed = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next item of the buffer, or `b""` if there is none left. Raises `ReadError` once closed."""
        if self._closed:
            raise ReadError("Connection closed")
        return self._buffer.pop(0) if self._buffer else b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Drop `buffer`."""

    def close(self) -> None:
        """Make further reads fail."""
        self._closed = True

    def abort(self) -> None:
        """Make further reads fail."""
        self._closed = True

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> NetworkStream:
        """Return this same stream."""
        return self

    def get_extra_info(self, info: str) -> Any:
        """Return the `"ssl_object"` that ALPN is read from, or `None`."""
        return MockSSLObject(http2=self._http2) if info == "ssl_object" else None

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__}>"


class MockDatagramStream(DatagramStream):
    """Plays back `datagrams`, one for each call; after the last one nothing arrives any more. What is sent is dropped.

    `receive()` does not wait for its timeout to be over.
    """

    def __init__(self, datagrams: list[bytes]) -> None:
        self._datagrams = datagrams
        self._closed = False

    def receive(self, timeout: float | None = None) -> tuple[bytes, int]:
        """Return the next datagram. Raises `ReadTimeout` if there is none left, and `ReadError` once closed."""
        received = self.receive_nowait()
        if received is None:
            raise ReadTimeout("There are no more datagrams") from TimeoutError()
        return received

    def receive_nowait(self) -> tuple[bytes, int] | None:
        """Return the next datagram, or `None` if there is none left. Raises `ReadError` once closed."""
        if self._closed:
            raise ReadError("Connection closed")
        datagram = self._datagrams.pop(0) if self._datagrams else b""
        return (datagram, len(datagram)) if datagram else None

    def send(self, datagrams: Sequence[bytes], timeout: float | None = None) -> None:
        """Drop `datagrams`. Raises `WriteError` once closed."""
        if self._closed:
            raise WriteError("Connection closed")

    def close(self) -> None:
        """Make further calls fail."""
        self._closed = True

    def abort(self) -> None:
        """Make further calls fail."""
        self._closed = True


class MockBackend(NetworkBackend):
    """Opens streams that each play back a copy of `buffer`.

    `datagrams` are what streams of datagrams play back. By default they cannot be opened.
    """

    def __init__(self, buffer: list[bytes], http2: bool = False, *, datagrams: list[bytes] | None = None) -> None:
        self._buffer = buffer
        self._http2 = http2
        self._datagrams = datagrams

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Return a new mock stream."""
        return MockStream(list(self._buffer), http2=self._http2)

    def connect_udp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> DatagramStream:
        """Return a new mock stream of datagrams. Raises `ConnectError` if there are none."""
        if self._datagrams is None:
            raise ConnectError("This mock has no datagrams")
        return MockDatagramStream(list(self._datagrams))

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Return a new mock stream."""
        return MockStream(list(self._buffer), http2=self._http2)

    def sleep(self, seconds: float) -> None:
        """Return at once."""
