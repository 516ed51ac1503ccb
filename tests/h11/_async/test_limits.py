"""One limit for a whole request, and bodies that wait for the server's consent, on a connection without a pool."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import AutoBackend, Origin, ReadTimeout, RemoteProtocolError, WriteTimeout
from httpcore_test_support.scripted import Connection, Script, scripted_server
from httpcore_test_support.steps import receive_request, receive_until, send

pytestmark = pytest.mark.anyio

URL = "http://example.com/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
WITHIN = r"within the total limit of 0\.2 seconds"
TOTAL: dict[str, Any] = {"timeout": {"read": 20.0, "write": 20.0, "total": 0.2}}
EXPECT = {"Host": "example.com", "Expect": "100-continue", "Content-Length": "4"}


@asynccontextmanager
async def connected(script: Script) -> AsyncIterator[AsyncHTTP11Connection]:
    with scripted_server(script) as server:
        stream = await AutoBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0)
        async with AsyncHTTP11Connection(Origin(b"http", b"example.com", 80), stream) as connection:
            yield connection
        server.raise_failures()


def drip(connection: Connection) -> None:
    connection.receive_request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.send(b"1\r\nx\r\n")
        time.sleep(0.002)


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(1000)


async def test_a_response_that_does_not_come() -> None:
    async with connected(receive_until(lambda received: False)) as connection:
        with pytest.raises(ReadTimeout, match=WITHIN):
            await connection.request("GET", URL, extensions=TOTAL)
        assert connection.is_closed()


async def test_a_response_that_does_not_end() -> None:
    async with connected(drip) as connection:
        with pytest.raises(ReadTimeout, match=WITHIN):
            await connection.request("GET", URL, extensions=TOTAL)
        assert connection.is_closed()


async def test_a_body_that_does_not_end() -> None:
    async with connected(receive_until(lambda received: False)) as connection:
        with pytest.raises(WriteTimeout, match=WITHIN):
            await connection.request("POST", URL, content=endless(), extensions=TOTAL)
        assert connection.is_closed()


@pytest.mark.parametrize("total", [None, 20.0])
async def test_a_limit_that_is_not_reached(total: float | None) -> None:
    async with connected([receive_request(), send(OK)]) as connection:
        response = await connection.request("POST", URL, content=b"body", extensions={"timeout": {"total": total}})
        assert response.content == b"ok"


async def test_a_body_that_the_server_agrees_to() -> None:
    def script(connection: Connection) -> None:
        head = connection.receive_until(b"\r\n\r\n")
        assert connection.received == head
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert connection.receive_exactly(4) == b"body"
        connection.send(OK)

    async with connected(script) as connection:
        assert (await connection.request("POST", URL, headers=EXPECT, content=b"body")).content == b"ok"
        assert connection.is_idle()


async def test_a_body_that_the_server_says_nothing_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpcore_h11._async.upload.CONTINUE_TIMEOUT", 0.02)
    async with connected([receive_until(b"body"), send(OK)]) as connection:
        assert (await connection.request("POST", URL, headers=EXPECT, content=b"body")).content == b"ok"
        assert connection.is_idle()


async def test_a_body_that_the_server_does_not_want() -> None:
    async with connected([receive_until(b"\r\n\r\n"), send(OK)]) as connection:
        assert (await connection.request("POST", URL, headers=EXPECT, content=b"body")).content == b"ok"
        assert connection.is_closed()


async def test_a_server_that_goes_away_instead_of_agreeing() -> None:
    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.close()

    async with connected(script) as connection:
        with pytest.raises(RemoteProtocolError, match="Server disconnected"):
            await connection.request("POST", URL, headers=EXPECT, content=b"body")
        assert connection.is_closed()


async def test_interim_responses_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """They do not keep the body back for ever."""
    monkeypatch.setattr("httpcore_h11._async.upload.CONTINUE_TIMEOUT", 0.05)

    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        over = time.monotonic() + 0.2
        while time.monotonic() < over:
            connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")
            time.sleep(0.001)
        connection.receive_until(b"body")
        connection.send(OK)

    async with connected(script) as connection:
        assert (await connection.request("POST", URL, headers=EXPECT, content=b"body")).content == b"ok"
