"""What HTTP/3 may not bypass: guards, replaced methods, contexts, proxies. Over a made-up HTTP/3."""

import logging
import socket
import sys
from typing import Any

import pytest
from httpcore import (
    AsyncConnectionPool,
    AsyncGuardedBackend,
    AsyncHTTPConnection,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    AutoBackend,
    ConnectError,
    Proxy,
)
from httpcore_test_support._async.fake_http3 import async_install_fake
from httpcore_test_support._async.http3_offers import AsyncGuard, get, pool_for
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.http3_offers import Server, pool_origin, said, serving
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.sockets import no_leaked_sockets
from httpcore_test_support.steps import receive_request

pytestmark = pytest.mark.anyio


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class of the made-up connections."""
    return async_install_fake(monkeypatch)


@pytest.fixture
def server(certificates: Certificates) -> Any:
    with no_leaked_sockets(), serving(certificates) as server:
        yield server


class AsyncWrapper(AsyncNetworkBackend):
    """Forwards all other names."""

    def __init__(self) -> None:
        self._inside = AutoBackend()

    async def connect_tcp(self, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        return await self._inside.connect_tcp(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inside, name)


class TestNothingIsBypassed:
    @pytest.mark.parametrize("kind", [AsyncGuard, AsyncWrapper])
    async def test_backends_that_guard_tcp(
        self, certificates: Certificates, server: Server, fake: Any, kind: Any
    ) -> None:
        async with pool_for(certificates, network_backend=kind()) as pool:
            assert [await get(pool, server) for _ in range(2)] == [b"tcp"] * 2
            assert pool.stats().http3 == {"opened": 0, "fell_back": 0, "broken": 0}
        assert server.said_hello == 0

    async def test_rules_are_asked(self, certificates: Certificates, server: Server, fake: Any) -> None:
        allowed = [True]
        backend = AsyncGuardedBackend(lambda destination: allowed[0])
        async with pool_for(certificates, network_backend=backend) as pool:
            await get(pool, server)
            assert await get(pool, server) == b"h3"
        async with pool_for(certificates, network_backend=backend) as pool:
            await get(pool, server)
            allowed[0] = False
            with pytest.raises(ConnectError, match=r"refuses 127\.0\.0\.1"):
                await get(pool, server)
        assert server.said_hello == 1

    @pytest.mark.parametrize("on", ["class", "object"])
    async def test_a_replaced_connect(
        self, certificates: Certificates, server: Server, fake: Any, monkeypatch: pytest.MonkeyPatch, on: str
    ) -> None:
        connects: list[str] = []
        original = AsyncHTTPConnection._connect

        async def _connect(self: Any, request: Any) -> Any:
            connects.append("tcp")
            return await original(self, request)

        async with pool_for(certificates) as pool:
            if on == "class":
                monkeypatch.setattr(AsyncHTTPConnection, "_connect", _connect)
            else:
                create_connection = pool.create_connection

                def create(origin: Any) -> Any:
                    connection: Any = create_connection(origin)
                    connection._connect = lambda request: _connect(connection, request)
                    return connection

                monkeypatch.setattr(pool, "create_connection", create)
            assert [await get(pool, server) for _ in range(2)] == [b"tcp"] * 2
        assert (connects, server.said_hello) == (["tcp"] * 2, 0)

    @pytest.mark.upgrade("4.14")
    async def test_a_replaced_request(
        self, certificates: Certificates, server: Server, fake: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """On new connections, and on those that are open already."""
        requests: list[Any] = []
        original = AsyncHTTPConnection.handle_async_request

        async def handle_async_request(self: Any, request: Any) -> Any:
            requests.append(request)
            return await original(self, request)

        async with pool_for(certificates) as pool:
            await get(pool, server)
            assert [await get(pool, server) for _ in range(2)] == [b"h3"] * 2
            monkeypatch.setattr(AsyncHTTPConnection, "handle_async_request", handle_async_request)
            assert [await get(pool, server) for _ in range(2)] == [b"h3"] * 2
        assert len(requests) == 2
        async with pool_for(certificates) as pool:
            assert [await get(pool, server) for _ in range(3)] == [b"tcp", b"h3", b"h3"]
        assert len(requests) == 5

    async def test_connections_of_a_subclass_of_the_pool(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        class AsyncOwnPool(AsyncConnectionPool):
            def create_connection(self, origin: Any) -> Any:
                return AsyncHTTPConnection(origin, certificates.client_context())

        async with AsyncOwnPool(http3=True) as pool:
            assert [await get(pool, server) for _ in range(2)] == [b"tcp"] * 2
        assert server.said_hello == 0

    async def test_contexts_that_cannot_be_honoured(
        self, certificates: Certificates, server: Server, fake: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, logger="httpcore.http3")
        sys.modules["httpcore_h3"].obstacle = "the TLS context is odd"  # type: ignore[attr-defined]
        async with pool_for(certificates, ssl_context=certificates.client_context) as pool:
            assert [await get(pool, server) for _ in range(2)] == [b"tcp"] * 2
        assert server.said_hello == 0
        assert said(caplog) == [f"HTTP/3 with {pool_origin(server)} is not tried: the TLS context is odd"]

    async def test_offers_over_tls_that_does_not_check_names(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        context = certificates.client_context()
        context.check_hostname = False
        async with pool_for(certificates, ssl_context=context) as pool:
            assert [await get(pool, server) for _ in range(2)] == [b"tcp"] * 2
        assert server.said_hello == 0

    async def test_options_of_sockets_and_the_local_address(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_RCVBUF, 9000)]
        async with pool_for(certificates, local_address="127.0.0.3", socket_options=options) as pool:
            await get(pool, server)
            assert await get(pool, server) == b"h3"
            sock = fake.made[0].datagrams.get_extra_info("socket")
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 18000
        assert {address[0] for address in server.client_addresses} == {"127.0.0.3"}

    @pytest.mark.parametrize("options", [{"proxy": Proxy("http://127.0.0.1:9")}, {"uds": "/nowhere"}])
    async def test_proxies_and_unix_sockets(
        self, certificates: Certificates, server: Server, fake: Any, options: dict[str, Any]
    ) -> None:
        async with pool_for(certificates, **options) as pool:
            assert "HTTP3" not in type(pool.create_connection(fake_origin(server))).__name__
            assert pool.stats().http3 is None
        with pytest.raises(ValueError, match=r"HTTP/3 cannot be used with a (proxy|Unix socket)"):
            AsyncConnectionPool(http1=False, http3=True, **options)

    async def test_other_schemes(self, certificates: Certificates, server: Server, fake: Any) -> None:
        """A server without TLS offers nothing."""

        def script(connection: Connection) -> None:
            receive_request()(connection)
            connection.send(b"HTTP/1.1 200 OK\r\n")
            connection.send(b'Alt-Svc: h3=":%d"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n' % plain.port)

        with scripted_server(script) as plain:
            async with pool_for(certificates) as pool:
                for _ in range(2):
                    await pool.request("GET", plain.url)
                assert pool.stats().http3 == {"opened": 0, "fell_back": 0, "broken": 0}


def fake_origin(server: Server) -> Any:
    from httpcore import URL

    return URL(server.url).origin
