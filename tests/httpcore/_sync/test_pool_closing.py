# Generated from ../_async/test_pool_closing.py by tools/make_sync.py: edit that file, then run it.
"""Closing a pool in any state."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from httpcore import (
    ConnectError,
    ConnectionInterface,
    ConnectionPool,
    NetworkStream,
    Origin,
    PoolTimeout,
    ReadError,
    RemoteProtocolError,
    Request,
    Response,
)
from httpcore_models.lowlevel import Retryable, mark_retryable
from httpcore_models.network import SyncBackend
from httpcore_test_support.background import Background, without_waiting
from httpcore_test_support.connections import ForeignConnection
from httpcore_test_support.http2_peer import Http2Peer, http2_script
from httpcore_test_support.recording import RecordingBackend
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import receive_request, send
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
URL = "http://example.com/"
HOST = [("Host", "example.com")]
EMPTY = "Requests: 0 active, 0 queued | Connections: 0 active, 0 idle"


def test_idle_connections_are_closed() -> None:
    backend = RecordingBackend([OK])
    pool = ConnectionPool(network_backend=backend)
    for host in ("a", "b", "c"):
        pool.request("GET", f"http://{host}/")
    pool.close()
    assert [stream.closed for stream in backend.streams] == [1, 1, 1]
    assert EMPTY in repr(pool)
    pool.close()
    assert [stream.closed for stream in backend.streams] == [1, 1, 1]


def test_unused_pool_can_be_closed() -> None:
    with ConnectionPool(network_backend=RecordingBackend([OK])) as pool:
        assert pool.connections == []


@pytest.mark.field(14)
def test_unread_response_does_not_prevent_closing() -> None:
    with scripted_server([receive_request(), send(OK[:-1])]) as server:
        pool = ConnectionPool()
        with pool:
            response = pool.handle_request(Request("GET", server.url, headers=HOST))
        wait_until(lambda: not server.open_connections)
        assert "Requests: 1 active, 0 queued | Connections: 0 active, 0 idle" in repr(pool)
        with pytest.raises(ReadError):
            response.read()
        response.close()
        assert EMPTY in repr(pool)


def test_an_exception_in_the_block_is_not_replaced() -> None:
    responses: list[Response] = []

    def fail() -> None:
        with ConnectionPool(network_backend=RecordingBackend([OK])) as pool:
            responses.append(pool.handle_request(Request("GET", URL, headers=HOST)))
            _ = responses[0].status / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    responses[0].close()


def test_waiting_requests_fail() -> None:
    pool = ConnectionPool(network_backend=RecordingBackend([OK]), max_connections=1)
    with Background() as background, pool.stream("GET", URL):
        calls = [background.start(pool.request, "GET", URL) for _ in range(3)]
        wait_until(lambda: " 3 queued" in repr(pool))
        pool.close()
        for call in calls:
            with pytest.raises(ConnectError, match="pool was closed while the request waited"):
                call.result()
    assert EMPTY in repr(pool)


def test_closed_pool_can_be_used_again() -> None:
    backend = RecordingBackend([OK, OK])
    pool = ConnectionPool(network_backend=backend, max_connections=1)
    for count in (1, 2):
        with pool:
            for _ in range(2):
                assert (pool.request("GET", URL)).status == 200
            assert [stream.closed for stream in backend.streams] == [*[1] * (count - 1), 0]
    assert [stream.closed for stream in backend.streams] == [1, 1]


@pytest.mark.fault("T10")
def test_connecting_request_is_not_sent() -> None:
    class Backend(RecordingBackend):
        def connect_tcp(self, *args: Any, **kwargs: Any) -> NetworkStream:
            pool.close()
            return super().connect_tcp(*args, **kwargs)

    backend = Backend([OK])
    pool = ConnectionPool(network_backend=backend)
    with pytest.raises(ConnectError, match=r"was closed while it was being opened$"):
        pool.request("GET", URL)
    assert EMPTY in repr(pool)
    assert all(stream.closed and not stream.written for stream in backend.streams)


@pytest.mark.fault("P16")
@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
def test_connection_closed_by_the_user_makes_room(protocol: str) -> None:
    """It does so even while its response is open."""
    http2 = protocol == "HTTP/2"
    options: dict[str, Any] = {"http1": not http2, "http2": http2, "max_connections": 1}

    def script(peer: Http2Peer) -> None:
        while True:
            peer.respond(peer.request())

    http1_script = [receive_request(), send(OK), receive_request(), send(OK)]
    with scripted_server(http2_script(script) if http2 else http1_script) as server:
        with ConnectionPool(**options) as pool, pool.stream("GET", server.url):
            pool.connections[0].close()
            for _ in range(2):
                response = pool.request("GET", server.url, extensions={"timeout": {"pool": 0.0}})
                assert response.status == 200
            assert pool.stats().opened == 2


@pytest.mark.fault("P12")
@pytest.mark.parametrize("count", [2, 100])
def test_failing_close_does_not_keep_other_connections_open(count: int) -> None:
    class Pool(ConnectionPool):
        def create_connection(self, origin: Origin) -> ConnectionInterface:
            connections.append(StubbornConnection(origin, len(connections)))
            return connections[-1]

    connections: list[StubbornConnection] = []
    pool = Pool(max_connections=None)
    for number in range(count):
        pool.request("GET", f"http://host-{number}/")
    pool.close()
    assert [connection.closed for connection in connections] == [1] * count


class StubbornConnection(ForeignConnection):
    """Takes a while to close. Every second one fails then."""

    def __init__(self, origin: Origin, number: int) -> None:
        super().__init__(origin)
        self.number = number

    def close(self) -> None:
        SyncBackend().sleep(0.001)
        super().close()
        if self.number % 2:
            raise OSError("cannot be closed")


@pytest.mark.fault("T10")
def test_request_is_not_retried_after_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool is closed as the request returns its slot."""

    class Connection(ForeignConnection):
        def handle_request(self, request: Request) -> Response:
            sent.append(request)
            error = RemoteProtocolError("refused")
            mark_retryable(error, Retryable.ANY)
            raise error

    class Pool(ConnectionPool):
        def create_connection(self, origin: Origin) -> ConnectionInterface:
            return Connection(origin)

    def close_pool_first() -> None:
        if sent and not pool._shared.close_count:
            pool.close()
        close_pending()

    sent: list[Request] = []
    pool = Pool()
    close_pending = pool._shared.close_pending
    monkeypatch.setattr(pool._shared, "close_pending", close_pool_first)
    with pytest.raises(ConnectError, match="pool was closed"):
        pool.request("GET", URL)
    assert len(sent) == 1
    assert EMPTY in repr(pool)


