"""Invalid arguments of pools and connections raise an error at once, which names the argument."""

import math
from typing import Any

import pytest
from httpcore import URL, AsyncConnectionPool, AsyncHTTPConnection, AsyncHTTPProxy, ConnectError, Origin, Proxy
from httpcore_test_support.recording import AsyncRecordingBackend

pytestmark = [pytest.mark.anyio, pytest.mark.fault("N10")]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, r"^max_connections must be at least 1, or None for no limit, but got 0\.$"),
        (-1, ValueError, r"^max_connections must be at least 1, or None for no limit, but got -1\.$"),
        ("5", TypeError, r"^max_connections must be an int or None, but got str\.$"),
        (1.5, TypeError, r"^max_connections must be an int or None, but got float\.$"),
    ],
)
async def test_invalid_max_connections(value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        AsyncConnectionPool(max_connections=value)
    with pytest.raises(error, match=message):
        AsyncHTTPProxy("http://proxy.local", max_connections=value)


@pytest.mark.parametrize("value", [1, True, None, math.inf])
async def test_valid_max_connections(value: Any) -> None:
    pool = AsyncConnectionPool(max_connections=value, network_backend=AsyncRecordingBackend([OK]))
    async with pool:
        assert (await pool.request("GET", "http://example.com/")).status == 200


async def test_invalid_ssl_context() -> None:
    context: Any = True
    for new in (
        lambda: AsyncConnectionPool(ssl_context=context),
        lambda: AsyncHTTPConnection(Origin(b"https", b"example.com", 443), ssl_context=context),
        lambda: AsyncHTTPProxy("https://proxy.local", proxy_ssl_context=context),
    ):
        with pytest.raises(TypeError, match=r"ssl_context must be an ssl\.SSLContext or None, but got bool\.$"):
            new()


@pytest.mark.parametrize("port", [0, -1, 65536, 99999])
@pytest.mark.parametrize("through", [None, "http", "socks5"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_invalid_port(port: int, through: str | None, scheme: str) -> None:
    backend = AsyncRecordingBackend([OK])
    proxy = None if through is None else Proxy(f"{through}://proxy.local")
    pool = AsyncConnectionPool(proxy=proxy, network_backend=backend if proxy else None)
    async with pool:
        message = rf"^port must be an int from 1 to 65535, but got {port} \(example\.com\)\.$"
        with pytest.raises(ConnectError, match=message):
            await pool.request("GET", URL(scheme=scheme, host="example.com", port=port, target="/"))
        assert not backend.connects


@pytest.mark.parametrize("port", [0, 99999])
@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_invalid_port_of_a_proxy(port: int, scheme: str) -> None:
    proxy = Proxy(URL(scheme=scheme, host="proxy.local", port=port, target="/"))
    async with AsyncConnectionPool(proxy=proxy) as pool:
        message = rf"^port must be an int from 1 to 65535, but got {port} \(proxy\.local\)\.$"
        with pytest.raises(ConnectError, match=message):
            await pool.request("GET", "http://example.com/")


@pytest.mark.upgrade("4.7")
@pytest.mark.parametrize("port", [0, 99999])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_custom_backend_gets_any_port(port: int, scheme: str) -> None:
    backend = AsyncRecordingBackend([OK])
    async with AsyncConnectionPool(network_backend=backend) as pool:
        # A connection to the default port is not used for this port.
        await pool.request("GET", f"{scheme}://example.com/")
        await pool.request("GET", URL(scheme=scheme, host="example.com", port=port, target="/"))
    assert [arguments["port"] for arguments in backend.connects] == [443 if scheme == "https" else 80, port]
