"""Response bodies that are still being received: the iterator, and what a pool and a connection owe each other."""

import gc
from collections.abc import AsyncIterable, AsyncIterator

import pytest
from httpcore_models import AsyncBodyIterator, AsyncLease, AsyncResponseStream, ReadError, Response
from httpcore_models.lowlevel import received_response

pytestmark = pytest.mark.anyio


class AsyncParts(AsyncResponseStream):
    """Two parts, and then, if set, an error. Counts the calls that end the exchange."""

    def __init__(self, error: Exception | None = None) -> None:
        self.closed = self.dropped = 0
        self._parts = [b"Hello, ", b"world!"]
        self._error = error

    def __aiter__(self) -> AsyncIterator[bytes]:
        return AsyncBodyIterator(self)

    async def __anext__(self) -> bytes:
        if self._parts:
            return self._parts.pop(0)
        if self._error is not None:
            raise self._error
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed += 1

    def drop(self) -> None:
        self.dropped += 1


async def parts_of(body: AsyncIterable[bytes]) -> list[bytes]:
    parts = []
    async for part in body:
        parts.append(part)
    return parts


async def test_iterator_that_reached_the_end_leaves_the_body_alone() -> None:
    body = AsyncParts()
    assert await parts_of(body) == [b"Hello, ", b"world!"]
    gc.collect()
    assert (body.closed, body.dropped) == (0, 0)


async def test_iterator_that_failed_leaves_the_body_alone() -> None:
    body = AsyncParts(ReadError("Connection reset"))
    with pytest.raises(ReadError):
        await parts_of(body)
    gc.collect()
    assert (body.closed, body.dropped) == (0, 0)


async def test_iterator_dropped_before_the_end_drops_the_body() -> None:
    body = AsyncParts()
    async for part in body:
        assert part == b"Hello, "
        break
    gc.collect()
    assert (body.closed, body.dropped) == (0, 1)


async def test_iterator_closed_before_the_end_closes_the_body_once() -> None:
    body = AsyncParts()
    iterator = AsyncBodyIterator(body)
    assert iterator.__aiter__() is iterator
    assert await iterator.__anext__() == b"Hello, "
    await iterator.aclose()
    await iterator.aclose()
    del iterator
    gc.collect()
    assert (body.closed, body.dropped) == (1, 0)


async def test_received_response_reads_and_closes_its_body() -> None:
    body, headers, extensions = AsyncParts(), [(b"A", b"1")], {"http_version": b"HTTP/1.1"}
    response = received_response(200, headers, body, extensions)
    assert (response.status, response.headers, response.stream) == (200, headers, body)
    assert response.headers is headers
    assert response.extensions is extensions
    assert await response.aread() == b"Hello, world!"
    await response.aclose()
    assert (response.content, body.closed) == (b"Hello, world!", 1)


async def test_response_is_read_once_from_its_stream() -> None:
    response = Response(200, content=AsyncParts())
    assert await parts_of(response.aiter_stream()) == [b"Hello, ", b"world!"]
    with pytest.raises(RuntimeError, match="more than once"):
        await response.aread()


async def test_lease_and_stream_are_interfaces() -> None:
    AsyncResponseStream().drop()
    for call in (AsyncLease().release, AsyncResponseStream().aclose, AsyncResponseStream().__anext__):
        with pytest.raises(NotImplementedError):
            await call()
    with pytest.raises(NotImplementedError):
        AsyncLease().drop()
    with pytest.raises(NotImplementedError):
        AsyncResponseStream().__aiter__()
