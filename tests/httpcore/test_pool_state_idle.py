"""`PoolState` and idle connections: pruning, statistics, retries, and disowned connections."""

from __future__ import annotations

import pytest
from httpcore._pool.pruning import _LIVENESS_CHECKS, _LIVENESS_INTERVAL
from httpcore._pool.stats import PoolStats
from httpcore_test_support.pool_model import A, B, C, ModelPool

SOON = _LIVENESS_INTERVAL / 2
LATER = _LIVENESS_INTERVAL


class TestLiveness:
    @pytest.mark.field(18)
    def test_requests_to_other_origins_find_closed_connections(self) -> None:
        pool = ModelPool()
        dead, alive = pool.idle(A), pool.idle(B)
        dead.expired = True
        pool.now += LATER
        pool.ask(C)
        assert pool.to_close == [dead]
        assert pool.ask(B).connection is alive

    def test_connections_are_checked_once_per_interval(self) -> None:
        pool = ModelPool()
        connection = pool.idle(A)
        pool.now += SOON
        pool.ask(B)
        assert connection.asked["has_expired"] == 0
        pool.now += SOON
        for _ in range(3):
            pool.ask(B)
        assert connection.asked["has_expired"] == 1
        pool.now += LATER
        pool.ask(B)
        assert connection.asked["has_expired"] == 2

    @pytest.mark.field(84)
    def test_each_request_checks_a_few_connections(self) -> None:
        pool = ModelPool()
        connections = pool.idle_beside(10)
        pool.now += LATER
        pool.ask(B)
        assert sum(connection.asked["has_expired"] for connection in connections) == _LIVENESS_CHECKS
        for _ in range(4):
            pool.ask(B)
        assert [connection.asked["has_expired"] for connection in connections] == [1] * 10

    def test_release_checks_connections_too(self) -> None:
        pool = ModelPool()
        request = pool.ask(B)
        pool.respond(request)
        dead = pool.idle(A)
        dead.expired = True
        pool.now += LATER
        pool.finish(request)
        assert pool.to_close == [dead]

    def test_origins_without_connections_are_forgotten(self) -> None:
        pool = ModelPool(max_connections=4)
        for number in range(1000):
            pool.idle((b"http", b"%d.example.com" % number, 80))
        assert len(pool.slots.idle_by_key) <= 2 * 4 + 16 + 1

    def test_an_unlimited_pool_forgets_origins_without_connections(self) -> None:
        pool = ModelPool(keepalive_expiry=1.0)
        for number in range(100):
            pool.idle((b"http", b"%d.example.com" % number, 80))
            pool.now += 10.0
        assert len(pool.connections) == 1
        assert len(pool.slots.idle_by_key) <= 2 * 2 + 16 + 1

    def test_close_expired_checks_all_idle_connections(self) -> None:
        pool = ModelPool(keepalive_expiry=60.0)
        old = pool.idle(A)
        pool.now += 50.0
        connections = pool.idle_beside(10, B)
        for connection in connections[::2]:
            connection.expired = True
        pool.now += 20.0
        pool.close_expired(pool.now)
        assert pool.to_close == [old, *connections[::2]]
        assert pool.connections == connections[1::2]
        assert pool.stats().closed["expired"] == 1
        assert pool.stats().closed["stale"] == 5