@pytest.mark.fault("T10")
def test_request_opens_no_connection_after_closing() -> None:
    class Pool(ConnectionPool):
        def create_connection(self, origin: Origin) -> ConnectionInterface:
            without_waiting(self.close)
            return super().create_connection(origin)

    backend = RecordingBackend([OK])
    pool = Pool(network_backend=backend)
    with pytest.raises(ConnectError, match="pool was closed"):
        pool.request("GET", URL)
    assert backend.streams == []
    assert EMPTY in repr(pool)


def test_time_that_closing_takes_counts_towards_the_limit_of_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request closes what has left the pool before it waits for a slot."""

    class SlowConnection(ForeignConnection):
        def close(self) -> None:
            nonlocal passed
            passed += 100.0

    passed = 0.0
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed)
    monkeypatch.setattr("httpcore._sync.reservation.time", clock)
    pool = ConnectionPool(max_connections=1, network_backend=RecordingBackend([OK]))
    with pool, pool.stream("GET", URL):
        pool._shared.state.to_close.append(SlowConnection(Origin(b"http", b"other", 80)))
        begun = time.monotonic()
        with pytest.raises(PoolTimeout):
            pool.request("GET", URL, extensions={"timeout": {"pool": 10.0}})
        assert passed
        assert time.monotonic() - begun < 10.0
