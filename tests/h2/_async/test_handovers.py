"""Requests that are left to another task, which is writing when they come."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpcore_h2 import AsyncHTTP2Connection
from httpcore_models import AsyncNetworkStream, Origin, ReadTimeout, WriteError, WriteTimeout
from httpcore_models.concurrency import AsyncEvent, current_event_loop
from httpcore_models.deadline import limit_text
from httpcore_test_support import h2_frames
from httpcore_test_support.waiting import async_at_once, async_wait_until
from hyperframe.frame import DataFrame, HeadersFrame

pytestmark = pytest.mark.anyio

URL = "http://example.com/"


class AsyncHeldStream(AsyncNetworkStream):
    """Answers every request as soon as it is written. Writes wait while the stream is held."""

    def __init__(self) -> None:
        self._frames = h2_frames.ClientFrames()
        self._answers = h2_frames.settings({}) + h2_frames.settings_ack()
        self._kept = b""
        self._arrival: AsyncEvent | None = None
        self._gate: AsyncEvent | None = None
        self.failure: Exception | None = None
        #: Answers that wait for the test to send them, if there is a list.
        self.late: list[bytes] | None = None
        self.writing = 0
        #: How many requests each write has begun.
        self.heads: list[int] = []
        #: The time limit of each write.
        self.limits: list[float | None] = []

    def hold(self) -> None:
        self._gate = AsyncEvent()

    def release(self) -> None:
        gate, self._gate = self._gate, None
        assert gate is not None
        gate.set()

    def receive(self, data: bytes) -> None:
        self._answers += data
        if self._arrival is not None:
            self._arrival.set()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self._answers:
            self._arrival = AsyncEvent()
            if not (self._answers or await self._arrival.wait(timeout)):
                raise ReadTimeout("Nothing came")
        data, self._answers = self._answers, b""
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._kept += buffer
        self.limits.append(timeout)
        if self._gate is not None:
            self.writing += 1
            in_time = await self._gate.wait(timeout)
            self.writing -= 1
            if not in_time:
                raise WriteTimeout("The write has waited too long")
        if self.failure is not None:
            raise self.failure
        data, self._kept = self._kept, b""
        frames = self._frames.receive(data)
        self.heads.append(sum(isinstance(frame, HeadersFrame) for frame in frames))
        for frame in frames:
            if isinstance(frame, (HeadersFrame, DataFrame)) and "END_STREAM" in frame.flags:
                answer = h2_frames.data(frame.stream_id, b"hello", end_stream=True)
                answer = h2_frames.headers(frame.stream_id) + answer
                if self.late is None:
                    self.receive(answer)
                else:
                    self.late.append(answer)

    async def aclose(self) -> None:
        pass

    def get_extra_info(self, info: str) -> Any:
        return info == "keeps_unsent"


async def get(connection: AsyncHTTP2Connection, timeout: float = 10.0, write: float | None = None) -> bytes:
    write = timeout if write is None else write
    timeouts = {"read": timeout, "write": write, "pool": timeout}
    return (await connection.request("GET", URL, extensions={"timeout": timeouts})).content


async def warm_connection(stream: AsyncHeldStream) -> AsyncHTTP2Connection:
    connection = AsyncHTTP2Connection(Origin(b"http", b"example.com", 80), stream)
    assert await get(connection) == b"hello"
    stream.heads.clear()
    stream.limits.clear()
    stream.hold()
    return connection


def getting(connection: AsyncHTTP2Connection) -> Callable[[], Awaitable[bytes]]:
    async def run() -> bytes:
        return await get(connection)

    return run


def getting_later(
    connection: AsyncHTTP2Connection, stream: AsyncHeldStream, timeout: float = 10.0
) -> Callable[[], Awaitable[bytes]]:
    """Return a function that makes a request while another one is being written."""

    async def run() -> bytes:
        await async_wait_until(lambda: stream.writing)
        return await get(connection, timeout)

    return run


async def test_one_write_sends_the_requests_that_came_during_another_one() -> None:
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)

    async def release() -> bytes:
        # One of those that wait reads.
        await async_wait_until(lambda: len(connection._shared.waiters.receivers) == 2)
        stream.release()
        return b"hello"

    assert await async_at_once(getting(connection), *[getting_later(connection, stream)] * 3, release) == [b"hello"] * 5
    assert stream.heads == [1, 3]


async def test_someone_reads_while_a_write_waits_on_a_stream_that_does_not_receive_meanwhile() -> None:
    """The server may read no more until it is read."""
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)

    async def release() -> bytes:
        await async_wait_until(lambda: stream.writing and connection._shared.reader.holder)
        stream.release()
        return b"hello"

    assert await async_at_once(getting(connection), getting_later(connection, stream), release) == [b"hello"] * 3


@pytest.mark.parametrize("write", [0.05, 0.04])
async def test_a_request_that_is_not_sent_in_time_fails_with_a_write_timeout(write: float) -> None:
    """It may be left to another task only if there is one limit for both directions."""
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)

    async def later() -> bytes:
        await async_wait_until(lambda: stream.writing)
        with pytest.raises(WriteTimeout, match=f"^The write operation timed out after {write:g} seconds"):
            await get(connection, 0.05, write)
        stream.release()
        return b""

    assert await async_at_once(getting(connection), later) == [b"hello", b""]
    assert not connection._engine.requests


async def test_the_silence_before_a_request_was_sent_does_not_end_the_use_of_the_connection() -> None:
    """The limit of the request begins again when it is sent, and the server answers within that."""
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)
    stream.late = []

    async def release() -> bytes:
        await async_wait_until(lambda: len(connection._engine.requests) == 2)
        await AsyncEvent().wait(0.7)
        stream.release()
        await AsyncEvent().wait(0.5)
        stream.receive(b"".join(stream.late or ()))
        return b"hello"

    assert await async_at_once(getting(connection), getting_later(connection, stream, 1.0), release) == [b"hello"] * 3
    assert connection.is_available()


async def test_what_arrives_after_a_request_was_sent_counts_until_its_time_is_up() -> None:
    """Its limit began when it was sent. A PING came soon after that, and nothing in the last part of its time."""
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)
    stream.late = []

    async def later() -> bytes:
        await async_wait_until(lambda: stream.writing)
        with pytest.raises(ReadTimeout):
            await get(connection, 1.0)
        stream.receive(b"".join(stream.late or ()))
        return b"hello"

    async def release() -> bytes:
        await async_wait_until(lambda: len(connection._engine.requests) == 2)
        await AsyncEvent().wait(0.5)
        stream.release()
        await AsyncEvent().wait(0.1)
        stream.receive(h2_frames.ping())
        return b"hello"

    assert await async_at_once(getting(connection), later, release) == [b"hello"] * 3
    assert connection.is_available()


async def test_a_request_is_sent_although_the_task_that_writes_gives_up() -> None:
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)

    async def first() -> bytes:
        with pytest.raises(WriteTimeout):
            await get(connection, 0.5)
        return b""

    async def release() -> bytes:
        # Both are left, and wait for a response: one of them reads.
        await async_wait_until(lambda: connection._shared.waiters.receivers)
        await async_wait_until(lambda: len(connection._engine.requests) == 2)
        stream.release()
        return b""

    assert await async_at_once(first, *[getting_later(connection, stream)] * 2, release) == [
        b"",
        b"hello",
        b"hello",
        b"",
    ]


async def test_a_write_that_fails_leaves_no_one_waiting() -> None:
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)

    async def first() -> None:
        with pytest.raises(ReadTimeout):
            await get(connection, 0.3)

    async def later() -> None:
        await async_wait_until(lambda: stream.writing)
        with pytest.raises(ReadTimeout):
            await get(connection, 0.3)

    async def release() -> None:
        await async_wait_until(lambda: connection._shared.reader.holder)
        stream.failure = WriteError("The network is gone")
        stream.release()

    await async_at_once(first, later, release)
    assert not connection._engine.requests
    assert not connection.is_available()


async def test_requests_of_one_turn_of_the_event_loop_leave_in_one_write() -> None:
    """Where there is no event loop, only what comes while another write is under way leaves together."""
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)
    stream.release()

    async def one() -> bytes:
        return await get(connection)

    assert await async_at_once(*[one] * 5) == [b"hello"] * 5
    assert sum(stream.heads) == 5
    assert len(stream.heads) == 1 or current_event_loop() is None


async def test_a_body_at_hand_leaves_with_its_head() -> None:
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)
    stream.release()
    response = await connection.request("POST", URL, content=b"x" * 1000)
    assert response.content == b"hello"
    assert stream.heads == [1]


@pytest.mark.fault("S6")
async def test_closing_the_connection_ends_a_small_upload_in_a_write_error() -> None:
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)

    async def upload() -> None:
        with pytest.raises(WriteError, match="closed while the request was being sent"):
            await connection.request(
                "POST", URL, content=b"body", extensions={"timeout": {"read": 10.0, "write": 10.0}}
            )

    async def close() -> None:
        await async_wait_until(lambda: stream.writing)
        await connection.aclose()
        stream.failure = WriteError("The stream was closed")
        stream.release()

    await async_at_once(upload, close)


@pytest.mark.fault("S4")
async def test_a_complete_success_does_not_end_an_upload_that_was_left_to_another_task() -> None:
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)
    order: list[str] = []

    async def first() -> None:
        with pytest.raises(WriteTimeout):
            await get(connection, 0.3)
        order.append("given up")

    async def upload() -> None:
        await async_wait_until(lambda: stream.writing)
        timeouts = {"read": 10.0, "write": 10.0}
        response = await connection.request("POST", URL, content=b"body", extensions={"timeout": timeouts})
        assert (response.status, response.content) == (200, b"early")
        order.append("answered")

    async def answer() -> None:
        await async_wait_until(lambda: stream.writing == 1 and len(connection._engine.requests) == 2)
        await async_wait_until(lambda: connection._shared.reader.holder is not None)
        number = max(connection._engine.streams.by_id)
        stream.receive(h2_frames.headers(number) + h2_frames.data(number, b"early", end_stream=True))
        await async_wait_until(lambda: order == ["given up"] and stream.writing)
        order.append("released")
        stream.release()

    await async_at_once(first, upload, answer)
    assert order == ["given up", "released", "answered"]
    assert connection._shared.writer.unfinished is None
    assert not connection._engine.outgoing


def is_part_of(limit: float | None, whole: float) -> bool:
    """Whether less than `whole` is left of a limit, which an error would name."""
    return limit is not None and limit < whole and limit_text(limit) == f"after {whole:g} seconds"


async def test_the_wait_for_another_writer_counts_towards_the_limit_of_a_write() -> None:
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)

    async def give_up() -> None:
        with pytest.raises(WriteTimeout):
            await get(connection, write=0.5)
        stream.release()

    async def wait_and_write() -> None:
        await async_wait_until(lambda: stream.writing)
        assert await get(connection, write=5.0) == b"hello"

    await async_at_once(give_up, wait_and_write)
    # The others, which are short, are of the request that gave up.
    assert [is_part_of(limit, 5.0) for limit in stream.limits if limit is not None and limit > 1.0] == [True, True]


async def test_what_others_left_unfinished_counts_towards_the_limit_of_a_write() -> None:
    stream = AsyncHeldStream()
    connection = await warm_connection(stream)
    connection._shared.reader.ping()
    with pytest.raises(WriteTimeout):
        await connection._shared.writer.flush(0.0)
    stream.release()
    stream.limits.clear()
    assert await get(connection, write=5.0) == b"hello"
    first, second = stream.limits
    assert first == 5.0
    assert is_part_of(second, 5.0)