class TestStats:
    def test_stats_of_a_new_pool(self) -> None:
        reasons = ("ended", "expired", "stale", "surplus", "evicted", "pool closed")
        assert ModelPool().stats() == PoolStats(0, 0, 0, 0, 0, 0, dict.fromkeys(reasons, 0))

    def test_current_numbers(self) -> None:
        pool = ModelPool(max_connections=2)
        pool.idle(A)
        pool.respond(pool.ask(B))
        assert pool.stats()[:4] == (1, 1, 1, 0)
        pool.respond(pool.ask(A))
        pool.ask(A)
        assert pool.stats()[:4] == (2, 0, 2, 1)

    def test_opened_and_reused_connections(self) -> None:
        pool = ModelPool(max_connections=1)
        pool.idle()
        pool.idle()
        assert (pool.stats().opened, pool.stats().reused) == (1, 1)
        first, second = pool.ask(), pool.ask()
        pool.respond(first)
        pool.finish(first)
        assert second.connection
        assert (pool.stats().opened, pool.stats().reused) == (1, 3)

    def test_sharing_counts_as_reuse(self) -> None:
        pool = ModelPool(max_connections=1)
        first, second = pool.ask(), pool.ask()
        pool.respond(first, streams=3)
        third = pool.ask()
        assert second.connection is third.connection
        assert (pool.stats().opened, pool.stats().reused) == (1, 2)

    def test_closed_connections_by_reason(self) -> None:
        pool = ModelPool(max_connections=3, max_keepalive=2, keepalive_expiry=60.0)
        request = pool.ask(A)
        pool.respond(request)
        pool.finish(request, keep=False)
        assert pool.stats().closed["ended"] == 1
        pool.idle_beside(3)
        assert pool.stats().closed["surplus"] == 1
        busy = pool.ask(B)
        pool.respond(busy)
        pool.respond(pool.ask(C))
        assert pool.stats().closed["evicted"] == 1
        pool.ask(A).connection.expired = True
        pool.finish(busy)
        pool.now += 60.0
        pool.close_expired(pool.now)
        assert pool.stats().closed["expired"] == 1
        pool.close()
        assert pool.stats().closed["pool closed"] == 2
        assert sum(pool.stats().closed.values()) == pool.stats().opened


class TestRetries:
    def test_retry_gets_no_idle_connection(self) -> None:
        pool = ModelPool()
        dead, other = pool.idle_beside(2)
        request = pool.ask()
        assert request.connection is other
        other.closed = True
        request.failed_on = request.leased.number
        pool.requeue(request)
        assert request.leased.connection is None
        assert dead in pool.connections

    def test_retry_gets_no_older_shared_connection(self) -> None:
        pool = ModelPool()
        first = pool.ask()
        shared = pool.respond(first, streams=3)
        request = pool.ask()
        assert request.connection is shared
        request.failed_on = request.leased.number
        pool.requeue(request)
        assert request.leased.connection is None

    def test_retry_replaces_the_broken_connection(self) -> None:
        pool = ModelPool(max_connections=2)
        idle, broken = pool.idle(B), pool.idle(A)
        request = pool.ask(A)
        broken.closed = True
        request.failed_on = request.leased.number
        pool.requeue(request)
        assert request.leased.connection is None
        assert idle in pool.connections

    def test_retry_evicts_an_idle_connection(self) -> None:
        pool = ModelPool(max_connections=2)
        idle, first = pool.idle(B), pool.ask(A)
        pool.respond(first, streams=3)
        request = pool.ask(A)
        request.failed_on = request.leased.number
        pool.requeue(request)
        assert request.leased.connection is None
        assert pool.to_close == [idle]

    def test_waiting_retry_evicts_a_connection_that_becomes_idle(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        connection = pool.respond(first, streams=2)
        request = pool.ask()
        request.failed_on = request.leased.number
        assert request.connection is connection
        pool.requeue(request)
        assert pool.is_waiting(request)
        pool.finish(first)
        assert pool.to_wake == [request]
        assert request.leased.connection is None
        assert pool.to_close == [connection]

    def test_waiting_retry_does_not_get_a_released_connection(self) -> None:
        pool = ModelPool(max_connections=2)
        pool.respond(pool.ask(), streams=2)
        request = pool.ask()
        pool.respond(request)
        other = pool.ask()
        connection = pool.respond(other)
        request.failed_on = request.leased.number
        pool.requeue(request)
        assert pool.is_waiting(request)
        pool.finish(other)
        assert request.leased.connection is None
        assert pool.to_close == [connection]


class TestDisownedConnections:
    """A new state replaces one whose connections must not be used, as after a fork."""

    def test_all_connections_are_returned_and_none_is_pooled(self) -> None:
        pool = ModelPool()
        idle, request = pool.idle(A), pool.ask(B)
        busy = pool.respond(request)
        assert pool.slots.disown_connections() == [idle, busy]
        assert not request.leased.pooled

    def test_requests_of_the_old_state_do_not_count_in_the_new_one(self) -> None:
        old, new = ModelPool(max_connections=1), ModelPool(max_connections=1)
        request = old.ask()
        connection = old.respond(request)
        assert old.slots.disown_connections() == [connection]
        current = new.ask()
        connection.end()
        new.release(request, new.now)
        assert new.requests_active == 1
        assert new.to_close == [], "the old state has disowned the connection"
        assert current.leased.pooled
