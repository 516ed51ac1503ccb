"""Failures below httpx surface as httpx's own exceptions, and the client keeps working."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.scripted import Script, scripted_server
from httpcore_test_support.sockets import refusing_port, unresponsive_port
from httpcore_test_support.steps import abort, close, hold, receive_request, send
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

NewClient = Callable[..., httpx.AsyncClient]


def new_client(**options: Any) -> httpx.AsyncClient:
    """Make a client with one connection and no pool timeout."""
    timeout = options.pop("timeout", httpx.Timeout(10.0, pool=0.0))
    limits = httpx.Limits(max_connections=1)
    return httpx.AsyncClient(**{"verify": False, "trust_env": False, "limits": limits, "timeout": timeout, **options})


class TestTimeouts:
    async def test_connecting(self, caddy: CaddyServer) -> None:
        async with new_client(timeout=httpx.Timeout(10.0, connect=0.05, pool=0.0)) as client:
            with unresponsive_port() as port:
                with pytest.raises(httpx.ConnectTimeout) as raised:
                    await client.get(f"http://127.0.0.1:{port}")
                assert str(raised.value) == f"Connect timed out after 0.05 seconds (127.0.0.1:{port})"
            await works(client, caddy)

    async def test_read_timeout(self, caddy: CaddyServer) -> None:
        with scripted_server([receive_request(), hold()]) as server:
            client = new_client(timeout=httpx.Timeout(10.0, read=0.05, pool=0.0))
            async with client:
                with pytest.raises(httpx.ReadTimeout) as raised:
                    await client.get(server.url)
                assert str(raised.value) == f"The read operation timed out after 0.05 seconds (127.0.0.1:{server.port})"
                await async_wait_until(lambda: not server.open_connections)

    async def test_write_timeout(self, caddy: CaddyServer) -> None:
        with scripted_server(hold(), receive_buffer=4096) as server:
            client = new_client(timeout=httpx.Timeout(10.0, write=0.05, pool=0.0))
            async with client:
                with pytest.raises(httpx.WriteTimeout) as raised:
                    await client.post(server.url, content=bytes(20_000_000))
                assert (
                    str(raised.value) == f"The write operation timed out after 0.05 seconds (127.0.0.1:{server.port})"
                )
                await works(client, caddy)

    async def test_waiting_for_a_connection(self, caddy: CaddyServer) -> None:
        client = new_client(timeout=httpx.Timeout(10.0, pool=0.05))
        async with client:
            async with client.stream("GET", caddy.http_url) as response:
                assert response.status_code == 200
                with pytest.raises(httpx.PoolTimeout, match=r"Pool timed out after 0\.05 seconds: no connection to "):
                    await client.get(caddy.http_url)
            await works(client, caddy)


class TestNetwork:
    async def test_connection_refused(self, caddy: CaddyServer) -> None:
        client = new_client()
        async with client:
            with refusing_port() as port, pytest.raises(httpx.ConnectError, match=str(port)):
                await client.get(f"http://127.0.0.1:{port}")
            await works(client, caddy)

    async def test_connecting_is_retried(self) -> None:
        events: list[str] = []

        async def trace(name: str, info: dict[str, Any]) -> None:
            events.append(name)

        async with new_client(transport=httpx.AsyncHTTPTransport(retries=1, verify=False)) as client:
            extensions = {"trace": trace}
            with refusing_port() as port, pytest.raises(httpx.ConnectError):
                await client.get(f"http://127.0.0.1:{port}", extensions=extensions)
        assert [name for name in events if name.endswith(("failed", "retry.started"))] == [
            "connection.connect_tcp.failed",
            "connection.retry.started",
            "connection.connect_tcp.failed",
        ]

    async def test_the_certificate_is_not_trusted(self, caddy: CaddyServer) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(2):
                with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                    await client.get(caddy.https_url)
            await works(client, caddy)

    async def test_the_server_resets_the_connection(self, caddy: CaddyServer) -> None:
        with scripted_server([receive_request(), abort()]) as server:
            client = new_client()
            async with client:
                with pytest.raises(httpx.ReadError):
                    await client.get(server.url)
                await works(client, caddy)


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
    async def test_protocol_violation_by_the_server(self, caddy: CaddyServer, answer: list[Any]) -> None:
        script: Script = [receive_request(), *answer]
        with scripted_server(script) as server:
            client = new_client()
            async with client:
                with pytest.raises(httpx.RemoteProtocolError):
                    await client.get(server.url)
                await works(client, caddy)

    async def test_protocol_violation_by_the_client(self, caddy: CaddyServer) -> None:
        client = new_client()
        async with client:
            with pytest.raises(httpx.LocalProtocolError):
                await client.get(caddy.http_url, headers={"X-Header": "two\r\nlines"})
            await works(client, caddy)

    @pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1/path"])
    async def test_the_scheme_is_unknown(self, caddy: CaddyServer, url: str) -> None:
        async with new_client() as client:
            with pytest.raises(httpx.UnsupportedProtocol, match="Request URL"):
                await client.get(url)
            await works(client, caddy)


async def works(client: httpx.AsyncClient, caddy: CaddyServer) -> None:
    """Check that the client's only connection is free again."""
    timeout = httpx.Timeout(10.0, pool=0.0)
    assert (await client.get(caddy.http_url, timeout=timeout)).text == "Hello, world!\n"
