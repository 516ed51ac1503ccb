"""Guards that programs put in place of connect functions: they see the host of each connection in advance."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpcore
import httpx
import pytest
import uvloop
from httpcore_test_support.scripted import ScriptedServer, scripted_server
from httpcore_test_support.steps import receive_request, send

OK = [receive_request(), send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")]


class Blocked(Exception):
    """What guards raise."""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server(OK) as server:
        yield server


async def get(url: str) -> int:
    """The status of a response."""
    async with httpx.AsyncClient(trust_env=False, timeout=10.0) as client:
        return (await client.get(url)).status_code


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Runs a coroutine."""
    loop = request.param()
    yield loop.run_until_complete
    loop.close()


@pytest.mark.upgrade("4.1")
@pytest.mark.parametrize("blocks", [True, False])
def test_guard_on_the_backend(
    monkeypatch: pytest.MonkeyPatch, run: Callable[..., Any], server: ScriptedServer, blocks: bool
) -> None:
    connect_tcp = httpcore.AnyIOBackend.connect_tcp
    hosts = []

    async def guarded(self: Any, host: str, port: int, *arguments: Any, **options: Any) -> Any:
        hosts.append((host, port))
        if blocks:
            raise Blocked
        return await connect_tcp(self, host, port, *arguments, **options)

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", guarded)
    if blocks:
        with pytest.raises(Blocked):
            run(get(server.url))
    else:
        assert run(get(server.url)) == 200
    assert hosts == [("127.0.0.1", server.port)]
    assert len(server.connections) == (0 if blocks else 1)


@pytest.mark.upgrade("4.2")
@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_on_the_loop_of_uvloop(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, blocks: bool, name: str
) -> None:
    create_connection = uvloop.Loop.create_connection
    seen = []

    async def guarded(self: Any, factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        seen.append((host, port, len(server.connections)))
        if blocks and host is not None:
            raise OSError("blocked by the guard")
        return await create_connection(self, factory, host, port, **options)

    monkeypatch.setattr(uvloop.Loop, "create_connection", guarded)
    loop = uvloop.new_event_loop()
    try:
        url = f"http://{name}:{server.port}/"
        if blocks:
            with pytest.raises(httpx.ConnectError):
                loop.run_until_complete(get(url))
        else:
            assert loop.run_until_complete(get(url)) == 200
    finally:
        loop.close()
    # Some see names, others their addresses.
    assert {host for host, port, connections in seen if (port, connections) == (server.port, 0)} & {name, "127.0.0.1"}
    assert len(server.connections) == (0 if blocks else 1)
