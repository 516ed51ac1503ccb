# Generated from ../_async/test_limits.py by tools/make_sync.py: edit that file, then run it.
"""One limit for a whole request, and bodies that wait for the server's consent, on a connection without a pool."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpcore_h11 import HTTP11Connection
from httpcore_models import Origin, ReadTimeout, RemoteProtocolError, SyncBackend, WriteTimeout
from httpcore_test_support.scripted import Connection, Script, scripted_server
from httpcore_test_support.steps import receive_request, receive_until, send

pytestmark = pytest.mark.anyio

URL = "http://example.com/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
WITHIN = r"within the total limit of 0\.2 seconds"
TOTAL: dict[str, Any] = {"timeout": {"read": 20.0, "write": 20.0, "total": 0.2}}
EXPECT = {"Host": "example.com", "Expect": "100-continue", "Content-Length": "4"}


@contextmanager
def connected(script: Script) -> Iterator[HTTP11Connection]:
    with scripted_server(script) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0)
        with HTTP11Connection(Origin(b"http", b"example.com", 80), stream) as connection:
            yield connection
        server.raise_failures()


def drip(connection: Connection) -> None:
    connection.receive_request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.send(b"1\r\nx\r\n")
        time.sleep(0.002)


def endless() -> Iterator[bytes]:
    while True:
        yield bytes(1000)


def test_a_response_that_does_not_come() -> None:
    with connected(receive_until(lambda received: False)) as connection:
        with pytest.raises(ReadTimeout, match=WITHIN):
            connection.request("GET", URL, extensions=TOTAL)
        assert connection.is_closed()


def test_a_response_that_does_not_end() -> None:
    with connected(drip) as connection:
        with pytest.raises(ReadTimeout, match=WITHIN):
            connection.request("GET", URL, extensions=TOTAL)
        assert connection.is_closed()


def test_a_body_that_does_not_end() -> None:
    with connected(receive_until(lambda received: False)) as connection:
        with pytest.raises(WriteTimeout, match=WITHIN):
            connection.request("POST", URL, content=endless(), extensions=TOTAL)
        assert connection.is_closed()


@pytest.mark.parametrize("total", [None, 20.0])
def test_a_limit_that_is_not_reached(total: float | None) -> None:
    with connected([receive_request(), send(OK)]) as connection:
        response = connection.request("POST", URL, content=b"body", extensions={"timeout": {"total": total}})
        assert response.content == b"ok"


def test_a_body_that_the_server_agrees_to() -> None:
    def script(connection: Connection) -> None:
        head = connection.receive_until(b"\r\n\r\n")
        assert connection.received == head
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert connection.receive_exactly(4) == b"body"
        connection.send(OK)

    with connected(script) as connection:
        assert (connection.request("POST", URL, headers=EXPECT, content=b"body")).content == b"ok"
        assert connection.is_idle()


def test_a_body_that_the_server_says_nothing_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpcore_h11._sync.upload.CONTINUE_TIMEOUT", 0.02)
    with connected([receive_until(b"body"), send(OK)]) as connection:
        assert (connection.request("POST", URL, headers=EXPECT, content=b"body")).content == b"ok"
        assert connection.is_idle()


def test_a_body_that_the_server_does_not_want() -> None:
    with connected([receive_until(b"\r\n\r\n"), send(OK)]) as connection:
        assert (connection.request("POST", URL, headers=EXPECT, content=b"body")).content == b"ok"
        assert connection.is_closed()


def test_a_server_that_goes_away_instead_of_agreeing() -> None:
    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.close()

    with connected(script) as connection:
        with pytest.raises(RemoteProtocolError, match="Server disconnected"):
            connection.request("POST", URL, headers=EXPECT, content=b"body")
        assert connection.is_closed()


def test_interim_responses_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """They do not keep the body back for ever."""
    monkeypatch.setattr("httpcore_h11._sync.upload.CONTINUE_TIMEOUT", 0.05)

    def script(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        over = time.monotonic() + 0.2
        while time.monotonic() < over:
            connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")
            time.sleep(0.001)
        connection.receive_until(b"body")
        connection.send(OK)

    with connected(script) as connection:
        assert (connection.request("POST", URL, headers=EXPECT, content=b"body")).content == b"ok"
