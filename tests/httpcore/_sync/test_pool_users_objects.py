# Generated from ../_async/test_pool_users_objects.py by tools/make_sync.py: edit that file, then run it.
"""What 1.0.9 offered to objects of users: bodies, trace callbacks, connections of their own classes, and mocks."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest
from httpcore import (
    ConnectionInterface,
    ConnectionPool,
    MockBackend,
    Origin,
    Request,
    Response,
)
from httpcore_test_support.background import Background
from httpcore_test_support.connections import ForeignConnection
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio

URL = "http://example.com/"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
ORIGIN = Origin(b"http", b"example.com", 80)


class PoolOfOne(ConnectionPool):
    """Uses one connection."""

    def __init__(self, connection: ConnectionInterface) -> None:
        super().__init__()
        self.connection = connection

    def create_connection(self, origin: Origin) -> ConnectionInterface:
        return self.connection


class Text:
    """A body with further attributes."""

    name = "a text"

    def __len__(self) -> int:
        return 4

    def __iter__(self) -> Iterator[bytes]:
        yield b"text"


@pytest.mark.fault("P10")
def test_own_connections_get_the_users_body() -> None:
    class Connection(ForeignConnection):
        def handle_request(self, request: Request) -> Response:
            given.append(request.stream)
            return super().handle_request(request)

    given: list[Any] = []
    body = Text()
    with PoolOfOne(Connection(ORIGIN)) as pool:
        pool.request("PUT", URL, content=body, headers={"Content-Length": "4"})
    assert given == [body]


def test_trace_callbacks_find_attributes_of_the_body() -> None:
    def trace(event: str, info: dict[str, Any]) -> None:
        if event == "http11.send_request_body.started":
            names.append(info["request"].stream.name)
            assert not hasattr(info["request"].stream, "nothing of the kind")

    names: list[str] = []
    body = Text()
    headers = {"Host": "example.com", "Content-Length": "4"}
    request = Request("PUT", URL, headers=headers, content=body, extensions={"trace": trace})
    with ConnectionPool(network_backend=MockBackend([RESPONSE])) as pool:
        response = pool.handle_request(request)
        response.close()
    assert names == ["a text"]
    assert request.stream is body


def test_request_sent_twice_concurrently_keeps_its_body() -> None:
    """The request that starts last ends last."""

    def trace(event: str, info: dict[str, Any]) -> None:
        if event == "http11.send_request_body.started":
            begun.append(event)
            if len(begun) == 1:
                calls.append(background.start(pool.handle_request, request))
                wait_until(lambda: len(begun) == 2)
            else:
                wait_until(lambda: bool(responses))

    begun: list[str] = []
    calls: list[Any] = []
    responses: list[Response] = []
    body = Text()
    headers = {"Host": "example.com", "Content-Length": "4"}
    request = Request("PUT", URL, headers=headers, content=body, extensions={"trace": trace})
    with ConnectionPool(network_backend=MockBackend([RESPONSE])) as pool:
        with Background() as background:
            responses.append(pool.handle_request(request))
            responses.append(calls[0].result())
        for response in responses:
            assert response.read() == b"hello"
            response.close()
    assert request.stream is body


def test_body_can_be_iterated_again_if_it_supports_that() -> None:
    class Connection(ForeignConnection):
        def handle_request(self, request: Request) -> Response:
            return Response(200, content=b"text")

        def is_idle(self) -> bool:
            return True

    with PoolOfOne(Connection(ORIGIN)) as pool, pool.stream("GET", URL) as response:
        stream: Any = response.stream
        for _ in range(2):
            assert [part.decode() for part in stream] == ["text"]


@pytest.mark.fault("P10")
def test_mock_connection() -> None:
    connection = MagicMock()
    connection.close = Mock()
    connection.handle_request = Mock(side_effect=lambda request: Response(200, content=b"text"))
    connection.is_closed.return_value = False
    pool = PoolOfOne(connection)
    with pool, pool.stream("GET", URL):
        assert (pool.request("GET", URL)).content == b"text"
