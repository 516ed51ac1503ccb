# Generated from ../_async/test_guarded.py by tools/make_sync.py: edit that file, then run it.
"""Server-side request forgery (SSRF) fails below a guard: redirects, DNS rebinding, spellings, proxies, and httpx."""

import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Any

import httpx
import pytest
from httpcore import (
    ConnectError,
    ConnectionPool,
    Destination,
    GuardedBackend,
    HTTPConnection,
    NetworkBackend,
    NetworkStream,
    Origin,
    Proxy,
    SyncBackend,
    only_global_addresses,
)
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.proxies import AUTH, RealProxies
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold, receive_request, send

pytestmark = pytest.mark.anyio

GLOBAL = "93.184.216.34"
LIMITS = {"timeout": {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}}
NOT_GLOBAL = {
    "loopback": "127.0.0.1",
    "name": "localhost",
    "decimal": "2130706433",
    "octal": "0177.0.0.1",
    "hexadecimal": "0x7f.0.0.1",
    "short": "127.1",
    "unspecified": "0.0.0.0",
    "IPv6 loopback": "[::1]",
    "IPv4-mapped": "[::ffff:127.0.0.1]",
    "IPv4-compatible": "[::127.0.0.1]",
    "NAT64": "[64:ff9b::7f00:1]",
    "local NAT64": "[64:ff9b:1::7f00:1]",
    "6to4": "[2002:7f00:1::]",
    "Teredo": "[2001:0:7f00:1::]",
    "metadata": "169.254.169.254",
    "metadata by name": "metadata.internal",
    "partly private": "10.0.0.1",
}
NAMES = {"public.example": [GLOBAL], "metadata.internal": ["169.254.169.254", "fd00:ec2::254"]}


class RoutingBackend(NetworkBackend):
    """The world: a global address leads to a server of this machine, all other ones to what they are."""

    def __init__(self) -> None:
        self.hosts: list[str] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        self.hosts.append(host)
        there = "127.0.0.1" if host == GLOBAL else host
        return SyncBackend().connect_tcp(there, port, timeout, local_address, socket_options)


def resolver(host: str, port: int) -> Sequence[str]:
    """Knows some names. Of odd spellings and `localhost` the system makes what it will, without a network."""
    return NAMES.get(host) or [str(info[4][0]) for info in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)]


def guarded(world: NetworkBackend | None = None) -> GuardedBackend:
    return GuardedBackend(only_global_addresses, world or RoutingBackend(), resolver=resolver)


def allowing(seen: list[Destination]) -> Callable[[Destination], bool]:
    """A rule that allows everything."""

    def allow(destination: Destination) -> bool:
        seen.append(destination)
        return True

    return allow


def client(backend: NetworkBackend) -> httpx.Client:
    """httpx with our backend, as its users have to put it there."""
    transport = httpx.HTTPTransport(verify=False)
    transport._pool = ConnectionPool(network_backend=backend)  # type: ignore[assignment]
    return httpx.Client(transport=transport, follow_redirects=True, timeout=10.0)


