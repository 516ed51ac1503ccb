# Generated from ../_async/test_pool_foreign.py by tools/make_sync.py: edit that file, then run it.
"""Pools with connections of users' own classes, which have nothing but the connection interface."""

import pytest
from httpcore import (
    ConnectError,
    ConnectionInterface,
    ConnectionNotAvailable,
    ConnectionPool,
    MockBackend,
    Origin,
    PoolTimeout,
    RemoteProtocolError,
    Request,
    Response,
)
from httpcore_test_support.background import Background, without_waiting
from httpcore_test_support.connections import ForeignConnection
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio

URL = "http://example.com/"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
ORIGIN = Origin(b"http", b"example.com", 80)


class ForeignPool(ConnectionPool):
    """Uses the given connections in turn, and records the origins."""

    def __init__(self, *prepared: ConnectionInterface, max_connections: int = 10, keep: int | None = None) -> None:
        super().__init__(max_connections=max_connections, max_keepalive_connections=keep)
        self.prepared = list(prepared)
        self.origins: list[Origin] = []

    def create_connection(self, origin: Origin) -> ConnectionInterface:
        self.origins.append(origin)
        return self.prepared.pop(0)


class PoolConnection(ForeignConnection):
    """Sends its requests with a pool of its own."""

    def __init__(self, pool: ConnectionPool) -> None:
        super().__init__(ORIGIN)
        self.pool = pool

    def handle_request(self, request: Request) -> Response:
        return self.pool.handle_request(request)

    def is_idle(self) -> bool:
        return True


class BusyConnection(ForeignConnection):
    """Refuses every request."""

    def handle_request(self, request: Request) -> Response:
        raise ConnectionNotAvailable


def test_request_gives_up_on_connections_that_take_none() -> None:
    pool = ForeignPool(*[BusyConnection(ORIGIN) for _ in range(100)])
    with pool:
        with pytest.raises(ConnectError, match=r"5 new connections to http://example\.com:80 were not available"):
            pool.request("GET", URL)
        assert len(pool.origins) == 5
        assert pool.connections == []


class TestInterface:
    def test_requests_are_sent_over_the_connection(self) -> None:
        connection = ForeignConnection(ORIGIN)
        pool = ForeignPool(connection)
        with pool:
            for _ in range(2):
                assert (pool.request("GET", URL)).content == b"foreign"
            assert pool.origins == [ORIGIN]
            assert pool.connections == [connection]
            assert "Connections: 0 active, 1 idle" in repr(pool)
            assert connection.closed == 0
        assert [request.method for request in connection.requests] == [b"GET", b"GET"]
        assert connection.closed == 1

    @pytest.mark.parametrize("generator", [False, True], ids=["object", "generator"])
    def test_body_is_read_in_parts(self, generator: bool) -> None:
        connection = ForeignConnection(ORIGIN, generator=generator)
        with ForeignPool(connection) as pool:
            with pool.stream("GET", URL) as response:
                assert [part.decode() for part in response.iter_stream()] == ["for", "eign"]
            assert "Connections: 0 active, 1 idle" in repr(pool)

    @pytest.mark.parametrize("generator", [False, True], ids=["object", "generator"])
    def test_partly_read_body_is_closed(self, generator: bool) -> None:
        connection = ForeignConnection(ORIGIN, generator=generator)
        with ForeignPool(connection) as pool:
            with pool.stream("GET", URL) as response:
                assert next(iter(response.stream)) == b"for"  # type: ignore[arg-type]
                assert connection.in_use == 1
            assert connection.in_use == 0
            assert "Connections: 0 active, 1 idle" in repr(pool)

    def test_body_is_closed_once(self) -> None:
        connection = ForeignConnection(ORIGIN)
        with ForeignPool(connection) as pool:
            response = pool.request("GET", URL)
            for _ in range(2):
                response.close()
            assert connection.in_use == 0
            assert "0 active, 0 queued | Connections: 0 active, 1 idle" in repr(pool)

    def test_body_without_a_close_method(self) -> None:
        class Connection(ForeignConnection):
            def handle_request(self, request: Request) -> Response:
                response = super().handle_request(request)
                self.in_use -= 1
                return Response(200, content=response.read())

        with ForeignPool(Connection(ORIGIN)) as pool:
            with pool.stream("GET", URL) as response:
                assert response.read() == b"foreign"
            assert "Connections: 0 active, 1 idle" in repr(pool)

    def test_connection_that_stays_busy_is_closed(self) -> None:
        """The body was never started, so the generator does not clean up."""
        connection = ForeignConnection(ORIGIN, generator=True)
        with ForeignPool(connection) as pool:
            with pool.stream("GET", URL):
                pass
            assert connection.closed == 1
            assert "0 active, 0 queued | Connections: 0 active, 0 idle" in repr(pool)

    def test_pool_as_a_connection(self) -> None:
        """Both pools lease the same body a slot, and both slots are released."""
        inner = ConnectionPool(network_backend=MockBackend([RESPONSE]))
        with inner, ForeignPool(PoolConnection(inner)) as outer:
            with outer.stream("GET", URL) as response:
                for pool in (outer, inner):
                    assert "Requests: 1 active, 0 queued | Connections: 1 active, 0 idle" in repr(pool)
                assert response.read() == b"hello"
            for pool in (outer, inner):
                assert "Requests: 0 active, 0 queued | Connections: 0 active, 1 idle" in repr(pool)


