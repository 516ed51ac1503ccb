# Generated from ../_async/streams.py by tools/make_sync.py: edit that file, then run it.
"""Network streams: to scripted peers, and those of users."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from httpcore_models import MockStream, NetworkBackend, NetworkStream

from ..certificates import Certificates
from ..nested_tls import start_inner_tls
from ..scripted import Script, ScriptedServer, scripted_server
from ..steps import start_tls
from ..transports import Connect, Transport

_TIMEOUT = 10.0


def connector(backend: NetworkBackend, transport: Transport, certificates: Certificates) -> Connect:
    """Return what connects a stream of `backend`, made as `transport` says, to a scripted peer."""
    client_context, server_context = certificates.client_context(), certificates.server_context()
    handshakes = [step(server_context) for step in (start_tls, start_inner_tls)[: transport.tls_layers]]

    @contextmanager
    def connect(script: Script) -> Iterator[NetworkStream]:
        steps = [script] if callable(script) else list(script)
        with scripted_server([*handshakes, *steps], unix=transport.unix) as server:
            stream = _connected(backend, server, transport)
            try:
                for _ in handshakes:
                    stream = stream.start_tls(client_context, "localhost", _TIMEOUT)
                yield stream
            finally:
                stream.close()

    return connect


def _connected(backend: NetworkBackend, server: ScriptedServer, transport: Transport) -> NetworkStream:
    if transport.unix:
        return backend.connect_unix_socket(server.unix_socket, _TIMEOUT)
    return backend.connect_tcp("127.0.0.1", server.port, _TIMEOUT)


class StreamThatKeepsBytes(MockStream):
    """Keeps what is written until the next write, as TLS does if something can be read before all is sent.

    A read fails while something is kept.
    """

    def __init__(self, buffer: list[bytes]) -> None:
        super().__init__(buffer)
        self.keeps = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        assert not self.keeps
        return super().read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.keeps = False

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        return None

    def write_until_readable(self, buffer: bytes, timeout: float | None = None) -> int | None:
        self.keeps = bool(buffer)
        return len(buffer) or None


class PlainStream(NetworkStream):
    """A user's stream on top of another one, with only the methods of the interface."""

    def __init__(self, stream: NetworkStream) -> None:
        self.stream = stream
        self.readable: bool | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, timeout)

    def close(self) -> None:
        self.stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self.readable if info == "is_readable" else None
