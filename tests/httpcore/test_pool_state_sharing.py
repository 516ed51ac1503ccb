"""`PoolState` and connections that carry several requests at a time, or may turn out to."""

from __future__ import annotations

import pytest
from httpcore._pool.slots import Key
from httpcore._pool.state import PoolState
from httpcore_test_support.pool_model import A, B, C, ModelPool, ModelRequest


class TestRoom:
    def test_full_connection_leads_to_a_new_one(self) -> None:
        pool = ModelPool()
        pool.respond(pool.ask(), streams=2)
        assert pool.ask().connection.take()
        assert pool.ask().leased.connection is None

    def test_connection_of_unknown_capacity_is_offered_any_number(self) -> None:
        pool = ModelPool(max_connections=1)
        connection = pool.respond(pool.ask(), streams=2, counted=False)
        second, third = pool.ask(), pool.ask()
        assert (second.connection, third.connection) == (connection, connection)
        assert connection.take()
        assert not connection.take()
        pool.requeue(third)
        assert pool.is_waiting(third)
        assert pool.is_waiting(pool.ask())

    @pytest.mark.fault("P18")
    def test_connection_is_drained_for_another_origin(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        connection = pool.respond(first, streams=2)
        second = pool.ask()
        assert second.connection.take()
        other, third = pool.ask(B), pool.ask()
        pool.finish(first)
        assert pool.to_wake == []
        assert pool.is_waiting(third)
        pool.finish(second)
        assert pool.to_wake == [other]
        assert pool.to_close == [connection]
        pool.respond(other)
        pool.finish(other)
        assert pool.to_wake == [other, third]

    @pytest.mark.fault("P18")
    def test_overlapping_requests_do_not_starve_another_origin(self) -> None:
        pool = ModelPool(max_connections=1)
        current = pool.ask()
        pool.respond(current, streams=100)
        other = pool.ask(B)
        asked = 0
        while pool.is_waiting(other) and asked < 10:
            following = pool.ask()
            if following.slot is not None:
                assert following.connection.take()
            pool.finish(current)
            current = following
            asked += 1
        assert asked == 1
        assert pool.is_waiting(current)

    @pytest.mark.fault("P18")
    def test_only_one_connection_is_drained(self) -> None:
        pool = ModelPool(max_connections=2)
        busy, lazy = pool.ask(A), pool.ask(C)
        pool.respond(busy, streams=9)
        pool.respond(lazy, streams=9)
        assert pool.ask(A).connection.take()
        other = pool.ask(B)
        assert pool.is_waiting(pool.ask(C)), "the connection with fewer requests is drained"
        assert pool.ask(A).connection is busy.connection
        pool.finish(lazy)
        assert pool.to_wake == [other]

    @pytest.mark.fault("P18")
    def test_draining_stops_when_the_waiting_request_is_cancelled(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        connection = pool.respond(first, streams=2)
        other, second = pool.ask(B), pool.ask()
        assert pool.is_waiting(second)
        pool.release(other, pool.now)
        assert pool.to_wake == [second]
        assert second.connection is connection

    @pytest.mark.fault("P8")
    def test_increased_capacity_serves_waiting_requests(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        connection = pool.respond(first, streams=2)
        assert pool.ask().connection.take()
        third, fourth = pool.ask(), pool.ask()
        assert pool.is_waiting(third)
        connection.streams = 3
        pool.changed(first.leased)
        assert pool.to_wake == [third]
        assert pool.is_waiting(fourth)

    @pytest.mark.fault("P5")
    def test_new_connection_counts_as_one_with_the_previous_limit(self) -> None:
        pool = ModelPool(max_connections=2)
        first = pool.ask()
        connection = pool.open(first, streams=2)
        connection.stream_limit = 2
        pool.respond(first)
        pool.finish(first, keep=False)
        requests = [pool.ask()]
        pool.open(requests[0], streams=2)
        requests += [pool.ask() for _ in range(2)]
        assert requests[1].leased is requests[0].leased
        assert requests[2].leased is not requests[0].leased

    @pytest.mark.fault("P26")
    def test_those_that_are_refused_before_the_first_response_share_a_connection(self) -> None:
        """The limit alone shows that the connection carries several requests."""
        pool = ModelPool()
        requests = [pool.ask()]
        connection = pool.open(requests[0], streams=3)
        requests += [pool.ask() for _ in range(8)]
        assert {request.leased for request in requests} == {requests[0].leased}
        connection.stream_limit = 3
        taken = [connection.take() for _ in requests]
        assert taken == [True] * 3 + [False] * 6
        for request in requests[3:]:
            pool.requeue(request)
            if request.leased.connection is None:
                pool.open(request, streams=3)
        assert A not in pool.slots.http1_origins
        assert len(pool.slots.all) == 3

    def test_refusing_connection_is_tried_again_after_a_release(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        connection = pool.respond(first, streams=2, counted=False)
        second, third = pool.ask(), pool.ask()
        assert connection.take()
        assert not connection.take()
        pool.requeue(third)
        assert pool.is_waiting(third)
        pool.finish(second)
        assert pool.to_wake == [third]
        assert A not in pool.slots.http1_origins

    @pytest.mark.fault("P6")
    def test_refusing_connection_is_tried_again_while_it_is_available(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        connection = pool.respond(first, streams=3)
        second, third = pool.ask(), pool.ask()
        assert connection.take()
        assert connection.is_available()
        pool.requeue(third)
        assert third.connection is connection
        assert pool.is_waiting(pool.ask())
        pool.finish(second)
        assert len(pool.to_wake) == 1

    def test_refused_request_finds_room_on_another_connection(self) -> None:
        pool = ModelPool(max_connections=2)
        first, second = pool.ask(), pool.ask()
        connection = pool.open(first, streams=2, may_share=False)
        pool.respond(first)
        refusing = pool.open(second)
        other = pool.ask(B)
        assert pool.is_waiting(other)
        pool.requeue(second)
        assert second.connection is connection
        assert pool.to_close == [refusing]
        assert pool.to_wake == [other], "the next request gets the free slot"

    def test_connection_turns_out_to_be_shared(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        connection = pool.open(first, streams=2, may_share=False)
        second, third = pool.ask(), pool.ask(B)
        assert pool.to_wake == []
        pool.respond(first)
        assert pool.to_wake == [second]
        assert second.connection is connection
        assert pool.is_waiting(third)
        assert first.leased.established

    def test_requests_wait_for_a_connection_that_may_be_shared(self) -> None:
        pool = ModelPool()
        first = pool.ask()
        connection = pool.open(first, streams=3)
        second = pool.ask()
        assert second.connection is connection
        assert connection.take()
        pool.release(second, pool.now)
        assert connection in pool.connections

    def test_requests_that_waited_for_a_slot_share_it_too(self) -> None:
        pool = ModelPool(max_connections=1)
        first, second = pool.ask(), pool.ask()
        connection = pool.open(first, streams=3)
        assert pool.to_wake == [second]
        assert second.connection is connection

    def test_cancelled_request_without_a_stream_makes_no_room(self) -> None:
        pool = ModelPool(max_connections=1)
        first = pool.ask()
        connection = pool.respond(first, streams=2, counted=False)
        second, third = pool.ask(), pool.ask()
        assert third.connection is connection
        assert second.connection.take()
        fourth = pool.ask()
        pool.release(third, pool.now)
        assert pool.is_waiting(fourth)

    def test_connection_is_not_closed_while_requests_try_it_again(self) -> None:
        pool = ModelPool()
        first = pool.ask()
        connection = pool.open(first, streams=3)
        second, third = pool.ask(), pool.ask()
        connection.closed = True
        pool.release(first, pool.now)
        assert pool.connections == []
        connection.closed = False  # established after all, by the second request
        assert second.connection.take()
        pool.release(third, pool.now)
        assert pool.to_close == []
        pool.finish(second)
        assert pool.to_close == [connection]


class TestHTTP1Origins:
    def learn(self, pool: ModelPool, key: Key) -> None:
        """Let the pool learn that an origin's connections carry one request at a time."""
        request = pool.ask(key)
        pool.open(request, may_share=True)
        pool.respond(request)
        pool.finish(request, keep=False)

    def test_known_http1_origin_gets_several_connections(self) -> None:
        pool = ModelPool()
        self.learn(pool, A)
        pool.open(pool.ask(A), may_share=True)
        assert pool.ask(A).leased.connection is None

    def test_other_origins_are_not_affected(self) -> None:
        pool = ModelPool()
        self.learn(pool, A)
        connection = pool.open(pool.ask(B), may_share=True)
        assert pool.ask(B).connection is connection

    def test_connection_that_could_never_be_shared_teaches_nothing(self) -> None:
        pool = ModelPool()
        request = pool.ask()
        pool.respond(request)
        pool.finish(request, keep=False)
        connection = pool.open(pool.ask(), may_share=True)
        assert pool.ask().connection is connection

    def test_refusal_marks_the_origin(self) -> None:
        pool = ModelPool()
        first = pool.ask()
        connection = pool.open(first, may_share=True)
        second = pool.ask()
        assert connection.take()
        pool.requeue(second)
        assert second.leased.connection is None
        pool.open(second, may_share=True)
        assert pool.ask().leased.connection is None

    def test_shared_connection_unmarks_the_origin(self) -> None:
        pool = ModelPool()
        self.learn(pool, A)
        pool.respond(pool.ask(A), streams=2)
        connection = pool.open(pool.ask(B), may_share=True)
        assert A not in pool.slots.http1_origins
        assert pool.ask(B).connection is connection


def test_retry_is_passed_over_for_room_on_an_older_connection() -> None:
    """It waits for a slot added later. The requests behind it do not wait with it, and it keeps its turn."""
    pool = ModelPool(max_connections=2)
    first = pool.ask(A)
    connection = pool.respond(first, streams=3)
    second = pool.ask(A)
    assert pool.respond(second) is connection
    pool.respond(pool.ask(B))
    retry = pool.ask(A)
    retry.failed_on = retry.leased.number
    pool.requeue(retry)
    behind = pool.ask(A)
    assert pool.is_waiting(retry)
    assert pool.is_waiting(behind)
    pool.finish(second)
    assert pool.to_wake == [behind]
    assert behind.connection is connection
    assert pool.is_waiting(retry)
    pool.respond(behind)
    pool.finish(behind)
    pool.finish(first)
    assert pool.to_wake == [behind, retry]
    assert retry.leased.connection is None


def two_requests_and_two_retries(pool: ModelPool) -> tuple[ModelRequest, ModelRequest, list[ModelRequest]]:
    first = pool.ask()
    pool.respond(first, streams=4)
    second = pool.ask()
    pool.respond(second)
    retries = [pool.ask(), pool.ask()]
    for request in retries:
        request.failed_on = request.leased.number
        pool.requeue(request)
    return first, second, retries


def test_passed_over_retries_stay_before_later_requests() -> None:
    pool = ModelPool(max_connections=1)
    first, second, _ = two_requests_and_two_retries(pool)
    third, fourth = pool.ask(), pool.ask()
    assert pool.is_waiting(third)
    # There is room for one of them, and their order is one of the invariants.
    first.connection.streams = 2
    pool.finish(second)
    assert pool.to_wake == [third]
    assert pool.is_waiting(fourth)


def test_passed_over_retries_keep_their_order() -> None:
    pool = ModelPool(max_connections=1)
    first, second, retries = two_requests_and_two_retries(pool)
    pool.finish(second)
    assert pool.to_wake == []
    pool.finish(first)
    connection = pool.open(retries[0], may_share=True)
    assert pool.to_wake == retries
    assert retries[1].connection is connection


class TestQuestions:
    """Whether a pool asks connections that tell by themselves when they can carry more, and others."""

    @staticmethod
    def full_pool(*, reports: bool) -> tuple[ModelPool, list[ModelRequest]]:
        """Return a pool with two connections, each of which carries two requests, and the four requests."""
        pool = ModelPool(max_connections=2)
        pool.reports = reports
        first = pool.ask()
        pool.respond(first, streams=2)
        second = pool.ask()
        assert second.connection.take()
        third = pool.ask()
        pool.respond(third, streams=2)
        fourth = pool.ask()
        assert fourth.connection.take()
        assert first.connection is second.connection is not third.connection is fourth.connection
        return pool, [first, second, third, fourth]

    def test_request_behind_others_asks_no_connection(self) -> None:
        pool, carried = self.full_pool(reports=True)
        assert pool.is_waiting(pool.ask())
        for request in carried:
            request.connection.asked.clear()
        PoolState.submit(pool, second := ModelRequest(A), 0.0)
        assert pool.is_waiting(second)
        assert [request.connection.asked.total() for request in carried] == [0] * 4

    def test_release_asks_only_the_connection_that_it_concerns_and_once(self) -> None:
        pool, carried = self.full_pool(reports=True)
        waiting = [pool.ask(), pool.ask()]
        other = carried[2].connection
        for request in carried:
            request.connection.asked.clear()
        released = carried[0].connection
        released.end()
        PoolState.release(pool, carried[0], 0.0)
        assert pool.to_wake == waiting[:1]
        assert released.asked["is_available"] == 1
        assert other.asked.total() == 0

    def test_connection_that_tells_nothing_is_asked_whenever_another_request_ends(self) -> None:
        pool, carried = self.full_pool(reports=False)
        waiting = [pool.ask(), pool.ask()]
        carried[2].connection.streams = 3
        pool.finish(carried[0])
        assert pool.to_wake == waiting

    def test_request_that_waits_for_a_newer_connection_keeps_no_other_from_an_old_one(self) -> None:
        pool = ModelPool(max_connections=1)
        pool.reports = True
        first = pool.ask()
        pool.respond(first, streams=2)
        retry = pool.ask()
        retry.failed_on = retry.leased.number
        pool.suspend(retry)
        pool.resume(retry)
        assert pool.is_waiting(retry)
        first.connection.streams = 3
        pool.changed(first.leased)
        assert pool.ask().connection is first.connection

    def test_connection_that_tells_of_more_room_serves_as_many_requests(self) -> None:
        pool, carried = self.full_pool(reports=True)
        waiting = [pool.ask(), pool.ask(), pool.ask()]
        carried[2].connection.streams = 4
        pool.changed(carried[2].leased)
        assert pool.to_wake == waiting[:2]
        assert [request.connection for request in waiting[:2]] == [carried[2].connection] * 2

    def test_after_an_interruption_it_is_known_again_which_connections_tell(self) -> None:
        for reports in (True, False):
            pool, _ = self.full_pool(reports=reports)
            pool._shared.any_silent = reports
            pool.repair()
            assert pool._shared.any_silent is not reports
