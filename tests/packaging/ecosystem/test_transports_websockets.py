"""WebSockets of httpx2, and of httpx-ws on httpx, over the transports of httpcore-httpx."""

import base64
import hashlib
from collections.abc import Iterator

import httpcore_httpx
import httpcore_httpx.httpx2
import httpx
import httpx2
import httpx_ws
import pytest
from httpcore_test_support.hypercorn import HypercornServer
from httpcore_test_support.scripted import Connection, ScriptedServer, scripted_server
from httpcore_test_support.steps import abort
from httpx2.websockets import WebSocketNetworkError


def url_of(services: HypercornServer) -> str:
    return services.http_url.replace("http", "ws", 1) + "/ws"


@pytest.fixture
def breaking() -> Iterator[ScriptedServer]:
    """A server that accepts a WebSocket and resets the connection."""

    def accept(connection: Connection) -> None:
        head = connection.receive_until(b"\r\n\r\n")
        lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        key = next(value for name, value in lines.items() if name.lower() == b"sec-websocket-key")
        digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        connection.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )

    with scripted_server([accept, abort()]) as server:
        yield server


class TestHttpx2:
    def test_messages(self, services: HypercornServer) -> None:
        with (
            httpx2.Client(transport=httpcore_httpx.httpx2.HTTPTransport()) as client,
            client.websocket(url_of(services)) as socket,
        ):
            socket.send_text("Hello!")
            assert socket.receive_text() == "Hello!"

    @pytest.mark.anyio
    async def test_async_messages(self, services: HypercornServer) -> None:
        async with (
            httpx2.AsyncClient(transport=httpcore_httpx.httpx2.AsyncHTTPTransport()) as client,
            client.websocket(url_of(services)) as socket,
        ):
            await socket.send_text("Hello!")
            assert await socket.receive_text() == "Hello!"

    def test_a_broken_connection_ends_the_wait(self, breaking: ScriptedServer) -> None:
        with (
            httpx2.Client(transport=httpcore_httpx.httpx2.HTTPTransport()) as client,
            client.websocket(breaking.url.replace("http", "ws", 1)) as socket,
            pytest.raises(WebSocketNetworkError),
        ):
            socket.receive_text()

    @pytest.mark.anyio
    async def test_a_broken_connection_ends_the_wait_async(self, breaking: ScriptedServer) -> None:
        async with (
            httpx2.AsyncClient(transport=httpcore_httpx.httpx2.AsyncHTTPTransport()) as client,
            client.websocket(breaking.url.replace("http", "ws", 1)) as socket,
        ):
            with pytest.raises(WebSocketNetworkError):
                await socket.receive_text()


class TestHttpxWs:
    def test_messages(self, services: HypercornServer) -> None:
        with (
            httpx.Client(transport=httpcore_httpx.HTTPTransport()) as client,
            httpx_ws.connect_ws(url_of(services), client) as socket,
        ):
            socket.send_text("Hello!")
            assert socket.receive_text() == "Hello!"

    def test_a_broken_connection_ends_the_wait(self, breaking: ScriptedServer) -> None:
        with (
            httpx.Client(transport=httpcore_httpx.HTTPTransport()) as client,
            httpx_ws.connect_ws(breaking.url, client) as socket,
            pytest.raises(httpx_ws.WebSocketNetworkError),
        ):
            socket.receive_text()

    @pytest.mark.anyio
    async def test_a_broken_connection_ends_the_wait_async(self, breaking: ScriptedServer) -> None:
        async with (
            httpx.AsyncClient(transport=httpcore_httpx.AsyncHTTPTransport()) as client,
            httpx_ws.aconnect_ws(breaking.url, client) as socket,
        ):
            with pytest.raises(httpx_ws.WebSocketNetworkError):
                await socket.receive_text()
