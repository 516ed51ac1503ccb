"""A server made of aioquic: another implementation of QUIC and of HTTP/3, with Retry and version negotiation.

Routes: /echo sends the body back, /refused answers 413 before the body has come, /rejected resets its first request as
not processed, /slow does not answer, and everything else says hello.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .certificates import Certificates

pytest.importorskip("aioquic")

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, QuicEvent

__all__ = ["AioquicServer", "aioquic_server"]

_REQUEST_REJECTED = 0x10B
_TIMEOUT = 20.0


class AioquicServer:
    """A running server. `requests` are the methods and paths of all requests, in order of arrival."""

    def __init__(self, certificates: Certificates, retry: bool, versions: list[int] | None) -> None:
        self.requests: list[str] = []
        #: How many connections were made.
        self.connections = 0
        self.port = 0
        self._certificates, self._retry, self._versions = certificates, retry, versions
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="aioquic")
        self._thread.start()
        assert self._ready.wait(_TIMEOUT)

    @property
    def url(self) -> str:
        """The origin."""
        return f"https://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Stop, without telling the clients."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_TIMEOUT)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()
            self._ready.set()

    async def _serve(self) -> None:
        configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
        configuration.load_cert_chain(self._certificates.chain_pem, self._certificates.key_pem)
        if self._versions is not None:
            configuration.supported_versions = self._versions

        def create_protocol(*arguments: Any, **options: Any) -> _Protocol:
            return _Protocol(self, *arguments, **options)

        server: Any = await serve(
            "127.0.0.1", 0, configuration=configuration, create_protocol=create_protocol, retry=self._retry
        )
        transport = server._transport
        self.port = transport.get_extra_info("sockname")[1]
        self._ready.set()
        await self._stop.wait()
        for protocol in set(server._protocols.values()):
            # Its timer would outlive the loop.
            timer = protocol._timer
            if timer is not None:
                timer.cancel()
        transport.abort()
        await asyncio.sleep(0)


class _Protocol(QuicConnectionProtocol):
    def __init__(self, server: AioquicServer, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._server = server
        self._http: H3Connection | None = None
        self._paths: dict[int, str] = {}
        self._bodies: dict[int, bytearray] = {}

    def quic_event_received(self, event: QuicEvent) -> None:
        """Take an event of QUIC."""
        if isinstance(event, ProtocolNegotiated):
            self._http = H3Connection(self._quic)
            self._server.connections += 1
        if self._http is not None:
            for http_event in self._http.handle_event(event):
                self._handle(http_event)

    def _handle(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived):
            fields = dict(event.headers)
            path = fields[b":path"].decode()
            self._server.requests.append(f"{fields[b':method'].decode()} {path}")
            self._paths[event.stream_id], self._bodies[event.stream_id] = path, bytearray()
            if path == "/refused":
                self._respond(event.stream_id, 413, b"too large")
                self._quic.stop_stream(event.stream_id, 0x100)
                self.transmit()
            if path == "/rejected" and self._server.requests.count(self._server.requests[-1]) == 1:
                self._quic.reset_stream(event.stream_id, _REQUEST_REJECTED)
                self.transmit()
                self._paths[event.stream_id] = "/slow"
        elif not isinstance(event, DataReceived):
            return
        else:
            self._bodies[event.stream_id] += event.data
        if event.stream_ended and self._paths[event.stream_id] not in ("/refused", "/slow"):
            echo = self._paths[event.stream_id] == "/echo"
            self._respond(event.stream_id, 200, bytes(self._bodies[event.stream_id]) if echo else b"hello")

    def _respond(self, stream_id: int, status: int, body: bytes) -> None:
        assert self._http is not None
        self._http.send_headers(stream_id, [(b":status", b"%d" % status)])
        self._http.send_data(stream_id, body, True)
        self.transmit()


@contextmanager
def aioquic_server(
    certificates: Certificates, *, retry: bool = False, versions: list[int] | None = None
) -> Iterator[AioquicServer]:
    """Run a server for the length of the `with` block.

    With `retry` it validates the client's address first; `versions` are those of QUIC that it speaks.
    """
    server = AioquicServer(certificates, retry, versions)
    try:
        yield server
    finally:
        server.stop()