class TestForgery:
    @pytest.mark.parametrize("host", NOT_GLOBAL.values(), ids=list(NOT_GLOBAL))
    def test_a_url_of_an_attacker(self, host: str, caddy: CaddyServer) -> None:
        world = RoutingBackend()
        with ConnectionPool(network_backend=guarded(world)) as pool:
            with pytest.raises(ConnectError, match=r"only_global_addresses refuses .*: .* \(.*:\d+\)$"):
                pool.request("GET", f"http://{host}:{caddy.http_port}/", extensions=LIMITS)
            # The pool goes on, and its slot is free.
            url = f"http://public.example:{caddy.http_port}/inspect"
            assert (pool.request("GET", url, extensions=LIMITS)).status == 200
        assert world.hosts == [GLOBAL]

    def test_a_zone(self) -> None:
        with ConnectionPool(network_backend=guarded()) as pool:
            with pytest.raises(ConnectError, match="it has a zone of this machine"):
                pool.request("GET", "http://[2606:4700::1%25lo]/", extensions=LIMITS)

    @pytest.mark.parametrize("host", NOT_GLOBAL.values(), ids=list(NOT_GLOBAL))
    def test_a_redirect(self, host: str, caddy: CaddyServer) -> None:
        location = f"Location: http://{host}:{caddy.http_port}/\r\nContent-Length: 0\r\n\r\n".encode()
        world = RoutingBackend()
        with scripted_server([receive_request(), send(b"HTTP/1.1 302 Found\r\n" + location), hold()]) as server:
            with client(guarded(world)) as http:
                with pytest.raises(httpx.TransportError, match=r"only_global_addresses refuses|Invalid IPv4 address"):
                    http.get(f"http://public.example:{server.port}/")
        assert world.hosts == [GLOBAL]

    @pytest.mark.parametrize("stock", [False, True], ids=["plain", "stock"])
    def test_rebinding(self, caddy: CaddyServer, stock: bool) -> None:
        """The name leads to another address each time: checked is what is connected to."""
        questions: list[str] = []
        seen: list[Destination] = []

        def rebinding(host: str, port: int) -> Sequence[str]:
            questions.append(host)
            return [GLOBAL] if len(questions) == 1 else ["127.0.0.1"]

        def allow(destination: Destination) -> bool | str:
            seen.append(destination)
            # On this machine nothing global answers: for the stock backend another address plays its part.
            return str(destination.address) == "127.0.0.1" if stock else only_global_addresses(destination)

        world = None if stock else RoutingBackend()
        backend = GuardedBackend(allow, world, resolver=rebinding)
        limits = {"timeout": {**LIMITS["timeout"], "connect": 10.0}}
        results: list[Any] = []
        for _ in range(2):
            with ConnectionPool(network_backend=backend) as pool:
                try:
                    url = f"http://rebinding.example:{caddy.http_port}/inspect"
                    response = pool.request("GET", url, extensions=limits)
                    results.append(response.extensions["network_stream"].get_extra_info("server_addr")[0])
                except ConnectError as exc:
                    results.append(str(exc))
        assert questions == ["rebinding.example"] * 2
        assert [str(destination.address) for destination in seen] == [GLOBAL, "127.0.0.1"]
        works, fails = reversed(results) if stock else results
        assert works == "127.0.0.1"
        assert f"refuses {GLOBAL if stock else '127.0.0.1'}" in fails

    def test_every_attempt_is_checked(self) -> None:
        seen: list[Destination] = []
        answers = [["127.0.0.1"], ["10.0.0.2"]]  # nothing listens at the first; a refusal is final

        def refuse(destination: Destination) -> bool:
            seen.append(destination)
            return str(destination.address) == "127.0.0.1"

        backend = GuardedBackend(refuse, resolver=lambda host, port: answers.pop(0))
        with ConnectionPool(network_backend=backend, retries=1) as pool:
            with pytest.raises(ConnectError, match=r"^refuse refuses 10\.0\.0\.2 \(a\.example:1\)$"):
                pool.request("GET", "http://a.example:1/", extensions=LIMITS)
        assert [str(destination.address) for destination in seen] == ["127.0.0.1", "10.0.0.2"]


