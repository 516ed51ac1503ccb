# Generated from ../_async/test_connection.py by tools/make_sync.py: edit that file, then run it.
"""The connection's interface for pools: availability, expiry, description."""

import threading
from types import SimpleNamespace

import pytest
from httpcore_h11 import HTTP11Connection
from httpcore_h11._sync import body
from httpcore_h11._sync import connection as module
from httpcore_models import URL, ConnectionNotAvailable, ReadError, RemoteProtocolError
from httpcore_test_support import steps
from httpcore_test_support._sync.h11_connections import (
    ScriptedStream,
    first_part,
    served,
)
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio

URL_ = "http://localhost/"
ORIGIN = URL(URL_).origin
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def seen(connection: HTTP11Connection) -> tuple[str, bool, bool, bool]:
    """Return the name of the state, and whether the connection is available, idle and closed."""
    state = connection.info().split(", ")[2]
    return state, connection.is_available(), connection.is_idle(), connection.is_closed()


def test_states_from_new_to_closed() -> None:
    stream = ScriptedStream(RESPONSE, RESPONSE)
    with HTTP11Connection(ORIGIN, stream) as connection:
        assert seen(connection) == ("NEW", False, False, False)
        for _ in range(2):
            with connection.stream("GET", URL_) as response:
                assert seen(connection) == ("ACTIVE", False, False, False)
                response.read()
                assert seen(connection) == ("ACTIVE", False, False, False)
            assert seen(connection) == ("IDLE", True, True, False)
            assert not stream.closed
    assert seen(connection) == ("CLOSED", False, False, True)
    assert stream.closed


def test_info_and_repr() -> None:
    connection = HTTP11Connection(ORIGIN, ScriptedStream(RESPONSE))
    assert connection.info() == "'http://localhost:80', HTTP/1.1, NEW, Request Count: 0"
    connection.request("GET", URL_)
    assert connection.info() == "'http://localhost:80', HTTP/1.1, IDLE, Request Count: 1"
    assert repr(connection) == "<HTTP11Connection ['http://localhost:80', IDLE, Request Count: 1]>"


def test_a_busy_connection_takes_no_second_request() -> None:
    stream = ScriptedStream(RESPONSE)
    connection = HTTP11Connection(ORIGIN, stream)
    with connection.stream("GET", URL_) as response:
        with pytest.raises(ConnectionNotAvailable):
            connection.request("GET", URL_)
        assert len(stream.written) == 1
        # The first one is not affected.
        assert response.read() == b"hello"
    assert connection.info().endswith(", IDLE, Request Count: 1")


def test_a_closed_connection_takes_no_request() -> None:
    stream = ScriptedStream(RESPONSE)
    connection = HTTP11Connection(ORIGIN, stream)
    connection.close()
    with pytest.raises(ConnectionNotAvailable):
        connection.request("GET", URL_)
    assert stream.written == []


@pytest.mark.parametrize("url", ["https://localhost/", "http://localhost:81/", "http://other/"])
def test_a_request_to_another_origin_is_refused(url: str) -> None:
    stream = ScriptedStream(RESPONSE)
    connection = HTTP11Connection(ORIGIN, stream)
    assert connection.can_handle_request(ORIGIN)
    assert not connection.can_handle_request(URL(url).origin)
    with pytest.raises(RuntimeError, match=r"^Attempted to send request to .* on connection to http://localhost:80$"):
        connection.request("GET", url)
    assert seen(connection)[0] == "NEW"


def test_closing_the_connection_before_the_response_is_read() -> None:
    with (
        served([steps.receive_request(), steps.send(RESPONSE[:-1])]) as (server, connection),
        connection.stream("GET", server.url) as response,
    ):
        assert first_part(response) == b"hell"
        connection.close()
        with pytest.raises((ReadError, RemoteProtocolError)):
            response.read()
        assert connection.is_closed()


def test_a_closed_response_leaves_a_closed_connection_alone() -> None:
    stream = ScriptedStream(RESPONSE)
    connection = HTTP11Connection(ORIGIN, stream)
    with connection.stream("GET", URL_) as response:
        response.read()
        connection.close()
    assert connection.is_closed()


class TestExpiry:
    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
        clock = SimpleNamespace(now=1000.0)
        clock.monotonic = lambda: clock.now
        for part in (module, body):
            monkeypatch.setattr(part, "time", clock)
        return clock

    def test_an_idle_connection_expires(self, clock: SimpleNamespace) -> None:
        connection = HTTP11Connection(ORIGIN, ScriptedStream(RESPONSE), keepalive_expiry=5.0)
        connection.request("GET", URL_)
        clock.now += 5.0
        assert not connection.has_expired()
        clock.now += 0.1
        assert connection.has_expired()

    def test_every_request_restarts_the_keepalive_time(self, clock: SimpleNamespace) -> None:
        connection = HTTP11Connection(ORIGIN, ScriptedStream(RESPONSE, RESPONSE), keepalive_expiry=5.0)
        for _ in range(2):
            connection.request("GET", URL_)
            clock.now += 4.0
            assert not connection.has_expired()

    def test_a_busy_connection_does_not_expire(self, clock: SimpleNamespace) -> None:
        stream = ScriptedStream(RESPONSE, RESPONSE)
        connection = HTTP11Connection(ORIGIN, stream, keepalive_expiry=5.0)
        connection.request("GET", URL_)
        with connection.stream("GET", URL_):
            clock.now += 100.0
            stream.readable = True
            assert not connection.has_expired()

    def test_without_keepalive_expiry_only_the_server_ends_it(self, clock: SimpleNamespace) -> None:
        stream = ScriptedStream(RESPONSE)
        connection = HTTP11Connection(ORIGIN, stream)
        connection.request("GET", URL_)
        clock.now += 1e9
        assert not connection.has_expired()
        stream.readable = True
        assert connection.has_expired()

    def test_new_and_closed_connections_have_not_expired(self) -> None:
        stream = ScriptedStream()
        stream.readable = True
        connection = HTTP11Connection(ORIGIN, stream, keepalive_expiry=0.0)
        assert not connection.has_expired()
        connection.close()
        assert not connection.has_expired()


class TestIdleConnectionOfARealServer:
    def test_it_has_expired_after_the_server_closed_it(self) -> None:
        close = threading.Event()
        with served([steps.receive_request(), steps.send(RESPONSE), steps.wait(close), steps.close()]) as (
            server,
            connection,
        ):
            connection.request("GET", server.url)
            assert not connection.has_expired()
            close.set()
            wait_until(connection.has_expired)
            assert connection.is_idle()

    def test_it_has_expired_after_unsolicited_data(self) -> None:
        go_on = threading.Event()
        script = [steps.receive_request(), steps.send(RESPONSE), steps.wait(go_on), steps.send(RESPONSE)]
        with served(script) as (server, connection):
            connection.request("GET", server.url)
            assert not connection.has_expired()
            go_on.set()
            wait_until(connection.has_expired)

    def test_it_is_closed_after_a_body_that_the_end_of_stream_ended(self) -> None:
        script = [steps.receive_request(), steps.send(b"HTTP/1.1 200 OK\r\n\r\nhello"), steps.close()]
        with served(script) as (server, connection):
            response = connection.request("GET", server.url)
            assert response.content == b"hello"
            assert connection.is_closed() or connection.has_expired()

    def test_it_is_closed_after_data_behind_the_response(self) -> None:
        with served([steps.receive_request(), steps.send(RESPONSE + b"HTTP/1.1 200 OK\r\n")]) as (
            server,
            connection,
        ):
            response = connection.request("GET", server.url)
            assert response.content == b"hello"
            assert connection.is_closed()
