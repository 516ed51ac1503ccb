"""`HTTPConnection` without a pool: its states, its errors, and how it connects."""

import logging
import typing
from typing import Any

import pytest
from httpcore import (
    URL,
    AsyncHTTPConnection,
    AsyncNetworkStream,
    ConnectError,
    ConnectionNotAvailable,
    ConnectTimeout,
    Origin,
    RemoteProtocolError,
    Request,
    Response,
)
from httpcore_models.concurrency import AsyncEvent
from httpcore_test_support.background import AsyncBackground
from httpcore_test_support.recording import AsyncRecordingBackend
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import receive_request, send
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PLAIN_URL = "http://example.com/"
SECURE_URL = "https://example.com/"
ORIGIN = Origin(b"http", b"example.com", 80)
SECURE_ORIGIN = Origin(b"https", b"example.com", 443)


def states(connection: AsyncHTTPConnection) -> dict[str, bool]:
    """Return the states that the connection is in."""
    answers = {
        "available": connection.is_available(),
        "expired": connection.has_expired(),
        "idle": connection.is_idle(),
        "closed": connection.is_closed(),
    }
    return {name: answer for name, answer in answers.items() if answer}


class TestLife:
    async def test_from_new_to_closed(self) -> None:
        async with AsyncHTTPConnection(ORIGIN, network_backend=AsyncRecordingBackend([OK, OK])) as connection:
            assert (connection.info(), states(connection)) == ("CONNECTING", {})
            for count in (1, 2):
                async with connection.stream("GET", PLAIN_URL) as response:
                    assert connection.info() == f"'http://example.com:80', HTTP/1.1, ACTIVE, Request Count: {count}"
                    assert states(connection) == {}
                    await response.aread()
                assert connection.info() == f"'http://example.com:80', HTTP/1.1, IDLE, Request Count: {count}"
                assert states(connection) == {"available": True, "idle": True}
        assert repr(connection).endswith(
            "HTTPConnection ['http://example.com:80', HTTP/1.1, CLOSED, Request Count: 2]>"
        )
        assert states(connection) == {"closed": True}

    @pytest.mark.parametrize("origin", [ORIGIN, SECURE_ORIGIN], ids=str)
    async def test_a_new_connection_is_not_available(self, origin: Origin) -> None:
        assert states(AsyncHTTPConnection(origin)) == {}

    async def test_closing_an_unused_connection(self) -> None:
        async with AsyncHTTPConnection(ORIGIN, network_backend=AsyncRecordingBackend([OK])) as connection:
            assert connection.can_handle_request(ORIGIN)
        assert repr(connection).endswith("HTTPConnection [CONNECTING]>")

    async def test_requests_to_another_origin_are_refused(self) -> None:
        backend = AsyncRecordingBackend([OK])
        async with AsyncHTTPConnection(ORIGIN, network_backend=backend) as connection:
            assert not connection.can_handle_request(SECURE_ORIGIN)
            with pytest.raises(RuntimeError) as raised:
                await connection.request("GET", SECURE_URL)
        assert str(raised.value) == (
            "Attempted to send request to https://example.com:443 on connection to http://example.com:80"
        )
        assert not backend.connects

    async def test_a_busy_connection_is_not_available(self) -> None:
        async with (
            AsyncHTTPConnection(ORIGIN, network_backend=AsyncRecordingBackend([OK])) as connection,
            connection.stream("GET", PLAIN_URL) as response,
        ):
            assert response.status == 200
            with pytest.raises(ConnectionNotAvailable):
                await connection.request("GET", PLAIN_URL)

    async def test_a_closed_connection_is_not_available(self) -> None:
        async with AsyncHTTPConnection(ORIGIN, network_backend=AsyncRecordingBackend([OK])) as connection:
            await connection.request("GET", PLAIN_URL)
        with pytest.raises(ConnectionNotAvailable):
            await connection.request("GET", PLAIN_URL)

    async def test_over_a_socket(self) -> None:
        with scripted_server([step for _ in range(2) for step in (receive_request(), send(OK))]) as server:
            url = URL(server.url)
            connection = AsyncHTTPConnection(url.origin)
            async with connection:
                for count in (1, 2):
                    assert (await connection.request("GET", url)).content == b"ok"
                    assert connection.info().endswith(f"HTTP/1.1, IDLE, Request Count: {count}")
            await async_wait_until(lambda: not server.open_connections)
            assert len(server.connections) == 1


