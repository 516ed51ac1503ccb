# Generated from ../_async/test_proxy_arguments.py by tools/make_sync.py: edit that file, then run it.
"""What proxies change about requests and connections, and what they do not, on a recorded network."""

import inspect
import re
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any

import pytest
from httpcore import (
    ConnectError,
    ConnectionPool,
    ConnectTimeout,
    HTTPProxy,
    Proxy,
    ProxyError,
    SOCKSProxy,
    _ssl,
)
from httpcore_test_support.recording import RecordingBackend

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ESTABLISHED = b"HTTP/1.1 200 OK\r\n\r\n"
SOCKS5 = [b"\x05\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"]
SOCKS5_AUTH = [b"\x05\x02", b"\x01\x00", SOCKS5[1]]
SOCKS4 = [b"\x00\x5a" + bytes(6)]
HTTP = "http://example.com/"
HTTPS = "https://example.com/"
AUTH = ("someone", "secret")
CREDENTIALS = b"Proxy-Authorization: Basic c29tZW9uZTpzZWNyZXQ=\r\n"
KEEP_ALIVE = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

# The ways to have a request go through a proxy: how the pool is made, what its connection to the proxy reads before the
# response, and the URL that is requested.
Way = tuple[Callable[..., ConnectionPool], list[bytes], str]
WAYS: dict[str, Way] = {
    "forwarding pool": (lambda **options: ConnectionPool(proxy=Proxy("http://proxy.local"), **options), [], HTTP),
    "tunnelling pool": (
        lambda **options: ConnectionPool(proxy=Proxy("http://proxy.local"), **options),
        [ESTABLISHED],
        HTTPS,
    ),
    "SOCKS5 pool": (
        lambda **options: ConnectionPool(proxy=Proxy("socks5://proxy.local"), **options),
        SOCKS5,
        HTTPS,
    ),
    "SOCKS4a pool": (
        lambda **options: ConnectionPool(proxy=Proxy("socks4a://proxy.local"), **options),
        SOCKS4,
        HTTP,
    ),
    "forwarding HTTPProxy": (lambda **options: HTTPProxy("http://proxy.local", **options), [], HTTP),
    "tunnelling HTTPProxy": (lambda **options: HTTPProxy("https://proxy.local", **options), [ESTABLISHED], HTTPS),
    "SOCKSProxy": (lambda **options: SOCKSProxy("socks5://proxy.local", **options), SOCKS5, HTTPS),
    "chain": (
        lambda **options: ConnectionPool(
            proxy=[Proxy("socks5://proxy.local"), Proxy("http://second.proxy"), Proxy("socks4a://third.proxy")],
            **options,
        ),
        [*SOCKS5, ESTABLISHED, *SOCKS4],
        HTTPS,
    ),
}
every_way = pytest.mark.parametrize(("new", "replies", "url"), WAYS.values(), ids=list(WAYS))


def written(
    proxy: Proxy | Sequence[Proxy], url: str, replies: list[bytes], **request: Any
) -> tuple[bytes, RecordingBackend]:
    """Return what a request through `proxy` writes to the network, and the network."""
    backend = RecordingBackend([*replies, OK])
    with ConnectionPool(proxy=proxy, network_backend=backend) as pool:
        assert (pool.request("GET", url, **request)).content == b"ok"
    return backend.streams[0].written, backend


class TestNetworkOptions:
    @pytest.mark.field(59)
    @every_way
    def test_options_apply_to_the_first_proxy(self, new: Any, replies: list[bytes], url: str) -> None:
        backend = RecordingBackend([*replies, OK])
        options = {"local_address": "::", "socket_options": [KEEP_ALIVE]}
        with new(network_backend=backend, **options) as pool:
            pool.request("GET", url, extensions={"timeout": {"connect": 5.0}})
        [connect] = backend.connects
        assert connect == {**connect, **options, "host": "proxy.local", "timeout": 5.0}

    @pytest.mark.field(59)
    @every_way
    def test_a_proxy_on_a_unix_socket(self, new: Any, replies: list[bytes], url: str) -> None:
        backend = RecordingBackend([*replies, OK])
        with new(network_backend=backend, uds=PurePosixPath("/run/proxy"), socket_options=[KEEP_ALIVE]) as pool:
            pool.request("GET", url)
        assert backend.connects == [{"path": "/run/proxy", "timeout": None, "socket_options": [KEEP_ALIVE]}]

    @pytest.mark.field(59)
    @every_way
    def test_retries(self, new: Any, replies: list[bytes], url: str) -> None:
        backend = RecordingBackend(ConnectError("no"), ConnectTimeout("no"), [*replies, OK])
        with new(network_backend=backend, retries=2) as pool:
            assert (pool.request("GET", url)).status == 200
        assert (len(backend.connects), len(backend.sleeps)) == (3, 2)

    @every_way
    def test_retries_exhausted(self, new: Any, replies: list[bytes], url: str) -> None:
        backend = RecordingBackend(ConnectError("no"))
        with new(network_backend=backend, retries=1) as pool:
            with pytest.raises(ConnectError, match=r"^no$"):
                pool.request("GET", url)
            assert pool.connections == []
        assert len(backend.connects) == 2

    @every_way
    def test_the_read_timeout_applies_to_the_response(self, new: Any, replies: list[bytes], url: str) -> None:
        backend = RecordingBackend([*replies, OK])
        with new(network_backend=backend) as pool:
            pool.request("GET", url, extensions={"timeout": {"connect": 5.0, "read": 7.0, "write": 8.0}})
        limits = backend.streams[0].timeouts
        assert {("read", 7.0), ("write", 8.0)} <= limits
        assert all(limit is not None and limit <= 5.0 for _, limit in limits - {("read", 7.0), ("write", 8.0)})


