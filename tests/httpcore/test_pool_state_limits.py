"""How many connections a pool has, how many of them idle, and for how long."""

from __future__ import annotations

import sys

import pytest
from httpcore_test_support.pool_model import A, B, C, ModelPool


class TestMaxConnections:
    def test_no_limit_by_default(self) -> None:
        assert ModelPool().slots.limits.max_connections == sys.maxsize

    def test_requests_wait_at_the_limit(self) -> None:
        pool = ModelPool(max_connections=2)
        first, second, third = (pool.ask() for _ in range(3))
        assert first.leased is not second.leased
        assert pool.is_waiting(third)
        assert (pool.requests_active, pool.requests_queued, pool.connections_active) == (2, 1, 2)

    def test_waiting_request_gets_the_released_connection(self) -> None:
        pool = ModelPool(max_connections=1)
        first, second = pool.ask(), pool.ask()
        connection = pool.respond(first)
        pool.finish(first)
        assert pool.to_wake == [second]
        assert second.connection is connection
        assert not pool.is_waiting(second)

    def test_closed_connection_makes_room_for_a_new_one(self) -> None:
        pool = ModelPool(max_connections=1)
        first, second = pool.ask(), pool.ask()
        pool.respond(first)
        pool.finish(first, keep=False)
        assert pool.to_wake == [second]
        assert second.leased.connection is None
        assert pool.to_close == [], "it is closed already"

    def test_oldest_idle_connection_is_evicted(self) -> None:
        pool = ModelPool(max_connections=2)
        oldest, _ = pool.idle(A), pool.idle(B)
        assert pool.ask(C).leased.connection is None
        assert pool.to_close == [oldest]

    def test_reused_connection_is_no_longer_the_oldest(self) -> None:
        pool = ModelPool(max_connections=2)
        pool.idle(A)
        other = pool.idle(B)
        pool.idle(A)
        pool.ask(C)
        assert pool.to_close == [other]

    @pytest.mark.field(7)
    def test_assigned_connection_is_not_evicted(self) -> None:
        pool = ModelPool(max_connections=1)
        first, promised, other = pool.ask(), pool.ask(), pool.ask(B)
        connection = pool.respond(first)
        pool.finish(first)
        assert promised.connection is connection
        assert pool.is_waiting(pool.ask(C))
        assert pool.is_waiting(other)
        assert pool.to_close == []

    @pytest.mark.field(6)
    def test_each_release_wakes_one_request(self) -> None:
        pool = ModelPool(max_connections=1)
        first, *others = (pool.ask() for _ in range(101))
        pool.respond(first)
        previous = first
        for request in others:
            pool.finish(previous)
            assert pool.to_wake == [request]
            pool.to_wake.clear()
            pool.respond(request)
            previous = request
        assert pool.connections == [previous.connection]
        # It is checked once before it is handed over, and never for nothing.
        assert previous.connection.asked["has_expired"] == len(others)

    def test_slot_without_connection_can_be_released(self) -> None:
        pool = ModelPool(max_connections=1)
        first, second = pool.ask(), pool.ask()
        pool.release(first, pool.now)
        assert pool.to_wake == [second]
        assert pool.to_close == []


class TestMaxKeepalive:
    def test_zero_keeps_no_idle_connection(self) -> None:
        pool = ModelPool(max_keepalive=0)
        connection = pool.idle()
        assert pool.connections == []
        assert pool.to_close == [connection]

    @pytest.mark.parametrize("other", [A, B])
    def test_zero_gives_each_waiting_request_a_new_connection(self, other: tuple[bytes, bytes, int]) -> None:
        pool = ModelPool(max_connections=1, max_keepalive=0)
        first, second = pool.ask(A), pool.ask(other)
        connection = pool.respond(first)
        pool.finish(first)
        assert pool.to_wake == [second]
        assert second.leased.connection is None
        assert pool.to_close == [connection]

    def test_zero_allows_sharing_a_connection_in_use(self) -> None:
        pool = ModelPool(max_connections=1, max_keepalive=0)
        first, second, third = (pool.ask() for _ in range(3))
        connection = pool.respond(first, streams=2)
        assert pool.respond(second) is connection
        pool.finish(first)
        assert third.connection is connection
        assert pool.to_close == []

    def test_one_keeps_the_most_recent_connection(self) -> None:
        pool = ModelPool(max_keepalive=1)
        older, newer = pool.idle(A), pool.idle(B)
        assert pool.connections == [newer]
        assert pool.to_close == [older]

    @pytest.mark.field(8)
    def test_only_idle_connections_count(self) -> None:
        pool = ModelPool(max_keepalive=2)
        busy = [pool.ask() for _ in range(3)]
        for request in busy:
            pool.respond(request)
        idle = pool.idle(B)
        assert idle in pool.connections
        assert pool.to_close == []
        assert (pool.connections_active, pool.connections_idle) == (3, 1)


class TestExpiry:
    def test_idle_connections_stay_until_they_expire(self) -> None:
        pool = ModelPool(keepalive_expiry=5.0)
        connection = pool.idle(A)
        pool.now = 4.9
        pool.ask(B)
        assert pool.to_close == []
        pool.now = 5.0
        pool.ask(B)
        assert pool.to_close == [connection]

    def test_each_use_restarts_the_expiry_time(self) -> None:
        pool = ModelPool(keepalive_expiry=5.0)
        connection = pool.idle(A)
        pool.now = 3.0
        assert pool.idle(A) is connection
        pool.now = 7.0
        assert pool.ask(A).connection is connection

    def test_unexpired_connections_stay(self) -> None:
        pool = ModelPool(keepalive_expiry=5.0)
        older = pool.idle(A)
        pool.now = 3.0
        pool.idle(B)
        pool.now = 6.0
        pool.ask(C)
        assert pool.to_close == [older]
        assert pool.connections_idle == 1

    @pytest.mark.field(18)
    def test_release_for_another_origin_closes_expired_connections(self) -> None:
        pool = ModelPool(keepalive_expiry=5.0)
        request = pool.ask(B)
        pool.respond(request)
        connection = pool.idle(A)
        pool.now = 6.0
        pool.finish(request)
        assert pool.to_close == [connection]

    def test_zero_seconds_expire_at_once(self) -> None:
        pool = ModelPool(keepalive_expiry=0.0)
        connection = pool.idle()
        assert pool.to_close == [connection]
