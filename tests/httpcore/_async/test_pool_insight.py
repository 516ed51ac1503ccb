"""The statistics of a pool, and the trace of a wait."""

from typing import Any

import pytest
from httpcore import URL, AsyncConnectionPool, AsyncMockBackend, ConnectError, PoolTimeout
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.sockets import refusing_port

pytestmark = pytest.mark.anyio


def answer(connection: Connection) -> None:
    while True:
        head = connection.receive_request()
        close = b"Connection: close\r\n" if b"/close" in head else b""
        connection.send(b"HTTP/1.1 200 OK\r\n" + close + b"Content-Length: 5\r\n\r\nhello")


async def test_stats() -> None:
    with scripted_server(answer) as server, scripted_server(answer) as other:
        pool = AsyncConnectionPool(max_connections=2, max_keepalive_connections=1)
        assert pool.stats()[:6] == (0, 0, 0, 0, 0, 0)
        async with pool.stream("GET", server.url):
            stats = pool.stats()
            assert (stats.connections_active, stats.requests_active, stats.connections_idle) == (1, 1, 0)
        for _ in range(3):
            await pool.request("GET", server.url)
        assert (pool.stats().opened, pool.stats().reused) == (2, 2)
        assert pool.stats().closed == {
            "ended": 1,
            "expired": 0,
            "stale": 0,
            "surplus": 0,
            "evicted": 0,
            "pool closed": 0,
        }
        await pool.request("GET", other.url)
        assert pool.stats().closed["surplus"] == 1
        await pool.request("GET", other.url + "/close")
        assert pool.stats().closed["ended"] == 2
        await pool.request("GET", server.url)
        await pool.aclose()
        assert pool.stats().closed["pool closed"] == 1
        stats = pool.stats()
        assert stats.opened == sum(stats.closed.values())
        assert (stats.connections_active, stats.connections_idle) == (0, 0)


async def test_stats_count_evictions() -> None:
    with scripted_server(answer) as server, scripted_server(answer) as other:
        async with AsyncConnectionPool(max_connections=1) as pool:
            await pool.request("GET", server.url)
            await pool.request("GET", other.url)
            assert pool.stats().closed["evicted"] == 1


async def test_only_a_wait_is_traced() -> None:
    events: list[tuple[str, dict[str, Any]]] = []

    async def trace(event: str, info: dict[str, Any]) -> None:
        events.append((event, info))

    def of_the_pool() -> list[str]:
        return [event for event, _ in events if event.startswith("connection_pool.")]

    with scripted_server(answer) as server:
        async with AsyncConnectionPool(max_connections=1) as pool:
            await pool.request("GET", server.url, extensions={"trace": trace})
            assert of_the_pool() == []
            events.clear()
            async with pool.stream("GET", server.url):
                assert pool.stats().requests_queued == 0
                with pytest.raises(PoolTimeout):
                    await pool.request("GET", server.url, extensions={"trace": trace, "timeout": {"pool": 0.001}})
            assert of_the_pool() == [
                "connection_pool.wait_for_connection.started",
                "connection_pool.wait_for_connection.failed",
            ]
            assert isinstance(events[-1][1]["exception"], PoolTimeout)


async def test_stats_by_origin() -> None:
    with scripted_server(answer) as server, scripted_server(answer) as other:
        async with AsyncConnectionPool(max_connections=2, max_keepalive_connections=1) as pool:
            assert pool.stats(by_origin=True) == {}
            for _ in range(3):
                await pool.request("GET", server.url)
            async with pool.stream("GET", other.url) as response:
                await response.aread()
                stats = pool.stats(by_origin=True)
                assert list(stats) == [server.url, other.url]
                assert stats[server.url][:6] == (0, 1, 0, 0, 1, 2)
                assert stats[other.url][:6] == (1, 0, 1, 0, 1, 0)
            closed = pool.stats(by_origin=True)[server.url].closed
            assert closed["surplus"] == 1
        stats = pool.stats(by_origin=True)
        assert stats[server.url][:6] == (0, 0, 0, 0, 1, 2)
        total = pool.stats()
        assert total.opened == sum(each.opened for each in stats.values())
        assert total.reused == sum(each.reused for each in stats.values()) == 2


async def test_stats_of_an_origin_under_several_names() -> None:
    with refusing_port() as port:
        url = f"https://127.0.0.1:{port}"
        async with AsyncConnectionPool() as pool:
            for name in ("one", "two"):
                with pytest.raises(ConnectError):
                    await pool.request("GET", url, extensions={"sni_hostname": name})
            [(origin, stats)] = pool.stats(by_origin=True).items()
            assert (origin, stats.opened, stats.closed["ended"]) == (url, 2, 2)


async def test_stats_remember_a_limited_number_of_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpcore._pool.slot_table._REMEMBERED_ORIGINS", 2)
    backend = AsyncMockBackend([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"])
    async with AsyncConnectionPool(network_backend=backend) as pool:
        for name in "abac":
            await pool.request("GET", f"http://{name}/")
        assert sorted(pool.stats(by_origin=True)) == ["http://a:80", "http://c:80"]
        assert pool.stats().opened == 4


async def test_stats_of_an_origin_without_a_name() -> None:
    """A host that is not ASCII: no name server knows it, but it may be reached by the path of a socket."""
    url = URL(scheme=b"http", host=b"ex\xe4mple", port=None, target=b"/")
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    async with AsyncConnectionPool(uds="/socket", network_backend=AsyncMockBackend([answer])) as pool:
        response = await pool.request("GET", url, headers={"Host": "example"})
        assert response.content == b"ok"
        assert response.extensions["connection"].origin == r"http://ex\xe4mple:80"
        assert list(pool.stats(by_origin=True)) == [r"http://ex\xe4mple:80"]
