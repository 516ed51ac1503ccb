# Generated from ../_async/test_http3.py by tools/make_sync.py: edit that file, then run it.
"""HTTP/3 in a pool: when it is used, and what is learnt about it. Over a made-up HTTP/3."""

import logging
import ssl
import sys
from typing import Any

import pytest
from httpcore import (
    ConnectionPool,
    ConnectTimeout,
    SyncBackend,
    UnsupportedProtocol,
)
from httpcore._sync.http3_connection import HTTP3OrTCPConnection
from httpcore_test_support._sync.fake_http3 import install_fake
from httpcore_test_support._sync.http3_offers import TIMEOUTS, Guard, get, pool_for
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.http3_offers import Server, pool_origin, said, serving
from httpcore_test_support.reachable import texts_reachable
from httpcore_test_support.sockets import no_leaked_sockets
from httpcore_test_support.waiting import at_once

pytestmark = pytest.mark.anyio


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class of the made-up connections."""
    return install_fake(monkeypatch)


@pytest.fixture
def server(certificates: Certificates) -> Any:
    with no_leaked_sockets(), serving(certificates) as server:
        yield server


class TestChoice:
    def test_the_second_connection_is_http3(
        self, certificates: Certificates, server: Server, fake: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, logger="httpcore.http3")
        with pool_for(certificates, keepalive_expiry=77.0) as pool:
            assert get(pool, server) == b"tcp"
            assert server.said_hello == 0
            response = pool.request("GET", server.url)
            assert (response.content, response.extensions["http_version"]) == (b"h3", b"HTTP/3")
            assert response.extensions["network_stream"].get_extra_info("client_addr") in server.client_addresses
            assert get(pool, server) == b"h3"
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

    def test_the_handshake_is_traced(self, certificates: Certificates, server: Server, fake: Any) -> None:
        events: list[str] = []

        def trace(event: str, info: dict[str, Any]) -> None:
            events.append(event)
            if event == "http3.handshake.started":
                assert list(info) == ["ssl_context", "server_hostname", "timeout"]

        with pool_for(certificates) as pool:
            get(pool, server)
            get(pool, server, trace=trace)
        names = ("connection.connect_udp", "http3.handshake")
        assert events == [f"{name}.{state}" for name in names for state in ("started", "complete")]

    def test_the_address_that_answers_over_tcp_is_tried_first(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        """Nobody is at the first address of the host, neither for TCP nor for UDP."""
        backend = SyncBackend(resolver=lambda host, port: ["127.0.0.2", "127.0.0.1"])
        url = f"https://localhost:{server.tcp.port}/"
        with pool_for(certificates, network_backend=backend) as pool:
            pool.request("GET", url, extensions=TIMEOUTS)
            response = pool.request("GET", url, extensions=TIMEOUTS)
            assert response.content == b"h3"
            assert fake.made[0].datagrams.get_extra_info("server_addr")[0] == "127.0.0.1"

    def test_it_is_off_by_default(self, certificates: Certificates, server: Server, fake: Any) -> None:
        with ConnectionPool(certificates.client_context()) as pool:
            assert [get(pool, server) for _ in range(2)] == [b"tcp"] * 2
            assert pool.stats().http3 is None
        assert server.said_hello == 0

    def test_requests_share_a_connection(self, certificates: Certificates, server: Server, fake: Any) -> None:
        fake.limit = 5
        with pool_for(certificates, max_connections=2) as pool:
            get(pool, server)
            assert at_once(*[lambda: get(pool, server)] * 5) == [b"h3"] * 5
            assert len(fake.made) == 1
            with pool.stream("GET", server.url), pool.stream("GET", server.url):
                assert (pool.stats().connections_active, pool.stats().requests_active) == (1, 2)
            assert pool.stats().connections_idle == 1

    def test_a_full_connection_gets_a_second_one(self, certificates: Certificates, server: Server, fake: Any) -> None:
        fake.limit = 1
        with pool_for(certificates) as pool:
            get(pool, server)
            with pool.stream("GET", server.url), pool.stream("GET", server.url):
                assert (len(fake.made), pool.stats().connections_active) == (2, 2)

    @pytest.mark.parametrize("alt_svc", [b"", b'h3=":1"', b'h3="localhost:%d"', b'h2=":%d"', b"clear", b"nonsense"])
    def test_other_offers_do_not_count(
        self, certificates: Certificates, server: Server, fake: Any, alt_svc: bytes
    ) -> None:
        server.alt_svc = alt_svc.replace(b"%d", b"%d" % server.tcp.port)
        with pool_for(certificates) as pool:
            assert [get(pool, server) for _ in range(2)] == [b"tcp"] * 2
        assert server.said_hello == 0

    def test_an_unverified_server_makes_no_offer(self, certificates: Certificates, server: Server, fake: Any) -> None:
        context = certificates.client_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with pool_for(certificates, ssl_context=context) as pool:
            assert [get(pool, server) for _ in range(2)] == [b"tcp"] * 2
        assert server.said_hello == 0

    def test_offers_of_http3_connections_count(self, certificates: Certificates, server: Server, fake: Any) -> None:
        with pool_for(certificates, max_keepalive_connections=0) as pool:
            get(pool, server)
            assert get(pool, server) == b"h3"
            fake.headers = [(b"alt-svc", b"clear")]
            assert get(pool, server) == b"h3"
            assert get(pool, server) == b"tcp"

    def test_the_same_headers_in_another_order_say_nothing_new(
        self, certificates: Certificates, server: Server, fake: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pool_for(certificates, max_keepalive_connections=1) as pool:
            get(pool, server)
            learnt = []
            learn = HTTP3OrTCPConnection._learn
            monkeypatch.setattr(HTTP3OrTCPConnection, "_learn", lambda *args: learnt.append(1) or learn(*args))
            fake.headers = [(b"server", b"x"), (b"alt-svc", server.alt_svc)]
            assert get(pool, server) == b"h3"
            fake.headers = fake.headers[::-1]
            assert get(pool, server) == b"h3"
            assert len(learnt) == 1
            fake.headers = [(b"server", b"x"), (b"alt-svc", b"clear")]
            assert get(pool, server) == b"h3"
            assert len(learnt) == 2

    @pytest.mark.fault("S13")
    def test_what_is_learnt_from_headers_keeps_no_secret(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        fake.headers = [(b"set-cookie", b"sid=s3cr3t"), (b"alt-svc", server.alt_svc)]
        with pool_for(certificates) as pool:
            get(pool, server)
            for _ in range(2):
                assert get(pool, server) == b"h3"
            (connection,) = pool.connections
            assert isinstance(connection, HTTP3OrTCPConnection)
            # The connection of the protocol may, for as long as it lives.
            held = texts_reachable(vars(connection), without=[connection, connection._established])
            assert server.alt_svc.decode() in held
            assert "s3cr3t" not in held

    def test_another_name_is_another_origin(self, certificates: Certificates, server: Server, fake: Any) -> None:
        with pool_for(certificates) as pool:
            get(pool, server)
            assert get(pool, server, sni_hostname="localhost") == b"tcp"
            assert get(pool, server, sni_hostname="localhost") == b"h3"
        assert fake.made[0].server_hostname == "localhost"

    def test_421_goes_back_to_tcp(self, certificates: Certificates, server: Server, fake: Any) -> None:
        fake.status, fake.headers = 421, [(b"alt-svc", server.alt_svc)]
        with pool_for(certificates) as pool:
            get(pool, server)
            assert (pool.request("GET", server.url)).status == 421
            assert get(pool, server) == b"tcp"
            assert fake.made[0].closed

    def test_the_server_may_ask_for_another_version(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        fake.fallback = True
        with pool_for(certificates) as pool:
            get(pool, server)
            assert [get(pool, server) for _ in range(2)] == [b"tcp"] * 2
            assert pool.stats().http3 == {"opened": 1, "fell_back": 0, "broken": 1}
        assert server.said_hello == 1


class TestMandatory:
    def test_no_other_protocol_is_used(self, certificates: Certificates, server: Server, fake: Any) -> None:
        with pool_for(certificates, http1=False) as pool:
            assert get(pool, server) == b"h3"
            assert pool.stats().http3 == {"opened": 1, "fell_back": 0, "broken": 0}

    def test_its_errors_are_shown(self, certificates: Certificates, server: Server, fake: Any) -> None:
        server.silent = True
        with pool_for(certificates, http1=False) as pool:
            with pytest.raises(ConnectTimeout):
                get(pool, server, timeout={"connect": 0.02})
            assert pool.connections == []
            server.silent = False
            assert get(pool, server) == b"h3"

    def test_attempts_are_repeated(self, certificates: Certificates, server: Server, fake: Any) -> None:
        events: list[str] = []

        def trace(event: str, info: dict[str, Any]) -> None:
            events.append(event)
            if events.count("connection.retry.complete") == 1:
                server.silent = False

        def observe(event: str, info: dict[str, Any]) -> None:
            if event == "retry":
                retries.append((info["attempt"], type(info["cause"])))

        retries: list[Any] = []
        server.silent = True
        with pool_for(certificates, http1=False, retries=2) as pool:
            assert get(pool, server, timeout={"connect": 0.05}, trace=trace, observe=observe) == b"h3"
        assert retries == [(1, ConnectTimeout)]
        assert (server.said_hello, events.count("connection.retry.complete")) == (2, 1)

    def test_what_cannot_be(self, certificates: Certificates, server: Server, fake: Any) -> None:
        with pool_for(certificates, http1=False) as pool:
            with pytest.raises(UnsupportedProtocol, match="HTTP/3 is the only protocol allowed, but the scheme is not"):
                pool.request("GET", "http://127.0.0.1/")
        with pool_for(certificates, http1=False, network_backend=Guard()) as pool:
            with pytest.raises(
                UnsupportedProtocol, match=r"the network backend has no connect_udp\(\) that may be used"
            ):
                get(pool, server)
        assert server.said_hello == 0


def test_the_package_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpcore_h3", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install httpcore\[http3\]"):
        ConnectionPool(http3=True)
