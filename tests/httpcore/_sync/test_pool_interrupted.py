# Generated from ../_async/test_pool_interrupted.py by tools/make_sync.py: edit that file, then run it.
"""Exceptions from trace callbacks, at any event, and from request bodies."""

from collections.abc import Iterator
from typing import Any

import pytest
from httpcore import ConnectionPool
from httpcore._pool.slots import PoolRequest
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio


def answer(connection: Connection) -> None:
    while True:
        connection.receive_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


class RaisesAt:
    """A trace callback that raises at its event number `number`."""

    def __init__(self, number: int, exception: BaseException) -> None:
        self.number = number
        self.exception = exception
        self.count = 0

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.count += 1
        if self.count == self.number:
            raise self.exception


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("warm", [False, True])
def test_trace_callback_raises_at_each_event(exception: type[BaseException], warm: bool) -> None:
    """The exception propagates, and the only slot in the pool is released."""
    with scripted_server(answer) as server:
        with ConnectionPool(max_connections=1) as pool:
            number, raised = 0, True
            while raised:
                number += 1
                if warm:
                    pool.request("GET", server.url)
                else:
                    pool.close()
                raised = False
                callback = RaisesAt(number, exception("from the callback"))
                try:
                    pool.request("POST", server.url, content=b"x", extensions={"trace": callback})
                except exception:
                    raised = True
                stats = pool.stats()
                assert (stats.requests_active, stats.connections_active) == (0, 0)
                response = pool.request("GET", server.url, extensions={"timeout": {"pool": 0.0}})
                assert response.content == b"hello"
            assert number > 10
        wait_until(lambda: server.open_connections == 0)


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt])
def test_body_raises(exception: type[BaseException]) -> None:
    def body() -> Iterator[bytes]:
        yield b"one"
        raise exception("from the body")

    with scripted_server(answer) as server:
        with ConnectionPool(max_connections=1) as pool:
            with pytest.raises(exception, match="from the body"):
                pool.request("POST", server.url, content=body())
            assert pool.connections == []
            assert (pool.request("GET", server.url, extensions={"timeout": {"pool": 0.0}})).content == b"hello"


@pytest.mark.fault("P9")
def test_a_release_repairs_what_an_interrupted_step_has_left() -> None:
    """The waiting request is not offered the slot that was about to leave the pool."""

    def answer_in_part(connection: Connection) -> None:
        connection.receive_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
        connection.receive_request()

    with scripted_server(answer_in_part) as server:
        with ConnectionPool(max_connections=1) as pool:
            state = pool._shared.state
            with pool.stream("GET", server.url):
                (slot,) = state.slots.all
                waiting: PoolRequest[Any] = PoolRequest()
                waiting.key = slot.key
                assert not state.submit(waiting, 0.0)
                # As if a signal handler had raised in the middle of `SlotTable.drop()`.
                state.slots.shared.setdefault(slot.key, {})[slot] = None
                slot.pooled = False
                state.broken = True
            assert waiting.slot not in (None, slot)
            assert (state.broken, state.slots.shared, list(state.slots.all)) == (False, {}, [waiting.slot])


@pytest.mark.field(17)
def test_closing_a_partly_read_response_releases_its_slot() -> None:
    with scripted_server(answer) as server:
        with ConnectionPool(max_connections=1) as pool:
            for _ in range(3):
                with pool.stream("GET", server.url, extensions={"timeout": {"pool": 0.0}}):
                    assert "ACTIVE" in repr(pool.connections)
