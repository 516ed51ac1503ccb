"""HTTP/3 with a real server: chosen when it is offered, and gone when it does not work."""

import hashlib
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("qh3")

from httpcore import AsyncConnectionPool, ConnectError, ConnectTimeout, ReadError, ReadTimeout
from httpcore._http3 import origins
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, ScriptedServer, scripted_server
from httpcore_test_support.sockets import no_leaked_sockets
from httpcore_test_support.steps import receive_request
from httpcore_test_support.waiting import async_at_once

pytestmark = pytest.mark.anyio

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}


async def get(pool: AsyncConnectionPool, url: str, **options: Any) -> Any:
    return await pool.request("GET", url, extensions=TIMEOUTS, **options)


async def pool_that_knows(pool: AsyncConnectionPool, url: str) -> None:
    """Have the first connection, over TCP, learn of the offer, and end it."""
    response = await get(pool, f"{url}/")
    assert response.extensions["http_version"] in (b"HTTP/1.1", b"HTTP/2")
    await pool.aclose()


@pytest.mark.parametrize("http2", [False, True])
async def test_first_tcp_then_http3(caddy_http3: CaddyServer, certificates: Certificates, http2: bool) -> None:
    url = caddy_http3.https_url
    with no_leaked_sockets():
        async with AsyncConnectionPool(certificates.client_context(), http2=http2, http3=True) as pool:
            await pool_that_knows(pool, url)
            for path, file in caddy_http3.files.items():
                response = await get(pool, f"{url}{path}")
                assert response.extensions["http_version"] == b"HTTP/3"
                assert hashlib.sha256(response.content).hexdigest() == file.sha256
            content = bytes(range(256)) * 8192
            response = await pool.request("POST", f"{url}/echo", content=content, extensions=TIMEOUTS)
            assert response.content == content
            stream = response.extensions["network_stream"]
            assert stream.get_extra_info("server_addr") == ("127.0.0.1", caddy_http3.https_port)
            stats = pool.stats()
            assert (stats.http3, stats.connections_idle) == ({"opened": 1, "fell_back": 0, "broken": 0}, 1)


async def test_many_requests_share_connections(caddy_http3: CaddyServer, certificates: Certificates) -> None:
    """Caddy allows a hundred requests at a time on a connection."""
    url = f"{caddy_http3.https_url}/bytes/1000"
    async with AsyncConnectionPool(certificates.client_context(), http3=True, max_connections=2) as pool:
        await pool_that_knows(pool, caddy_http3.https_url)
        responses = await async_at_once(*[lambda: get(pool, url)] * 250)
        assert {response.extensions["http_version"] for response in responses} == {b"HTTP/3"}
        assert [len(response.content) for response in responses] == [1000] * 250
        assert pool.stats().connections_idle <= 2


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_connection_more_than_the_server_makes_necessary(
    caddy_http3: CaddyServer, certificates: Certificates, method: str
) -> None:
    """Caddy allows other streams in the place of those that have ended, but one round trip later."""
    async with AsyncConnectionPool(certificates.client_context(), http1=False, http3=True) as pool:

        async def some_requests() -> None:
            for _ in range(5):
                content = b"abc" if method == "POST" else None
                url = f"{caddy_http3.https_url}/echo" if content else f"{caddy_http3.https_url}/bytes/100"
                response = await pool.request(method, url, content=content, extensions=TIMEOUTS)
                assert len(response.content) == (3 if content else 100)

        await get(pool, f"{caddy_http3.https_url}/")
        await async_at_once(*[some_requests] * 100)
        await async_at_once(*[some_requests] * 100)
        assert pool.stats().http3 == {"opened": 1, "fell_back": 0, "broken": 0}


async def test_nothing_else(caddy_http3: CaddyServer, certificates: Certificates) -> None:
    async with AsyncConnectionPool(certificates.client_context(), http1=False, http3=True) as pool:
        assert (await get(pool, f"{caddy_http3.https_url}/")).extensions["http_version"] == b"HTTP/3"
    async with AsyncConnectionPool(ssl.create_default_context(), http1=False, http3=True) as pool:
        with pytest.raises(ConnectError):
            await get(pool, f"{caddy_http3.https_url}/")
    async with AsyncConnectionPool(certificates.client_context(), http1=False, http3=True) as pool:
        with pytest.raises(ConnectError):
            await get(pool, f"https://localhost:{caddy_http3.http_port}/")  # no UDP there


