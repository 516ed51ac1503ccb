# Generated from ../_async/test_pool_foreign.py by tools/make_sync.py: edit that file, then run it.
"""Pools with connections that somebody else wrote, of which nothing is known but the connection interface."""

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
    """Uses the given connections in turn, and notes for which origins."""

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
    """Turns every request down."""

    def handle_request(self, request: Request) -> Response:
        raise ConnectionNotAvailable


def test_new_connections_that_take_no_request_are_given_up() -> None:
    pool = ForeignPool(*[BusyConnection(ORIGIN) for _ in range(100)])
    with pool:
        with pytest.raises(ConnectError, match=r"5 new connections to http://example\.com:80 were not available"):
            pool.request("GET", URL)
        assert len(pool.origins) == 5
        assert pool.connections == []


class TestInterface:
    def test_requests_go_through_the_connection(self) -> None:
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
    def test_a_body_is_read_in_parts(self, generator: bool) -> None:
        connection = ForeignConnection(ORIGIN, generator=generator)
        with ForeignPool(connection) as pool:
            with pool.stream("GET", URL) as response:
                assert [part.decode() for part in response.iter_stream()] == ["for", "eign"]
            assert "Connections: 0 active, 1 idle" in repr(pool)

    @pytest.mark.parametrize("generator", [False, True], ids=["object", "generator"])
    def test_a_body_is_closed_when_it_was_read_in_part(self, generator: bool) -> None:
        connection = ForeignConnection(ORIGIN, generator=generator)
        with ForeignPool(connection) as pool:
            with pool.stream("GET", URL) as response:
                assert next(iter(response.stream)) == b"for"  # type: ignore[arg-type]
                assert connection.in_use == 1
            assert connection.in_use == 0
            assert "Connections: 0 active, 1 idle" in repr(pool)

    def test_a_body_is_closed_once(self) -> None:
        connection = ForeignConnection(ORIGIN)
        with ForeignPool(connection) as pool:
            response = pool.request("GET", URL)
            for _ in range(2):
                response.close()
            assert connection.in_use == 0
            assert "0 active, 0 queued | Connections: 0 active, 1 idle" in repr(pool)

    def test_a_body_without_a_close_method_is_just_left(self) -> None:
        class Connection(ForeignConnection):
            def handle_request(self, request: Request) -> Response:
                response = super().handle_request(request)
                self.in_use -= 1
                return Response(200, content=response.read())

        with ForeignPool(Connection(ORIGIN)) as pool:
            with pool.stream("GET", URL) as response:
                assert response.read() == b"foreign"
            assert "Connections: 0 active, 1 idle" in repr(pool)

    def test_one_that_stays_busy_is_closed(self) -> None:
        """The body was never started, so the generator's own cleanup does not run."""
        connection = ForeignConnection(ORIGIN, generator=True)
        with ForeignPool(connection) as pool:
            with pool.stream("GET", URL):
                pass
            assert connection.closed == 1
            assert "0 active, 0 queued | Connections: 0 active, 0 idle" in repr(pool)

    def test_it_may_be_a_pool(self) -> None:
        """Both have lent the same body something, and both get it back."""
        inner = ConnectionPool(network_backend=MockBackend([RESPONSE]))
        with inner, ForeignPool(PoolConnection(inner)) as outer:
            with outer.stream("GET", URL) as response:
                for pool in (outer, inner):
                    assert "Requests: 1 active, 0 queued | Connections: 1 active, 0 idle" in repr(pool)
                assert response.read() == b"hello"
            for pool in (outer, inner):
                assert "Requests: 0 active, 0 queued | Connections: 0 active, 1 idle" in repr(pool)


class TestRefusal:
    def test_a_request_moves_on_to_another_connection(self) -> None:
        refusing, other = ForeignConnection(ORIGIN, refusals=1), ForeignConnection(ORIGIN)
        with ForeignPool(refusing, other) as pool:
            assert (pool.request("GET", URL)).status == 200
            assert pool.connections == [other]
        assert (refusing.closed, len(refusing.requests)) == (1, 0)

    def test_an_idle_connection_that_refuses_is_not_tried_again(self) -> None:
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
    def test_a_request_that_was_refused_is_sent_again_where_there_is_room(self, refusals: int) -> None:
        """It does not wait for the end of the response that is open there."""
        connection = ForeignConnection(ORIGIN, streams=2)
        with ForeignPool(connection, max_connections=1) as pool, pool.stream("GET", URL):
            connection.refusals = refusals
            assert (pool.request("GET", URL)).status == 200
            assert pool.connections == [connection]
            assert connection.closed == 0

    @pytest.mark.fault("P6")
    def test_one_that_refuses_for_ever_though_it_has_room_is_an_error(self) -> None:
        connection = ForeignConnection(ORIGIN, streams=2)
        with ForeignPool(connection, max_connections=1) as pool, pool.stream("GET", URL):
            connection.refusals = 1_000_000
            with pytest.raises(RemoteProtocolError, match="did not process the request, refused 7 times"):
                pool.request("GET", URL)
            assert connection.refusals == 1_000_000 - 7
            connection.refusals = 0
            assert (pool.request("GET", URL)).status == 200

    def test_where_there_is_no_room_it_waits_for_its_turn(self) -> None:
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

    def test_requests_that_wait_get_the_streams_that_end(self) -> None:
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
    def test_the_place_comes_back_when_no_connection_can_be_made(self) -> None:
        with ForeignPool(max_connections=1) as pool:
            for _ in range(2):
                with pytest.raises(IndexError):
                    pool.request("GET", URL)
            assert "0 active, 0 queued | Connections: 0 active, 0 idle" in repr(pool)

    def test_a_connection_that_cannot_be_closed_does_not_keep_the_others_open(self) -> None:
        class Stubborn(ForeignConnection):
            def close(self) -> None:
                super().close()
                raise OSError("cannot be closed")

        connections = [Stubborn(ORIGIN), Stubborn(ORIGIN)]
        with ForeignPool(*connections) as pool, pool.stream("GET", URL), pool.stream("GET", URL):
            pass
        assert [connection.closed for connection in connections] == [1, 1]

    @pytest.mark.parametrize("moment", ["opened", "established"])
    def test_what_is_given_back_while_the_pool_is_busy_is_closed(self, moment: str) -> None:
        """A response may end at any moment, as in another thread or at its finalisation, even within the pool."""

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
    """Raises when it is asked one of the pool's questions for the time number `time`, and ever since."""

    question = "is_idle"
    time = 1

    def ask(self, question: str) -> None:
        if question == self.question:
            self.time -= 1
            if self.time <= 0:
                raise ValueError("somebody's own")

    def is_available(self) -> bool:
        self.ask("is_available")
        return super().is_available()

    @property
    def request_capacity(self) -> int:
        """Raises like the others."""
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
def test_one_that_raises_when_it_is_asked_leaves_the_pool(question: str, time: int, streams: int) -> None:
    """The requests go on, its slot comes back, and it is closed."""

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
