# Generated from ../_async/test_proxy_connections.py by tools/make_sync.py: edit that file, then run it.
"""Requests through scripted proxies, with real sockets and TLS."""

import re
import ssl
from typing import Any

import pytest
from httpcore import (
    ConnectError,
    ConnectionPool,
    ConnectTimeout,
    PoolTimeout,
    Proxy,
    ProxyError,
    ReadTimeout,
    RemoteProtocolError,
)
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, Script, ScriptedServer, scripted_server
from httpcore_test_support.sockets import refusing_port
from httpcore_test_support.steps import (
    by_connection,
    close,
    hold,
    receive_exactly,
    receive_request,
    receive_until,
    send,
    start_tls,
)
from httpcore_test_support.waiting import at_once, wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
SOCKS5_CONNECTED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"
HTTP = "http://localhost/"
HTTPS = "https://localhost/"
LIMITS = {"timeout": {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 0.0}}

OPEN_TUNNEL = [receive_until(b"\r\n\r\n"), send(ESTABLISHED)]
OPEN_SOCKS5 = [
    receive_exactly(3),
    send(b"\x05\x00"),
    receive_exactly(16),  # 4 bytes, the length of "localhost", the name, a port
    send(SOCKS5_CONNECTED),
]
OPENINGS = [
    pytest.param("http", OPEN_TUNNEL, id="CONNECT"),
    pytest.param("socks5", OPEN_SOCKS5, id="SOCKS5"),
]


def proxied(server: ScriptedServer, scheme: str = "http", **options: Any) -> ConnectionPool:
    """Return a pool with one slot, whose proxy is the server."""
    return ConnectionPool(proxy=Proxy(f"{scheme}://127.0.0.1:{server.port}"), max_connections=1, **options)


def answer(connection: Connection) -> None:
    """Answer every request."""
    while True:
        connection.receive_request()
        connection.send(OK)


@pytest.fixture
def trusting(certificates: Certificates) -> ssl.SSLContext:
    """A client context."""
    return certificates.client_context()


@pytest.mark.parametrize(("scheme", "opening"), OPENINGS)
class TestTLSFailures:
    @pytest.mark.field(56)
    def test_a_failed_handshake_frees_everything(
        self, scheme: str, opening: list[Any], certificates: Certificates, trusting: ssl.SSLContext
    ) -> None:
        """After two failures in a pool with one slot, the third request is served."""
        wrong = [*opening, start_tls(certificates.server_context(identities=["other.org"]))]
        right = [*opening, start_tls(certificates.server_context()), answer]
        with scripted_server(by_connection(wrong, wrong, right)) as server:
            with proxied(server, scheme, ssl_context=trusting) as pool:
                for _ in range(2):
                    with pytest.raises(ConnectError, match=r"certificate verify failed"):
                        pool.request("GET", HTTPS, extensions=LIMITS)
                    assert pool.connections == []
                    wait_until(lambda: not server.open_connections)
                assert (pool.request("GET", HTTPS, extensions=LIMITS)).content == b"ok"

    @pytest.mark.field(56)
    def test_an_origin_that_is_silent_in_the_handshake(
        self, scheme: str, opening: list[Any], certificates: Certificates, trusting: ssl.SSLContext
    ) -> None:
        limits = {"timeout": {"connect": 0.1, "pool": 0.0}}
        with scripted_server([*opening, hold()]) as server:
            with proxied(server, scheme, ssl_context=trusting) as pool:
                for _ in range(2):
                    with pytest.raises(ConnectTimeout):
                        pool.request("GET", HTTPS, extensions=limits)
                    wait_until(lambda: not server.open_connections)

    def test_an_origin_that_closes_the_connection(
        self, scheme: str, opening: list[Any], certificates: Certificates, trusting: ssl.SSLContext
    ) -> None:
        with scripted_server([*opening, close()]) as server:
            with proxied(server, scheme, ssl_context=trusting, retries=1) as pool:
                with pytest.raises(ConnectError):
                    pool.request("GET", HTTPS, extensions=LIMITS)
            assert len(server.connections) == 2