class TestPool:
    @pytest.mark.field(9)
    @every_way
    def test_a_connection_is_reused_and_counted_as_idle(self, new: Any, replies: list[bytes], url: str) -> None:
        backend = RecordingBackend([*replies, OK, OK, OK])
        with new(network_backend=backend) as pool:
            for _ in range(3):
                assert (pool.request("GET", url)).content == b"ok"
            assert (len(pool.connections), pool.stats().connections_idle) == (1, 1)
            assert pool.connections[0].is_idle()
        assert len(backend.connects) == 1

    @every_way
    def test_max_keepalive_connections(self, new: Any, replies: list[bytes], url: str) -> None:
        backend = RecordingBackend([*replies, OK])
        with new(network_backend=backend, max_keepalive_connections=0) as pool:
            pool.request("GET", url)
            assert pool.connections == []
        assert backend.streams[0].closed

    @every_way
    def test_connections_expire(self, new: Any, replies: list[bytes], url: str) -> None:
        backend = RecordingBackend([*replies, OK])
        with new(network_backend=backend, keepalive_expiry=0.0) as pool:
            pool.request("GET", url)
            pool.request("GET", url)
        assert len(backend.connects) == 2

    def test_a_connection_serves_one_origin(self) -> None:
        backend = RecordingBackend([OK])
        with ConnectionPool(proxy=Proxy("http://proxy.local"), network_backend=backend) as pool:
            pool.request("GET", HTTP)
            [connection] = pool.connections
            with pytest.raises(RuntimeError, match=r"^Attempted to send request to http://other\.org:80 on connection"):
                connection.request("GET", "http://other.org/")

    def test_the_defaults_of_the_short_forms(self) -> None:
        pool = parameters(ConnectionPool)
        del pool["proxy"], pool["http2_ping_interval"], pool["http2_ping_timeout"], pool["on_connection"]
        del pool["http3"]
        proxy = dict.fromkeys(("proxy_auth", "proxy_headers", "proxy_ssl_context"))
        assert parameters(HTTPProxy) == {**pool, **proxy}
        assert parameters(SOCKSProxy) == {**pool, "proxy_auth": None, "rdns": None}


def parameters(function: Any) -> dict[str, Any]:
    """Return the names of all arguments with a default, and the default."""
    found = inspect.signature(function).parameters.values()
    return {parameter.name: parameter.default for parameter in found if parameter.default is not parameter.empty}


class TestForwarding:
    @pytest.mark.field(57, 58)
    def test_an_ipv6_address(self) -> None:
        sent, _ = written(Proxy("http://proxy.local"), "http://[::1]:1234/", [])
        assert sent == b"GET http://[::1]:1234/ HTTP/1.1\r\nHost: [::1]:1234\r\n\r\n"

    @pytest.mark.field(61)
    def test_the_extension_target(self) -> None:
        sent, _ = written(Proxy("http://proxy.local"), HTTP, [], extensions={"target": b"/other?x"})
        assert sent.startswith(b"GET http://example.com/other?x HTTP/1.1\r\n")

    @pytest.mark.field(64)
    def test_credentials_and_headers(self) -> None:
        proxy = Proxy("http://proxy.local", auth=AUTH, headers={"X-Proxy": "1", "X-Both": "proxy"})
        sent, _ = written(proxy, HTTP, [], headers={"X-Both": "request"})
        head = b"GET http://example.com/ HTTP/1.1\r\n"
        host = b"Host: example.com\r\n"
        assert sent in (
            head + CREDENTIALS + b"X-Proxy: 1\r\n" + host + b"X-Both: request\r\n\r\n",
            # h11 puts the Host header first.
            head + host + CREDENTIALS + b"X-Proxy: 1\r\nX-Both: request\r\n\r\n",
        )

    def test_tls_to_the_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        context = ssl.create_default_context()
        proxy = Proxy("https://proxy.local", ssl_context=context)
        _, backend = written(proxy, HTTP, [], extensions={"sni_hostname": "origin.name"})
        [handshake] = backend.streams[0].handshakes
        assert handshake == {"ssl_context": context, "server_hostname": "proxy.local", "timeout": None}

    def test_the_last_proxy_of_a_chain_forwards(self) -> None:
        proxies = [Proxy("http://proxy.local", auth=AUTH), Proxy("http://second.proxy:3128", headers={"X-Proxy": "2"})]
        sent, _ = written(proxies, HTTP, [ESTABLISHED])
        tunnel, request = sent.split(b"\r\n\r\n", 1)
        assert tunnel.startswith(b"CONNECT second.proxy:3128 HTTP/1.1\r\n")
        assert CREDENTIALS in tunnel + b"\r\n"
        assert b"X-Proxy" not in tunnel
        assert request.startswith(b"GET http://example.com/ HTTP/1.1\r\n")
        assert b"Proxy-Authorization" not in request
        assert b"X-Proxy: 2\r\n" in request


