"""How the datagrams of a download are taken in: together, and acknowledged together."""

import time
from collections.abc import Sequence

import pytest
from httpcore_h3._async.datagrams import AsyncDatagrams
from httpcore_h3._stream import Stream
from httpcore_h3._tls.options import TLSOptions
from httpcore_models import ReadError, Request
from httpcore_models.multiplexing import RequestTranslator
from httpcore_models.network import AsyncDatagramStream

pytestmark = pytest.mark.anyio

Received = tuple[bytes, int]

FULL, SINGLE, SHORT = (b"x" * 12_000, 1200), (b"x" * 1200, 1200), (b"x" * 38, 38)
NOT_FULL = (b"x" * 1199, 1199)


class Arrived(AsyncDatagramStream):
    """Has received `buffers`, and then nothing, or an error."""

    def __init__(self, *buffers: Received | ReadError) -> None:
        self.buffers = list(buffers)
        self.sent = 0

    async def receive(self, timeout: float | None = None) -> Received:
        received = self.receive_nowait()
        assert received is not None
        return received

    def receive_nowait(self) -> Received | None:
        if not self.buffers:
            return None
        received = self.buffers.pop(0)
        if isinstance(received, ReadError):
            raise received
        return received

    async def send(self, datagrams: Sequence[bytes], timeout: float | None = None) -> None:
        self.sent += 1


class Recorder(AsyncDatagrams):
    """Notes what it hands to its engine."""

    def __init__(self, stream: Arrived) -> None:
        super().__init__(stream, TLSOptions("localhost", 2, True, b""), 30.0, "peer")
        self.batches: list[list[Received]] = []
        self.engine.receive = self._note  # type: ignore[method-assign]

    def _note(self, received: Sequence[Received], now: float) -> list[Stream]:
        self.batches.append(list(received))
        return []

    async def read(self) -> None:
        await self._read(None, None)

    def take_more(self) -> bool:
        with self.lock:
            return self._take_more()


def a_stream() -> Stream:
    request = Request("POST", "https://localhost/", headers={"Host": "localhost"})
    return Stream(RequestTranslator().request_head(request))


@pytest.mark.parametrize("first", [FULL, SINGLE], ids=["joined", "single"])
async def test_what_has_come_of_a_download_is_taken_in_together(first: Received) -> None:
    stream = Arrived(first, SHORT, FULL, FULL)
    shared = Recorder(stream)
    await shared.read()
    assert shared.batches == [[first, SHORT, FULL, FULL]]
    # Nothing was left, so what came has to be acknowledged first.
    stream.buffers.append(FULL)
    assert not shared.take_more()
    await shared.flush(None)
    assert not shared.take_more()
    await shared.read()
    assert shared.batches[1:] == [[FULL]]


@pytest.mark.parametrize("first", [NOT_FULL, SHORT])
async def test_a_datagram_that_is_not_full_is_handed_over_at_once(first: Received) -> None:
    stream = Arrived(first, FULL)
    shared = Recorder(stream)
    await shared.read()
    assert shared.batches == [[first]]
    assert not shared.take_more()
    assert stream.buffers == [FULL]


@pytest.mark.parametrize(("left", "flushes"), [(0, 1), (1, 0)])
async def test_what_ends_streams_is_acknowledged_at_once_if_the_server_allows_few(left: int, flushes: int) -> None:
    stream = Arrived(SHORT)
    shared = Recorder(stream)
    engine = shared.engine
    engine.first_limit, engine.limit, engine.opened, engine.output_pending = 1, 5 + left, 5, True
    engine.touched[a_stream()] = None
    taken: list[float] = []
    engine.datagrams_to_send = lambda now: taken.append(now) or []  # type: ignore[method-assign,func-returns-value]
    await shared.read()
    assert len(taken) == flushes


async def test_acknowledgements_of_an_upload_that_waits_are_taken_in_together() -> None:
    stream = Arrived(SHORT, SHORT, SHORT)
    shared = Recorder(stream)
    shared.senders.add(a_stream())
    await shared.read()
    assert shared.batches == [[SHORT, SHORT, SHORT]]


async def test_a_download_without_a_pause() -> None:
    stream = Arrived(*[FULL] * 1000)
    shared = Recorder(stream)
    await shared.read()
    [batch] = shared.batches
    # The one who waits for it gets a part of it soon.
    assert len(batch) == 256 * 1024 // 12_000 + 1
    assert shared.take_more()
    # The server gets an acknowledgement from time to time.
    assert not shared.take_more()
    assert sum(map(len, shared.batches)) * 12_000 < 600_000
    await shared.flush(None)
    assert shared.take_more()


@pytest.mark.parametrize("later", [False, True], ids=["on reading", "on looking for more"])
async def test_an_error_takes_nothing_from_what_came_before(later: bool) -> None:
    stream = Arrived(*[FULL] * 30, ReadError("refused"))
    shared = Recorder(stream)
    await shared.read()
    assert shared.engine.failure is None
    if later:
        assert shared.take_more()
    else:
        await shared.read()
    assert sum(map(len, shared.batches)) == 30
    assert shared.engine.failure is not None
    assert shared.engine.failure.message == "refused"
    assert not shared.take_more()


async def test_an_error_alone() -> None:
    stream = Arrived(*[FULL] * 22, ReadError("refused"))
    shared = Recorder(stream)
    await shared.read()
    assert len(shared.batches[0]) == 22
    assert shared.take_more()
    assert shared.engine.failure is not None
    assert not shared.take_more()


async def test_what_came_while_nobody_was_reading_is_taken_in_together() -> None:
    stream = Arrived(SHORT, SHORT, ReadError("refused"))
    shared = Recorder(stream)
    shared.engine.start(time.monotonic())
    shared.catch_up()
    assert shared.batches == [[SHORT, SHORT]]
    assert shared.engine.failure is not None
    assert shared.engine.failure.message == "refused"


async def test_a_server_that_sends_without_end_is_not_read_for_ever() -> None:
    stream = Arrived(*[FULL] * 1000)
    shared = Recorder(stream)
    shared.engine.start(time.monotonic())
    shared.catch_up()
    assert [len(batch) for batch in shared.batches] == [16]
    assert shared.engine.failure is None
