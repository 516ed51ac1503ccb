"""`PoolState`, step by step, on model connections. The invariants are checked after every step."""

from __future__ import annotations

import random

import pytest
from httpcore._pool.slot_table import _REMEMBERED_ORIGINS
from httpcore_test_support.pool_model import A, B, C, ModelPool


class TestReuse:
    def test_new_request_gets_an_empty_slot(self) -> None:
        pool = ModelPool()
        request = pool.ask()
        assert request.leased.connection is None
        assert pool.connections == []
        connection = pool.open(request)
        assert pool.connections == [connection]
        assert (pool.connections_active, pool.connections_idle) == (1, 0)

    def test_idle_connection_is_reused(self) -> None:
        pool = ModelPool()
        connection = pool.idle()
        assert (pool.connections_active, pool.connections_idle) == (0, 1)
        assert pool.ask().connection is connection

    def test_most_recently_used_connection_is_reused_first(self) -> None:
        pool = ModelPool()
        first, second, third = pool.idle_beside(3)
        assert [pool.ask().connection for _ in range(3)] == [third, second, first]

    def test_connection_is_not_reused_for_another_origin(self) -> None:
        pool = ModelPool()
        pool.idle(A)
        assert pool.ask(B).leased.connection is None

    def test_connection_closed_by_the_server_is_dropped(self) -> None:
        pool = ModelPool()
        older, newer = pool.idle_beside(2)
        newer.expired = True
        assert pool.ask().connection is older
        assert pool.to_close == [newer]

    def test_new_connection_is_opened_if_the_server_closed_all(self) -> None:
        pool = ModelPool(max_connections=2)
        connections = pool.idle_beside(2)
        for connection in connections:
            connection.expired = True
        assert pool.ask().leased.connection is None
        assert set(pool.to_close) == set(connections)

    def test_connection_in_use_is_not_shared(self) -> None:
        pool = ModelPool()
        pool.respond(pool.ask())
        assert pool.ask().leased.connection is None

    @pytest.mark.field(84)
    def test_only_the_connection_to_reuse_is_checked(self) -> None:
        pool = ModelPool()
        connections = pool.idle_beside(100)
        pool.ask()
        assert sum(connection.asked["has_expired"] for connection in connections) == 1


