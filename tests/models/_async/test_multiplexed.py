"""The shells of HTTP/2 and HTTP/3 as far as they are the same, around an engine without a network."""

import logging
import os
import warnings
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from httpcore_models import (
    AsyncLease,
    ConnectionNotAvailable,
    Origin,
    ReadError,
    ReadTimeout,
    Request,
    WriteTimeout,
)
from httpcore_models.lowlevel import (
    AsyncTracer,
    Retryable,
    async_get_tracer,
    begin_limits,
    connection_info_of,
    retryable_after,
)
from httpcore_models.multiplexing import (
    CLOSED_HERE,
    END_OF_STREAM,
    TRANSITIONS,
    AsyncLimitedStreamExchange,
    AsyncMultiplexedConnection,
    AsyncSharedConnection,
    AsyncStreamExchange,
    Event,
    Failure,
    InformationalResponse,
    Input,
    MessageEngine,
    MessageStream,
    RequestTranslator,
    Trailers,
)

pytestmark = pytest.mark.anyio

ORIGIN = Origin(b"https", b"localhost", 443)


class Engine(MessageEngine):
    """Keeps its streams in a list; those in `ignored` the server does not process."""

    def __init__(self) -> None:
        super().__init__()
        self.goaway: int | None = None
        self.streams: list[MessageStream] = []
        self.ignored: list[MessageStream] = []

    @property
    def capacity(self) -> int:
        return 7

    def has_opened(self, stream: Any) -> bool:
        return stream in self.streams

    def open_streams(self) -> Iterable[MessageStream]:
        return self.streams

    def cut_off(self, stream: Any, failure: Failure) -> None:
        stream.failure = failure

    def disowns(self, stream: Any) -> bool:
        return stream in self.ignored

    def finish(self, stream: Any) -> None:
        self.requests.discard(stream)

    def close(self) -> None:
        self.fail(CLOSED_HERE)
        self.state = TRANSITIONS[self.state, Input.CLOSE]


class Reports:
    """Counts what a pool would be told."""

    def __init__(self) -> None:
        self.on_change: Any = None
        self.count = 0

    def report(self) -> None:
        self.count += 1


class AsyncStream:
    """Notes how it was closed."""

    def __init__(self) -> None:
        self.log: list[str] = []

    async def aclose(self) -> None:
        self.log.append("closed")

    def abort(self) -> None:
        self.log.append("aborted")

    def get_extra_info(self, info: str) -> Any:
        return None


class AsyncShared(AsyncSharedConnection):
    """Reads for no stream, unless `reads_for` is one."""

    network_stream: AsyncStream
    engine: Engine
    capacity: Reports

    def __init__(self) -> None:
        super().__init__("localhost")
        self.network_stream = AsyncStream()
        self.engine = Engine()
        self.capacity = Reports()
        self.reads_for: Any = None
        self.over = False
        self.woken = 0

    def wake_all(self) -> None:
        self.woken += 1

    def leave(self, stream: Any) -> bool:
        self.engine.finish(stream)
        return self.over

    def is_read_for(self, stream: Any) -> bool:
        return self.reads_for is stream


class AsyncConnection(AsyncMultiplexedConnection):
    """A connection without a network."""

    _protocol = "HTTP/9"
    _shared: AsyncShared
    _engine: Engine

    def __init__(self) -> None:
        self._origin = ORIGIN
        self._shared = AsyncShared()
        self._engine = self._shared.engine
        self._network_stream = self._shared.network_stream
        self._connection_info = connection_info_of(self._network_stream, ORIGIN, "HTTP/9")

    async def _send_last(self, timeout: float) -> None:
        assert timeout > 0
        self._network_stream.log.append("last")

    def check_processed(self, stream: MessageStream, request: Request, failure: BaseException) -> None:
        self._check_processed(stream, request, failure)


