"""Network backends of the wrong kind, sync in async code or the other way round: the error says so."""

import asyncio
import gc
from typing import Any

import httpcore
import pytest
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold
from httpcore_test_support.waiting import wait_until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
URL = "http://example.com/"


@pytest.mark.parametrize("uds", [None, "/run/server"])
@pytest.mark.parametrize("kind", [httpcore.AutoBackend, httpcore.AnyIOBackend, httpcore.TrioBackend])
def test_an_async_backend_in_sync_code(kind: Any, uds: str | None) -> None:
    with httpcore.ConnectionPool(network_backend=kind(), uds=uds) as pool:
        text = rf"^the network backend of sync code must be a sync one, but {kind.__name__} is async\.$"
        for _ in range(2):
            with pytest.raises(TypeError, match=text):
                pool.request("GET", URL)
            assert not pool.connections
    gc.collect()


def test_a_sync_backend_in_async_code() -> None:
    async def main(url: str) -> None:
        backend: Any = httpcore.SyncBackend()
        async with httpcore.AsyncConnectionPool(network_backend=backend) as pool:
            text = r"^the network backend of async code must be an async one, but SyncBackend is sync\.$"
            with pytest.raises(TypeError, match=text):
                await pool.request("GET", url)
            assert not pool.connections

    with scripted_server(hold()) as server:
        asyncio.run(main(server.url))
        wait_until(lambda: server.connections and not server.open_connections)
    gc.collect()


def test_plain_functions_that_return_an_awaitable_will_do() -> None:
    class Backend:
        """Not a subclass of anything, as those of other packages."""

        def connect_tcp(self, **arguments: Any) -> Any:
            return httpcore.AsyncMockBackend([OK]).connect_tcp(**arguments)

    async def main() -> None:
        backend: Any = Backend()
        async with httpcore.AsyncConnectionPool(network_backend=backend) as pool:
            assert (await pool.request("GET", URL)).content == b"ok"

    asyncio.run(main())


def test_an_async_backend_in_a_guard_for_sync_code() -> None:
    inner: Any = httpcore.AutoBackend()
    for uds in (None, "/run/server"):
        guard = httpcore.GuardedBackend(lambda destination: True, inner)
        with httpcore.ConnectionPool(network_backend=guard, uds=uds) as pool:
            text = r"^the network backend of sync code must be a sync one, but AutoBackend is async\.$"
            with pytest.raises(TypeError, match=text):
                pool.request("GET", "http://192.0.2.1/")


def test_a_sync_backend_in_a_guard_for_async_code() -> None:
    async def main(url: str) -> None:
        inner: Any = httpcore.SyncBackend()
        guard = httpcore.AsyncGuardedBackend(lambda destination: True, inner)
        async with httpcore.AsyncConnectionPool(network_backend=guard) as pool:
            text = r"^the network backend of async code must be an async one, but SyncBackend is sync\.$"
            with pytest.raises(TypeError, match=text):
                await pool.request("GET", url)

    with scripted_server(hold()) as server:
        asyncio.run(main(server.url))
        wait_until(lambda: server.connections and not server.open_connections)
    gc.collect()