class TestOrder:
    def test_first_come_first_served_across_origins(self) -> None:
        pool = ModelPool(max_connections=1)
        current = pool.ask(A)
        waiting = [pool.ask(key) for key in (B, A, C, A, B)]
        for request in waiting:
            pool.respond(current)
            pool.finish(current)
            assert pool.to_wake == [request]
            pool.to_wake.clear()
            current = request

    def test_request_to_another_origin_evicts_an_idle_connection(self) -> None:
        pool = ModelPool(max_connections=1)
        first, other = pool.ask(A), pool.ask(B)
        connection = pool.respond(first)
        pool.finish(first)
        assert other.leased.connection is None
        assert pool.to_close == [connection]

    def test_requeued_request_keeps_its_turn(self) -> None:
        pool = ModelPool(max_connections=1)
        first, second, third = (pool.ask() for _ in range(3))
        connection = pool.respond(first)
        pool.finish(first)
        connection.closed = True
        pool.requeue(second)
        assert second.leased.connection is None, "it has waited longest, so it gets the slot"
        assert pool.is_waiting(third)

    def test_requeued_request_waits_before_later_ones(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        connection = pool.open(first, may_share=True)
        second, third = pool.ask(), pool.ask()
        assert connection.take()
        pool.requeue(third)
        pool.requeue(second)
        assert pool.is_waiting(second)
        assert pool.is_waiting(third)
        pool.established(first.leased)
        pool.finish(first)
        assert pool.to_wake == [second]

    def test_requeued_request_does_not_overtake_earlier_ones(self) -> None:
        pool = ModelPool(max_connections=2)
        first_a, first_b = pool.ask(A), pool.ask(B)
        connection_a, connection_b = (pool.open(request, may_share=True) for request in (first_a, first_b))
        older, younger = pool.ask(A), pool.ask(B)
        assert connection_a.take()
        assert connection_b.take()
        pool.requeue(older)
        assert pool.is_waiting(older)
        pool.finish(first_b)
        connection_b.closed = True
        pool.requeue(younger)
        assert pool.to_wake == [older]
        assert pool.is_waiting(younger)

    def test_refusing_connection_is_not_assigned_again(self) -> None:
        pool = ModelPool(max_connections=1)
        request = pool.ask()
        connection = pool.open(request, may_share=True)
        pool.requeue(request)
        assert request.leased.connection is None
        assert pool.to_close == [connection]


class TestCancel:
    def test_cancelled_request_is_passed_over(self) -> None:
        pool = ModelPool(max_connections=1)
        first, second, third = (pool.ask() for _ in range(3))
        pool.release(second, pool.now)
        assert list(pool.requests.waiting) == [third]
        pool.respond(first)
        pool.finish(first)
        assert pool.to_wake == [third]
        assert second.slot is None

    def test_cancelled_requests_leave_the_queue(self) -> None:
        pool = ModelPool(max_connections=1)
        pool.ask()
        # The invariants include a limit on the size of the tables.
        for request in [pool.ask() for _ in range(200)]:
            pool.release(request, pool.now)
        patient = pool.ask()
        for _ in range(200):
            pool.release(pool.ask(), pool.now)
        assert pool.is_waiting(patient)

    def test_remaining_requests_keep_their_order(self) -> None:
        pool = ModelPool(max_connections=1)
        served = [pool.ask()]
        requests = [pool.ask() for _ in range(200)]
        given_up = random.Random(0).sample(requests[50:], 130)
        for count in range(70):
            if count == 50:
                for request in given_up:
                    pool.release(request, pool.now)
            pool.respond(served[-1])
            pool.finish(served[-1])
            served += pool.to_wake  # type: ignore[arg-type]
            pool.to_wake.clear()
        assert served[1:] == [request for request in requests if request not in given_up]

    def test_second_release_does_nothing(self) -> None:
        pool = ModelPool(max_connections=1)
        first, second = pool.ask(), pool.ask()
        pool.respond(first)
        pool.finish(first)
        pool.release(first, pool.now)
        assert pool.requests_active == 1
        assert pool.is_waiting(pool.ask())
        pool.release(second, pool.now)
        pool.release(second, pool.now)
        assert pool.requests_active == 1

    def test_connection_neither_idle_nor_closed_is_dropped(self) -> None:
        pool = ModelPool(max_connections=1)
        request, other = pool.ask(), pool.ask(B)
        connection = pool.open(request)
        pool.release(request, pool.now)
        assert pool.to_close == [connection]
        assert connection not in pool.connections
        assert other.leased.connection is None


class TestSharing:
    def test_requests_share_a_connection_up_to_its_limit(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        connection = pool.respond(first, streams=3)
        second, third, fourth = (pool.ask() for _ in range(3))
        assert (second.connection, third.connection) == (connection, connection)
        assert pool.is_waiting(fourth), "both requests need the room"
        for _ in (second, third):
            assert connection.take()
        pool.finish(second)
        assert pool.to_wake == [fourth]

    def test_waiting_requests_get_the_room_on_a_connection(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        waiting = [pool.ask(), pool.ask(B), pool.ask()]
        connection = pool.respond(first, streams=3)
        assert pool.to_wake == [waiting[0]]
        assert waiting[0].connection is connection
        assert pool.is_waiting(waiting[1])
        assert pool.is_waiting(waiting[2]), "the request to another origin has waited longer"

    def test_waiting_request_gets_a_released_stream(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        connection = pool.respond(first, streams=2)
        second = pool.ask()
        assert connection.take()
        third = pool.ask()
        assert pool.is_waiting(third)
        pool.finish(first)
        assert pool.to_wake == [third]
        assert third.connection is second.connection

    def test_idle_connection_is_shared_again(self) -> None:
        pool = ModelPool()
        first = pool.ask()
        connection = pool.respond(first, streams=2)
        pool.finish(first)
        assert pool.connections_idle == 1
        assert [pool.ask().connection, pool.ask().connection] == [connection, connection]

    def test_one_of_several_connections_becomes_idle(self) -> None:
        pool = ModelPool()
        first = pool.ask()
        full = pool.respond(first, streams=2)
        assert pool.ask().connection.take()
        second = pool.ask()
        other = pool.respond(second, streams=2)
        pool.finish(second)
        full.end()
        pool.release(first, pool.now)
        assert pool.ask().connection is other, "an idle connection is preferred"
        assert (pool.connections_active, pool.connections_idle) == (2, 0)
        assert full.is_available()
        assert full in [pool.ask().connection for _ in range(2)]

    def test_closing_connection_leaves_with_its_last_request(self) -> None:
        pool = ModelPool(max_connections=1)
        first, second = pool.ask(), pool.ask()
        connection = pool.respond(first, streams=2)
        assert connection.take()
        pool.finish(first, keep=False)
        assert pool.connections == []
        assert pool.ask().leased.connection is None
        connection.closed = False  # as after a second attempt to connect
        pool.finish(second)
        assert pool.to_close == [connection]

    def test_cancelled_request_leaves_the_other_on_its_connection(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        connection = pool.open(first, may_share=True)
        second, third = pool.ask(), pool.ask(B)
        pool.respond(first)
        pool.release(second, pool.now)
        assert pool.connections == [connection]
        assert pool.is_waiting(third)
        assert pool.to_close == []

    def test_number_of_remembered_origins_is_limited(self) -> None:
        pool = ModelPool(max_connections=1)
        keys = [(b"https", b"host", port) for port in range(_REMEMBERED_ORIGINS + 1)]
        for key in keys:
            request = pool.ask(key)
            pool.open(request, may_share=True)
            pool.respond(request)
            pool.finish(request)
        assert list(pool.slots.http1_origins) == keys[1:]


class TestClose:
    def test_all_connections_are_closed_and_no_request_waits(self) -> None:
        pool = ModelPool(max_connections=2)
        idle, busy = pool.idle(A), pool.ask(B)
        connection = pool.respond(busy)
        first, second = pool.ask(B), pool.ask(C)
        assert first.leased.connection is None
        pool.close()
        assert pool.to_wake == [second]
        assert not pool.is_waiting(second)
        assert pool.to_close == [idle, connection]
        assert (pool.connections, pool.requests_queued) == ([], 0)

    def test_requests_in_flight_can_be_released(self) -> None:
        pool = ModelPool(max_connections=1)
        request = pool.ask()
        connection = pool.respond(request)
        pool.close()
        connection.closed = True
        assert pool.requests_active == 1
        pool.finish(request)
        assert pool.requests_active == 0
        assert pool.to_close == [connection], "it is closed once"

    def test_connection_opened_after_closing_is_closed_with_its_request(self) -> None:
        pool = ModelPool(max_connections=1)
        request = pool.ask()
        pool.close()
        connection = pool.open(request, streams=2)
        pool.respond(request)
        assert pool.ask().leased.connection is None, "it is not shared"
        pool.finish(request)
        assert pool.to_close == [connection]

    def test_closed_pool_can_be_used_again(self) -> None:
        pool = ModelPool(max_connections=1)
        pool.idle()
        pool.close()
        assert pool.ask().leased.connection is None


@pytest.mark.field(83)
def test_cost_does_not_grow_with_connections_and_requests() -> None:
    pool = ModelPool(max_connections=100)
    active = [pool.ask() for _ in range(100)]
    waiting = [pool.ask() for _ in range(100)]
    connections = [pool.respond(request) for request in active]
    for connection in connections:
        connection.asked.clear()
    pool.finish(active[0])
    assert pool.to_wake == [waiting[0]]
    assert connections[0].asked == {"is_idle": 1, "has_expired": 1}
    assert not any(connection.asked for connection in connections[1:])