class AsyncExchange(AsyncStreamExchange):
    """Gets its events from a list, and takes all parts of a body but the last."""

    def __init__(self, connection: AsyncConnection, request: Request, tracer: AsyncTracer | None = None) -> None:
        self.request = request
        self.tracer = tracer
        self.connection = connection
        self.stream = MessageStream(RequestTranslator().request_head(request))
        self._shared = connection._shared
        self.read_timeout = self.write_timeout = 5.0
        self.events: list[Event] = []
        self.parts: list[bytes] = []
        self.ends: list[bool] = []
        connection._engine.admit(self.stream)
        connection._engine.streams.append(self.stream)

    async def send(self) -> None:
        self.parts.append(b"head")

    async def send_data(self, chunk: bytes, end: bool = False) -> bool:
        self.parts.append(chunk)
        return chunk != b"last"

    async def send_parts(self, body: Any) -> bool:
        return await self._send_parts(body)

    async def receive_head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        event = await self._next_event()
        if isinstance(event, InformationalResponse):
            await self._report_interim(event)
        return 200, []

    async def _next_event(self) -> Event:
        return self.events.pop(0)

    async def _end(self, shielded: bool) -> None:
        self._shared.leave(self.stream)
        self.ends.append(shielded)


class AsyncLimited(AsyncLimitedStreamExchange, AsyncExchange):
    """Such an exchange with a limit for all of it."""


class Lease(AsyncLease):
    """Notes how it ended."""

    def __init__(self) -> None:
        self.log: list[str] = []

    async def release(self) -> None:
        self.log.append("released")

    def drop(self) -> None:
        self.log.append("dropped")


def request_with(content: Any = b"", **extensions: Any) -> Request:
    headers = {"Host": "localhost", "Transfer-Encoding": "chunked"} if content else {"Host": "localhost"}
    return Request("POST", "https://localhost/", headers=headers, content=content, extensions=extensions)


def exchange_on(connection: AsyncConnection, **extensions: Any) -> AsyncExchange:
    request = request_with(**extensions)
    return AsyncExchange(connection, request, async_get_tracer(logging.getLogger("httpcore.http9"), request))


async def test_what_a_connection_tells() -> None:
    connection = AsyncConnection()
    assert connection.connection_info.http_version == "HTTP/9"
    assert connection.can_handle_request(ORIGIN)
    assert not connection.can_handle_request(Origin(b"https", b"localhost", 444))
    assert connection.request_capacity == 7
    assert connection.close_reason is None
    assert connection.is_idle()
    assert connection.info() == "'https://localhost:443', HTTP/9, IDLE, Request Count: 0"
    exchange_on(connection)
    assert not connection.is_idle()
    assert repr(connection) == "<AsyncConnection ['https://localhost:443', ACTIVE, Request Count: 1]>"
    assert connection.on_capacity_change is None
    callback = list[int]().clear
    connection.on_capacity_change = callback
    assert connection._shared.capacity.on_change is callback


async def test_closing_says_so_to_the_server_and_to_those_that_wait() -> None:
    connection = AsyncConnection()
    stream = exchange_on(connection).stream
    async with connection:
        pass
    assert connection._network_stream.log == ["last", "closed"]
    assert (connection._shared.woken, connection._shared.capacity.count) == (1, 1)
    assert connection.is_closed()
    assert not connection.is_idle()
    assert stream.failure == CLOSED_HERE


async def test_the_stream_is_closed_even_if_the_last_write_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(connection: AsyncConnection, timeout: float) -> None:
        raise OSError

    monkeypatch.setattr(AsyncConnection, "_send_last", broken)
    connection = AsyncConnection()
    await connection.aclose()
    assert connection._network_stream.log == ["closed"]


async def test_a_child_process_says_nothing() -> None:
    connection = AsyncConnection()
    exchange, other = exchange_on(connection), exchange_on(connection)
    shared = connection._shared
    shared.process = os.getpid() + 1
    await exchange.close()
    assert not exchange.abandon()
    other.release(other)
    assert exchange.ends == []
    with shared.lock:  # a thread that does not exist in the child may hold it
        await connection.aclose()
    assert connection._network_stream.log == ["closed"]
    assert connection.is_closed()


