# Generated from ../_async/test_response_stream.py by tools/make_sync.py: edit that file, then run it.
"""Response bodies that are still being received: the iterator, and what a pool and a connection owe each other."""

import gc
from collections.abc import Iterable, Iterator

import pytest
from httpcore_models import BodyIterator, Lease, ReadError, Response, ResponseStream
from httpcore_models.lowlevel import received_response

pytestmark = pytest.mark.anyio


class Parts(ResponseStream):
    """Two parts, and then, if set, an error. Counts the calls that end the exchange."""

    def __init__(self, error: Exception | None = None) -> None:
        self.closed = self.dropped = 0
        self._parts = [b"Hello, ", b"world!"]
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        return BodyIterator(self)

    def __next__(self) -> bytes:
        if self._parts:
            return self._parts.pop(0)
        if self._error is not None:
            raise self._error
        raise StopIteration

    def close(self) -> None:
        self.closed += 1

    def drop(self) -> None:
        self.dropped += 1


def parts_of(body: Iterable[bytes]) -> list[bytes]:
    parts = []
    for part in body:
        parts.append(part)
    return parts


def test_iterator_that_reached_the_end_leaves_the_body_alone() -> None:
    body = Parts()
    assert parts_of(body) == [b"Hello, ", b"world!"]
    gc.collect()
    assert (body.closed, body.dropped) == (0, 0)


def test_iterator_that_failed_leaves_the_body_alone() -> None:
    body = Parts(ReadError("Connection reset"))
    with pytest.raises(ReadError):
        parts_of(body)
    gc.collect()
    assert (body.closed, body.dropped) == (0, 0)


def test_iterator_dropped_before_the_end_drops_the_body() -> None:
    body = Parts()
    for part in body:
        assert part == b"Hello, "
        break
    gc.collect()
    assert (body.closed, body.dropped) == (0, 1)


def test_iterator_closed_before_the_end_closes_the_body_once() -> None:
    body = Parts()
    iterator = BodyIterator(body)
    assert iterator.__iter__() is iterator
    assert iterator.__next__() == b"Hello, "
    iterator.close()
    iterator.close()
    del iterator
    gc.collect()
    assert (body.closed, body.dropped) == (1, 0)


def test_received_response_reads_and_closes_its_body() -> None:
    body, headers, extensions = Parts(), [(b"A", b"1")], {"http_version": b"HTTP/1.1"}
    response = received_response(200, headers, body, extensions)
    assert (response.status, response.headers, response.stream) == (200, headers, body)
    assert response.headers is headers
    assert response.extensions is extensions
    assert response.read() == b"Hello, world!"
    response.close()
    assert (response.content, body.closed) == (b"Hello, world!", 1)


def test_response_is_read_once_from_its_stream() -> None:
    response = Response(200, content=Parts())
    assert parts_of(response.iter_stream()) == [b"Hello, ", b"world!"]
    with pytest.raises(RuntimeError, match="more than once"):
        response.read()


def test_lease_and_stream_are_interfaces() -> None:
    ResponseStream().drop()
    for call in (Lease().release, ResponseStream().close, ResponseStream().__next__):
        with pytest.raises(NotImplementedError):
            call()
    with pytest.raises(NotImplementedError):
        Lease().drop()
    with pytest.raises(NotImplementedError):
        ResponseStream().__iter__()
