"""A limit for the whole request, while a proxy is asked for a tunnel."""

from typing import Any

import pytest
from httpcore_models import (
    URL,
    AsyncNetworkStream,
    AutoBackend,
    ConnectTimeout,
    Origin,
    ReadTimeout,
    Request,
    WriteTimeout,
)
from httpcore_models.lowlevel import begin_request
from httpcore_models.network import AsyncDialler, AsyncDirectDialler
from httpcore_proxy import AsyncSocksDialler, AsyncTunnelDialler
from httpcore_test_support.recording import AsyncRecordingBackend
from httpcore_test_support.scripted import ScriptedServer, scripted_server
from httpcore_test_support.steps import hold

pytestmark = pytest.mark.anyio

ORIGIN = Origin(b"https", b"example.com", 443)
LONG = 30.0
SHORT = 0.05


def tunnel(server: ScriptedServer) -> AsyncDialler:
    return AsyncTunnelDialler(AsyncDirectDialler(AutoBackend()), URL(server.url).origin)


def socks(server: ScriptedServer) -> AsyncDialler:
    proxy = URL(server.url.replace("http://", "socks5://")).origin
    return AsyncSocksDialler(AsyncDirectDialler(AutoBackend()), proxy)


async def dial(dialler: AsyncDialler, **limits: float) -> AsyncNetworkStream:
    request = begin_request(Request("GET", "https://example.com/", extensions={"timeout": dict[str, Any](limits)}))
    return await dialler.dial(ORIGIN, request, request.extensions["timeout"].at_most(limits.get("connect")))


@pytest.mark.parametrize("through", [tunnel, socks])
async def test_it_ends_the_wait_for_the_proxy(through: Any) -> None:
    with scripted_server([hold()]) as server:
        with pytest.raises(ConnectTimeout, match=r"within the total limit of 0\.05 seconds"):
            await dial(through(server), total=SHORT)
        with pytest.raises(ConnectTimeout, match=r"within the total limit of 0\.05 seconds"):
            await dial(through(server), read=LONG, total=SHORT)


@pytest.mark.parametrize("through", [tunnel, socks])
async def test_single_waits_keep_their_own_limits(through: Any) -> None:
    with scripted_server([hold()]) as server, pytest.raises(ReadTimeout):
        await dial(through(server), read=SHORT, total=LONG)


async def test_a_limit_for_connecting_replaces_those_of_single_waits() -> None:
    with scripted_server([hold()]) as server, pytest.raises(ConnectTimeout, match=r"after 0\.05 seconds"):
        await dial(tunnel(server), connect=SHORT, read=SHORT / 2, total=LONG)


async def test_a_write_keeps_its_own_limit() -> None:
    class Backend(AsyncRecordingBackend):
        async def connect_tcp(self, *arguments: Any, **options: Any) -> AsyncNetworkStream:
            stream = await super().connect_tcp(*arguments, **options)
            stream.write = stuck  # type: ignore[method-assign]
            return stream

    async def stuck(buffer: bytes, timeout: float | None = None) -> None:
        raise WriteTimeout(f"after {timeout} seconds")

    dialler = AsyncTunnelDialler(AsyncDirectDialler(Backend([])), Origin(b"http", b"proxy.local", 8080))
    with pytest.raises(WriteTimeout, match=r"after 0\.05 seconds"):
        await dial(dialler, write=SHORT, total=LONG)