@pytest.mark.parametrize("content", [b"", b"hi", [b"hi"]])
async def test_a_request_that_the_server_has_ignored_may_be_sent_elsewhere(content: Any) -> None:
    connection = AsyncConnection()
    request = request_with(content)
    exchange = AsyncExchange(connection, request)
    connection.check_processed(exchange.stream, request, ReadError("gone"))
    connection._engine.ignored.append(exchange.stream)
    failure = ReadError("gone")
    with pytest.raises(ConnectionNotAvailable, match=r"^gone$") as raised:
        connection.check_processed(exchange.stream, request, failure)
    assert raised.value.__cause__ is failure
    assert retryable_after(raised.value) is Retryable.ANY


async def parts_of_a_body(log: list[str]) -> AsyncIterator[bytes]:
    try:
        yield b"one"
        yield b""
        yield b"last"
        yield b"more"
    finally:
        log.append("closed")


async def test_a_body_that_is_gone_is_not_sent_again() -> None:
    connection = AsyncConnection()
    request = request_with(parts_of_a_body([]))
    exchange = AsyncExchange(connection, request)
    connection._engine.ignored.append(exchange.stream)
    connection.check_processed(exchange.stream, request, ReadError("gone"))


async def test_a_body_is_sent_until_the_server_wants_no_more() -> None:
    exchange, log = exchange_on(AsyncConnection()), list[str]()
    assert not await exchange.send_parts(parts_of_a_body(log))
    assert (exchange.parts, log) == ([b"one", b"last"], ["closed"])


async def test_a_body_is_received_up_to_its_end() -> None:
    exchange, extensions = exchange_on(AsyncConnection()), dict[str, Any]()
    exchange.events += [b"one", Trailers([(b"a", b"b")]), END_OF_STREAM]
    assert await exchange.receive_body(extensions) == b"one"
    assert await exchange.receive_body(extensions) == b""
    assert extensions == {"trailing_headers": [(b"a", b"b")]}


async def test_what_is_observed_and_traced() -> None:
    observed: list[Any] = []
    traced: list[str] = []

    async def trace(event: str, info: dict[str, Any]) -> None:
        traced.append(event.removeprefix("http9."))

    connection = AsyncConnection()
    exchange = exchange_on(connection, trace=trace, observe=lambda event, info: observed.append((event, info)))
    exchange.events.append(InformationalResponse(103, []))
    await exchange.receive_head()
    exchange.observe_head([(b"a", b"bc")])
    exchange.stream.received = 5
    assert not exchange.is_complete
    exchange.stream.remote_end = True
    assert exchange.is_complete
    exchange.observe_end(complete=True)
    exchange.observe_end(complete=False)
    await exchange.close()
    info = {"header_bytes": len(":status200abc"), "body_bytes": 5, "complete": True}
    assert [entry for entry in observed if entry[0] == "response.received"] == [("response.received", info)]
    interim = [f"receive_informational_response.{moment}" for moment in ("started", "complete")]
    assert traced == [*interim, "response_closed.started", "response_closed.complete"]


async def test_a_tunnel_has_no_body_to_observe() -> None:
    observed: list[Any] = []
    exchange = exchange_on(AsyncConnection(), observe=lambda event, info: observed.append(info))
    exchange.is_tunnel, exchange.stream.received = True, 5
    exchange.observe_head([])
    assert observed == [{"header_bytes": len(":status200"), "body_bytes": 0, "complete": True}]