class TestConnecting:
    async def test_a_failure_shows_in_the_state(self) -> None:
        connection = AsyncHTTPConnection(ORIGIN, network_backend=AsyncRecordingBackend(ConnectError("no"), [OK]))
        with pytest.raises(ConnectError):
            await connection.request("GET", PLAIN_URL)
        assert repr(connection).endswith("HTTPConnection [CONNECTION FAILED]>")
        assert states(connection) == {"expired": True, "idle": True, "closed": True}

    async def test_after_a_failure_nothing_is_shared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
        backend = AsyncRecordingBackend(ConnectError("no"))
        connection = AsyncHTTPConnection(SECURE_ORIGIN, http2=True, network_backend=backend)
        assert states(connection) == {"available": True}
        with pytest.raises(ConnectError):
            await connection.request("GET", SECURE_URL)
        assert states(connection) == {"expired": True, "idle": True, "closed": True}

    async def test_the_next_request_connects_again(self) -> None:
        backend = AsyncRecordingBackend(ConnectError("no"), [OK])
        async with AsyncHTTPConnection(ORIGIN, network_backend=backend) as connection:
            with pytest.raises(ConnectError):
                await connection.request("GET", PLAIN_URL)
            assert (await connection.request("GET", PLAIN_URL)).content == b"ok"
            assert states(connection) == {"available": True, "idle": True}

    async def test_two_requests_do_not_connect_twice(self) -> None:
        gate = AsyncEvent()
        started: list[Request] = []

        class Backend(AsyncRecordingBackend):
            async def connect_tcp(self, *args: Any, **kwargs: Any) -> AsyncNetworkStream:
                await gate.wait(10.0)
                return await super().connect_tcp(*args, **kwargs)

        async def send() -> Response:
            request = Request("GET", PLAIN_URL, headers=[("Host", "example.com")])
            started.append(request)
            return await connection.handle_async_request(request)

        backend = Backend([OK])
        async with (
            AsyncHTTPConnection(ORIGIN, network_backend=backend) as connection,
            AsyncBackground() as background,
        ):
            calls = [background.start(send) for _ in range(2)]
            await async_wait_until(lambda: len(started) == 2)
            gate.set()
            outcomes = [await outcome(call) for call in calls]
            assert sorted(outcomes) == ["ConnectionNotAvailable", "Response"]
            assert len(backend.connects) == 1

    @pytest.mark.parametrize("error", [ConnectError("no"), ConnectTimeout("late")])
    async def test_retries_at_growing_intervals(self, error: Exception) -> None:
        backend = AsyncRecordingBackend(error, error, error, error, error, [OK])
        async with AsyncHTTPConnection(ORIGIN, retries=5, network_backend=backend) as connection:
            assert (await connection.request("GET", PLAIN_URL)).status == 200
        assert backend.sleeps == [0.0, 0.5, 1.0, 2.0, 4.0]

    async def test_retries_are_limited(self) -> None:
        backend = AsyncRecordingBackend(ConnectError("no"))
        connection = AsyncHTTPConnection(ORIGIN, retries=2, network_backend=backend)
        with pytest.raises(ConnectError, match="no"):
            await connection.request("GET", PLAIN_URL)
        assert (len(backend.connects), backend.sleeps) == (3, [0.0, 0.5])

    async def test_retries_after_an_error_of_a_final_class(self) -> None:
        @typing.final
        class UsersError(ConnectError):
            pass

        backend = AsyncRecordingBackend(UsersError("no"), [OK])
        async with AsyncHTTPConnection(ORIGIN, retries=1, network_backend=backend) as connection:
            assert (await connection.request("GET", PLAIN_URL)).status == 200

    async def test_other_errors_are_not_retried(self) -> None:
        backend = AsyncRecordingBackend(ValueError("wrong"))
        connection = AsyncHTTPConnection(ORIGIN, retries=2, network_backend=backend)
        with pytest.raises(ValueError, match="wrong"):
            await connection.request("GET", PLAIN_URL)
        assert len(backend.connects) == 1

    async def test_a_request_that_was_sent_is_not_retried(self) -> None:
        backend = AsyncRecordingBackend([b"nonsense\r\n\r\n"])
        connection = AsyncHTTPConnection(ORIGIN, retries=2, network_backend=backend)
        with pytest.raises(RemoteProtocolError):
            await connection.request("GET", PLAIN_URL)
        assert len(backend.connects) == 1