async def test_a_certificate_that_is_not_trusted(caddy_http3: CaddyServer, certificates: Certificates) -> None:
    """The error is that of TCP, which is asked in any case."""
    async with AsyncConnectionPool(ssl.create_default_context(), http3=True) as pool:
        know(pool, caddy_http3.https_port)
        with pytest.raises(ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await get(pool, f"{caddy_http3.https_url}/")
        assert pool.stats().http3 == {"opened": 0, "fell_back": 1, "broken": 1}
    async with AsyncConnectionPool(certificates.client_context(), http3=True) as pool:
        know(pool, caddy_http3.https_port, name="example.org")
        with pytest.raises(ConnectError, match="SSL"):  # Caddy has no certificate for that name
            await pool.request(
                "GET", f"{caddy_http3.https_url}/", extensions={**TIMEOUTS, "sni_hostname": "example.org"}
            )


def know(pool: Any, port: int, name: str = "127.0.0.1") -> None:
    """Let the pool know that HTTP/3 is offered."""
    pool._http3.origins._offers[b"127.0.0.1", port, name] = origins._Offer(float("inf"), True)


async def test_one_response_is_given_up(caddy_http3: CaddyServer, certificates: Certificates) -> None:
    """The others on the same connection go on."""
    async with AsyncConnectionPool(certificates.client_context(), http3=True, max_connections=1) as pool:
        await pool_that_knows(pool, caddy_http3.https_url)
        async with pool.stream("GET", f"{caddy_http3.https_url}/50mb.bin", extensions=TIMEOUTS) as given_up:
            with pytest.raises(ReadTimeout):
                await pool.request("GET", f"{caddy_http3.https_url}/slow", extensions={"timeout": {"read": 0.05}})
            assert given_up.extensions["http_version"] == b"HTTP/3"
            parts = given_up.aiter_stream()
            assert await parts.__anext__()
            await parts.aclose()  # type: ignore[attr-defined]  # it is a generator
        assert (await get(pool, f"{caddy_http3.https_url}/")).extensions["http_version"] == b"HTTP/3"
        assert pool.stats().http3 == {"opened": 1, "fell_back": 0, "broken": 0}
        assert pool.stats().requests_active == 0


async def test_closing_the_pool_ends_responses(caddy_http3: CaddyServer, certificates: Certificates) -> None:
    async with AsyncConnectionPool(certificates.client_context(), http3=True) as pool:
        await pool_that_knows(pool, caddy_http3.https_url)
        async with pool.stream("GET", f"{caddy_http3.https_url}/50mb.bin", extensions=TIMEOUTS) as response:
            await pool.aclose()
            with pytest.raises(ReadError):
                await response.aread()


class Silent:
    """A server over TLS that offers HTTP/3 at a port where nobody answers, or where nobody is."""

    def __init__(self, tcp: ScriptedServer) -> None:
        self.tcp = tcp

    def script(self, connection: Connection) -> None:
        receive_request()(connection)
        connection.send(b'HTTP/1.1 200 OK\r\nAlt-Svc: h3=":%d"\r\n' % self.tcp.port)
        connection.send(b"Connection: close\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def silent_server(certificates: Certificates, *, bound: bool) -> Iterator[ScriptedServer]:
    servers: list[Silent] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        script = lambda connection: servers[0].script(connection)  # noqa: E731
        with scripted_server(script, tls=certificates.server_context()) as tcp:
            udp.bind(("127.0.0.1", tcp.port))
            if not bound:
                udp.connect(("127.0.0.1", 9))  # for another peer only
            servers.append(Silent(tcp))
            yield tcp


@pytest.mark.parametrize("bound", [True, False])
async def test_udp_does_not_work(
    certificates: Certificates, bound: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """TCP takes its place, once after the head start and then at once."""
    caplog.set_level(logging.INFO, logger="httpcore.http3")
    monkeypatch.setattr(origins, "_HEAD_START", 0.05)
    with no_leaked_sockets(), silent_server(certificates, bound=bound) as server:
        async with AsyncConnectionPool(certificates.client_context(), http3=True) as pool:
            for _ in range(3):
                assert (await get(pool, server.url)).extensions["http_version"] == b"HTTP/1.1"
            assert pool.stats().http3 == {"opened": 0, "fell_back": 1, "broken": 1}
        async with AsyncConnectionPool(certificates.client_context(), http1=False, http3=True) as pool:
            with pytest.raises(ConnectTimeout if bound else ConnectError):
                await pool.request("GET", server.url, extensions={"timeout": {"connect": 0.05}})


async def test_threads_and_tasks_close_while_connecting(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origins, "_HEAD_START", 20.0)
    with no_leaked_sockets(), silent_server(certificates, bound=True) as server:
        async with AsyncConnectionPool(certificates.client_context(), http3=True) as pool:
            know(pool, server.port)
            connecting = threading.Event()

            async def trace(event: str, info: Any) -> None:
                if event == "http3.handshake.started":
                    connecting.set()

            async def request() -> None:
                with pytest.raises(ConnectError, match="closed while it was being opened"):
                    await pool.request("GET", server.url, extensions={**TIMEOUTS, "trace": trace})

            async def close() -> None:
                while not connecting.is_set():
                    await pool._network_backend.sleep(0.001)
                await pool.aclose()

            await async_at_once(request, close)
            assert pool.stats().connections_active == 0
