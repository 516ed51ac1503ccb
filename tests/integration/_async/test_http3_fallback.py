"""HTTP/3 with Caddy while UDP does not get through, and afterwards: what a request waits for, step by step."""

from typing import Any

import pytest

pytest.importorskip("qh3")

from httpcore import AsyncConnectionPool
from httpcore._http3 import origins
from httpcore_test_support._async.detours import AsyncDetour
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.datagram_relay import Path, datagram_relay
from httpcore_test_support.waiting import async_at_once

pytestmark = pytest.mark.anyio

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}
HEAD_START = 0.05
OVER_TCP = [
    "connection.connect_tcp.started",
    "connection.connect_tcp.complete",
    "connection.start_tls.started",
    "connection.start_tls.complete",
]


class AsyncClient:
    """A pool, and the steps of its last request until there was a connection."""

    def __init__(self, pool: AsyncConnectionPool, backend: AsyncDetour, url: str) -> None:
        self.pool = pool
        self.url = url
        self.calls = backend.calls
        self.events: list[str] = []
        self.limits: list[Any] = []

    async def request_anew(self) -> bytes:
        """Send a request on a new connection, and return the version of HTTP."""
        await self.pool.aclose()
        self.calls.clear()
        self.events.clear()
        self.limits.clear()

        async def trace(event: str, info: dict[str, Any]) -> None:
            if event.startswith("connection.") or "handshake" in event:
                self.events.append(event)
            if event == "http3.handshake.started":
                self.limits.append(info["timeout"])

        response = await self.pool.request("GET", self.url, extensions={**TIMEOUTS, "trace": trace})
        assert response.content == b"Hello, world!\n"
        version: bytes = response.extensions["http_version"]
        return version

    def five_minutes_pass(self) -> None:
        assert self.pool._http3 is not None
        failures = self.pool._http3.origins._failures
        for key, failure in list(failures.items()):
            failures[key] = failure._replace(until=0.0)


@pytest.mark.parametrize("http2", [False, True])
async def test_udp_is_blocked_for_a_while(
    caddy_http3: CaddyServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, http2: bool
) -> None:
    """The first request waits for the head start of QUIC and for nothing else, the next ones do not wait."""
    monkeypatch.setattr(origins, "_HEAD_START", HEAD_START)
    monkeypatch.setattr(origins, "_TIMES_OF_TCP", 0.0)
    tcp = b"HTTP/2" if http2 else b"HTTP/1.1"
    with datagram_relay(caddy_http3.https_port) as relay:
        backend = AsyncDetour(relay.port)
        context = certificates.client_context()
        async with AsyncConnectionPool(context, http2=http2, http3=True, network_backend=backend) as pool:
            client = AsyncClient(pool, backend, caddy_http3.https_url + "/")
            assert await client.request_anew() == tcp
            assert client.events == OVER_TCP
            relay.path = Path(blocked=True)

            assert await client.request_anew() == tcp
            assert [name for name, _ in client.calls] == ["udp", "tcp"]  # without a pause
            assert client.calls[0] == ("udp", HEAD_START)
            assert client.limits[0] <= HEAD_START
            assert client.events == [
                "connection.connect_udp.started",
                "connection.connect_udp.complete",
                "http3.handshake.started",
                "http3.handshake.failed",
                *OVER_TCP,
            ]
            for _ in range(3):
                assert await client.request_anew() == tcp
                assert client.events == OVER_TCP

            # It is still blocked when its time has come, and once more it is one request that finds out.
            client.five_minutes_pass()
            assert await client.request_anew() == tcp
            assert [name for name, _ in client.calls] == ["udp", "tcp"]
            assert await client.request_anew() == tcp
            assert [name for name, _ in client.calls] == ["tcp"]
            assert pool.stats().http3 == {"opened": 0, "fell_back": 2, "broken": 1}

            relay.path = Path()
            client.five_minutes_pass()
            monkeypatch.setattr(origins, "_HEAD_START", 20.0)
            assert await client.request_anew() == b"HTTP/3"
            assert [name for name, _ in client.calls] == ["udp"]
            assert pool.stats().http3 == {"opened": 1, "fell_back": 2, "broken": 0}


async def test_many_requests_wait_for_one_head_start(
    caddy_http3: CaddyServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origins, "_HEAD_START", HEAD_START)
    url = caddy_http3.https_url + "/"
    with datagram_relay(caddy_http3.https_port) as relay:
        backend = AsyncDetour(relay.port)
        context = certificates.client_context()
        async with AsyncConnectionPool(context, http2=True, http3=True, network_backend=backend) as pool:
            client = AsyncClient(pool, backend, url)
            assert await client.request_anew() == b"HTTP/2"
            await pool.aclose()
            backend.calls.clear()
            relay.path = Path(blocked=True)

            async def get() -> bytes:
                response = await pool.request("GET", url, extensions=TIMEOUTS)
                version: bytes = response.extensions["http_version"]
                return version

            assert await async_at_once(*[get] * 8) == [b"HTTP/2"] * 8
            assert [name for name, _ in backend.calls] == ["udp", "tcp"]
