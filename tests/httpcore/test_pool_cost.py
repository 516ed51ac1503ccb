"""How often a pool asks its connections for their state, which costs time: not more often if there are many."""

from typing import Any

import pytest
from httpcore import (
    URL,
    ConnectionInterface,
    ConnectionPool,
    Origin,
    Request,
    Response,
)
from httpcore._sync.reservation import Reservation


class Counting(ConnectionInterface):
    """An idle connection that counts how often its methods are called."""

    asked = 0

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.busy = False

    def handle_request(self, request: Request) -> Response:
        self.busy = True
        connection = self

        class Body:
            def __iter__(self) -> Any:
                return iter([b""])

            def close(self) -> None:
                connection.busy = False

        return Response(200, content=Body())

    def close(self) -> None:
        pass

    def info(self) -> str:
        return "counting"

    def can_handle_request(self, origin: Origin) -> bool:
        return origin == self.origin

    def _ask(self, answer: bool) -> bool:
        Counting.asked += 1
        return answer

    def is_available(self) -> bool:
        return self._ask(not self.busy)

    def has_expired(self) -> bool:
        return self._ask(False)

    def is_idle(self) -> bool:
        return self._ask(not self.busy)

    def is_closed(self) -> bool:
        return self._ask(False)


class CountingPool(ConnectionPool):
    def create_connection(self, origin: Origin) -> ConnectionInterface:
        return Counting(origin)


@pytest.mark.field(83, 84)
@pytest.mark.parametrize("idle", [0, 100, 1000])
def test_a_request_asks_few_of_many_connections(idle: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # A check of some connections is always due, not only on a slow machine.
    monkeypatch.setattr("httpcore._pool.pruning._LIVENESS_INTERVAL", 0.0)
    pool = CountingPool(max_connections=None)
    for number in range(idle):
        pool.request("GET", f"http://host-{number}/")
    pool.request("GET", "http://example.com/")
    Counting.asked = 0
    for _ in range(10):
        pool.request("GET", "http://example.com/")
    assert Counting.asked <= 10 * 8
    assert len(pool.connections) == idle + 1


@pytest.mark.field(83)
def test_cost_does_not_grow_with_waiting_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpcore._pool.pruning._LIVENESS_INTERVAL", 0.0)
    pool = CountingPool(max_connections=1)
    url = URL("http://example.com/")
    response = pool.handle_request(Request("GET", url))
    reservations = [Reservation(pool, pool._shared, Request("GET", url)) for _ in range(1000)]
    first = reservations[0].pool_request
    assert first is not None
    Counting.asked = 0
    response.close()
    assert first.slot is not None
    assert Counting.asked <= 5
    for reservation in reservations:
        reservation.release()
    assert Counting.asked <= 5 * 1000
