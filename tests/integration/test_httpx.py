"""httpx with cancelled requests, on every event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import httpx
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold, receive_until, send
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client with one connection and no pool timeout."""
    limits, timeout = httpx.Limits(max_connections=1), httpx.Timeout(10.0, pool=0.0)
    async with httpx.AsyncClient(verify=False, trust_env=False, limits=limits, timeout=timeout) as client:
        yield client


async def cancel(function: Callable[[], Awaitable[object]], moment: Callable[[], bool]) -> None:
    """Call `function`, and cancel it when `moment` comes."""
    ended: list[bool] = []

    async def call() -> None:
        await function()
        ended.append(True)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await async_wait_until(moment)
        tasks.cancel_scope.cancel()
    assert not ended


async def works(client: httpx.AsyncClient, caddy: CaddyServer) -> None:
    """Check that the client's only connection is free again."""
    assert (await client.get(caddy.http_url)).text == "Hello, world!\n"


async def test_while_the_response_is_awaited(client: httpx.AsyncClient, caddy: CaddyServer) -> None:
    with scripted_server([receive_until(b"\r\n\r\n"), hold()]) as server:
        await cancel(lambda: client.get(server.url), lambda: any(each.received for each in server.connections))
        await async_wait_until(lambda: not server.open_connections)
    await works(client, caddy)


async def test_while_the_body_is_read(client: httpx.AsyncClient, caddy: CaddyServer) -> None:
    started: list[httpx.Response] = []

    async def read() -> None:
        async with client.stream("GET", server.url) as response:
            started.append(response)
            await response.aread()

    with scripted_server([receive_until(b"\r\n\r\n"), send(HEAD + b"part"), hold()]) as server:
        await cancel(read, lambda: bool(started))
        await async_wait_until(lambda: not server.open_connections)
    await works(client, caddy)


async def test_while_the_content_is_made(client: httpx.AsyncClient, caddy: CaddyServer) -> None:
    closed: list[bool] = []

    async def content() -> AsyncIterator[bytes]:
        try:
            yield b"part"
            await anyio.sleep_forever()
        finally:
            closed.append(True)

    with scripted_server([receive_until(b"part"), hold()]) as server:
        await cancel(
            lambda: client.post(server.url, content=content()),
            lambda: any(each.received.endswith(b"part\r\n") for each in server.connections),
        )
        await async_wait_until(lambda: not server.open_connections)
    assert closed == [True]
    await works(client, caddy)


async def test_while_waiting_for_the_connection(client: httpx.AsyncClient, caddy: CaddyServer) -> None:
    async with client.stream("GET", caddy.http_url) as response:
        queued = " 1 queued |"
        await cancel(
            lambda: client.get(caddy.http_url, timeout=10.0),
            lambda: queued in repr(client._transport._pool),  # type: ignore[attr-defined]
        )
        await response.aread()
    await works(client, caddy)


async def test_deadline_around_a_request_frees_the_connection(client: httpx.AsyncClient, caddy: CaddyServer) -> None:
    with scripted_server(hold()) as server:
        with pytest.raises(TimeoutError), anyio.fail_after(0.05):
            await client.get(server.url)
        await async_wait_until(lambda: not server.open_connections)
    await works(client, caddy)
