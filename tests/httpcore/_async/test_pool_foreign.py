"""Pools with connections of users' own classes, which have nothing but the connection interface."""

import pytest
from httpcore import (
    AsyncConnectionInterface,
    AsyncConnectionPool,
    AsyncMockBackend,
    ConnectError,
    ConnectionNotAvailable,
    Origin,
    PoolTimeout,
    RemoteProtocolError,
    Request,
    Response,
)
from httpcore_test_support.background import AsyncBackground, async_without_waiting
from httpcore_test_support.connections import AsyncForeignConnection
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

URL = "http://example.com/"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
ORIGIN = Origin(b"http", b"example.com", 80)


class AsyncForeignPool(AsyncConnectionPool):
    """Uses the given connections in turn, and records the origins."""

    def __init__(self, *prepared: AsyncConnectionInterface, max_connections: int = 10, keep: int | None = None) -> None:
        super().__init__(max_connections=max_connections, max_keepalive_connections=keep)
        self.prepared = list(prepared)
        self.origins: list[Origin] = []

    def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
        self.origins.append(origin)
        return self.prepared.pop(0)


class AsyncPoolConnection(AsyncForeignConnection):
    """Sends its requests with a pool of its own."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        super().__init__(ORIGIN)
        self.pool = pool

    async def handle_async_request(self, request: Request) -> Response:
        return await self.pool.handle_async_request(request)

    def is_idle(self) -> bool:
        return True


class AsyncBusyConnection(AsyncForeignConnection):
    """Refuses every request."""

    async def handle_async_request(self, request: Request) -> Response:
        raise ConnectionNotAvailable


async def test_request_gives_up_on_connections_that_take_none() -> None:
    pool = AsyncForeignPool(*[AsyncBusyConnection(ORIGIN) for _ in range(100)])
    async with pool:
        with pytest.raises(ConnectError, match=r"5 new connections to http://example\.com:80 were not available"):
            await pool.request("GET", URL)
        assert len(pool.origins) == 5
        assert pool.connections == []


class TestInterface:
    async def test_requests_are_sent_over_the_connection(self) -> None:
        connection = AsyncForeignConnection(ORIGIN)
        pool = AsyncForeignPool(connection)
        async with pool:
            for _ in range(2):
                assert (await pool.request("GET", URL)).content == b"foreign"
            assert pool.origins == [ORIGIN]
            assert pool.connections == [connection]
            assert "Connections: 0 active, 1 idle" in repr(pool)
            assert connection.closed == 0
        assert [request.method for request in connection.requests] == [b"GET", b"GET"]
        assert connection.closed == 1

    @pytest.mark.parametrize("generator", [False, True], ids=["object", "generator"])
    async def test_body_is_read_in_parts(self, generator: bool) -> None:
        connection = AsyncForeignConnection(ORIGIN, generator=generator)
        async with AsyncForeignPool(connection) as pool:
            async with pool.stream("GET", URL) as response:
                assert [part.decode() async for part in response.aiter_stream()] == ["for", "eign"]
            assert "Connections: 0 active, 1 idle" in repr(pool)

    @pytest.mark.parametrize("generator", [False, True], ids=["object", "generator"])
    async def test_partly_read_body_is_closed(self, generator: bool) -> None:
        connection = AsyncForeignConnection(ORIGIN, generator=generator)
        async with AsyncForeignPool(connection) as pool:
            async with pool.stream("GET", URL) as response:
                assert await anext(aiter(response.stream)) == b"for"  # type: ignore[arg-type]
                assert connection.in_use == 1
            assert connection.in_use == 0
            assert "Connections: 0 active, 1 idle" in repr(pool)

    async def test_body_is_closed_once(self) -> None:
        connection = AsyncForeignConnection(ORIGIN)
        async with AsyncForeignPool(connection) as pool:
            response = await pool.request("GET", URL)
            for _ in range(2):
                await response.aclose()
            assert connection.in_use == 0
            assert "0 active, 0 queued | Connections: 0 active, 1 idle" in repr(pool)

    async def test_body_without_a_close_method(self) -> None:
        class Connection(AsyncForeignConnection):
            async def handle_async_request(self, request: Request) -> Response:
                response = await super().handle_async_request(request)
                self.in_use -= 1
                return Response(200, content=await response.aread())

        async with AsyncForeignPool(Connection(ORIGIN)) as pool:
            async with pool.stream("GET", URL) as response:
                assert await response.aread() == b"foreign"
            assert "Connections: 0 active, 1 idle" in repr(pool)

    async def test_connection_that_stays_busy_is_closed(self) -> None:
        """The body was never started, so the generator does not clean up."""
        connection = AsyncForeignConnection(ORIGIN, generator=True)
        async with AsyncForeignPool(connection) as pool:
            async with pool.stream("GET", URL):
                pass
            assert connection.closed == 1
            assert "0 active, 0 queued | Connections: 0 active, 0 idle" in repr(pool)

    async def test_pool_as_a_connection(self) -> None:
        """Both pools lease the same body a slot, and both slots are released."""
        inner = AsyncConnectionPool(network_backend=AsyncMockBackend([RESPONSE]))
        async with inner, AsyncForeignPool(AsyncPoolConnection(inner)) as outer:
            async with outer.stream("GET", URL) as response:
                for pool in (outer, inner):
                    assert "Requests: 1 active, 0 queued | Connections: 1 active, 0 idle" in repr(pool)
                assert await response.aread() == b"hello"
            for pool in (outer, inner):
                assert "Requests: 0 active, 0 queued | Connections: 0 active, 1 idle" in repr(pool)


class TestRefusal:
    async def test_refused_request_uses_another_connection(self) -> None:
        refusing, other = AsyncForeignConnection(ORIGIN, refusals=1), AsyncForeignConnection(ORIGIN)
        async with AsyncForeignPool(refusing, other) as pool:
            assert (await pool.request("GET", URL)).status == 200
            assert pool.connections == [other]
        assert (refusing.closed, len(refusing.requests)) == (1, 0)

    async def test_refusing_idle_connection_is_not_tried_again(self) -> None:
        refusing, other = AsyncForeignConnection(ORIGIN), AsyncForeignConnection(ORIGIN)
        async with AsyncForeignPool(refusing, other, max_connections=1) as pool:
            await pool.request("GET", URL)
            refusing.refusals = 1_000_000
            for _ in range(2):
                assert (await pool.request("GET", URL)).status == 200
            assert pool.connections == [other]
        assert refusing.refusals == 999_999
        assert refusing.closed == 1

    @pytest.mark.fault("P6")
    @pytest.mark.parametrize("refusals", [1, 3])
    async def test_refused_request_is_sent_again_over_a_connection_with_room(self, refusals: int) -> None:
        """It does not wait until the response on that connection is closed."""
        connection = AsyncForeignConnection(ORIGIN, streams=2)
        async with AsyncForeignPool(connection, max_connections=1) as pool, pool.stream("GET", URL):
            connection.refusals = refusals
            assert (await pool.request("GET", URL)).status == 200
            assert pool.connections == [connection]
            assert connection.closed == 0

    @pytest.mark.fault("P6")
    async def test_endless_refusals_despite_room_are_an_error(self) -> None:
        connection = AsyncForeignConnection(ORIGIN, streams=2)
        async with AsyncForeignPool(connection, max_connections=1) as pool, pool.stream("GET", URL):
            connection.refusals = 1_000_000
            with pytest.raises(RemoteProtocolError, match="did not process the request, refused 7 times"):
                await pool.request("GET", URL)
            assert connection.refusals == 1_000_000 - 7
            connection.refusals = 0
            assert (await pool.request("GET", URL)).status == 200

    async def test_refused_request_waits_where_there_is_no_room(self) -> None:
        connection = AsyncForeignConnection(ORIGIN, streams=2)
        async with AsyncForeignPool(connection, max_connections=1) as pool, AsyncBackground() as background:
            async with pool.stream("GET", URL):
                connection.streams = 1
                call = background.start(pool.request, "GET", URL)
                await async_wait_until(lambda: " 1 queued" in repr(pool))
            assert (await call.result()).status == 200


class TestSharing:
    async def test_requests_share_a_connection(self) -> None:
        connection = AsyncForeignConnection(ORIGIN, streams=3)
        async with AsyncForeignPool(connection, max_connections=1) as pool:
            async with pool.stream("GET", URL), pool.stream("GET", URL), pool.stream("GET", URL):
                assert "3 active, 0 queued | Connections: 1 active, 0 idle" in repr(pool)
                with pytest.raises(PoolTimeout):
                    await pool.request("GET", URL, extensions={"timeout": {"pool": 0.0}})
            assert "0 active, 0 queued | Connections: 0 active, 1 idle" in repr(pool)

    async def test_waiting_requests_get_released_streams(self) -> None:
        connection = AsyncForeignConnection(ORIGIN, streams=2)
        async with (
            AsyncForeignPool(connection, max_connections=1) as pool,
            AsyncBackground() as background,
            pool.stream("GET", URL),
        ):
            async with pool.stream("GET", URL):
                calls = [background.start(pool.request, "GET", URL) for _ in range(3)]
                await async_wait_until(lambda: " 3 queued" in repr(pool))
            for call in calls:
                assert (await call.result()).status == 200
            assert "1 active, 0 queued" in repr(pool)


class TestFailures:
    async def test_slot_is_released_if_create_connection_fails(self) -> None:
        async with AsyncForeignPool(max_connections=1) as pool:
            for _ in range(2):
                with pytest.raises(IndexError):
                    await pool.request("GET", URL)
            assert "0 active, 0 queued | Connections: 0 active, 0 idle" in repr(pool)

    async def test_failing_close_does_not_keep_other_connections_open(self) -> None:
        class Stubborn(AsyncForeignConnection):
            async def aclose(self) -> None:
                await super().aclose()
                raise OSError("cannot be closed")

        connections = [Stubborn(ORIGIN), Stubborn(ORIGIN)]
        async with AsyncForeignPool(*connections) as pool, pool.stream("GET", URL), pool.stream("GET", URL):
            pass
        assert [connection.closed for connection in connections] == [1, 1]

    @pytest.mark.parametrize("moment", ["opened", "established"])
    async def test_response_released_within_a_step_is_closed(self, moment: str) -> None:
        """A response may be closed or finalized at any moment, even within a step of the pool."""

        class Meddling(AsyncForeignConnection):
            handling = False

            def is_available(self) -> bool:
                if self.handling == (moment == "established"):
                    async_without_waiting(response.aclose)
                return super().is_available()

            async def handle_async_request(self, request: Request) -> Response:
                assert other.closed == (1 if moment == "opened" else 0)
                self.handling = True
                return await super().handle_async_request(request)

        other = AsyncForeignConnection(ORIGIN)
        async with AsyncForeignPool(other, Meddling(ORIGIN), keep=0) as pool:
            response = await pool.handle_async_request(Request("GET", URL))
            async with pool.stream("GET", URL):
                assert other.closed == 1
                assert len(pool.connections) == 1


class AsyncRaisingConnection(AsyncForeignConnection):
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
async def test_connection_that_raises_leaves_the_pool(question: str, time: int, streams: int) -> None:
    """The requests go on, its slot is released, and it is closed."""

    class Pool(AsyncConnectionPool):
        def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
            connection = AsyncRaisingConnection(origin, streams=streams)
            connection.question, connection.time = question, time
            connections.append(connection)
            return connection

    connections: list[AsyncRaisingConnection] = []
    async with Pool(max_connections=2) as pool:
        for _ in range(5):
            async with pool.stream("GET", URL), pool.stream("GET", URL):
                pass
            assert (await pool.request("GET", "http://other/")).status == 200
            assert pool.stats().requests_active == 0
            await pool.close_expired()
        inside = pool.connections
    for connection in connections:
        connection.time = 1_000_000
        assert connection.closed > 0 or (question == "is_closed" and connection in inside), connections
