"""HTTP/1.1 connections to scripted servers, and a stream that plays a script and records its calls."""

import ssl
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import URL, AsyncNetworkStream, ReadError, Response, WriteError
from httpcore_models.network import AutoBackend

from ..scripted import Script, ScriptedServer, scripted_server

__all__ = ["AsyncScriptedStream", "async_connected", "async_first_part", "async_parts", "async_served"]

_TIMEOUT = 10.0


class AsyncScriptedStream(AsyncNetworkStream):
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

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
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

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Record `buffer`."""
        self.timeouts.append(("write", timeout))
        if self.closed:
            raise WriteError("closed")
        if self.write_error is not None:
            raise self.write_error
        self.written.append(bytes(buffer))

    async def aclose(self) -> None:
        """Record that the stream is closed."""
        self.closed = True

    def get_extra_info(self, info: str) -> Any:
        """Return whether the test says that the stream is readable."""
        return self.readable if info == "is_readable" else None


@asynccontextmanager
async def async_connected(url: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[AsyncHTTP11Connection]:
    """Yield a connection to the origin of `url`, with TLS if there is a context; close it at the end."""
    origin = URL(url).origin
    host = origin.host.decode()
    stream = await AutoBackend().connect_tcp(host, origin.port, timeout=_TIMEOUT)
    if tls is not None:
        stream = await stream.start_tls(tls, host, _TIMEOUT)
    async with AsyncHTTP11Connection(origin, stream) as connection:
        yield connection


@asynccontextmanager
async def async_served(
    script: Script, *, receive_buffer: int | None = None
) -> AsyncIterator[tuple[ScriptedServer, AsyncHTTP11Connection]]:
    """Yield a server that follows `script`, and a connection to it; see `scripted_server()`."""
    with scripted_server(script, receive_buffer=receive_buffer) as server:
        url = server.url
        async with async_connected(url) as connection:
            yield server, connection


async def async_first_part(response: Response) -> bytes:
    """Read the first part of a body, and leave the rest."""
    assert isinstance(response.stream, AsyncIterable)
    async for part in response.stream:
        return bytes(part)
    raise AssertionError("the body is empty")


async def async_parts(response: Response) -> list[bytes]:
    """Read the parts of a body as they arrive, without keeping them in the response."""
    assert isinstance(response.stream, AsyncIterable)
    parts: list[bytes] = []
    async for part in response.stream:
        parts.append(part)
    return parts
