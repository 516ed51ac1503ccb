# Generated from ../_async/test_httpx_errors.py by tools/make_sync.py: edit that file, then run it.
"""Failures below httpx surface as httpx's own exceptions, and the client keeps working."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.scripted import Script, scripted_server
from httpcore_test_support.sockets import refusing_port, unresponsive_port
from httpcore_test_support.steps import abort, close, hold, receive_request, send
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio

NewClient = Callable[..., httpx.Client]


def new_client(**options: Any) -> httpx.Client:
    """Make a client with one connection and no pool timeout."""
    timeout = options.pop("timeout", httpx.Timeout(10.0, pool=0.0))
    limits = httpx.Limits(max_connections=1)
    return httpx.Client(**{"verify": False, "trust_env": False, "limits": limits, "timeout": timeout, **options})


class TestTimeouts:
    def test_connecting(self, caddy: CaddyServer) -> None:
        with new_client(timeout=httpx.Timeout(10.0, connect=0.05, pool=0.0)) as client:
            with unresponsive_port() as port:
                with pytest.raises(httpx.ConnectTimeout) as raised:
                    client.get(f"http://127.0.0.1:{port}")
                assert str(raised.value) == f"Connect timed out after 0.05 seconds (127.0.0.1:{port})"
            works(client, caddy)

    def test_read_timeout(self, caddy: CaddyServer) -> None:
        with scripted_server([receive_request(), hold()]) as server:
            client = new_client(timeout=httpx.Timeout(10.0, read=0.05, pool=0.0))
            with client:
                with pytest.raises(httpx.ReadTimeout) as raised:
                    client.get(server.url)
                assert str(raised.value) == f"The read operation timed out after 0.05 seconds (127.0.0.1:{server.port})"
                wait_until(lambda: not server.open_connections)

    def test_write_timeout(self, caddy: CaddyServer) -> None:
        with scripted_server(hold(), receive_buffer=4096) as server:
            client = new_client(timeout=httpx.Timeout(10.0, write=0.05, pool=0.0))
            with client:
                with pytest.raises(httpx.WriteTimeout) as raised:
                    client.post(server.url, content=bytes(20_000_000))
                assert (
                    str(raised.value) == f"The write operation timed out after 0.05 seconds (127.0.0.1:{server.port})"
                )
                works(client, caddy)

    def test_waiting_for_a_connection(self, caddy: CaddyServer) -> None:
        client = new_client(timeout=httpx.Timeout(10.0, pool=0.05))
        with client:
            with client.stream("GET", caddy.http_url) as response:
                assert response.status_code == 200
                with pytest.raises(httpx.PoolTimeout, match=r"Pool timed out after 0\.05 seconds: no connection to "):
                    client.get(caddy.http_url)
            works(client, caddy)


class TestNetwork:
    def test_connection_refused(self, caddy: CaddyServer) -> None:
        client = new_client()
        with client:
            with refusing_port() as port, pytest.raises(httpx.ConnectError, match=str(port)):
                client.get(f"http://127.0.0.1:{port}")
            works(client, caddy)

    def test_connecting_is_retried(self) -> None:
        events: list[str] = []

        def trace(name: str, info: dict[str, Any]) -> None:
            events.append(name)

        with new_client(transport=httpx.HTTPTransport(retries=1, verify=False)) as client:
            extensions = {"trace": trace}
            with refusing_port() as port, pytest.raises(httpx.ConnectError):
                client.get(f"http://127.0.0.1:{port}", extensions=extensions)
        assert [name for name in events if name.endswith(("failed", "retry.started"))] == [
            "connection.connect_tcp.failed",
            "connection.retry.started",
            "connection.connect_tcp.failed",
        ]

    def test_the_certificate_is_not_trusted(self, caddy: CaddyServer) -> None:
        with httpx.Client(trust_env=False) as client:
            for _ in range(2):
                with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                    client.get(caddy.https_url)
            works(client, caddy)

    def test_the_server_resets_the_connection(self, caddy: CaddyServer) -> None:
        with scripted_server([receive_request(), abort()]) as server:
            client = new_client()
            with client:
                with pytest.raises(httpx.ReadError):
                    client.get(server.url)
                works(client, caddy)


class TestProtocol:
    @pytest.mark.parametrize(
        "answer",
        [
            [close()],
            [send(b"nonsense\r\n\r\n")],
            [send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut short"), close()],
            [send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")],
        ],
        ids=["no response", "nonsense", "cut short", "bad chunk"],
    )
    def test_protocol_violation_by_the_server(self, caddy: CaddyServer, answer: list[Any]) -> None:
        script: Script = [receive_request(), *answer]
        with scripted_server(script) as server:
            client = new_client()
            with client:
                with pytest.raises(httpx.RemoteProtocolError):
                    client.get(server.url)
                works(client, caddy)

    def test_protocol_violation_by_the_client(self, caddy: CaddyServer) -> None:
        client = new_client()
        with client:
            with pytest.raises(httpx.LocalProtocolError):
                client.get(caddy.http_url, headers={"X-Header": "two\r\nlines"})
            works(client, caddy)

    @pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1/path"])
    def test_the_scheme_is_unknown(self, caddy: CaddyServer, url: str) -> None:
        with new_client() as client:
            with pytest.raises(httpx.UnsupportedProtocol, match="Request URL"):
                client.get(url)
            works(client, caddy)


def works(client: httpx.Client, caddy: CaddyServer) -> None:
    """Check that the client's only connection is free again."""
    timeout = httpx.Timeout(10.0, pool=0.0)
    assert (client.get(caddy.http_url, timeout=timeout)).text == "Hello, world!\n"
