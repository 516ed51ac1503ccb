"""Guards, credentials and options that programs assign to connections through proxies before these are open."""

import functools
from collections.abc import Callable
from typing import Any

import httpcore
import pytest
from httpcore import Origin
from httpcore._sync.http_proxy import ForwardHTTPConnection, TunnelHTTPConnection
from httpcore._sync.socks_proxy import Socks5Connection

PROXY = Origin(b"http", b"proxy", 1)
SOCKS = Origin(b"socks5", b"proxy", 1)
OTHER = Origin(b"socks5", b"other", 2)
TARGET = Origin(b"https", b"example.com", 443)
CREDENTIALS = (b"Proxy-Authorization", b"secret")

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TUNNEL = [b"HTTP/1.1 200 OK\r\n\r\n", OK]
NO_AUTH = [b"\x05\x00", b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", OK]
AUTH = [b"\x05\x02", b"\x01\x00", *NO_AUTH[1:]]


class Blocked(httpcore.ConnectError):
    """What a guard raises."""


class Peer(httpcore.NetworkBackend):
    """A backend that records where it connects and what is written."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.opened: list[tuple[Any, ...]] = []
        self.written = b""

    def connect_tcp(
        self, host: str, port: int, timeout: Any = None, local_address: Any = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        self.opened.append((host, port, timeout, local_address))
        stream: Any = httpcore.MockStream(list(self.answers))
        stream.write = self.write
        return stream  # type: ignore[no-any-return]

    def write(self, data: bytes, timeout: float | None = None) -> None:
        self.written += data


def refuse(*args: Any, **kwargs: Any) -> Any:
    raise Blocked


def send(connection: Any, **extensions: Any) -> None:
    url = httpcore.URL(scheme=connection._remote_origin.scheme, host=connection._remote_origin.host, target="/")
    with connection:
        assert connection.request("GET", url, extensions=extensions).status == 200


def tunnel(backend: httpcore.NetworkBackend, kind: Any = TunnelHTTPConnection) -> Any:
    return kind(proxy_origin=PROXY, remote_origin=TARGET, network_backend=backend)


def forward(backend: httpcore.NetworkBackend) -> Any:
    remote = Origin(b"http", b"example.com", 80)
    return ForwardHTTPConnection(proxy_origin=PROXY, remote_origin=remote, network_backend=backend)


def socks(backend: httpcore.NetworkBackend) -> Any:
    return Socks5Connection(proxy_origin=SOCKS, remote_origin=TARGET, network_backend=backend)


@pytest.mark.upgrade("4.1")
@pytest.mark.parametrize("name", ["_connect", "_network_backend"])
@pytest.mark.parametrize("make", [tunnel, forward])
def test_a_guard_on_the_connection_to_the_proxy(make: Callable[..., Any], name: str) -> None:
    peer, guard = Peer(TUNNEL), Peer(TUNNEL)
    guard.connect_tcp = refuse  # type: ignore[method-assign]
    connection = make(peer)
    setattr(connection._connection, name, guard if name == "_network_backend" else refuse)
    with pytest.raises(Blocked):
        send(connection)
    assert not peer.opened


@pytest.mark.upgrade("3.3")
def test_another_connection_to_the_proxy() -> None:
    peer, other = Peer([]), Peer(TUNNEL)

    class Tunnel(TunnelHTTPConnection):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._connection = httpcore.HTTPConnection(PROXY, local_address="192.0.2.1", network_backend=other)

    send(tunnel(peer, Tunnel), timeout={"connect": 5.0})
    assert not peer.opened
    [(host, port, timeout, local_address)] = other.opened
    assert (host, port, local_address) == ("proxy", 1, "192.0.2.1")
    assert 4 < timeout <= 5
    assert other.written.startswith(b"CONNECT example.com:443 HTTP/1.1\r\n")


@pytest.mark.upgrade("4.1")
def test_a_guard_sees_the_connect_request() -> None:
    seen: list[httpcore.Request] = []
    connection = tunnel(Peer(TUNNEL))
    to_proxy = connection._connection
    connect = to_proxy._connect

    def guard(request: httpcore.Request) -> Any:
        seen.append(request)
        return connect(request)

    to_proxy._connect = guard
    send(connection, sni_hostname="other.example")
    [request] = seen
    assert (request.method, request.url.host, request.url.target) == (b"CONNECT", b"proxy", b"example.com:443")
    assert "sni_hostname" not in request.extensions


@pytest.mark.upgrade("3.3")
def test_closing_reaches_another_connection_to_the_proxy() -> None:
    connection = tunnel(Peer(TUNNEL))
    connection._connection._connect = lambda request: connection.close() or httpcore.MockStream(list(TUNNEL))
    with pytest.raises(httpcore.ConnectError, match="closed"):
        send(connection)


@pytest.mark.upgrade("3.3")
@pytest.mark.parametrize("append", [True, False])
@pytest.mark.parametrize("make", [tunnel, forward])
def test_headers_for_the_proxy(make: Callable[..., Any], append: bool) -> None:
    peer = Peer(TUNNEL if make is tunnel else [OK])
    connection = make(peer)
    if append:
        connection._proxy_headers.append(CREDENTIALS)
    else:
        connection._proxy_headers = [CREDENTIALS]
    send(connection)
    assert b"\r\nProxy-Authorization: secret\r\n" in peer.written


def assign(connection: Any, name: str, value: Any) -> None:
    setattr(connection, name, value)
    assert getattr(connection, name) == value


@pytest.mark.upgrade("3.3")
@pytest.mark.parametrize(
    ("change", "answers", "address", "written"),
    [
        (functools.partial(assign, name="_proxy_auth", value=(b"u", b"p")), AUTH, "proxy", b"\x01\x01u\x01p"),
        (functools.partial(assign, name="_proxy_origin", value=OTHER), NO_AUTH, "other", b"example.com"),
        (
            functools.partial(assign, name="_remote_origin", value=Origin(b"https", b"new.example", 443)),
            NO_AUTH,
            "proxy",
            b"new.example",
        ),
    ],
)
def test_a_socks_proxy(change: Any, answers: list[bytes], address: str, written: bytes) -> None:
    peer = Peer(answers)
    connection = socks(peer)
    change(connection)
    send(connection)
    assert [opened[0] for opened in peer.opened] == [address]
    assert written in peer.written


class Replaced(Exception):
    """What the replacement of a class raises."""


@pytest.mark.upgrade("3.3")
@pytest.mark.parametrize(
    ("path", "scheme", "target"),
    [
        ("http_proxy.TunnelHTTPConnection", "http", "https://example.com/"),
        ("http_proxy.ForwardHTTPConnection", "http", "http://example.com/"),
        ("socks_proxy.Socks5Connection", "socks5", "http://example.com/"),
    ],
)
@pytest.mark.parametrize("flavour", ["sync", "async"])
def test_a_program_replaces_the_class_of_connections_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, flavour: str, path: str, scheme: str, target: str
) -> None:
    def replacement(*args: Any, **kwargs: Any) -> Any:
        raise Replaced

    kind = httpcore.ConnectionPool if flavour == "sync" else httpcore.AsyncConnectionPool
    pool = kind(proxy=httpcore.Proxy(f"{scheme}://proxy:1"))
    origin = httpcore.URL(target).origin
    pool.create_connection(origin)
    module, name = path.split(".")
    monkeypatch.setattr(f"httpcore._{flavour}.{module}.{'Async' * (flavour == 'async')}{name}", replacement)
    with pytest.raises(Replaced):
        pool.create_connection(origin)
