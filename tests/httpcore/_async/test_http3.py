"""HTTP/3 in a pool: when it is tried, when TCP takes its place, and what it may not bypass. Over a made-up HTTP/3."""

import logging
import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
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
    ConnectTimeout,
    Proxy,
    UnsupportedProtocol,
)
from httpcore._async.http3_connection import AsyncHTTP3OrTCPConnection
from httpcore._http3 import origins
from httpcore_test_support._async.fake_http3 import async_fake_module
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.datagrams import listen_on_one_port
from httpcore_test_support.reachable import texts_reachable
from httpcore_test_support.scripted import Connection, ScriptedServer, scripted_server
from httpcore_test_support.sockets import no_leaked_sockets
from httpcore_test_support.steps import receive_request
from httpcore_test_support.waiting import async_at_once

pytestmark = pytest.mark.anyio

TIMEOUTS = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}


class Server:
    """Speaks HTTP/1.1 over TLS, offers HTTP/3, and says hello over UDP, if it is not silent, at the same port."""

    def __init__(self, tcp: ScriptedServer, udp: socket.socket) -> None:
        self.tcp = tcp
        self.udp = udp
        self.alt_svc = b'h3=":%d"' % tcp.port
        self.silent = False
        self.said_hello = 0
        self.client_addresses: set[Any] = set()

    @property
    def url(self) -> str:
        return self.tcp.url

    def script(self, connection: Connection) -> None:
        receive_request()(connection)
        alt_svc = b"Alt-Svc: %b\r\n" % self.alt_svc if self.alt_svc else b""
        connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n%b\r\ntcp" % alt_svc)

    def answer(self) -> None:
        while True:
            datagram, address = self.udp.recvfrom(2048)
            if datagram == b"stop":
                return
            self.said_hello += 1
            self.client_addresses.add(address)
            if not self.silent:
                self.udp.sendto(b"hello", address)


