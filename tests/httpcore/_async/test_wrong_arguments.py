"""Invalid arguments of pools and connections raise an error at once, which names the argument."""

import decimal
import math
import ssl
from typing import Any

import pytest
from httpcore import (
    URL,
    AsyncConnectionPool,
    AsyncHTTPConnection,
    AsyncHTTPProxy,
    ConnectError,
    Origin,
    Proxy,
    UnsupportedProtocol,
)
from httpcore_test_support.interpreters import COUNTS_REFERENCES
from httpcore_test_support.recording import AsyncRecordingBackend

pytestmark = [pytest.mark.anyio, pytest.mark.fault("N10")]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, r"^max_connections must be at least 1, or None for no limit, but got 0\.$"),
        (-1, ValueError, r"^max_connections must be at least 1, or None for no limit, but got -1\.$"),
        ("5", TypeError, r"^max_connections must be an int or None, but got str\.$"),
    ],
)
async def test_invalid_max_connections(value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        AsyncConnectionPool(max_connections=value)
    with pytest.raises(error, match=message):
        AsyncHTTPProxy("http://proxy.local", max_connections=value)


@pytest.mark.parametrize("value", [1, 1.5, True, None, math.inf])
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


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("max_keepalive_connections", "5", TypeError, "must be an int or None, but got str"),
        ("keepalive_expiry", "5", TypeError, "must be a number of seconds or None, but got str"),
        ("retries", "3", TypeError, "must be an int, but got str"),
        ("http2_ping_interval", 0, ValueError, "must be a number of seconds above 0 or None, but got 0"),
        ("http2_ping_interval", math.nan, ValueError, "must be a number of seconds above 0 or None, but got nan"),
        ("http2_ping_interval", "5", TypeError, "must be a number of seconds above 0 or None, but got str"),
        ("http2_ping_timeout", 0, ValueError, "must be a number of seconds above 0, but got 0"),
        ("http2_ping_timeout", None, TypeError, "must be a number of seconds above 0, but got NoneType"),
        ("network_backend", AsyncRecordingBackend, TypeError, "must be an instance, but got the class"),
        ("ssl_context", ssl.SSLContext, TypeError, r"must be an ssl\.SSLContext, but got the class"),
        ("proxy", "http://proxy.local", TypeError, r"must be a Proxy or a sequence of them, but got str: pass Proxy\("),
        ("proxy", URL("http://proxy.local"), AttributeError, "must be a Proxy or a sequence of them, but got URL"),
        (
            "proxy",
            {"http": "http://proxy.local"},
            AttributeError,
            "must be a Proxy or a sequence of them, but got dict",
        ),
    ],
)
async def test_other_arguments(name: str, value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{name} {message}"):
        AsyncConnectionPool(**{name: value})
    if name.startswith(("http2", "network", "ssl", "retries", "keepalive")):
        with pytest.raises(error, match=f"^{name} {message}"):
            AsyncHTTPConnection(Origin(b"http", b"example.com", 80), **{name: value})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("local_address", 5, r"^local_address must be a str or None, but got int\.$"),
        pytest.param(
            "socket_options",
            [(1, 2)],
            r"^socket_options must hold arguments for .*, but got \(1, 2\)\.$",
            marks=pytest.mark.skipif(not COUNTS_REFERENCES, reason="PyPy takes two arguments, too"),
        ),
        ("socket_options", "abc", r"^socket_options must hold arguments for .*, but got 'a'\.$"),
        ("socket_options", [("a", "b", "c")], "^socket_options must hold arguments for "),
        ("socket_options", [5], "^socket_options must hold arguments for .*, but got 5"),
    ],
)
async def test_arguments_for_the_socket(name: str, value: Any, message: str) -> None:
    # A backend of the user's own may take others, so they are checked when they are used.
    arguments: dict[str, Any] = {name: value}
    async with AsyncConnectionPool(**arguments) as pool:
        with pytest.raises(TypeError, match=message):
            await pool.request("GET", "http://127.0.0.1:9/")
    async with AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK]), **arguments) as pool:
        assert (await pool.request("GET", "http://example.com/")).status == 200


async def test_numbers_of_other_types() -> None:
    # 1.0.9 takes them.
    number: Any = decimal.Decimal(2)
    pool = AsyncConnectionPool(
        max_connections=number,
        max_keepalive_connections=number,
        retries=number,
        network_backend=AsyncRecordingBackend([OK]),
    )
    async with pool:
        assert (await pool.request("GET", "http://example.com/")).status == 200


async def test_no_number_of_retries_is_none() -> None:
    retries: Any = None
    async with AsyncConnectionPool(retries=retries, uds="/nonexistent/socket") as pool:
        with pytest.raises(ConnectError, match="No such file"):
            await pool.request("GET", "http://example.com/")


async def test_a_negative_number_of_idle_connections_is_none() -> None:
    pool = AsyncConnectionPool(max_keepalive_connections=-1, network_backend=AsyncRecordingBackend([OK]))
    async with pool:
        assert (await pool.request("GET", "http://example.com/")).status == 200
        assert pool.connections == []


@pytest.mark.parametrize("url", ["localhost:8000", "localhost:8000/path"])
async def test_a_url_without_a_scheme(url: str) -> None:
    async with AsyncConnectionPool() as pool:
        with pytest.raises(UnsupportedProtocol) as raised:
            await pool.request("GET", url)
    assert str(raised.value) == (
        "Request URL has an unsupported protocol 'localhost://'. It may lack 'http://' or 'https://' at its beginning."
    )


async def test_a_name_for_tls_that_is_no_text() -> None:
    async with AsyncConnectionPool() as pool:
        with pytest.raises(AttributeError, match="the extension 'sni_hostname' must be str or bytes, but got int"):
            await pool.request("GET", "https://example.com/", extensions={"sni_hostname": 5})


async def test_a_url_without_a_host() -> None:
    async with AsyncConnectionPool() as pool:
        with pytest.raises(ConnectError, match=r"\(no host, port 80\)$"):
            await pool.request("GET", "http:/example.com", extensions={"timeout": {"connect": 10.0}})
