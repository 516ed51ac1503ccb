# Generated from ../_async/test_wrong_arguments.py by tools/make_sync.py: edit that file, then run it.
"""Invalid arguments of pools and connections raise an error at once, which names the argument."""

import math
from typing import Any

import pytest
from httpcore import URL, ConnectError, ConnectionPool, HTTPConnection, HTTPProxy, Origin, Proxy
from httpcore_test_support.recording import RecordingBackend

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
def test_invalid_max_connections(value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ConnectionPool(max_connections=value)
    with pytest.raises(error, match=message):
        HTTPProxy("http://proxy.local", max_connections=value)


@pytest.mark.parametrize("value", [1, True, None, math.inf])
def test_valid_max_connections(value: Any) -> None:
    pool = ConnectionPool(max_connections=value, network_backend=RecordingBackend([OK]))
    with pool:
        assert (pool.request("GET", "http://example.com/")).status == 200


def test_invalid_ssl_context() -> None:
    context: Any = True
    for new in (
        lambda: ConnectionPool(ssl_context=context),
        lambda: HTTPConnection(Origin(b"https", b"example.com", 443), ssl_context=context),
        lambda: HTTPProxy("https://proxy.local", proxy_ssl_context=context),
    ):
        with pytest.raises(TypeError, match=r"ssl_context must be an ssl\.SSLContext or None, but got bool\.$"):
            new()


@pytest.mark.parametrize("port", [0, -1, 65536, 99999])
@pytest.mark.parametrize("through", [None, "http", "socks5"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_invalid_port(port: int, through: str | None, scheme: str) -> None:
    backend = RecordingBackend([OK])
    proxy = None if through is None else Proxy(f"{through}://proxy.local")
    pool = ConnectionPool(proxy=proxy, network_backend=backend if proxy else None)
    with pool:
        message = rf"^port must be an int from 1 to 65535, but got {port} \(example\.com\)\.$"
        with pytest.raises(ConnectError, match=message):
            pool.request("GET", URL(scheme=scheme, host="example.com", port=port, target="/"))
        assert not backend.connects


@pytest.mark.parametrize("port", [0, 99999])
@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
def test_invalid_port_of_a_proxy(port: int, scheme: str) -> None:
    proxy = Proxy(URL(scheme=scheme, host="proxy.local", port=port, target="/"))
    with ConnectionPool(proxy=proxy) as pool:
        message = rf"^port must be an int from 1 to 65535, but got {port} \(proxy\.local\)\.$"
        with pytest.raises(ConnectError, match=message):
            pool.request("GET", "http://example.com/")


@pytest.mark.upgrade("4.7")
@pytest.mark.parametrize("port", [0, 99999])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_custom_backend_gets_any_port(port: int, scheme: str) -> None:
    backend = RecordingBackend([OK])
    with ConnectionPool(network_backend=backend) as pool:
        # A connection to the default port is not used for this port.
        pool.request("GET", f"{scheme}://example.com/")
        pool.request("GET", URL(scheme=scheme, host="example.com", port=port, target="/"))
    assert [arguments["port"] for arguments in backend.connects] == [443 if scheme == "https" else 80, port]
