"""The trace callback: the order of events, and errors that it raises at any event."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import URL, LocalProtocolError, ReadTimeout, Request, Response
from httpcore_test_support._async.h11_connections import AsyncScriptedStream, async_first_part

pytestmark = pytest.mark.anyio

ORIGIN = URL("http://localhost").origin
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
EVENTS = [
    f"http11.{phase}.{end}"
    for phase in (
        "send_request_headers",
        "send_request_body",
        "receive_response_headers",
        "receive_response_body",
        "response_closed",
    )
    for end in ("started", "complete")
]


class TraceError(Exception):
    """Raised by the callback."""


class AsyncCallback:
    """Keeps events, and raises an error at one of them."""

    def __init__(self, raise_at: str = "") -> None:
        self.raise_at = raise_at
        self.events: list[str] = []
        self.infos: list[dict[str, Any]] = []

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.events.append(event)
        self.infos.append(info)
        if event == self.raise_at:
            raise TraceError


async def exchange(connection: AsyncHTTP11Connection, callback: AsyncCallback) -> Response:
    return await connection.request("POST", "http://localhost/", content=b"x", extensions={"trace": callback})


async def test_the_events_of_an_exchange() -> None:
    callback = AsyncCallback()
    response = await exchange(AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(RESPONSE)), callback)
    assert response.content == b"hello"
    assert callback.events == EVENTS
    assert callback.infos[5] == {"return_value": (b"HTTP/1.1", 200, b"OK", [(b"Content-Length", b"5")])}


@pytest.mark.parametrize("event", EVENTS)
async def test_an_error_in_the_callback(event: str) -> None:
    stream = AsyncScriptedStream(RESPONSE)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    with pytest.raises(TraceError):
        await exchange(connection, AsyncCallback(event))
    # After two complete messages, the connection can carry the next exchange, whatever the callback does.
    complete = EVENTS.index(event) >= EVENTS.index("http11.receive_response_body.complete")
    assert (connection.is_idle(), connection.is_closed(), stream.closed) == (complete, not complete, not complete)


@pytest.mark.parametrize("event", ["http11.response_closed.started", "http11.response_closed.complete"])
async def test_an_error_in_the_callback_while_an_unread_response_is_closed(event: str) -> None:
    stream = AsyncScriptedStream(RESPONSE)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    extensions = {"trace": AsyncCallback(event)}
    response = await connection.handle_async_request(
        Request("GET", "http://localhost/", headers=[("Host", "localhost")], extensions=extensions)
    )
    with pytest.raises(TraceError):
        await response.aclose()
    assert (connection.is_closed(), stream.closed) == (True, True)


@pytest.mark.parametrize(
    ("reads", "event"),
    [
        ([ReadTimeout("slow")], "http11.receive_response_headers.failed"),
        ([RESPONSE[:-1], ReadTimeout("slow")], "http11.receive_response_body.failed"),
        ([ReadTimeout("slow")], "http11.response_closed.started"),
        ([RESPONSE[:-1], ReadTimeout("slow")], "http11.response_closed.complete"),
    ],
)
async def test_an_error_in_the_callback_that_handles_an_error(reads: list[bytes | Exception], event: str) -> None:
    stream = AsyncScriptedStream(*reads)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    with pytest.raises(TraceError) as caught:
        await exchange(connection, AsyncCallback(event))
    assert isinstance(caught.value.__context__, ReadTimeout)
    assert (connection.is_closed(), stream.closed) == (True, True)


async def test_the_events_of_a_failed_upload() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"too long"

    callback = AsyncCallback()
    with pytest.raises(LocalProtocolError) as caught:
        await AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream()).request(
            "POST",
            "http://localhost/",
            headers={"Content-Length": "1"},
            content=body(),
            extensions={"trace": callback},
        )
    assert callback.events == [*EVENTS[:3], "http11.send_request_body.failed", *EVENTS[-2:]]
    assert callback.infos[3] == {"exception": caught.value}


async def test_the_events_of_a_failed_response() -> None:
    callback = AsyncCallback()
    stream = AsyncScriptedStream(RESPONSE[:-1], ReadTimeout("slow"))
    with pytest.raises(ReadTimeout) as caught:
        await exchange(AsyncHTTP11Connection(ORIGIN, stream), callback)
    assert callback.events == [*EVENTS[:7], "http11.receive_response_body.failed", *EVENTS[-2:]]
    assert callback.infos[7] == {"exception": caught.value}


async def test_the_events_of_a_response_that_is_closed_early() -> None:
    callback = AsyncCallback()
    connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(RESPONSE))
    async with connection.stream("POST", "http://localhost/", content=b"x", extensions={"trace": callback}) as response:
        assert await async_first_part(response) == b"hello"
    assert callback.events == [*EVENTS[:7], "http11.receive_response_body.failed", *EVENTS[-2:]]
    assert isinstance(callback.infos[7]["exception"], GeneratorExit)


async def test_the_events_of_an_unread_response() -> None:
    callback = AsyncCallback()
    connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(RESPONSE))
    async with connection.stream("POST", "http://localhost/", content=b"x", extensions={"trace": callback}):
        pass
    assert callback.events == [*EVENTS[:6], *EVENTS[-2:]]


async def test_the_debug_log_has_the_same_events(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="httpcore.http11")
    connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(RESPONSE))
    await connection.request("POST", "http://localhost/", content=b"x")
    told = [record.getMessage() for record in caplog.records if record.name == "httpcore.http11"]
    assert ["http11." + line.split()[0] for line in told] == EVENTS