async def test_closing_again_does_nothing_unless_the_server_may_not_know() -> None:
    connection = AsyncConnection()
    exchange = exchange_on(connection)
    await exchange.close(shielded=True)
    await exchange.close()
    assert exchange.ends == [True]
    exchange = exchange_on(connection)
    connection._shared.reads_for = exchange.stream
    assert not exchange.abandon()
    connection._shared.reads_for = None
    assert exchange.abandon()
    assert not connection._engine.requests
    await exchange.close()
    assert exchange.ends == [False]


async def test_a_trace_callback_that_raises_does_not_keep_the_stream_open() -> None:
    async def trace(event: str, info: dict[str, Any]) -> None:
        raise LookupError

    exchange = exchange_on(AsyncConnection(), trace=trace)
    with pytest.raises(LookupError):
        await exchange.close()
    assert exchange.ends == [False]


async def test_what_is_dropped_while_the_lock_is_held_is_ended_later() -> None:
    connection = AsyncConnection()
    exchange, shared = exchange_on(connection), connection._shared
    with shared.lock:
        exchange.abort()
        assert shared.engine.requests
    shared.over = True
    assert connection.is_idle()
    assert not shared.engine.requests
    assert shared.network_stream.log == ["aborted"]


async def test_the_last_holder_that_is_forgotten_ends_the_exchange() -> None:
    exchange, lease = exchange_on(AsyncConnection()), Lease()
    exchange.holders, exchange.lease = 2, lease
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exchange.release(exchange)
        assert exchange._shared.engine.requests
        exchange.release(exchange)
        exchange.release(exchange)
    assert not exchange._shared.engine.requests
    assert [warning.category for warning in caught] == [ResourceWarning]
    assert lease.log == ["dropped", "dropped"]


def limited(total: float) -> AsyncLimited:
    timeouts = {"read": 3.0, "write": 2.0, "pool": 4.0, "total": total}
    exchange = AsyncLimited(AsyncConnection(), request_with(timeout=timeouts))
    exchange.limits = begin_limits(timeouts)
    return exchange


async def test_no_wait_is_longer_than_what_is_left_of_the_total_limit() -> None:
    exchange = limited(60.0)
    assert (exchange.read_timeout, exchange.write_timeout, exchange.pool_timeout) == (3.0, 2.0, 4.0)
    assert exchange_on(AsyncConnection(), timeout={"pool": 4.0}).pool_timeout == 4.0
    await exchange.send()
    assert await exchange.send_data(b"one")
    exchange.events += [b"one", END_OF_STREAM]
    assert await exchange.receive_body({}) == b"one"
    exchange = limited(0.0)
    assert (exchange.read_timeout, exchange.write_timeout, exchange.pool_timeout) == (0.0, 0.0, 0.0)
    with pytest.raises(WriteTimeout):
        await exchange.send()
    with pytest.raises(WriteTimeout):
        await exchange.send_data(b"one")
    with pytest.raises(ReadTimeout):
        await exchange.receive_head()
    # What has arrived need not be waited for.
    exchange.stream.remote_end = True
    exchange.events += [b"one"]
    assert await exchange.receive_body({}) == b"one"


async def test_a_tunnel_has_limits_of_its_own() -> None:
    exchange = limited(60.0)
    exchange.is_tunnel = True
    exchange.events += [END_OF_STREAM]
    await exchange.receive_head()
    exchange.read_timeout, exchange.write_timeout = 9.0, 8.0
    assert (exchange.read_timeout, exchange.write_timeout, exchange.pool_timeout) == (9.0, 8.0, None)
    await exchange.send()
    await exchange.send_data(b"one")


async def test_what_a_subclass_has_to_bring() -> None:
    engine, shared = MessageEngine(), AsyncSharedConnection("localhost")
    stream = exchange_on(AsyncConnection()).stream
    for missing in (engine.not_available, engine.close, engine.open_streams, shared.wake_all):
        with pytest.raises(NotImplementedError):
            missing()
    for method in (engine.has_opened, engine.disowns, engine.finish, shared.leave, shared.is_read_for):
        with pytest.raises(NotImplementedError):
            method(stream)
