"""Another thread closes a response at any instruction of reading it. Sync only."""

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from httpcore_h11 import HTTP11Connection
from httpcore_models import URL, ReadError, Request, Response
from httpcore_test_support._sync.h11_connections import ScriptedStream
from httpcore_test_support.library_code import is_library_code

pytestmark = pytest.mark.fault("S3")

ORIGIN = URL("http://localhost").origin
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n"
BODIES = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole",
    "chunked": CHUNKED,
    "chunked, by h11": CHUNKED.replace(b"5\r\n", b"5;x=y\r\n"),
}
WAYS: dict[str, Callable[[Response], bytes]] = {
    "read": lambda response: response.read(),
    "iterate": lambda response: b"".join(response.iter_stream()),
}


class NoSuchStep(Exception):
    """Reading takes fewer instructions than that."""


def close_at(step: int, connection: HTTP11Connection, response: Response, read: Callable[[Response], bytes]) -> bytes:
    """Read the response. Another thread closes it before instruction number `step` of the library."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if not is_library_code(frame.f_code):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        # While this thread holds the lock, the other one would wait for it forever.
        if count == step and not connection._state_lock.locked():
            sys.settrace(None)
            closer = threading.Thread(target=response.close)
            closer.start()
            closer.join()
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        return read(response)
    finally:
        sys.settrace(previous)
        if count < step:
            raise NoSuchStep


@pytest.mark.parametrize("wire", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("read", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("traced", [False, True], ids=["plain", "traced"])
def test_a_body_is_read_completely_or_raises(wire: bytes, read: Callable[[Response], bytes], traced: bool) -> None:
    extensions = {"trace": lambda *_: None} if traced else {}
    for step in range(1, 10_000):
        connection = HTTP11Connection(ORIGIN, ScriptedStream(wire))
        request = Request("GET", "http://localhost/", headers={"Host": "localhost"}, extensions=extensions)
        response = connection.handle_request(request)
        try:
            assert close_at(step, connection, response, read) == b"whole", step
        except ReadError:
            assert connection.is_closed() or connection.is_idle(), step
        except NoSuchStep:
            response.close()
            return
    raise AssertionError("reading does not end")
