"""httpx-ws, which speaks WebSocket over the `network_stream` of responses."""

import httpx
import pytest
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.hypercorn import HypercornServer
from httpcore_test_support.proxies import AUTH, ProxyServer
from httpx_ws import WebSocketDisconnect, WebSocketUpgradeError, aconnect_ws, connect_ws

# The way to the server.
WAYS = ("clear", "tls", "http proxy", "http proxy, tls", "socks proxy", "socks proxy, tls")
LARGE = 500_000


def options_of(way: str, services: HypercornServer, proxy: ProxyServer, certificates: Certificates) -> tuple[str, dict]:
    """The URL of the server, and the arguments of the client."""
    origin = services.https_url if "tls" in way else services.http_url
    options = {"verify": certificates.client_context(), "trust_env": False}
    if "proxy" in way:
        scheme = "socks5" if "socks" in way else "http"
        options["proxy"] = httpx.Proxy(proxy.url(scheme), auth=AUTH)
    return origin.replace("http", "ws", 1) + "/ws", options


@pytest.mark.parametrize("way", WAYS)
class TestSync:
    def test_messages(
        self, services: HypercornServer, proxy: ProxyServer, certificates: Certificates, way: str
    ) -> None:
        url, options = options_of(way, services, proxy, certificates)
        with (
            httpx.Client(**options) as client,
            connect_ws(url, client, subprotocols=["echo"], max_message_size_bytes=LARGE) as socket,
        ):
            assert socket.subprotocol == "echo"
            socket.send_text("text")
            assert socket.receive_text(5.0) == "text"
            socket.send_bytes(bytes(LARGE))
            assert socket.receive_bytes(5.0) == bytes(LARGE)
            socket.send_json({"key": "value"})
            assert socket.receive_json(5.0) == {"key": "value"}
            assert socket.ping().wait(5.0)

    def test_the_server_closes(
        self, services: HypercornServer, proxy: ProxyServer, certificates: Certificates, way: str
    ) -> None:
        url, options = options_of(way, services, proxy, certificates)
        with httpx.Client(**options) as client, connect_ws(url, client) as socket:
            socket.send_text("bye")
            with pytest.raises(WebSocketDisconnect) as caught:
                socket.receive(5.0)
        assert (caught.value.code, caught.value.reason) == (4000, "Goodbye!")


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
class TestAsync:
    async def test_messages(
        self, services: HypercornServer, proxy: ProxyServer, certificates: Certificates, way: str
    ) -> None:
        url, options = options_of(way, services, proxy, certificates)
        async with (
            httpx.AsyncClient(**options) as client,
            aconnect_ws(url, client, subprotocols=["echo"], max_message_size_bytes=LARGE) as socket,
        ):
            assert socket.subprotocol == "echo"
            await socket.send_text("text")
            assert await socket.receive_text(5.0) == "text"
            await socket.send_bytes(bytes(LARGE))
            assert await socket.receive_bytes(5.0) == bytes(LARGE)
            await socket.send_json({"key": "value"})
            assert await socket.receive_json(5.0) == {"key": "value"}
            await (await socket.ping()).wait()

    async def test_the_server_closes(
        self, services: HypercornServer, proxy: ProxyServer, certificates: Certificates, way: str
    ) -> None:
        url, options = options_of(way, services, proxy, certificates)
        async with httpx.AsyncClient(**options) as client, aconnect_ws(url, client) as socket:
            await socket.send_text("bye")
            with pytest.raises(WebSocketDisconnect) as caught:
                await socket.receive(5.0)
        assert (caught.value.code, caught.value.reason) == (4000, "Goodbye!")


def test_a_refusal(services: HypercornServer) -> None:
    with httpx.Client(limits=httpx.Limits(max_connections=1), timeout=5.0) as client:
        for _ in range(2):
            url = services.http_url.replace("http", "ws", 1) + "/elsewhere"
            with pytest.raises(WebSocketUpgradeError) as caught, connect_ws(url, client):
                raise AssertionError
            assert caught.value.response.status_code == 403
        assert client.get(services.http_url + "/count").status_code == 200