class TestRefusals:
    @pytest.mark.field(63)
    def test_the_error_has_the_response(self) -> None:
        """The response is enough to choose credentials, as a client with its own authentication scheme does."""
        head = b"HTTP/1.1 407 Who is it\r\nProxy-Authenticate: Own realm=1\r\nContent-Length: 4\r\n\r\n"
        script = by_connection(
            [receive_request(), send(head + b"who?")],
            [receive_until(b"Proxy-Authorization: Own me\r\n\r\n"), send(ESTABLISHED), answer],
        )
        with scripted_server(script) as server:
            url = f"http://127.0.0.1:{server.port}"
            with ConnectionPool(proxy=Proxy(url)) as pool:
                with pytest.raises(
                    ProxyError, match=r"^407 Who is it \(CONNECT to ws://localhost:80 through the proxy http://127"
                ) as caught:
                    pool.request("GET", "ws://localhost/", extensions=LIMITS)
                assert pool.connections == []
            error = caught.value
            assert (error.status, error.body) == (407, b"who?")
            assert dict(error.headers)[b"Proxy-Authenticate"] == b"Own realm=1"
            with ConnectionPool(proxy=Proxy(url, headers={"Proxy-Authorization": "Own me"})) as pool:
                assert (pool.request("GET", "ws://localhost/", extensions=LIMITS)).content == b"ok"

    def test_a_refusal_to_forward_is_a_response(self) -> None:
        """It cannot be distinguished from a response of the origin."""
        with scripted_server(
            [receive_request(), send(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")]
        ) as server:
            with proxied(server) as pool:
                assert (pool.request("GET", HTTP, extensions=LIMITS)).status == 502

    @pytest.mark.parametrize(
        ("scheme", "url"), [("http", HTTP), ("http", HTTPS), ("socks5", HTTP), ("socks4", HTTP), ("https", HTTPS)]
    )
    def test_a_proxy_that_is_down(self, scheme: str, url: str, trusting: ssl.SSLContext) -> None:
        with refusing_port() as port:
            proxy = Proxy(f"{scheme}://127.0.0.1:{port}", ssl_context=trusting)
            with ConnectionPool(proxy=proxy, max_connections=1) as pool:
                for _ in range(2):
                    with pytest.raises(ConnectError, match=str(port)):
                        pool.request("GET", url, extensions=LIMITS)
                assert pool.connections == []

    @pytest.mark.fault("N18")
    def test_the_second_proxy_of_a_chain_is_refused(self) -> None:
        with scripted_server(
            [receive_until(b"\r\n\r\n"), send(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")]
        ) as server:
            proxies = [Proxy(server.url), Proxy("socks5://localhost")]
            with ConnectionPool(proxy=proxies, max_connections=1) as pool:
                with pytest.raises(
                    ProxyError, match=rf"^403 No \(CONNECT to socks5://localhost:1080 through .* {server.url}\)$"
                ):
                    pool.request("GET", HTTPS, extensions=LIMITS)
                wait_until(lambda: not server.open_connections)
            assert server.connections[0].received.startswith(b"CONNECT localhost:1080 HTTP/1.1\r\n")


class TestTimeouts:
    @pytest.mark.field(65)
    @pytest.mark.parametrize(
        ("scheme", "url"), [("http", HTTPS), ("https", HTTP), ("https", HTTPS), ("socks5", HTTP), ("socks4a", HTTP)]
    )
    def test_a_silent_proxy(self, scheme: str, url: str, trusting: ssl.SSLContext) -> None:
        """The socket is closed, and the slot is free."""
        limits = {"timeout": {"connect": 0.1, "read": 10.0, "write": 10.0, "pool": 0.0}}
        with scripted_server(hold()) as server:
            proxy = Proxy(f"{scheme}://127.0.0.1:{server.port}", ssl_context=trusting)
            with ConnectionPool(proxy=proxy, max_connections=1) as pool:
                for _ in range(2):
                    with pytest.raises(ConnectTimeout, match=r"timed out after 0\.1 seconds"):
                        pool.request("GET", url, extensions=limits)
                    wait_until(lambda: not server.open_connections)

    @pytest.mark.parametrize(("scheme", "opening"), OPENINGS)
    def test_the_read_timeout_applies_to_the_origin(
        self, scheme: str, opening: list[Any], trusting: ssl.SSLContext
    ) -> None:
        limits = {"timeout": {"connect": 10.0, "read": 0.05}}
        with scripted_server([*opening, hold()]) as server:
            with proxied(server, scheme) as pool:
                with pytest.raises(ReadTimeout):
                    pool.request("GET", "ws://localhost/", extensions=limits)


class TestConnections:
    @pytest.mark.parametrize(
        ("scheme", "url", "opening", "kind"),
        [
            ("http", HTTP, [], "ForwardHTTPConnection"),
            ("http", HTTPS, OPEN_TUNNEL, "TunnelHTTPConnection"),
            ("socks5", HTTPS, OPEN_SOCKS5, "Socks5Connection"),
        ],
    )
    def test_reuse_and_replacement_of_stale_connections(
        self, scheme: str, url: str, opening: list[Any], kind: str, certificates: Certificates, trusting: ssl.SSLContext
    ) -> None:
        tls = [start_tls(certificates.server_context())] if opening else []
        once: Script = [*opening, *tls, receive_request(), send(OK), receive_request(), close()]
        often: Script = [*opening, *tls, answer]
        with scripted_server(by_connection(once, often)) as server:
            with proxied(server, scheme, ssl_context=trusting) as pool:
                for _ in range(3):
                    assert (pool.request("GET", url, extensions=LIMITS)).content == b"ok"
                [connection] = pool.connections
                assert re.match(rf"<(Async)?{kind} \[", repr(connection))
            assert len(server.connections) == 2

    def test_waiting_requests_are_served(self) -> None:
        with scripted_server(answer) as server:
            with proxied(server) as pool:
                urls = [HTTP, "http://other.org/", HTTP, "http://other.org/"]
                responses = at_once(*(lambda url=url: pool.request("GET", url) for url in urls))
            assert [response.content for response in responses] == [b"ok"] * 4

    def test_max_connections_applies(self) -> None:
        with scripted_server(answer) as server:
            with proxied(server) as pool, pool.stream("GET", HTTP, extensions=LIMITS):
                with pytest.raises(PoolTimeout):
                    pool.request("GET", HTTP, extensions=LIMITS)

    def test_an_error_of_the_origin_is_no_proxy_error(self) -> None:
        with scripted_server([*OPEN_TUNNEL, receive_request(), send(b"nonsense\r\n\r\n")]) as server:
            with proxied(server) as pool:
                with pytest.raises(RemoteProtocolError):
                    pool.request("GET", "ws://localhost/", extensions=LIMITS)

    @pytest.mark.parametrize(("scheme", "opening"), OPENINGS)
    def test_upgrades(
        self, scheme: str, opening: list[Any], certificates: Certificates, trusting: ssl.SSLContext
    ) -> None:
        switching = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: own\r\n\r\nfirst "
        tls = start_tls(certificates.server_context())
        script = [*opening, tls, receive_request(), send(switching), receive_exactly(4), send(b"second")]
        headers = [("Connection", "upgrade"), ("Upgrade", "own")]
        with scripted_server(script) as server:
            with proxied(server, scheme, ssl_context=trusting) as pool:
                url = "wss://localhost/"
                with pool.stream("GET", url, headers=headers, extensions=LIMITS) as response:
                    assert response.status == 101
                    stream = response.extensions["network_stream"]
                    assert stream.get_extra_info("ssl_object") is not None
                    stream.write(b"ping", 10.0)
                    received = b""
                    while len(received) < 12:
                        received += stream.read(100, 10.0)
                    assert received == b"first second"
