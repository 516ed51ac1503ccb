"""The effects of the arguments of pools and connections."""

import inspect
import socket
import ssl
from pathlib import PurePosixPath
from typing import Any

import pytest
from httpcore import AsyncConnectionPool, AsyncHTTPConnection, ConnectError, Origin
from httpcore_test_support.recording import AsyncRecordingBackend
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import receive_request, send

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
URL = "http://example.com/"
ORIGIN = Origin(b"http", b"example.com", 80)
NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
KEEP_ALIVE = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

SECURE_ORIGIN = Origin(b"https", b"example.com", 443)

# Two ways to send requests to an origin with the same arguments: through a pool, and over a connection of one's own.
CLIENTS = [
    pytest.param(lambda origin, **arguments: AsyncConnectionPool(**arguments), id="pool"),
    pytest.param(AsyncHTTPConnection, id="connection"),
]


class Clock:
    """Replaces the `time` module. The tests advance its time."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


def defaults(function: Any) -> dict[str, Any]:
    """Return the names of all arguments with a default, and the default."""
    parameters = inspect.signature(function).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters if parameter.default is not parameter.empty}


def test_the_defaults_of_a_pool() -> None:
    assert defaults(AsyncConnectionPool) == {
        "ssl_context": None,
        "proxy": None,
        "max_connections": 10,
        "max_keepalive_connections": None,
        "keepalive_expiry": None,
        "http1": True,
        "http2": False,
        "retries": 0,
        "local_address": None,
        "uds": None,
        "network_backend": None,
        "socket_options": None,
        "http2_ping_interval": None,
        "http2_ping_timeout": 20.0,
        "http3": False,
        "on_connection": None,
    }


def test_the_defaults_of_a_connection() -> None:
    assert defaults(AsyncHTTPConnection) == {
        "ssl_context": None,
        "keepalive_expiry": None,
        "http1": True,
        "http2": False,
        "retries": 0,
        "local_address": None,
        "uds": None,
        "network_backend": None,
        "socket_options": None,
        "http2_ping_interval": None,
        "http2_ping_timeout": 20.0,
    }


@pytest.mark.parametrize("client", CLIENTS)
class TestNetwork:
    async def test_the_default_is_to_connect_to_the_host(self, client: Any) -> None:
        backend = AsyncRecordingBackend([OK])
        async with client(ORIGIN, network_backend=backend) as http:
            await http.request("GET", URL)
        assert backend.connects == [
            {"host": "example.com", "port": 80, "local_address": None, "timeout": None, "socket_options": None}
        ]

    async def test_local_address_and_socket_options(self, client: Any) -> None:
        backend = AsyncRecordingBackend([OK])
        async with client(ORIGIN, network_backend=backend, local_address="::", socket_options=[NO_DELAY]) as http:
            await http.request("GET", URL, extensions={"timeout": {"connect": 5.0}})
        assert backend.connects == [
            {"host": "example.com", "port": 80, "local_address": "::", "timeout": 5.0, "socket_options": [NO_DELAY]}
        ]

    @pytest.mark.parametrize("path", ["/run/server", PurePosixPath("/run/server")], ids=["str", "path"])
    async def test_a_unix_socket_replaces_the_host(self, client: Any, path: Any) -> None:
        backend = AsyncRecordingBackend([OK])
        async with client(ORIGIN, network_backend=backend, uds=path, socket_options=[KEEP_ALIVE]) as http:
            await http.request("GET", URL, extensions={"timeout": {"connect": 5.0}})
        assert backend.connects == [{"path": "/run/server", "timeout": 5.0, "socket_options": [KEEP_ALIVE]}]
        assert backend.streams[0].written == b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"

    async def test_retries(self, client: Any) -> None:
        backend = AsyncRecordingBackend(ConnectError("no"), ConnectError("no"), [OK])
        async with client(ORIGIN, network_backend=backend, retries=2) as http:
            assert (await http.request("GET", URL)).status == 200
        assert (len(backend.connects), len(backend.sleeps)) == (3, 2)

    async def test_ssl_context(self, client: Any) -> None:
        backend = AsyncRecordingBackend([OK])
        context = ssl.create_default_context()
        async with client(SECURE_ORIGIN, network_backend=backend, ssl_context=context) as http:
            await http.request("GET", "https://example.com/", extensions={"timeout": {"connect": 5.0}})
        handshake = {"ssl_context": context, "server_hostname": "example.com", "timeout": 5.0}
        assert backend.streams[0].handshakes == [handshake]


class TestSockets:
    async def test_local_address(self) -> None:
        with scripted_server([receive_request(), send(OK)]) as server:
            pool = AsyncConnectionPool(local_address="127.0.0.2")
            async with pool:
                response = await pool.request("GET", server.url)
                stream = response.extensions["network_stream"]
                assert stream.get_extra_info("client_addr")[0] == "127.0.0.2"
                assert stream.get_extra_info("server_addr")[:2] == ("127.0.0.1", server.port)

    async def test_socket_options(self) -> None:
        with scripted_server([receive_request(), send(OK)]) as server:
            for options, expected in (([], 0), ([KEEP_ALIVE], 1)):
                pool = AsyncConnectionPool(socket_options=options)
                async with pool:
                    response = await pool.request("GET", server.url)
                    sock = response.extensions["network_stream"].get_extra_info("socket")
                    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == expected

    async def test_a_unix_socket(self) -> None:
        with scripted_server([receive_request(), send(OK)], unix=True) as server:
            pool = AsyncConnectionPool(uds=server.unix_socket)
            async with pool:
                assert (await pool.request("GET", URL)).content == b"ok"
            assert server.connections[0].received.startswith(b"GET / HTTP/1.1\r\nHost: example.com\r\n")

    @pytest.mark.fault("N10")
    async def test_a_unix_socket_ignores_the_port(self) -> None:
        with scripted_server([receive_request(), send(OK)], unix=True) as server:
            async with AsyncConnectionPool(uds=server.unix_socket) as pool:
                assert (await pool.request("GET", "http://example.com:0/")).content == b"ok"
            assert server.connections[0].received.startswith(b"GET / HTTP/1.1\r\nHost: example.com:0\r\n")


class TestKeepAlive:
    async def test_no_more_idle_connections_than_allowed(self) -> None:
        backend = AsyncRecordingBackend([OK])
        async with AsyncConnectionPool(network_backend=backend, max_keepalive_connections=1) as pool:
            for host in ("a", "b"):
                await pool.request("GET", f"http://{host}/")
            assert [stream.closed for stream in backend.streams] == [1, 0]

    async def test_zero_idle_connections(self) -> None:
        backend = AsyncRecordingBackend([OK])
        async with AsyncConnectionPool(network_backend=backend, max_keepalive_connections=0) as pool:
            await pool.request("GET", URL)
            assert (backend.streams[0].closed, pool.connections) == (1, [])

    async def test_expired_connections_are_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = Clock()
        for module in ("reservation", "retries", "shared_state"):
            monkeypatch.setattr(f"httpcore._async.{module}.time", clock)
        backend = AsyncRecordingBackend([OK])
        async with AsyncConnectionPool(network_backend=backend, keepalive_expiry=60.0) as pool:
            await pool.request("GET", "http://a/")
            clock.now += 59.0
            await pool.request("GET", "http://b/")
            assert [stream.closed for stream in backend.streams] == [0, 0]
            clock.now += 2.0
            await pool.request("GET", "http://c/")
            assert [stream.closed for stream in backend.streams] == [1, 0, 0]

    async def test_a_connection_without_a_pool_expires_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = Clock()
        for module in ("connection", "body"):
            monkeypatch.setattr(f"httpcore_h11._async.{module}.time", clock)
        backend = AsyncRecordingBackend([OK])
        async with AsyncHTTPConnection(ORIGIN, keepalive_expiry=60.0, network_backend=backend) as connection:
            await connection.request("GET", URL)
            clock.now += 59.0
            assert not connection.has_expired()
            clock.now += 2.0
            assert connection.has_expired()
