# Generated from ../_async/h11_connections.py by tools/make_sync.py: edit that file, then run it.
"""HTTP/1.1 connections to scripted servers, and a stream that plays a script and records its calls."""

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from httpcore_h11 import HTTP11Connection
from httpcore_models import URL, NetworkStream, ReadError, Response, WriteError
from httpcore_models.network import SyncBackend

from ..scripted import Script, ScriptedServer, scripted_server

__all__ = ["ScriptedStream", "connected", "first_part", "parts", "served"]

_TIMEOUT = 10.0


class ScriptedStream(NetworkStream):
    """Each read returns the next of `reads`, or raises it if it is an exception; then comes the end of stream.

    `written`, `timeouts` and `closed` record the calls. A test may set `readable`, which decides about `"is_readable"`
    and `receive_nowait()`, and `write_error`, which the next write raises.
    """

    def __init__(self, *reads: bytes | Exception) -> None:
        self.reads = list(reads)
        self.readable = False
        self.write_error: Exception | None = None
        self.written: list[bytes] = []
        self.timeouts: list[tuple[str, float | None]] = []
        self.closed = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Play the next read."""
        self.timeouts.append(("read", timeout))
        if self.closed:
            raise ReadError("closed")
        outcome = self.reads.pop(0) if self.reads else b""
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        """Play the next read, if the test says that the stream is readable."""
        if not self.readable:
            return None
        outcome = self.reads.pop(0) if self.reads else b""
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Record `buffer`."""
        self.timeouts.append(("write", timeout))
        if self.closed:
            raise WriteError("closed")
        if self.write_error is not None:
            raise self.write_error
        self.written.append(bytes(buffer))

    def close(self) -> None:
        """Record that the stream is closed."""
        self.closed = True

    def get_extra_info(self, info: str) -> Any:
        """Return whether the test says that the stream is readable."""
        return self.readable if info == "is_readable" else None


@contextmanager
def connected(url: str, tls: ssl.SSLContext | None = None) -> Iterator[HTTP11Connection]:
    """Yield a connection to the origin of `url`, with TLS if there is a context; close it at the end."""
    origin = URL(url).origin
    host = origin.host.decode()
    stream = SyncBackend().connect_tcp(host, origin.port, timeout=_TIMEOUT)
    if tls is not None:
        stream = stream.start_tls(tls, host, _TIMEOUT)
    with HTTP11Connection(origin, stream) as connection:
        yield connection


@contextmanager
def served(script: Script, *, receive_buffer: int | None = None) -> Iterator[tuple[ScriptedServer, HTTP11Connection]]:
    """Yield a server that follows `script`, and a connection to it; see `scripted_server()`."""
    with scripted_server(script, receive_buffer=receive_buffer) as server:
        url = server.url
        with connected(url) as connection:
            yield server, connection


def first_part(response: Response) -> bytes:
    """Read the first part of a body, and leave the rest."""
    assert isinstance(response.stream, Iterable)
    for part in response.stream:
        return bytes(part)
    raise AssertionError("the body is empty")


def parts(response: Response) -> list[bytes]:
    """Read the parts of a body as they arrive, without keeping them in the response."""
    assert isinstance(response.stream, Iterable)
    parts: list[bytes] = []
    for part in response.stream:
        parts.append(part)
    return parts
