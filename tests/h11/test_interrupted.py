"""An exception from a signal handler, such as Ctrl-C, at any instruction of an exchange. Sync only."""

import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
from httpcore_h11 import HTTP11Connection
from httpcore_models import URL, ConnectionNotAvailable, Lease, Request, Response, ResponseStream
from httpcore_test_support._sync.h11_connections import ScriptedStream
from httpcore_test_support.interrupting import raised_at
from httpcore_test_support.library_code import is_library_code

pytestmark = pytest.mark.fault("P9")

ORIGIN = URL("http://localhost").origin
FIRST = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nfir\r\n2\r\nst\r\n0\r\n\r\n"


class CountingLease(Lease):
    """Knows whether it was released."""

    returned = False

    def release(self) -> None:
        self.returned = True

    def drop(self) -> None:
        self.returned = True


class Exchange:
    """A connection that has carried one request, and a second request on it."""

    def __init__(self, wire: bytes, listener: str | None) -> None:
        self.stream = ScriptedStream(FIRST, wire[:-3], wire[-3:], SECOND)
        self.connection = HTTP11Connection(ORIGIN, self.stream, keepalive_expiry=60.0)
        self.connection.request("GET", "http://localhost/")
        self.lease = CountingLease()
        self.request = Request("GET", "http://localhost/", headers={"Host": "localhost"})
        if listener is not None:
            self.request.extensions = {listener: lambda *_: None}
        self.response: Response | None = None
        self.leased = False
        self.received = b""

    def run(self) -> None:
        """Do what a pool and its caller do."""
        if self.connection.has_expired():
            return
        self.response = self.connection.handle_request(self.request)
        assert isinstance(self.response.stream, ResponseStream)
        self.response.stream.lease = self.lease
        self.leased = True
        try:
            for part in self.response.stream:
                self.received += part
        finally:
            self.response.close()


@pytest.fixture(autouse=True)
def _dropped_responses() -> Iterator[None]:
    """Ignore the warning about a response that was lost between the request and its caller."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield


@pytest.mark.parametrize("wire", [FIRST, CHUNKED], ids=["length", "chunked, by h11"])
@pytest.mark.parametrize("listener", [None, "trace", "observe"], ids=["plain", "traced", "observed"])
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="knows the instructions of one version of Python")
def test_an_exception_at_any_instruction_of_an_exchange(wire: bytes, listener: str | None) -> None:
    for step in range(1, 10_000):
        exchange = Exchange(wire, listener)
        hit = raised_at(step, exchange.run, is_library_code)
        response, exchange.response = exchange.response, None
        if response is not None:
            # A part may have been lost, but the rest must not look like the whole body.
            check_not_cut(exchange, response)
        del response
        check(exchange, step)
        if not hit:
            assert exchange.received == b"first"
            return
    raise AssertionError("the exchange does not end")


def check_not_cut(exchange: Exchange, response: Response) -> None:
    try:
        rest = b"".join(response.stream)  # type: ignore[arg-type]
    except Exception:
        return
    assert rest == b""


def check(exchange: Exchange, step: int) -> None:
    connection = exchange.connection
    assert not connection._state_lock.locked(), step
    assert exchange.lease.returned or not exchange.leased, step
    assert connection.is_idle() or (connection.is_closed() and exchange.stream.closed), (step, connection)
    # There is no deadlock, and no byte of one response in another.
    worker = threading.Thread(target=check_next, args=(connection, step))
    worker.start()
    worker.join(5.0)
    assert not worker.is_alive(), step
    connection.close()


def check_next(connection: HTTP11Connection, step: int) -> None:
    try:
        response = connection.request("GET", "http://localhost/")
    except ConnectionNotAvailable:
        return
    assert response.content in (b"first", b"second"), step
