# Generated from ../_async/test_hot_path.py by tools/make_sync.py: edit that file, then run it.
"""How much the library does for a small GET on a warm connection, counted so that it is the same on any machine."""

import gc
import itertools
import sys
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import Any

import pytest
from httpcore import ConnectionPool, MockBackend, NetworkBackend, NetworkStream
from httpcore_test_support import h2_frames
from httpcore_test_support.library_code import is_library_code

pytestmark = pytest.mark.anyio

URL = "http://example.com/"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

# Calls of Python functions, and instructions of the interpreter for each version of it that was measured. To raise one
# takes a reason; when it falls, it is lowered. (From 3.12 on the interpreter does not report all instructions.)
CALLS = {"HTTP/1.1": 49, "HTTP/2": 143}
INSTRUCTIONS = {"HTTP/1.1": {(3, 10): 1620, (3, 11): 1573}, "HTTP/2": {(3, 10): 4050, (3, 11): 4081}}
MEASURED = [(3, 10), (3, 11)]


def responses(protocol: str) -> Iterator[bytes]:
    """What comes from a server, response by response."""
    if protocol == "HTTP/1.1":
        return itertools.repeat(RESPONSE)
    settings = h2_frames.settings({}) + h2_frames.settings_ack()
    whole = (h2_frames.headers(number) + h2_frames.data(number, b"hello", True) for number in itertools.count(1, 2))
    return itertools.chain([settings + next(whole)], whole)


class Stream(NetworkStream):
    """Answers everything at once."""

    def __init__(self, protocol: str) -> None:
        self._responses = responses(protocol)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return next(self._responses)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    def close(self) -> None:
        pass

    def get_extra_info(self, info: str) -> Any:
        return None


class Backend(MockBackend):
    """Connects to that stream."""

    def __init__(self, protocol: str) -> None:
        super().__init__([])
        self._protocol = protocol

    def connect_tcp(self, *args: Any, **kwargs: Any) -> NetworkStream:
        return Stream(self._protocol)


def trace_a_small_request(protocol: str, trace: Callable[[FrameType, str, Any], Any]) -> None:
    backend: NetworkBackend = Backend(protocol)
    http2 = protocol == "HTTP/2"
    with ConnectionPool(http1=not http2, http2=http2, network_backend=backend) as pool:

        def get() -> None:
            pool.request("GET", URL)

        for _ in range(3):
            get()
        traced(get, trace)


def traced(function: Callable[[], Awaitable[None]], trace: Callable[[FrameType, str, Any], Any]) -> None:
    previous = sys.gettrace()
    # What other tests have left to the garbage collector is not to run now.
    gc.disable()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(previous)
        gc.enable()


@pytest.mark.field(82)
@pytest.mark.parametrize("protocol", CALLS)
def test_calls_of_a_small_request(protocol: str) -> None:
    calls: list[str] = []

    def trace(frame: FrameType, event: str, argument: Any) -> None:
        if is_library_code(frame.f_code):
            calls.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}")

    trace_a_small_request(protocol, trace)
    assert 0 < len(calls) <= CALLS[protocol], "\n".join(calls)


@pytest.mark.field(82)
@pytest.mark.parametrize("protocol", INSTRUCTIONS)
@pytest.mark.skipif(sys.version_info[:2] not in MEASURED, reason="not measured for this version of Python")
def test_instructions_of_a_small_request(protocol: str) -> None:
    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if not is_library_code(frame.f_code):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            name = f"{frame.f_code.co_filename}:{frame.f_code.co_firstlineno} {frame.f_code.co_name}"
            counts[name] = counts.get(name, 0) + 1
        return trace

    totals, reports = [], []
    # The least of several: what other tests have left to the event loop is not the request's.
    for _ in range(3):
        counts: dict[str, int] = {}
        trace_a_small_request(protocol, trace)
        totals.append(sum(counts.values()))
        reports.append(
            "\n".join(f"{count} {name}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))
        )
    assert 0 < min(totals) <= INSTRUCTIONS[protocol][sys.version_info[:2]], "\n\n".join(reports)