class TestRefusal:
    def test_refused_request_uses_another_connection(self) -> None:
        refusing, other = ForeignConnection(ORIGIN, refusals=1), ForeignConnection(ORIGIN)
        with ForeignPool(refusing, other) as pool:
            assert (pool.request("GET", URL)).status == 200
            assert pool.connections == [other]
        assert (refusing.closed, len(refusing.requests)) == (1, 0)

    def test_refusing_idle_connection_is_not_tried_again(self) -> None:
        refusing, other = ForeignConnection(ORIGIN), ForeignConnection(ORIGIN)
        with ForeignPool(refusing, other, max_connections=1) as pool:
            pool.request("GET", URL)
            refusing.refusals = 1_000_000
            for _ in range(2):
                assert (pool.request("GET", URL)).status == 200
            assert pool.connections == [other]
        assert refusing.refusals == 999_999
        assert refusing.closed == 1

    @pytest.mark.fault("P6")
    @pytest.mark.parametrize("refusals", [1, 3])
    def test_refused_request_is_sent_again_over_a_connection_with_room(self, refusals: int) -> None:
        """It does not wait until the response on that connection is closed."""
        connection = ForeignConnection(ORIGIN, streams=2)
        with ForeignPool(connection, max_connections=1) as pool, pool.stream("GET", URL):
            connection.refusals = refusals
            assert (pool.request("GET", URL)).status == 200
            assert pool.connections == [connection]
            assert connection.closed == 0

    @pytest.mark.fault("P6")
    def test_endless_refusals_despite_room_are_an_error(self) -> None:
        connection = ForeignConnection(ORIGIN, streams=2)
        with ForeignPool(connection, max_connections=1) as pool, pool.stream("GET", URL):
            connection.refusals = 1_000_000
            with pytest.raises(RemoteProtocolError, match="did not process the request, refused 7 times"):
                pool.request("GET", URL)
            assert connection.refusals == 1_000_000 - 7
            connection.refusals = 0
            assert (pool.request("GET", URL)).status == 200

    def test_refused_request_waits_where_there_is_no_room(self) -> None:
        connection = ForeignConnection(ORIGIN, streams=2)
        with ForeignPool(connection, max_connections=1) as pool, Background() as background:
            with pool.stream("GET", URL):
                connection.streams = 1
                call = background.start(pool.request, "GET", URL)
                wait_until(lambda: " 1 queued" in repr(pool))
            assert (call.result()).status == 200


