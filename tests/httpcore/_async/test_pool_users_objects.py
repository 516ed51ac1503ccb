"""What 1.0.9 offered to objects of users: bodies, trace callbacks, connections of their own classes, and mocks."""

from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest
from httpcore import (
    AsyncConnectionInterface,
    AsyncConnectionPool,
    AsyncMockBackend,
    Origin,
    Request,
    Response,
)
from httpcore_test_support.background import AsyncBackground
from httpcore_test_support.connections import AsyncForeignConnection
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

URL = "http://example.com/"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
ORIGIN = Origin(b"http", b"example.com", 80)


class AsyncPoolOfOne(AsyncConnectionPool):
    """Uses one connection."""

    def __init__(self, connection: AsyncConnectionInterface) -> None:
        super().__init__()
        self.connection = connection

    def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
        return self.connection


class AsyncText:
    """A body with further attributes."""

    name = "a text"

    def __len__(self) -> int:
        return 4

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"text"


@pytest.mark.fault("P10")
async def test_own_connections_get_the_users_body() -> None:
    class Connection(AsyncForeignConnection):
        async def handle_async_request(self, request: Request) -> Response:
            given.append(request.stream)
            return await super().handle_async_request(request)

    given: list[Any] = []
    body = AsyncText()
    async with AsyncPoolOfOne(Connection(ORIGIN)) as pool:
        await pool.request("PUT", URL, content=body, headers={"Content-Length": "4"})
    assert given == [body]


async def test_trace_callbacks_find_attributes_of_the_body() -> None:
    async def trace(event: str, info: dict[str, Any]) -> None:
        if event == "http11.send_request_body.started":
            names.append(info["request"].stream.name)
            assert not hasattr(info["request"].stream, "nothing of the kind")

    names: list[str] = []
    body = AsyncText()
    headers = {"Host": "example.com", "Content-Length": "4"}
    request = Request("PUT", URL, headers=headers, content=body, extensions={"trace": trace})
    async with AsyncConnectionPool(network_backend=AsyncMockBackend([RESPONSE])) as pool:
        response = await pool.handle_async_request(request)
        await response.aclose()
    assert names == ["a text"]
    assert request.stream is body


async def test_request_sent_twice_concurrently_keeps_its_body() -> None:
    """The request that starts last ends last."""

    async def trace(event: str, info: dict[str, Any]) -> None:
        if event == "http11.send_request_body.started":
            begun.append(event)
            if len(begun) == 1:
                calls.append(background.start(pool.handle_async_request, request))
                await async_wait_until(lambda: len(begun) == 2)
            else:
                await async_wait_until(lambda: bool(responses))

    begun: list[str] = []
    calls: list[Any] = []
    responses: list[Response] = []
    body = AsyncText()
    headers = {"Host": "example.com", "Content-Length": "4"}
    request = Request("PUT", URL, headers=headers, content=body, extensions={"trace": trace})
    async with AsyncConnectionPool(network_backend=AsyncMockBackend([RESPONSE])) as pool:
        async with AsyncBackground() as background:
            responses.append(await pool.handle_async_request(request))
            responses.append(await calls[0].result())
        for response in responses:
            assert await response.aread() == b"hello"
            await response.aclose()
    assert request.stream is body


async def test_body_can_be_iterated_again_if_it_supports_that() -> None:
    class Connection(AsyncForeignConnection):
        async def handle_async_request(self, request: Request) -> Response:
            return Response(200, content=b"text")

        def is_idle(self) -> bool:
            return True

    async with AsyncPoolOfOne(Connection(ORIGIN)) as pool, pool.stream("GET", URL) as response:
        stream: Any = response.stream
        for _ in range(2):
            assert [part.decode() async for part in stream] == ["text"]


@pytest.mark.fault("P10")
async def test_mock_connection() -> None:
    connection = MagicMock()
    connection.aclose = AsyncMock()
    connection.handle_async_request = AsyncMock(side_effect=lambda request: Response(200, content=b"text"))
    connection.is_closed.return_value = False
    pool = AsyncPoolOfOne(connection)
    async with pool, pool.stream("GET", URL):
        assert (await pool.request("GET", URL)).content == b"text"
