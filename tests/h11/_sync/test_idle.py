# Generated from ../_async/test_idle.py by tools/make_sync.py: edit that file, then run it.
"""A connection between two requests: data that arrives then is never taken for the next response."""

import threading
import time
from typing import Any

import pytest
from httpcore_h11 import HTTP11Connection
from httpcore_h11._sync import connection as connections
from httpcore_models import URL, ConnectionNotAvailable, Request
from httpcore_test_support import steps
from httpcore_test_support._sync.h11_connections import ScriptedStream, connected
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Step, scripted_server
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio

ORIGIN = URL("http://localhost").origin
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
UNASKED = {
    "408": [
        steps.send(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
        steps.close(),
    ],
    "another response": [steps.send(RESPONSE), steps.hold()],
    "garbage": [steps.send(b"x"), steps.hold()],
    "end": [steps.shutdown_write(), steps.hold()],
    "close": [steps.close()],
    "reset": [steps.abort()],
}


class CountingStream(ScriptedStream):
    """Counts the checks whether it is readable."""

    asked = 0

    def get_extra_info(self, info: str) -> Any:
        self.asked += info == "is_readable"
        return super().get_extra_info(info)


@pytest.mark.fault("S7", "P22")
@pytest.mark.parametrize("secure", [False, True], ids=["clear", "tls"])
@pytest.mark.parametrize("unasked", UNASKED.values(), ids=UNASKED)
@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "asked before"])
def test_data_between_two_requests_is_not_a_response(
    certificates: Certificates, secure: bool, unasked: list[Step], pooled: bool
) -> None:
    idle = threading.Event()
    script = [steps.receive_request(), steps.send(RESPONSE), steps.wait(idle), *unasked]
    with scripted_server(script, tls=certificates.server_context() if secure else None) as server:
        with connected(server.url, certificates.client_context() if secure else None) as connection:
            connection.request("GET", server.url)
            assert connection.is_idle()
            idle.set()
            # Without a call of the connection meanwhile.
            wait_until(lambda: connection._network_stream.get_extra_info("is_readable"))
            if pooled:
                assert connection.has_expired()
            request = Request("POST", server.url, headers={"Host": "localhost", "Content-Length": "0"})
            with pytest.raises(ConnectionNotAvailable, match="or sent something without being asked"):
                connection.handle_request(request)
            assert connection.is_closed()


@pytest.mark.fault("S7")
@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooled"])
def test_readability_is_checked_once_per_reuse(pooled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    # Even on a slow machine.
    monkeypatch.setattr(connections, "_CHECK_IS_VALID_FOR", 60.0)
    stream = CountingStream(*[RESPONSE] * 3)
    connection = HTTP11Connection(ORIGIN, stream)
    for reuse in range(3):
        if pooled:
            assert not connection.has_expired()
        connection.request("GET", "http://localhost/")
        assert stream.asked == reuse


@pytest.mark.fault("S7")
def test_an_old_check_is_repeated() -> None:
    """The request got the connection, but its thread had to wait before it could use it."""
    stream = ScriptedStream(RESPONSE, RESPONSE)
    connection = HTTP11Connection(ORIGIN, stream)
    connection.request("GET", "http://localhost/")
    assert not connection.has_expired()
    time.sleep(0.01)
    stream.readable = True
    with pytest.raises(ConnectionNotAvailable, match="or sent something without being asked"):
        connection.request("POST", "http://localhost/", content=b"body")


@pytest.mark.fault("N13")
def test_the_error_says_why_a_connection_is_not_available() -> None:
    connection = HTTP11Connection(ORIGIN, ScriptedStream(RESPONSE))
    request = Request("GET", "http://localhost/", headers={"Host": "localhost"})
    response = connection.handle_request(request)
    with pytest.raises(ConnectionNotAvailable, match=r"^The connection to http://localhost:80 is busy with another"):
        connection.handle_request(request)
    assert response.read() == b"hello"
    response.close()
    connection.close()
    with pytest.raises(ConnectionNotAvailable, match=r"^The connection to http://localhost:80 is closed\.$"):
        connection.handle_request(request)


@pytest.mark.fault("P16")
def test_closing_the_connection_with_an_open_response() -> None:
    connection = HTTP11Connection(ORIGIN, ScriptedStream(RESPONSE[:-1]))
    response = connection.handle_request(Request("GET", "http://localhost/", headers={"Host": "localhost"}))
    connection.close()
    assert (connection.is_closed(), connection.is_idle(), connection.is_available()) == (True, False, False)
    response.close()
    assert connection.is_closed()


@pytest.mark.fault("N4")
def test_an_http_1_0_server_that_keeps_connections_open() -> None:
    response = RESPONSE.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"OK\r\n", b"OK\r\nConnection: keep-alive\r\n")
    connection = HTTP11Connection(ORIGIN, ScriptedStream(response, response, RESPONSE, response))
    for _ in range(4):
        assert (connection.request("GET", "http://localhost/")).content == b"hello"
        assert connection.is_idle()
