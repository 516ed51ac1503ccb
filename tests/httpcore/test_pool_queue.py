"""The queue of waiting requests."""

from collections import OrderedDict

import pytest
from httpcore._pool.request_table import Queue, insert_in_order
from httpcore_test_support.pool_invariants import ModelConnection
from httpcore_test_support.pool_model import A, ModelRequest


@pytest.mark.parametrize("length", range(6))
@pytest.mark.parametrize("position", range(6))
def test_requeued_request_returns_to_its_position(length: int, position: int) -> None:
    requests = [ModelRequest(A) for _ in range(length + 1)]
    for number, request in enumerate(requests):
        request.number = number
    back = requests[min(position, length)]
    queue: Queue[ModelConnection] = OrderedDict((request, None) for request in requests if request is not back)
    insert_in_order(queue, back)
    assert list(queue) == requests


@pytest.mark.parametrize("number", [1, 999])
def test_insertion_near_both_ends_is_fast(number: int) -> None:
    looked_at = 0

    class Request(ModelRequest):
        def __getattribute__(self, name: str) -> object:
            nonlocal looked_at
            looked_at += 1
            return super().__getattribute__(name)

    requests = [Request(A) for _ in range(1001)]
    for position, request in enumerate(requests):
        request.number = position
    queue: Queue[ModelConnection] = OrderedDict((request, None) for request in requests if request.number != number)
    looked_at = 0
    insert_in_order(queue, requests[number])
    assert looked_at < 20
    assert list(queue) == requests
