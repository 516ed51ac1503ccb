"""The observer of an exchange: how many bytes were sent and received, and what happens when it raises."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import URL, AsyncNetworkStream, ReadTimeout, RemoteProtocolError, Request, Response
from httpcore_test_support._async.h11_connections import AsyncScriptedStream, async_first_part

pytestmark = pytest.mark.anyio

ORIGIN = URL("http://localhost").origin
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
RESPONSE = HEAD + b"hello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FACTS = ("request.sent", "response.received")


class ObserverError(Exception):
    """Raised by the observer."""


class Observer:
    """Keeps events, and raises an error at one of them."""

    def __init__(self, raise_at: str = "") -> None:
        self.raise_at = raise_at
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.events.append((event, info))
        if event == self.raise_at:
            raise ObserverError

    @property
    def facts(self) -> list[tuple[Any, ...]]:
        """The facts about bytes: name and values."""
        return [(event, *info.values()) for event, info in self.events if event in FACTS]


class AsyncCallback:
    """A trace callback that keeps events."""

    def __init__(self) -> None:
        self.events: list[str] = []

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.events.append(event)


async def upload(size: int) -> AsyncIterator[bytes]:
    yield bytes(size)
    yield b""
    yield b"abc"


async def requested(
    observer: Observer, *reads: bytes | Exception, method: str = "GET", headers: Any = None, content: Any = None
) -> tuple[Response, AsyncScriptedStream, AsyncHTTP11Connection]:
    stream = AsyncScriptedStream(*reads)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    request = Request(
        method,
        "http://localhost/",
        headers=[("Host", "localhost"), *(headers or ())],
        content=content,
        extensions={"observe": observer},
    )
    return await connection.handle_async_request(request), stream, connection


async def test_the_bytes_of_an_exchange() -> None:
    observer, length = Observer(), [("Content-Length", "4")]
    response, stream, _ = await requested(
        observer, RESPONSE[:-2], RESPONSE[-2:], method="PUT", headers=length, content=b"body"
    )
    await response.aread()
    await response.aclose()
    sent = b"".join(stream.written)
    assert observer.facts == [("request.sent", len(sent) - 4, 4), ("response.received", len(HEAD), 5, True)]
    names = [event for event, _ in observer.events]
    assert names.index("request.sent") == names.index("http11.send_request_body.complete") + 1
    assert names.index("response.received") == names.index("http11.receive_response_body.complete") + 1
    assert set(observer.events[-1][1]) == {"return_value"}


@pytest.mark.parametrize("size", [1, 70_000])
async def test_framing_does_not_count(size: int) -> None:
    observer, chunked = Observer(), [("Transfer-Encoding", "chunked")]
    content = upload(size)
    response, stream, _ = await requested(
        observer, CHUNKED, b"3\r\nabc\r\n", b"0\r\n\r\n", method="POST", headers=chunked, content=content
    )
    assert await response.aread() == b"abc"
    await response.aclose()
    assert observer.facts == [
        ("request.sent", len(stream.written[0]), size + 3),
        ("response.received", len(CHUNKED), 3, True),
    ]


@pytest.mark.parametrize(
    ("method", "response"),
    [("HEAD", RESPONSE[:-5]), ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"), ("GET", b"HTTP/1.1 200 OK\r\n\r\n")],
)
@pytest.mark.parametrize("read", [True, False])
async def test_responses_without_a_body(method: str, response: bytes, read: bool) -> None:
    observer = Observer()
    answer, _, _ = await requested(observer, response, method=method)
    if read:
        assert await answer.aread() == b""
    await answer.aclose()
    # Without a length, the end of the stream is the end of the body, and was not seen if nothing was read.
    complete = read or response != b"HTTP/1.1 200 OK\r\n\r\n"
    assert observer.facts[1:] == [("response.received", len(response), 0, complete)]


async def test_a_response_that_is_closed_early() -> None:
    observer = Observer()
    response, _, _ = await requested(observer, RESPONSE[:-3])
    assert await async_first_part(response) == b"he"
    await response.aclose()
    assert observer.facts[1:] == [("response.received", len(HEAD), 2, False)]


@pytest.mark.parametrize(("end", "kind"), [(b"", RemoteProtocolError), (ReadTimeout("slow"), ReadTimeout)])
async def test_a_body_that_is_cut(end: Any, kind: type[Exception]) -> None:
    observer = Observer()
    response, _, _ = await requested(observer, RESPONSE[:-3], end)
    with pytest.raises(kind):
        await response.aread()
    await response.aclose()
    assert observer.facts[1:] == [("response.received", len(HEAD), 2, False)]


async def test_no_response() -> None:
    observer = Observer()
    with pytest.raises(ReadTimeout):
        await requested(observer, ReadTimeout("slow"))
    assert [fact[0] for fact in observer.facts] == ["request.sent"]


async def test_a_request_that_was_not_sent() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        raise ValueError("no")

    observer = Observer()
    with pytest.raises(ValueError, match=r"^no$"):
        await requested(observer, method="PUT", headers=[("Content-Length", "6")], content=broken())
    assert observer.facts == []


async def test_an_early_answer() -> None:
    async def refused() -> AsyncIterator[bytes]:
        yield b"abc"
        stream.readable = True
        yield b"def"

    observer = Observer()
    refusal = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"
    stream = AsyncScriptedStream(refusal)
    request = Request(
        "PUT",
        "http://localhost/",
        headers=[("Host", "localhost"), ("Content-Length", "6")],
        content=refused(),
        extensions={"observe": observer},
    )
    response = await AsyncHTTP11Connection(ORIGIN, stream).handle_async_request(request)
    await response.aclose()
    assert observer.facts == [
        ("request.sent", len(stream.written[0]), 3),
        ("response.received", len(refusal), 0, True),
    ]


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("GET", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
        ("CONNECT", b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
)
async def test_what_follows_a_switch_of_protocols_does_not_count(method: str, head: bytes) -> None:
    observer = Observer()
    headers = [("Connection", "upgrade"), ("Upgrade", "websocket")] if method == "GET" else []
    response, _, _ = await requested(observer, head + b"frame", method=method, headers=headers)
    assert observer.facts[1:] == [("response.received", len(head), 0, True)]
    upgraded: AsyncNetworkStream = response.extensions["network_stream"]
    assert await upgraded.read(100) == b"frame"
    await upgraded.aclose()
    await response.aclose()
    assert len(observer.facts) == 2


async def events_of(observer: Observer | None, raise_at: str = "") -> tuple[list[str], AsyncHTTP11Connection]:
    callback, stream = AsyncCallback(), AsyncScriptedStream(RESPONSE)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    extensions: dict[str, Any] = {"trace": callback, "observe": observer}
    await connection.request("POST", "http://localhost/", content=b"x", extensions=extensions)
    return callback.events, connection


async def test_a_trace_gets_the_same_events_with_an_observer() -> None:
    observer = Observer()
    events, _ = await events_of(observer)
    assert events == (await events_of(None))[0]
    assert [event for event, _ in observer.events if event not in FACTS] == events


def all_events() -> list[str]:
    phases = ("send_request_headers", "send_request_body", "receive_response_headers", "receive_response_body")
    names = [f"http11.{phase}.{end}" for phase in (*phases, "response_closed") for end in ("started", "complete")]
    return [*names[:4], FACTS[0], *names[4:8], FACTS[1], *names[8:]]


async def test_the_order_of_all_events() -> None:
    observer = Observer()
    await events_of(observer)
    assert [event for event, _ in observer.events] == all_events()


@pytest.mark.parametrize("event", all_events())
async def test_an_observer_that_raises_ends_the_request(event: str) -> None:
    stream = AsyncScriptedStream(RESPONSE)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    with pytest.raises(ObserverError):
        await connection.request("POST", "http://localhost/", content=b"x", extensions={"observe": Observer(event)})
    # After two complete messages, the connection can carry the next exchange, whatever the observer does.
    complete = all_events().index(event) >= all_events().index("http11.receive_response_body.complete")
    assert (connection.is_idle(), connection.is_closed(), stream.closed) == (complete, not complete, not complete)


async def test_an_observer_that_raises_while_an_unread_response_is_closed() -> None:
    response, stream, connection = await requested(Observer("response.received"), RESPONSE)
    with pytest.raises(ObserverError):
        await response.aclose()
    assert (connection.is_closed(), stream.closed) == (True, True)
