# Generated from ../_async/test_pool_insight.py by tools/make_sync.py: edit that file, then run it.
"""The statistics of a pool, and the trace of a wait."""

from typing import Any

import pytest
from httpcore import URL, ConnectError, ConnectionPool, MockBackend, PoolTimeout
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.sockets import refusing_port

pytestmark = pytest.mark.anyio


def answer(connection: Connection) -> None:
    while True:
        head = connection.receive_request()
        close = b"Connection: close\r\n" if b"/close" in head else b""
        connection.send(b"HTTP/1.1 200 OK\r\n" + close + b"Content-Length: 5\r\n\r\nhello")


def test_stats() -> None:
    with scripted_server(answer) as server, scripted_server(answer) as other:
        pool = ConnectionPool(max_connections=2, max_keepalive_connections=1)
        assert pool.stats()[:6] == (0, 0, 0, 0, 0, 0)
        with pool.stream("GET", server.url):
            stats = pool.stats()
            assert (stats.connections_active, stats.requests_active, stats.connections_idle) == (1, 1, 0)
        for _ in range(3):
            pool.request("GET", server.url)
        assert (pool.stats().opened, pool.stats().reused) == (2, 2)
        assert pool.stats().closed == {
            "ended": 1,
            "expired": 0,
            "stale": 0,
            "surplus": 0,
            "evicted": 0,
            "pool closed": 0,
        }
        pool.request("GET", other.url)
        assert pool.stats().closed["surplus"] == 1
        pool.request("GET", other.url + "/close")
        assert pool.stats().closed["ended"] == 2
        pool.request("GET", server.url)
        pool.close()
        assert pool.stats().closed["pool closed"] == 1
        stats = pool.stats()
        assert stats.opened == sum(stats.closed.values())
        assert (stats.connections_active, stats.connections_idle) == (0, 0)


def test_stats_count_evictions() -> None:
    with scripted_server(answer) as server, scripted_server(answer) as other:
        with ConnectionPool(max_connections=1) as pool:
            pool.request("GET", server.url)
            pool.request("GET", other.url)
            assert pool.stats().closed["evicted"] == 1


def test_only_a_wait_is_traced() -> None:
    events: list[tuple[str, dict[str, Any]]] = []

    def trace(event: str, info: dict[str, Any]) -> None:
        events.append((event, info))

    def of_the_pool() -> list[str]:
        return [event for event, _ in events if event.startswith("connection_pool.")]

    with scripted_server(answer) as server:
        with ConnectionPool(max_connections=1) as pool:
            pool.request("GET", server.url, extensions={"trace": trace})
            assert of_the_pool() == []
            events.clear()
            with pool.stream("GET", server.url):
                assert pool.stats().requests_queued == 0
                with pytest.raises(PoolTimeout):
                    pool.request("GET", server.url, extensions={"trace": trace, "timeout": {"pool": 0.001}})
            assert of_the_pool() == [
                "connection_pool.wait_for_connection.started",
                "connection_pool.wait_for_connection.failed",
            ]
            assert isinstance(events[-1][1]["exception"], PoolTimeout)


def test_stats_by_origin() -> None:
    with scripted_server(answer) as server, scripted_server(answer) as other:
        with ConnectionPool(max_connections=2, max_keepalive_connections=1) as pool:
            assert pool.stats(by_origin=True) == {}
            for _ in range(3):
                pool.request("GET", server.url)
            with pool.stream("GET", other.url) as response:
                response.read()
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


def test_stats_of_an_origin_under_several_names() -> None:
    with refusing_port() as port:
        url = f"https://127.0.0.1:{port}"
        with ConnectionPool() as pool:
            for name in ("one", "two"):
                with pytest.raises(ConnectError):
                    pool.request("GET", url, extensions={"sni_hostname": name})
            [(origin, stats)] = pool.stats(by_origin=True).items()
            assert (origin, stats.opened, stats.closed["ended"]) == (url, 2, 2)


def test_stats_remember_a_limited_number_of_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpcore._pool.slot_table._REMEMBERED_ORIGINS", 2)
    backend = MockBackend([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"])
    with ConnectionPool(network_backend=backend) as pool:
        for name in "abac":
            pool.request("GET", f"http://{name}/")
        assert sorted(pool.stats(by_origin=True)) == ["http://a:80", "http://c:80"]
        assert pool.stats().opened == 4


def test_stats_of_an_origin_without_a_name() -> None:
    """A host that is not ASCII: no name server knows it, but it may be reached by the path of a socket."""
    url = URL(scheme=b"http", host=b"ex\xe4mple", port=None, target=b"/")
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with ConnectionPool(uds="/socket", network_backend=MockBackend([answer])) as pool:
        response = pool.request("GET", url, headers={"Host": "example"})
        assert response.content == b"ok"
        assert response.extensions["connection"].origin == r"http://ex\xe4mple:80"
        assert list(pool.stats(by_origin=True)) == [r"http://ex\xe4mple:80"]