class TestHandshake:
    async def test_a_failure_closes_the_stream_and_is_retried(self) -> None:
        backend = AsyncRecordingBackend([OK], handshake_errors=[ConnectError("no"), ConnectTimeout("late")])
        async with AsyncHTTPConnection(SECURE_ORIGIN, retries=2, network_backend=backend) as connection:
            assert (await connection.request("GET", SECURE_URL)).status == 200
            assert [stream.closed > 0 for stream in backend.streams] == [True, True, False]
        assert backend.sleeps == [0.0, 0.5]

    async def test_other_errors_close_the_stream_too(self) -> None:
        backend = AsyncRecordingBackend([OK], handshake_errors=[ValueError("wrong")])
        connection = AsyncHTTPConnection(SECURE_ORIGIN, retries=2, network_backend=backend)
        with pytest.raises(ValueError, match="wrong"):
            await connection.request("GET", SECURE_URL)
        assert backend.streams[0].closed

    async def test_the_server_name_may_differ_from_the_host(self) -> None:
        backend = AsyncRecordingBackend([OK])
        async with AsyncHTTPConnection(SECURE_ORIGIN, network_backend=backend) as connection:
            await connection.request("GET", SECURE_URL, extensions={"sni_hostname": "example.org"})
        assert backend.streams[0].handshakes[0]["server_hostname"] == "example.org"
        assert b"Host: example.com\r\n" in backend.streams[0].written


class TestTrace:
    async def test_connecting_over_tls_with_a_retry(self) -> None:
        events: list[tuple[str, dict[str, Any]]] = []

        async def trace(name: str, info: dict[str, Any]) -> None:
            events.append((name, info))

        backend = AsyncRecordingBackend(ConnectError("no"), [OK])
        async with AsyncHTTPConnection(SECURE_ORIGIN, retries=1, network_backend=backend) as connection:
            await connection.request("GET", SECURE_URL, extensions={"trace": trace})
        names = [name for name, _ in events if name.startswith("connection.")]
        assert names == [
            "connection.connect_tcp.started",
            "connection.connect_tcp.failed",
            "connection.retry.started",
            "connection.retry.complete",
            "connection.connect_tcp.started",
            "connection.connect_tcp.complete",
            "connection.start_tls.started",
            "connection.start_tls.complete",
        ]
        info = dict(events)
        assert info["connection.start_tls.started"] == backend.streams[0].handshakes[0]
        assert info["connection.start_tls.complete"] == {"return_value": backend.streams[0]}
        assert backend.sleeps == [0.0]

    async def test_closing_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        async with AsyncHTTPConnection(ORIGIN, network_backend=AsyncRecordingBackend([OK])) as connection:
            await connection.request("GET", PLAIN_URL)
            with caplog.at_level(logging.DEBUG, logger="httpcore.connection"):
                await connection.aclose()
        assert [record.getMessage() for record in caplog.records] == ["close.started", "close.complete"]


async def outcome(call: Any) -> str:
    """Return the name of the class that a call returned or raised."""
    try:
        response = await call.result()
        await response.aclose()
        return type(response).__name__
    except ConnectionNotAvailable as error:
        return type(error).__name__