class TestTunnelling:
    @pytest.mark.field(57)
    def test_an_ipv6_address(self) -> None:
        sent, _ = written(Proxy("http://proxy.local"), "https://[::1]:8443/", [ESTABLISHED])
        connect, request, _ = sent.split(b"\r\n\r\n")
        assert connect == b"CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\nAccept: */*"
        assert request == b"GET / HTTP/1.1\r\nHost: [::1]:8443"

    @pytest.mark.field(61)
    def test_the_extension_target_applies_to_the_origin(self) -> None:
        sent, _ = written(Proxy("http://proxy.local"), HTTPS, [ESTABLISHED], extensions={"target": b"/other"})
        connect, request, _ = sent.split(b"\r\n\r\n")
        assert connect.startswith(b"CONNECT example.com:443 HTTP/1.1\r\n")
        assert request.startswith(b"GET /other HTTP/1.1\r\n")

    @pytest.mark.field(64)
    def test_credentials_are_sent_to_the_proxy_only(self) -> None:
        proxy = Proxy("http://proxy.local", auth=AUTH, headers={"X-Proxy": "1"})
        sent, _ = written(proxy, HTTPS, [ESTABLISHED])
        connect, request, _ = sent.split(b"\r\n\r\n")
        assert CREDENTIALS in connect + b"\r\n"
        assert b"X-Proxy: 1" in connect
        assert request == b"GET / HTTP/1.1\r\nHost: example.com"

    @pytest.mark.field(60)
    def test_the_extension_sni_hostname_applies_to_the_origin(self) -> None:
        proxy = Proxy("https://proxy.local", ssl_context=ssl.create_default_context())
        _, backend = written(proxy, HTTPS, [ESTABLISHED], extensions={"sni_hostname": "other.org"})
        names = [handshake["server_hostname"] for handshake in backend.streams[0].handshakes]
        assert names == ["proxy.local", "other.org"]

    @pytest.mark.field(62)
    @pytest.mark.parametrize(("scheme", "port", "handshakes"), [("ws", 80, 0), ("wss", 443, 1)])
    def test_websockets(self, scheme: str, port: int, handshakes: int) -> None:
        sent, backend = written(Proxy("http://proxy.local"), f"{scheme}://example.com/", [ESTABLISHED])
        assert sent.startswith(b"CONNECT example.com:%d HTTP/1.1\r\n" % port)
        assert b"\r\n\r\nGET / HTTP/1.1\r\n" in sent
        assert len(backend.streams[0].handshakes) == handshakes

    def test_the_default_context_of_a_proxy_is_shared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        built: list[ssl.SSLContext] = []

        def default_ssl_context() -> ssl.SSLContext:
            built.append(ssl.create_default_context())
            return built[-1]

        monkeypatch.setattr(_ssl, "default_ssl_context", default_ssl_context)
        _ssl._context_offering.cache_clear()
        for _ in range(2):
            written(Proxy("https://proxy.local"), HTTPS, [ESTABLISHED])
            written(Proxy("https://proxy.local"), HTTP, [])
        _ssl._context_offering.cache_clear()
        assert len(built) == 1


