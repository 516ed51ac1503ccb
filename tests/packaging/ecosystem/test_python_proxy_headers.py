"""python-proxy-headers, which opens tunnels itself, to send headers to the proxy and have those of its answer."""

import ssl
from collections.abc import Iterator

import httpcore
import httpx
import pytest
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, ScriptedServer, scripted_server
from httpcore_test_support.steps import receive_request, send
from python_proxy_headers.httpx_proxy import AsyncHTTPProxyTransport, HTTPProxyTransport

pytestmark = pytest.mark.upgrade("3.5")

CONNECT = (
    b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\nAccept: */*\r\n"
    b"Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\nX-ProxyMesh-Country: US\r\n\r\n"
)


@pytest.fixture
def context(certificates: Certificates) -> ssl.SSLContext:
    return certificates.client_context()


@pytest.fixture
def server(certificates: Certificates) -> Iterator[ScriptedServer]:
    """A proxy, and what is behind it."""

    def serve(connection: Connection) -> None:
        assert connection.receive_request() == CONNECT
        connection.send(b"HTTP/1.1 200 OK\r\nX-ProxyMesh-IP: 192.0.2.1\r\n\r\n")
        connection.start_tls(certificates.server_context())
        while True:
            connection.receive_request()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    with scripted_server(serve) as server:
        yield server


def proxy_of(server: ScriptedServer) -> httpx.Proxy:
    return httpx.Proxy(server.url, auth=("user", "secret"), headers={"X-ProxyMesh-Country": "US"})


def test_sync(server: ScriptedServer, context: ssl.SSLContext) -> None:
    transport = HTTPProxyTransport(proxy=proxy_of(server), verify=context)
    with httpx.Client(transport=transport) as client:
        for _ in range(3):
            response = client.get("https://localhost/")
            assert response.text == "hello"
            assert response.headers["X-ProxyMesh-IP"] == "192.0.2.1"
    assert len(server.connections) == 1
    assert server.wait_closed()


@pytest.mark.anyio
async def test_asyncio(server: ScriptedServer, context: ssl.SSLContext) -> None:
    transport = AsyncHTTPProxyTransport(proxy=proxy_of(server), verify=context)
    async with httpx.AsyncClient(transport=transport) as client:
        for _ in range(3):
            response = await client.get("https://localhost/")
            assert response.text == "hello"
            assert response.headers["X-ProxyMesh-IP"] == "192.0.2.1"
    assert len(server.connections) == 1


def test_refusals(context: ssl.SSLContext) -> None:
    with scripted_server([receive_request(), send(b"HTTP/1.1 407 No\r\n\r\n")]) as server:
        transport = HTTPProxyTransport(proxy=proxy_of(server), verify=context, limits=httpx.Limits(max_connections=1))
        with httpx.Client(transport=transport) as client:
            for _ in range(3):
                with pytest.raises(httpx.ProxyError):
                    client.get("https://localhost/")
            pool: httpcore.ConnectionPool = transport._pool
            assert pool.connections == []
        assert server.wait_closed()