@contextmanager
def serving(certificates: Certificates) -> Any:
    servers: list[Server] = []
    listener, udp = listen_on_one_port()
    with udp:
        script = lambda connection: servers[0].script(connection)  # noqa: E731
        with scripted_server(script, tls=certificates.server_context(), listener=listener) as tcp:
            server = Server(tcp, udp)
            servers.append(server)
            thread = threading.Thread(target=server.answer)
            thread.start()
            try:
                yield server
            finally:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
                    stop.sendto(b"stop", ("127.0.0.1", tcp.port))
                thread.join()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class of the made-up connections."""
    module = async_fake_module()
    monkeypatch.setitem(sys.modules, "httpcore_h3", module)
    return module.AsyncHTTP3Connection


@pytest.fixture
def server(certificates: Certificates) -> Any:
    with no_leaked_sockets(), serving(certificates) as server:
        yield server


@asynccontextmanager
async def pool_for(certificates: Certificates, **options: Any) -> AsyncIterator[AsyncConnectionPool]:
    options.setdefault("ssl_context", certificates.client_context())
    async with AsyncConnectionPool(http3=True, **options) as pool:
        yield pool


async def get(pool: AsyncConnectionPool, server: Server, **extensions: Any) -> bytes:
    return (await pool.request("GET", server.url, extensions={**TIMEOUTS, **extensions})).content


class TestChoice:
    async def test_the_second_connection_is_http3(
        self, certificates: Certificates, server: Server, fake: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, logger="httpcore.http3")
        async with pool_for(certificates, keepalive_expiry=77.0) as pool:
            assert await get(pool, server) == b"tcp"
            assert server.said_hello == 0
            response = await pool.request("GET", server.url)
            assert (response.content, response.extensions["http_version"]) == (b"h3", b"HTTP/3")
            assert response.extensions["network_stream"].get_extra_info("client_addr") in server.client_addresses
            assert await get(pool, server) == b"h3"
            assert pool.stats().http3 == {"opened": 1, "fell_back": 0, "broken": 0}
            assert [str(connection) for connection in pool.connections] == [
                f"<{type(pool.connections[0]).__name__} [https://127.0.0.1:{server.tcp.port}, HTTP/3]>"
            ]
        (connection,) = fake.made
        assert connection.closed
        assert connection.server_hostname == "127.0.0.1"
        assert connection.keepalive_expiry == 77.0
        assert connection.ssl_context.verify_mode == ssl.CERT_REQUIRED
        assert said(caplog) == [f"HTTP/3 is used with {pool_origin(server)}"]

    async def test_the_handshake_is_traced(self, certificates: Certificates, server: Server, fake: Any) -> None:
        events: list[str] = []

        async def trace(event: str, info: dict[str, Any]) -> None:
            events.append(event)
            if event == "http3.handshake.started":
                assert list(info) == ["ssl_context", "server_hostname", "timeout"]

        async with pool_for(certificates) as pool:
            await get(pool, server)
            await get(pool, server, trace=trace)
        names = ("connection.connect_udp", "http3.handshake")
        assert events == [f"{name}.{state}" for name in names for state in ("started", "complete")]

    async def test_the_address_that_answers_over_tcp_is_tried_first(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        """Nobody is at the first address of the host, neither for TCP nor for UDP."""
        backend = AutoBackend(resolver=lambda host, port: ["127.0.0.2", "127.0.0.1"])
        url = f"https://localhost:{server.tcp.port}/"
        async with pool_for(certificates, network_backend=backend) as pool:
            await pool.request("GET", url, extensions=TIMEOUTS)
            response = await pool.request("GET", url, extensions=TIMEOUTS)
            assert response.content == b"h3"
            assert fake.made[0].datagrams.get_extra_info("server_addr")[0] == "127.0.0.1"

    async def test_it_is_off_by_default(self, certificates: Certificates, server: Server, fake: Any) -> None:
        async with AsyncConnectionPool(certificates.client_context()) as pool:
            assert [await get(pool, server) for _ in range(2)] == [b"tcp"] * 2
            assert pool.stats().http3 is None
        assert server.said_hello == 0

    async def test_requests_share_a_connection(self, certificates: Certificates, server: Server, fake: Any) -> None:
        fake.limit = 5
        async with pool_for(certificates, max_connections=2) as pool:
            await get(pool, server)
            assert await async_at_once(*[lambda: get(pool, server)] * 5) == [b"h3"] * 5
            assert len(fake.made) == 1
            async with pool.stream("GET", server.url), pool.stream("GET", server.url):
                assert (pool.stats().connections_active, pool.stats().requests_active) == (1, 2)
            assert pool.stats().connections_idle == 1

    async def test_a_full_connection_gets_a_second_one(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        fake.limit = 1
        async with pool_for(certificates) as pool:
            await get(pool, server)
            async with pool.stream("GET", server.url), pool.stream("GET", server.url):
                assert (len(fake.made), pool.stats().connections_active) == (2, 2)

    @pytest.mark.parametrize("alt_svc", [b"", b'h3=":1"', b'h3="localhost:%d"', b'h2=":%d"', b"clear", b"nonsense"])
    async def test_other_offers_do_not_count(
        self, certificates: Certificates, server: Server, fake: Any, alt_svc: bytes
    ) -> None:
        server.alt_svc = alt_svc.replace(b"%d", b"%d" % server.tcp.port)
        async with pool_for(certificates) as pool:
            assert [await get(pool, server) for _ in range(2)] == [b"tcp"] * 2
        assert server.said_hello == 0

    async def test_an_unverified_server_makes_no_offer(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        context = certificates.client_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        async with pool_for(certificates, ssl_context=context) as pool:
            assert [await get(pool, server) for _ in range(2)] == [b"tcp"] * 2
        assert server.said_hello == 0

    async def test_offers_of_http3_connections_count(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        async with pool_for(certificates, max_keepalive_connections=0) as pool:
            await get(pool, server)
            assert await get(pool, server) == b"h3"
            fake.headers = [(b"alt-svc", b"clear")]
            assert await get(pool, server) == b"h3"
            assert await get(pool, server) == b"tcp"

    async def test_the_same_headers_in_another_order_say_nothing_new(
        self, certificates: Certificates, server: Server, fake: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with pool_for(certificates, max_keepalive_connections=1) as pool:
            await get(pool, server)
            learnt = []
            learn = AsyncHTTP3OrTCPConnection._learn
            monkeypatch.setattr(AsyncHTTP3OrTCPConnection, "_learn", lambda *args: learnt.append(1) or learn(*args))
            fake.headers = [(b"server", b"x"), (b"alt-svc", server.alt_svc)]
            assert await get(pool, server) == b"h3"
            fake.headers = fake.headers[::-1]
            assert await get(pool, server) == b"h3"
            assert len(learnt) == 1
            fake.headers = [(b"server", b"x"), (b"alt-svc", b"clear")]
            assert await get(pool, server) == b"h3"
            assert len(learnt) == 2

    @pytest.mark.fault("S13")
    async def test_what_is_learnt_from_headers_keeps_no_secret(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        fake.headers = [(b"set-cookie", b"sid=s3cr3t"), (b"alt-svc", server.alt_svc)]
        async with pool_for(certificates) as pool:
            await get(pool, server)
            for _ in range(2):
                assert await get(pool, server) == b"h3"
            (connection,) = pool.connections
            assert isinstance(connection, AsyncHTTP3OrTCPConnection)
            # The connection of the protocol may, for as long as it lives.
            held = texts_reachable(vars(connection), without=[connection, connection._established])
            assert server.alt_svc.decode() in held
            assert "s3cr3t" not in held

    async def test_another_name_is_another_origin(self, certificates: Certificates, server: Server, fake: Any) -> None:
        async with pool_for(certificates) as pool:
            await get(pool, server)
            assert await get(pool, server, sni_hostname="localhost") == b"tcp"
            assert await get(pool, server, sni_hostname="localhost") == b"h3"
        assert fake.made[0].server_hostname == "localhost"

    async def test_421_goes_back_to_tcp(self, certificates: Certificates, server: Server, fake: Any) -> None:
        fake.status, fake.headers = 421, [(b"alt-svc", server.alt_svc)]
        async with pool_for(certificates) as pool:
            await get(pool, server)
            assert (await pool.request("GET", server.url)).status == 421
            assert await get(pool, server) == b"tcp"
            assert fake.made[0].closed

    async def test_the_server_may_ask_for_another_version(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        fake.fallback = True
        async with pool_for(certificates) as pool:
            await get(pool, server)
            assert [await get(pool, server) for _ in range(2)] == [b"tcp"] * 2
            assert pool.stats().http3 == {"opened": 1, "fell_back": 0, "broken": 1}
        assert server.said_hello == 1


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the pool has to say, without the events of the handshake."""
    return [message for message in caplog.messages if message.startswith("HTTP/3")]