class TestSharing:
    def test_requests_share_a_connection(self) -> None:
        connection = ForeignConnection(ORIGIN, streams=3)
        with ForeignPool(connection, max_connections=1) as pool:
            with pool.stream("GET", URL), pool.stream("GET", URL), pool.stream("GET", URL):
                assert "3 active, 0 queued | Connections: 1 active, 0 idle" in repr(pool)
                with pytest.raises(PoolTimeout):
                    pool.request("GET", URL, extensions={"timeout": {"pool": 0.0}})
            assert "0 active, 0 queued | Connections: 0 active, 1 idle" in repr(pool)

    def test_waiting_requests_get_released_streams(self) -> None:
        connection = ForeignConnection(ORIGIN, streams=2)
        with (
            ForeignPool(connection, max_connections=1) as pool,
            Background() as background,
            pool.stream("GET", URL),
        ):
            with pool.stream("GET", URL):
                calls = [background.start(pool.request, "GET", URL) for _ in range(3)]
                wait_until(lambda: " 3 queued" in repr(pool))
            for call in calls:
                assert (call.result()).status == 200
            assert "1 active, 0 queued" in repr(pool)


class TestFailures:
    def test_slot_is_released_if_create_connection_fails(self) -> None:
        with ForeignPool(max_connections=1) as pool:
            for _ in range(2):
                with pytest.raises(IndexError):
                    pool.request("GET", URL)
            assert "0 active, 0 queued | Connections: 0 active, 0 idle" in repr(pool)

    def test_failing_close_does_not_keep_other_connections_open(self) -> None:
        class Stubborn(ForeignConnection):
            def close(self) -> None:
                super().close()
                raise OSError("cannot be closed")

        connections = [Stubborn(ORIGIN), Stubborn(ORIGIN)]
        with ForeignPool(*connections) as pool, pool.stream("GET", URL), pool.stream("GET", URL):
            pass
        assert [connection.closed for connection in connections] == [1, 1]

    @pytest.mark.parametrize("moment", ["opened", "established"])
    def test_response_released_within_a_step_is_closed(self, moment: str) -> None:
        """A response may be closed or finalized at any moment, even within a step of the pool."""

        class Meddling(ForeignConnection):
            handling = False

            def is_available(self) -> bool:
                if self.handling == (moment == "established"):
                    without_waiting(response.close)
                return super().is_available()

            def handle_request(self, request: Request) -> Response:
                assert other.closed == (1 if moment == "opened" else 0)
                self.handling = True
                return super().handle_request(request)

        other = ForeignConnection(ORIGIN)
        with ForeignPool(other, Meddling(ORIGIN), keep=0) as pool:
            response = pool.handle_request(Request("GET", URL))
            with pool.stream("GET", URL):
                assert other.closed == 1
                assert len(pool.connections) == 1


class RaisingConnection(ForeignConnection):
    """Raises from call number `time` of one of its methods on."""

    question = "is_idle"
    time = 1

    def ask(self, question: str) -> None:
        if question == self.question:
            self.time -= 1
            if self.time <= 0:
                raise ValueError("raised by a user's class")

    def is_available(self) -> bool:
        self.ask("is_available")
        return super().is_available()

    @property
    def request_capacity(self) -> int:
        """Raises like the other methods."""
        self.ask("request_capacity")
        return self.streams

    def has_expired(self) -> bool:
        self.ask("has_expired")
        return super().has_expired()

    def is_idle(self) -> bool:
        self.ask("is_idle")
        return super().is_idle()

    def is_closed(self) -> bool:
        self.ask("is_closed")
        return super().is_closed()


@pytest.mark.fault("P10")
@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize("time", [1, 2, 3])
@pytest.mark.parametrize("question", ["is_available", "request_capacity", "has_expired", "is_idle", "is_closed"])
def test_connection_that_raises_leaves_the_pool(question: str, time: int, streams: int) -> None:
    """The requests go on, its slot is released, and it is closed."""

    class Pool(ConnectionPool):
        def create_connection(self, origin: Origin) -> ConnectionInterface:
            connection = RaisingConnection(origin, streams=streams)
            connection.question, connection.time = question, time
            connections.append(connection)
            return connection

    connections: list[RaisingConnection] = []
    with Pool(max_connections=2) as pool:
        for _ in range(5):
            with pool.stream("GET", URL), pool.stream("GET", URL):
                pass
            assert (pool.request("GET", "http://other/")).status == 200
            assert pool.stats().requests_active == 0
            pool.close_expired()
        inside = pool.connections
    for connection in connections:
        connection.time = 1_000_000
        assert connection.closed > 0 or (question == "is_closed" and connection in inside), connections
