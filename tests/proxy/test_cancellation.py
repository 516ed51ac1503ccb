"""Cancelling a request through each kind of proxy, at every point where it can be cancelled.

After each cancellation, the pool with its single connection must serve the next request at once, and the proxy must see
the cancelled connection close.
"""

import time
from collections.abc import Callable

import anyio
import pytest
from httpcore import AsyncConnectionPool, Proxy
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.nested_tls import start_inner_tls
from httpcore_test_support.scripted import Connection, ScriptedServer, Step, scripted_server
from httpcore_test_support.steps import receive_exactly, receive_until, start_tls
from httpcore_test_support.sweep import sweep

pytestmark = pytest.mark.anyio

LIMITS = {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 0.0}
AUTH = ("user", "secret")
ADDRESS = b"\x00\x00\x01\x7f\x00\x00\x01\x12\x34"

# How often a request is suspended depends on the speed of the proxy. It is suspended at least for connecting, for the
# head of the response and for a part of its body.
MINIMUM_STEPS = 3


def slowly(data: bytes) -> Step:
    """Send `data` in two parts, so that the client has to wait for the second."""

    def run(connection: Connection) -> None:
        for part in (data[:1], data[1:]):
            # No event tells when the client reads: it may be gone.
            time.sleep(0.002)
            connection.send(part)

    return run


def answer(connection: Connection) -> None:
    while True:
        connection.receive_request()
        slowly(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")(connection)


ESTABLISH = [receive_until(b"\r\n\r\n"), slowly(b"HTTP/1.1 200 OK\r\n\r\n")]
SOCKS5 = [receive_exactly(3), slowly(b"\x05\x00"), receive_exactly(16), slowly(b"\x05\x00" + ADDRESS[1:])]
SOCKS5_WITH_AUTH = [
    receive_exactly(3),
    slowly(b"\x05\x02"),
    receive_exactly(13),
    slowly(b"\x01\x00"),
    receive_exactly(16),
    slowly(b"\x05\x00" + ADDRESS[1:]),
]
SOCKS4A = [receive_exactly(19), slowly(b"\x00\x5a" + bytes(6))]


def _steps(certificates: Certificates) -> dict[str, list[Step]]:
    """Return what a scripted peer does that plays all proxies of a chain and the origin behind them."""
    tls = start_tls(certificates.server_context())
    inner_tls = start_inner_tls(certificates.server_context())
    return {
        "forward": [answer],
        "forward over TLS": [tls, answer],
        "tunnel": [*ESTABLISH, tls, answer],
        "tunnel over TLS": [tls, *ESTABLISH, inner_tls, answer],
        "SOCKS5": [*SOCKS5_WITH_AUTH, tls, answer],
        "SOCKS4a": [*SOCKS4A, tls, answer],
        "chain": [*ESTABLISH, *SOCKS5, *ESTABLISH, tls, answer],
    }


def _proxies(certificates: Certificates) -> dict[str, Callable[[str], list[Proxy]]]:
    context = certificates.client_context
    return {
        "forward": lambda server: [Proxy(f"http://{server}")],
        "forward over TLS": lambda server: [Proxy(f"https://{server}", ssl_context=context())],
        "tunnel": lambda server: [Proxy(f"http://{server}")],
        "tunnel over TLS": lambda server: [Proxy(f"https://{server}", ssl_context=context())],
        "SOCKS5": lambda server: [Proxy(f"socks5://{server}", auth=AUTH)],
        "SOCKS4a": lambda server: [Proxy(f"socks4a://{server}")],
        "chain": lambda server: [
            Proxy(f"http://{server}"),
            # The script relies on the length of the name.
            Proxy("socks5://localhost"),
            Proxy("http://localhost"),
        ],
    }


KINDS = ("forward", "forward over TLS", "tunnel", "tunnel over TLS", "SOCKS5", "SOCKS4a", "chain")


async def assert_serves(pool: AsyncConnectionPool, server: ScriptedServer, url: str) -> None:
    """Check that no request and no connection is active, and that the next request need not wait."""
    stats = pool.stats()
    assert (stats.requests_active, stats.requests_queued, stats.connections_active) == (0, 0, 0), pool
    response = await pool.request("GET", url, extensions={"timeout": LIMITS})
    assert response.content == b"hello"
    assert await anyio.to_thread.run_sync(server.wait_open, 1)


@pytest.mark.field(56, 67)
@pytest.mark.parametrize("kind", KINDS)
async def test_cancelling_at_every_point(kind: str, certificates: Certificates) -> None:
    url = f"{'http' if kind.startswith('forward') else 'https'}://localhost/"
    with scripted_server(_steps(certificates)[kind]) as server:
        proxies = _proxies(certificates)[kind](f"127.0.0.1:{server.port}")
        async with AsyncConnectionPool(certificates.client_context(), proxies, max_connections=1) as pool:

            async def fresh() -> None:
                try:
                    await pool.request("GET", url, extensions={"timeout": LIMITS})
                finally:
                    with anyio.CancelScope(shield=True):
                        await pool.aclose()

            async def check(step: int) -> None:
                await assert_serves(pool, server, url)
                await pool.aclose()
                assert await anyio.to_thread.run_sync(server.wait_closed)

            assert await sweep(fresh, check) > MINIMUM_STEPS