def pool_origin(server: Server) -> str:
    return f"https://127.0.0.1:{server.tcp.port}"


class TestFallback:
    async def test_a_silent_port(
        self,
        certificates: Certificates,
        server: Server,
        fake: Any,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """After the head start TCP is used, and then at once."""
        caplog.set_level(logging.DEBUG, logger="httpcore.http3")
        monkeypatch.setattr(origins, "_HEAD_START", 0.02)
        server.silent = True
        async with pool_for(certificates) as pool:
            assert [await get(pool, server) for _ in range(3)] == [b"tcp"] * 3
            assert server.said_hello == 1
            assert pool.stats().http3 == {"opened": 0, "fell_back": 1, "broken": 1}
            origin = pool_origin(server)
            assert said(caplog)[0].startswith(f"HTTP/3 with {origin} did not work, TCP is used: The read op")
            assert said(caplog)[1:] == [f"HTTP/3 with {origin} is broken for the next 300 seconds"]
            server.silent = False
            pool._http3.origins._failures.clear()  # type: ignore[union-attr]  # five minutes later
            assert await get(pool, server) == b"h3"
            assert pool.stats().http3 == {"opened": 1, "fell_back": 1, "broken": 0}

    async def test_a_closed_port(self, certificates: Certificates, server: Server, fake: Any) -> None:
        server.udp.connect(("127.0.0.1", 9))  # so that nobody else can send to it
        async with pool_for(certificates) as pool:
            assert [await get(pool, server) for _ in range(3)] == [b"tcp"] * 3
            assert pool.stats().http3 == {"opened": 0, "fell_back": 1, "broken": 1}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anyone:
            anyone.connect(("127.0.0.1", 9))
            # Back to normal, so that the thread can be stopped.
        server.udp.connect(("0.0.0.0", 0))

    @pytest.mark.parametrize("limit", ["connect", "total"])
    async def test_the_time_for_connecting_is_shared(
        self, certificates: Certificates, server: Server, fake: Any, monkeypatch: pytest.MonkeyPatch, limit: str
    ) -> None:
        """TCP gets what QUIC leaves: half of it at least."""
        server.silent = True
        limits: list[Any] = []

        class AsyncRecorder(AutoBackend):
            async def connect_tcp(self, *arguments: Any, **options: Any) -> Any:
                limits.append(options["timeout"])
                return await super().connect_tcp(*arguments, **options)

            async def connect_udp(self, *arguments: Any, **options: Any) -> Any:
                limits.append(options["timeout"])
                return await super().connect_udp(*arguments, **options)

        monkeypatch.setattr(origins, "_HEAD_START", 100.0)
        async with pool_for(certificates, network_backend=AsyncRecorder()) as pool:
            for _ in range(2):
                assert await get(pool, server, timeout={limit: 0.5}) == b"tcp"
        assert limits[:2] == [pytest.approx(0.5, abs=0.1), pytest.approx(0.25, abs=0.1)]
        assert 0 < limits[2] < 0.3

    async def test_a_backend_may_say_that_it_cannot(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        class AsyncUnable(AutoBackend):
            async def connect_udp(self, *arguments: Any, **options: Any) -> Any:
                raise NotImplementedError

        async with pool_for(certificates, network_backend=AsyncUnable()) as pool:
            assert [await get(pool, server) for _ in range(2)] == [b"tcp"] * 2
            assert pool.stats().http3 == {"opened": 0, "fell_back": 1, "broken": 1}

    async def test_other_errors_are_raised(self, certificates: Certificates, server: Server, fake: Any) -> None:
        class AsyncWrong(AutoBackend):
            async def connect_udp(self, *arguments: Any, **options: Any) -> Any:
                raise LookupError("a mistake of the program")

        async with pool_for(certificates, network_backend=AsyncWrong()) as pool:
            await get(pool, server)
            with pytest.raises(LookupError):
                await get(pool, server)
            assert pool.connections == []

    async def test_both_fail(self, certificates: Certificates, server: Server, fake: Any) -> None:
        class AsyncRefusing(AutoBackend):
            refuses = False

            async def connect_tcp(self, *arguments: Any, **options: Any) -> Any:
                if self.refuses:
                    raise ConnectError("refused")
                return await super().connect_tcp(*arguments, **options)

            async def connect_udp(self, *arguments: Any, **options: Any) -> Any:
                return await super().connect_udp(*arguments, **options)

        backend = AsyncRefusing()
        async with pool_for(certificates, network_backend=backend) as pool:
            await get(pool, server)
            server.silent = True
            backend.refuses = True
            with pytest.raises(ConnectError, match="refused"):
                await get(pool, server, timeout={"connect": 0.05})
            assert pool.connections == []

    async def test_closing_the_pool_ends_the_handshake(
        self, certificates: Certificates, server: Server, fake: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(origins, "_HEAD_START", 20.0)
        server.silent = True
        async with pool_for(certificates) as pool:
            await get(pool, server)

            async def request() -> None:
                with pytest.raises(ConnectError, match="closed while it was being opened"):
                    await get(pool, server)

            async def close() -> None:
                while not server.said_hello:
                    await AutoBackend().sleep(0.001)
                await pool.aclose()

            await async_at_once(request, close)
            assert pool.stats().http3 == {"opened": 0, "fell_back": 0, "broken": 0}


class TestCancellation:
    async def test_a_cancelled_handshake_leaves_nothing(
        self, certificates: Certificates, server: Server, fake: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And is no failure: nobody knows whether HTTP/3 would have worked."""
        monkeypatch.setattr(origins, "_HEAD_START", 20.0)
        server.silent = True

        async def trace(event: str, info: dict[str, Any]) -> None:
            if event == "http3.handshake.started":
                raise Cancelled

        async with pool_for(certificates) as pool:
            await get(pool, server)
            with no_leaked_sockets():
                with pytest.raises(Cancelled):
                    await get(pool, server, trace=trace)
                assert pool.stats().connections_active == 0
                assert pool.stats().http3 == {"opened": 0, "fell_back": 0, "broken": 0}
            server.silent = False
            assert await get(pool, server) == b"h3"


class Cancelled(BaseException):
    """As a scope or a signal handler may raise one."""


class AsyncGuard(AutoBackend):
    """Counts connections over TCP, as a program written before HTTP/3 does."""

    async def connect_tcp(self, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        return await super().connect_tcp(*arguments, **options)


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


class TestMandatory:
    async def test_no_other_protocol_is_used(self, certificates: Certificates, server: Server, fake: Any) -> None:
        async with pool_for(certificates, http1=False) as pool:
            assert await get(pool, server) == b"h3"
            assert pool.stats().http3 == {"opened": 1, "fell_back": 0, "broken": 0}

    async def test_its_errors_are_shown(self, certificates: Certificates, server: Server, fake: Any) -> None:
        server.silent = True
        async with pool_for(certificates, http1=False) as pool:
            with pytest.raises(ConnectTimeout):
                await get(pool, server, timeout={"connect": 0.02})
            assert pool.connections == []
            server.silent = False
            assert await get(pool, server) == b"h3"

    async def test_attempts_are_repeated(self, certificates: Certificates, server: Server, fake: Any) -> None:
        events: list[str] = []

        async def trace(event: str, info: dict[str, Any]) -> None:
            events.append(event)
            if events.count("connection.retry.complete") == 1:
                server.silent = False

        def observe(event: str, info: dict[str, Any]) -> None:
            if event == "retry":
                retries.append((info["attempt"], type(info["cause"])))

        retries: list[Any] = []
        server.silent = True
        async with pool_for(certificates, http1=False, retries=2) as pool:
            assert await get(pool, server, timeout={"connect": 0.05}, trace=trace, observe=observe) == b"h3"
        assert retries == [(1, ConnectTimeout)]
        assert (server.said_hello, events.count("connection.retry.complete")) == (2, 1)

    async def test_what_cannot_be(self, certificates: Certificates, server: Server, fake: Any) -> None:
        async with pool_for(certificates, http1=False) as pool:
            with pytest.raises(UnsupportedProtocol, match="HTTP/3 is the only protocol allowed, but the scheme is not"):
                await pool.request("GET", "http://127.0.0.1/")
        async with pool_for(certificates, http1=False, network_backend=AsyncGuard()) as pool:
            with pytest.raises(
                UnsupportedProtocol, match=r"the network backend has no connect_udp\(\) that may be used"
            ):
                await get(pool, server)
        assert server.said_hello == 0


async def test_the_package_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpcore_h3", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install httpcore\[http3\]"):
        AsyncConnectionPool(http3=True)
