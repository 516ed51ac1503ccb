"""An exception from a signal handler, such as Ctrl-C, at any instruction of an exchange. Sync only."""

import dis
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
from httpcore_h11 import HTTP11Connection
from httpcore_models import URL, ConnectionNotAvailable, Lease, Request, Response, ResponseStream
from httpcore_test_support._sync.h11_connections import ScriptedStream

pytestmark = pytest.mark.fault("P9")

ORIGIN = URL("http://localhost").origin
FIRST = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nfir\r\n2\r\nst\r\n0\r\n\r\n"


class Interrupted(BaseException):
    """What the handler raises."""


class CountingLease(Lease):
    """Knows whether it was given back."""

    returned = False

    def release(self) -> None:
        self.returned = True

    def drop(self) -> None:
        self.returned = True


# After these the interpreter looks for signals, as of 3.11; after others it does not, such as those that leave a
# `with` block.
RETURN = dis.opmap["RETURN_VALUE"]
CHECKED = {dis.opmap[name] for name in ("CALL", "CALL_FUNCTION_EX", "RESUME", "JUMP_BACKWARD") if name in dis.opmap}


def interrupt_at(step: int, function: Callable[[], object]) -> bool:
    """Call `function`, raising at the place number `step` in code of ours where the interpreter looks for signals.

    Return whether it got that far.
    """
    count = 0
    before: dict[FrameType, int] = {}

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if "/httpcore_" not in frame.f_code.co_filename or "httpcore_test_support" in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            opcode = frame.f_code.co_code[frame.f_lasti]
            checked = before.get(frame) in CHECKED and opcode != RETURN
            before[frame] = opcode
            if checked:
                count += 1
                if count == step:
                    before.clear()
                    raise Interrupted
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except Interrupted:
        return True
    finally:
        sys.settrace(previous)
    return False


class Exchange:
    """A connection that has carried a request, and what a second one does on it."""

    def __init__(self, wire: bytes, traced: bool) -> None:
        self.stream = ScriptedStream(FIRST, wire[:-3], wire[-3:], SECOND)
        self.connection = HTTP11Connection(ORIGIN, self.stream, keepalive_expiry=60.0)
        self.connection.request("GET", "http://localhost/")
        self.lease = CountingLease()
        self.request = Request("GET", "http://localhost/", headers={"Host": "localhost"})
        if traced:
            self.request.extensions = {"trace": lambda *_: None}
        self.response: Response | None = None
        self.leased = False
        self.received = b""

    def run(self) -> None:
        """What a pool and its user do."""
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
    """An exception between a request and its user's code leaves a response that nobody closes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield


@pytest.mark.parametrize("wire", [FIRST, CHUNKED], ids=["length", "chunked, by h11"])
@pytest.mark.parametrize("traced", [False, True], ids=["plain", "traced"])
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="knows the instructions of one version of Python")
def test_an_exchange_that_is_interrupted_anywhere(wire: bytes, traced: bool) -> None:
    for step in range(1, 10_000):
        exchange = Exchange(wire, traced)
        hit = interrupt_at(step, exchange.run)
        response, exchange.response = exchange.response, None
        if response is not None:
            # Whatever was lost on the way: it does not look like the end of the body.
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
    # No deadlock, and no byte of one response in another.
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