class TestNoWayAround:
    def test_unix_socket_of_a_pool(self) -> None:
        with scripted_server(hold(), unix=True) as server:
            with ConnectionPool(network_backend=guarded(), uds=server.unix_socket) as pool:
                with pytest.raises(ConnectError, match="only_global_addresses refuses the Unix socket"):
                    pool.request("GET", "http://public.example/", extensions=LIMITS)
            assert server.open_connections == 0

    def test_local_address(self, caddy: CaddyServer) -> None:
        with ConnectionPool(network_backend=guarded(), local_address="127.0.0.1") as pool:
            with pytest.raises(ConnectError, match="only_global_addresses refuses"):
                pool.request("GET", caddy.http_url, extensions=LIMITS)

    def test_single_connection(self, caddy: CaddyServer) -> None:
        origin = Origin(b"http", b"127.0.0.1", caddy.http_port)
        with HTTPConnection(origin, network_backend=guarded()) as connection:
            with pytest.raises(ConnectError, match="only_global_addresses refuses"):
                connection.request("GET", caddy.http_url, extensions=LIMITS)

    def test_backend_that_is_set_later(self, caddy: CaddyServer) -> None:
        with ConnectionPool() as pool:
            assert (pool.request("GET", f"{caddy.http_url}/inspect", extensions=LIMITS)).status == 200
            pool._network_backend = guarded()  # as programs do with httpcore 1.0
            with pytest.raises(ConnectError, match="only_global_addresses refuses"):
                pool.request("GET", f"http://localhost:{caddy.http_port}/", extensions=LIMITS)

    @pytest.mark.parametrize("scheme", ["http", "socks4", "socks5", "socks5h"])
    @pytest.mark.parametrize("origin", ["http", "https"])
    def test_proxies(self, proxies: RealProxies, caddy: CaddyServer, scheme: str, origin: str) -> None:
        chain = [Proxy(proxies.open.url(scheme)), Proxy(proxies.open.url("socks5"))]
        for way in (chain[0], chain):
            with ConnectionPool(network_backend=guarded(), proxy=way) as pool:
                with pytest.raises(ConnectError, match=r"127\.0\.0\.1: a proxy may connect to any address"):
                    pool.request("GET", f"{origin}://{GLOBAL}/", extensions=LIMITS)

    def test_unix_socket_of_a_proxy(self, proxies: RealProxies) -> None:
        seen: list[Destination] = []

        def refuse(destination: Destination) -> bool:
            seen.append(destination)
            return False

        backend, path = GuardedBackend(refuse), proxies.unix.unix_socket
        proxy = Proxy("http://proxy.example:3128")
        with ConnectionPool(network_backend=backend, proxy=proxy, uds=path) as pool:
            with pytest.raises(ConnectError, match="refuse refuses the Unix socket"):
                pool.request("GET", "http://public.example/", extensions=LIMITS)
        assert seen == [Destination(None, None, None, path, "proxy")]


WAYS = {
    "HTTP": [("open", "http")],
    "HTTPS": [("https", "https")],
    "SOCKS4": [("open", "socks4")],
    "SOCKS5": [("open", "socks5")],
    "HTTP, SOCKS5": [("open", "http"), ("closed", "socks5")],
    "SOCKS5, HTTP": [("open", "socks5"), ("http", "http")],
}


class TestTrustedProxies:
    @pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_they_are_told_apart(
        self,
        proxies: RealProxies,
        caddy: CaddyServer,
        certificates: Certificates,
        way: Sequence[tuple[str, str]],
        scheme: str,
    ) -> None:
        seen: list[Destination] = []
        chain = [
            Proxy(
                getattr(proxies, name).url(protocol, "localhost"),
                auth=None if name == "open" else AUTH,
                ssl_context=certificates.client_context() if protocol == "https" else None,
            )
            for name, protocol in way
        ]
        backend = GuardedBackend(allowing(seen), resolver=lambda host, port: ["127.0.0.1"])
        url = caddy.http_url if scheme == "http" else caddy.https_url
        with ConnectionPool(certificates.client_context(), network_backend=backend, proxy=chain) as pool:
            assert (pool.request("GET", f"{url}/inspect", extensions=LIMITS)).status == 200
        # The first is connected to from here. What proxies connect to is not seen.
        assert seen == [Destination(ip_address("127.0.0.1"), chain[0].url.port, "localhost", None, "proxy")]

    def test_origins_beside_them_are_still_checked(self, proxies: RealProxies, caddy: CaddyServer) -> None:
        backend = GuardedBackend(
            lambda destination: destination.purpose == "proxy" or only_global_addresses(destination)
        )
        with ConnectionPool(network_backend=backend, proxy=Proxy(proxies.open.url("http"))) as pool:
            assert (pool.request("GET", f"{caddy.http_url}/inspect", extensions=LIMITS)).status == 200
        with ConnectionPool(network_backend=backend) as pool:
            with pytest.raises(ConnectError, match=r"^<lambda> refuses 127\.0\.0\.1: a loopback address"):
                pool.request("GET", f"{caddy.http_url}/inspect", extensions=LIMITS)
