"""Network streams: to scripted peers, and those of users."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from httpcore_models import AsyncMockStream, AsyncNetworkBackend, AsyncNetworkStream

from ..certificates import Certificates
from ..nested_tls import start_inner_tls
from ..scripted import Script, ScriptedServer, scripted_server
from ..steps import start_tls
from ..transports import AsyncConnect, Transport

_TIMEOUT = 10.0


def async_connector(backend: AsyncNetworkBackend, transport: Transport, certificates: Certificates) -> AsyncConnect:
    """Return what connects a stream of `backend`, made as `transport` says, to a scripted peer."""
    client_context, server_context = certificates.client_context(), certificates.server_context()
    handshakes = [step(server_context) for step in (start_tls, start_inner_tls)[: transport.tls_layers]]

    @asynccontextmanager
    async def connect(script: Script) -> AsyncIterator[AsyncNetworkStream]:
        steps = [script] if callable(script) else list(script)
        with scripted_server([*handshakes, *steps], unix=transport.unix) as server:
            stream = await _async_connected(backend, server, transport)
            try:
                for _ in handshakes:
                    stream = await stream.start_tls(client_context, "localhost", _TIMEOUT)
                yield stream
            finally:
                await stream.aclose()

    return connect


async def _async_connected(
    backend: AsyncNetworkBackend, server: ScriptedServer, transport: Transport
) -> AsyncNetworkStream:
    if transport.unix:
        return await backend.connect_unix_socket(server.unix_socket, _TIMEOUT)
    return await backend.connect_tcp("127.0.0.1", server.port, _TIMEOUT)


class AsyncStreamThatKeepsBytes(AsyncMockStream):
    """Keeps what is written until the next write, as TLS does if something can be read before all is sent.

    A read fails while something is kept.
    """

    def __init__(self, buffer: list[bytes]) -> None:
        super().__init__(buffer)
        self.keeps = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        assert not self.keeps
        return await super().read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.keeps = False

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        return None

    async def write_until_readable(self, buffer: bytes, timeout: float | None = None) -> int | None:
        self.keeps = bool(buffer)
        return len(buffer) or None


class PlainStream(AsyncNetworkStream):
    """A user's stream on top of another one, with only the methods of the interface."""

    def __init__(self, stream: AsyncNetworkStream) -> None:
        self.stream = stream
        self.readable: bool | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self.stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self.stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self.stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self.readable if info == "is_readable" else None
