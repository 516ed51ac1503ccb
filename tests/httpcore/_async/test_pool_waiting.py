"""Requests that wait for a connection: when, in which order, and for how long."""

from typing import Any

import pytest
from httpcore import AsyncConnectionInterface, AsyncConnectionPool, ConnectError, Origin, PoolTimeout, Request, Response
from httpcore._async import reservation, shared_state
from httpcore._pool.slots import PoolRequest
from httpcore._pool.unclosed import unclosed_text
from httpcore_test_support.background import AsyncBackground
from httpcore_test_support.connections import AsyncForeignConnection
from httpcore_test_support.recording import AsyncRecordingBackend
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
URL = "http://example.com/"
NO_WAIT = {"timeout": {"pool": 0.0}}


class Clock:
    """Replaces the `time` module. The tests advance its time."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


class AsyncLateConnection(AsyncForeignConnection):
    """Carries two requests at a time. A minute passes before it refuses one."""

    def __init__(self, origin: Origin, clock: Clock) -> None:
        super().__init__(origin, streams=2)
        self.clock = clock

    async def handle_async_request(self, request: Request) -> Response:
        if self.refusals:
            self.clock.now += 60
        return await super().handle_async_request(request)


class AsyncOneConnectionPool(AsyncConnectionPool):
    """Uses a single connection."""

    def __init__(self, connection: AsyncConnectionInterface) -> None:
        super().__init__(max_connections=1)
        self.connection = connection

    def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
        return self.connection


def queued(pool: AsyncConnectionPool, count: int) -> bool:
    """Return whether `count` requests wait."""
    return f" {count} queued |" in repr(pool)


class TestLimit:
    async def test_max_connections(self) -> None:
        async with (
            AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK]), max_connections=2) as pool,
            pool.stream("GET", URL),
            pool.stream("GET", URL),
        ):
            assert "2 active, 0 queued | Connections: 2 active, 0 idle" in repr(pool)
            with pytest.raises(PoolTimeout):
                await pool.request("GET", URL, extensions=NO_WAIT)
            assert "2 active, 0 queued | Connections: 2 active, 0 idle" in repr(pool)

    async def test_the_error_names_responses_that_are_not_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = Clock()
        monkeypatch.setattr(reservation, "time", clock)
        monkeypatch.setattr(shared_state, "time", clock)
        pool = AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK]), max_connections=5)
        async with pool:
            request = Request("POST", "http://user:secret@example.com/path?token=secret", headers=[("Host", "x")])
            responses = []
            for _ in range(5):
                responses.append(await pool.handle_async_request(request))
                clock.now += 1.5
            with pytest.raises(PoolTimeout) as raised:
                await pool.request("GET", URL, extensions=NO_WAIT)
            name = "POST http://example.com/path"
            assert str(raised.value).endswith(
                f" (5 of 5 in use, 1 waiting). 5 responses are not closed: {name} (7.5 seconds ago), "
                f"{name} (6.0 seconds ago), {name} (4.5 seconds ago), and 2 more"
            )
            for response in responses:
                await response.aclose()

    async def test_the_error_names_no_request_without_a_response(self) -> None:
        request: PoolRequest[Any] = PoolRequest()
        request.request = Request("GET", URL)
        assert unclosed_text([request], 1.0) == ""
        request.answered = True
        assert unclosed_text([request], 1.0) == ". 1 response is not closed: GET http://example.com/ (1.0 seconds ago)"

    async def test_the_error_takes_no_longer_the_more_responses_are_not_closed(self) -> None:
        async with AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK]), max_connections=300) as pool:
            request = Request("GET", URL, headers=[("Host", "example.com")])
            responses = [await pool.handle_async_request(request) for _ in range(300)]
            with pytest.raises(PoolTimeout) as raised:
                await pool.request("GET", URL, extensions=NO_WAIT)
            assert "(300 of 300 in use, 1 waiting). At least 100 responses are not closed: GET " in str(raised.value)
            assert str(raised.value).endswith(", and 97 more")
            for response in responses:
                await response.aclose()

    async def test_default_limit_is_ten(self) -> None:
        async with AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK])) as pool:
            request = Request("GET", URL, headers=[("Host", "example.com")])
            responses = [await pool.handle_async_request(request) for _ in range(10)]
            with pytest.raises(PoolTimeout):
                await pool.request("GET", URL, extensions=NO_WAIT)
            for response in responses:
                await response.aclose()

    async def test_none_means_no_limit(self) -> None:
        backend = AsyncRecordingBackend([OK])
        async with AsyncConnectionPool(network_backend=backend, max_connections=None) as pool:
            request = Request("GET", URL, headers=[("Host", "example.com")])
            responses = [await pool.handle_async_request(request) for _ in range(50)]
            assert len(backend.streams) == 50
            for response in responses:
                await response.aclose()

    async def test_idle_connection_to_another_origin_is_evicted(self) -> None:
        backend = AsyncRecordingBackend([OK])
        async with AsyncConnectionPool(network_backend=backend, max_connections=1) as pool:
            await pool.request("GET", "http://a/")
            await pool.request("GET", "http://b/", extensions=NO_WAIT)
            assert [stream.closed for stream in backend.streams] == [1, 0]


class TestQueue:
    async def test_request_waits_until_a_response_is_closed(self) -> None:
        backend = AsyncRecordingBackend([OK, OK])
        async with (
            AsyncConnectionPool(network_backend=backend, max_connections=1) as pool,
            AsyncBackground() as background,
        ):
            async with pool.stream("GET", URL) as response:
                call = background.start(pool.request, "GET", URL)
                await async_wait_until(lambda: queued(pool, 1))
                await response.aread()
                assert queued(pool, 1)
            assert (await call.result()).content == b"ok"
            assert len(backend.streams) == 1

    async def test_first_come_first_served_across_origins(self) -> None:
        served: list[str] = []
        hosts = ["b", "a", "c", "a", "b"]

        async def send_request(host: str) -> None:
            async with pool.stream("GET", f"http://{host}/") as response:
                served.append(host)
                await response.aread()

        async with (
            AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK, OK]), max_connections=1) as pool,
            AsyncBackground() as background,
        ):
            async with pool.stream("GET", "http://a/"):
                calls = []
                for position, host in enumerate(hosts):
                    calls.append(background.start(send_request, host))
                    await async_wait_until(lambda position=position: queued(pool, position + 1))  # type: ignore[misc]
            for call in calls:
                await call.result()
            assert served == hosts

    async def test_timed_out_request_is_passed_over(self) -> None:
        async with (
            AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK, OK]), max_connections=1) as pool,
            AsyncBackground() as background,
        ):
            async with pool.stream("GET", URL) as response:
                call = background.start(pool.request, "GET", URL)
                await async_wait_until(lambda: queued(pool, 1))
                with pytest.raises(PoolTimeout):
                    await pool.request("GET", URL, extensions=NO_WAIT)
                assert queued(pool, 1)
                await response.aread()
            assert (await call.result()).status == 200

    async def test_failure_to_connect_serves_the_next_request(self) -> None:
        backend = AsyncRecordingBackend([OK], ConnectError("no"), [OK])
        async with (
            AsyncConnectionPool(network_backend=backend, max_connections=1) as pool,
            AsyncBackground() as background,
        ):
            async with pool.stream("GET", URL):
                calls = []
                for position in range(2):
                    calls.append(background.start(pool.request, "GET", URL))
                    await async_wait_until(lambda position=position: queued(pool, position + 1))  # type: ignore[misc]
            with pytest.raises(ConnectError):
                await calls[0].result()
            assert (await calls[1].result()).status == 200


class TestTimeout:
    async def test_error_text(self) -> None:
        async with (
            AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK]), max_connections=1) as pool,
            pool.stream("GET", URL),
        ):
            with pytest.raises(PoolTimeout) as raised:
                await pool.request("GET", "http://example.org/", extensions={"timeout": {"pool": 0.01}})
            assert str(raised.value).startswith(
                "Pool timed out after 0.01 seconds: no connection to http://example.org:80 became available "
                "(1 of 1 in use, 1 waiting). 1 response is not closed: GET http://example.com/ ("
            )

    async def test_timed_out_requests_leave_nothing_behind(self) -> None:
        async with AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK]), max_connections=1) as pool:
            async with pool.stream("GET", URL):
                for _ in range(3):
                    with pytest.raises(PoolTimeout):
                        await pool.request("GET", URL, extensions=NO_WAIT)
            assert "0 active, 0 queued | Connections: 0 active, 0 idle" in repr(pool)
            assert (await pool.request("GET", URL, extensions=NO_WAIT)).status == 200

    @pytest.mark.field(10)
    async def test_timeout_includes_refusals(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The refusal comes after the whole timeout, so that no time is left to pause before the second retry."""
        clock = Clock()
        for module in ("reservation", "retries", "shared_state"):
            monkeypatch.setattr(f"httpcore._async.{module}.time", clock)
        connection = AsyncLateConnection(Origin(b"http", b"example.com", 80), clock)
        async with (
            AsyncOneConnectionPool(connection) as pool,
            AsyncBackground() as background,
            pool.stream("GET", URL),
        ):
            async with pool.stream("GET", URL):
                call = background.start(pool.request, "GET", URL, extensions={"timeout": {"pool": 60.0}})
                await async_wait_until(lambda: queued(pool, 1))
                connection.refusals = 2
            with pytest.raises(PoolTimeout, match="after 60 seconds"):
                await call.result()
        assert connection.refusals == 0