class TestSocks:
    @pytest.mark.field(69)
    @pytest.mark.parametrize(("scheme", "handshakes"), [("ws", 0), ("wss", 1), ("http", 0), ("https", 1)])
    def test_tls_depends_on_the_scheme_of_the_origin(self, scheme: str, handshakes: int) -> None:
        _, backend = written(Proxy("socks5://proxy.local"), f"{scheme}://example.com/", SOCKS5)
        assert len(backend.streams[0].handshakes) == handshakes

    def test_credentials(self) -> None:
        sent, _ = written(Proxy("socks5://proxy.local", auth=AUTH), HTTP, SOCKS5_AUTH)
        assert b"\x01\x07someone\x06secret" in sent
        assert b"Proxy-Authorization" not in sent

    def test_ports(self) -> None:
        for scheme, replies in (("socks5", SOCKS5), ("socks5h", SOCKS5), ("socks4a", SOCKS4)):
            _, backend = written(Proxy(f"{scheme}://proxy.local"), HTTP, replies)
            assert backend.connects[0]["port"] == 1080

    def test_another_scheme_means_socks5(self) -> None:
        backend = RecordingBackend([*SOCKS5, OK])
        with SOCKSProxy("http://proxy.local:9050", network_backend=backend) as pool:
            assert (pool.request("GET", HTTP)).content == b"ok"
        assert (backend.connects[0]["host"], backend.connects[0]["port"]) == ("proxy.local", 9050)

    @pytest.mark.field(68)
    def test_who_resolves_names(self) -> None:
        backend = RecordingBackend([*SOCKS5, OK])
        with SOCKSProxy("socks5://proxy.local", network_backend=backend, rdns=False) as pool:
            pool.request("GET", "http://localhost/")
        assert b"\x03\x09localhost" not in backend.streams[0].written
        assert backend.connects[0]["host"] == "proxy.local"

    @pytest.mark.parametrize(
        "new",
        [
            lambda: SOCKSProxy("socks5://proxy.local"),
            lambda: ConnectionPool(proxy=Proxy("socks4://proxy.local")),
            lambda: ConnectionPool(proxy=[Proxy("http://proxy.local"), Proxy("socks5h://proxy.local")]),
        ],
    )
    def test_without_socksio(self, new: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "socksio", None)
        with pytest.raises(RuntimeError, match=r"Use 'pip install httpcore\[socks\]'\.$"):
            new()

    def test_http_proxies_need_no_socksio(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "socksio", None)
        sent, _ = written(Proxy("http://proxy.local"), HTTPS, [ESTABLISHED])
        assert sent.startswith(b"CONNECT")


class TestWrongArguments:
    @pytest.mark.parametrize("proxy", ["http://proxy.local", [Proxy("http://proxy.local"), "http://proxy.local"]])
    def test_not_a_proxy(self, proxy: Any) -> None:
        text = r"^proxy must be a Proxy or a sequence of them, but got (str: pass Proxy\(url\)|list)\.$"
        with pytest.raises(TypeError, match=text):
            ConnectionPool(proxy=proxy)

    def test_an_empty_list_of_proxies(self) -> None:
        sent, _ = written([], HTTP, [])
        assert sent.startswith(b"GET / HTTP/1.1\r\n")

    def test_proxy_ssl_context_for_an_http_proxy(self) -> None:
        with pytest.raises(RuntimeError, match=r"^The `proxy_ssl_context` argument is not allowed for the http"):
            HTTPProxy("http://proxy.local", proxy_ssl_context=ssl.create_default_context())


class TestSecrets:
    @pytest.mark.field(70)
    @pytest.mark.parametrize(
        ("scheme", "replies", "url"),
        [
            ("http", [], HTTP),
            ("http", [ESTABLISHED], HTTPS),
            ("http", [b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"], HTTPS),
            ("socks5", SOCKS5_AUTH, HTTPS),
            ("socks5", [b"\x05\x02", b"\x01\x01"], HTTPS),
            ("socks4a", SOCKS4, HTTPS),
        ],
    )
    @pytest.mark.fault("S20", "N11")
    @pytest.mark.parametrize("explicit", [True, False])
    def test_secrets_are_not_shown(
        self, explicit: bool, scheme: str, replies: list[bytes], url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        shown: list[str] = []

        def trace(name: str, info: dict[str, Any]) -> None:
            shown.append(f"{name} {info!r}")
            if "request" in info:
                shown.append(repr(info["request"].headers))

        proxy = Proxy(f"{scheme}://someone:secret@proxy.local", auth=AUTH if explicit else None)
        backend = RecordingBackend([*replies, OK])
        with caplog.at_level("DEBUG", "httpcore"):
            with ConnectionPool(proxy=proxy, network_backend=backend) as pool:
                try:
                    pool.request("GET", url, extensions={"trace": trace})
                except ProxyError as error:
                    shown += [str(error), repr(error), repr(error.__cause__)]
                shown += [repr(pool), repr(pool.connections), repr(proxy), repr(proxy.url)]
        # The proxy has received the credentials.
        assert re.search(rb"someone|c29tZW9uZTpzZWNyZXQ=", backend.streams[0].written)
        for text in [*shown, *caplog.messages]:
            assert "secret" not in text
            assert "c29tZW9uZTpzZWNyZXQ=" not in text
            assert "someone" not in text
