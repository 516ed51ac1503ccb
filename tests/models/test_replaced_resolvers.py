"""Resolvers by which programs replace the system's, to pin, cache or guard names."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from httpcore_models import AutoBackend, SyncBackend
from httpcore_models.network import async_resolve, resolve
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold

TIMEOUT = 10.0
_original = socket.getaddrinfo


def as_in_the_recipe(*args: Any) -> Any:
    """As in the well-known recipe for pinning a name: its parameters have no names."""
    return _original("127.0.0.1", *args[1:])


def as_in_dnspython(host: Any, service: Any, family: int = 0, socktype: int = 0, proto: int = 0, flags: int = 0) -> Any:
    """A parameter is named otherwise than in the standard library."""
    return _original("127.0.0.1", service, family, socktype, proto, flags)


@pytest.fixture(params=[as_in_the_recipe, as_in_dnspython])
def replaced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", request.param)


@pytest.mark.fault("T1")
@pytest.mark.usefixtures("replaced")
@pytest.mark.parametrize("host", ["pinned.example", "127.0.0.1"])
def test_threads_use_it(host: str) -> None:
    with scripted_server([hold()]) as server:
        stream = SyncBackend().connect_tcp(host, server.port, TIMEOUT)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        stream.close()
    assert resolve("pinned.example") == ["127.0.0.1"]


def run_on_trio(function: Callable[[], Awaitable[None]]) -> None:
    trio.run(function)


def run_on_asyncio(function: Callable[[], Any]) -> None:
    asyncio.run(function())


@pytest.mark.fault("T1")
@pytest.mark.usefixtures("replaced")
@pytest.mark.parametrize("host", ["pinned.example", "127.0.0.1"])
@pytest.mark.parametrize("run", [run_on_asyncio, run_on_trio])
def test_tasks_use_it(run: Callable[[Any], None], host: str) -> None:
    async def connect() -> None:
        stream = await AutoBackend().connect_tcp(host, server.port, TIMEOUT)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
        await stream.aclose()
        assert await async_resolve("pinned.example") == ["127.0.0.1"]

    with scripted_server([hold()]) as server:
        run(connect)
