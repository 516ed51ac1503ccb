# Generated from ../_async/test_hot_path.py by tools/make_sync.py: edit that file, then run it.
"""The cost of a small GET on a warm connection, counted in calls, which are the same on any machine."""

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

# Calls of this library's functions, as measured. A tenth more is allowed: lower the numbers when the calls get fewer,
# and raise them for a reason only. `hatch run bench` counts bytecode instructions as well.
CALLS = {"HTTP/1.1": 42, "HTTP/2": 82}
ROOM = 1.1


def responses(protocol: str) -> Iterator[bytes]:
    """Return what a server sends, response by response."""
    if protocol == "HTTP/1.1":
        return itertools.repeat(RESPONSE)
    settings = h2_frames.settings({}) + h2_frames.settings_ack()
    whole = (h2_frames.headers(number) + h2_frames.data(number, b"hello", True) for number in itertools.count(1, 2))
    return itertools.chain([settings + next(whole)], whole)


class Stream(NetworkStream):
    """Responds to everything at once."""

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


def trace_a_small_request(protocol: str, trace: Callable[[FrameType, str, Any], Any], extensions: Any = None) -> None:
    backend: NetworkBackend = Backend(protocol)
    http2 = protocol == "HTTP/2"
    with ConnectionPool(http1=not http2, http2=http2, network_backend=backend) as pool:

        def get() -> None:
            pool.request("GET", URL, extensions=extensions)

        for _ in range(3):
            get()
        traced(get, trace)


def traced(function: Callable[[], Awaitable[None]], trace: Callable[[FrameType, str, Any], Any]) -> None:
    previous = sys.gettrace()
    # The garbage of other tests must not be collected now.
    gc.disable()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(previous)
        gc.enable()


@pytest.mark.field(82)
@pytest.mark.parametrize("protocol", CALLS)
def test_calls_of_a_small_request(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # On a slow machine, the request would check connections that it otherwise would not.
    monkeypatch.setattr("httpcore._pool.pruning._LIVENESS_INTERVAL", 1000.0)
    monkeypatch.setattr("httpcore_h11._sync.connection._CHECK_IS_VALID_FOR", 1000.0)
    calls = calls_of(protocol)
    assert 0 < len(calls) <= CALLS[protocol] * ROOM, "\n".join(calls)


@pytest.mark.parametrize("protocol", CALLS)
def test_without_an_observer_nothing_is_called_for_it(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("httpcore._pool.pruning._LIVENESS_INTERVAL", 1000.0)
    monkeypatch.setattr("httpcore_h11._sync.connection._CHECK_IS_VALID_FOR", 1000.0)
    # All calls cannot be compared: how far windows grow over HTTP/2 depends on the time.
    none, absent, observed = [
        [call for call in calls_of(protocol, extensions) if "observ" in call or "report" in call]
        for extensions in ({"observe": None}, None, {"observe": lambda *_: None})
    ]
    assert none == absent == []
    assert observed


def calls_of(protocol: str, extensions: Any = None) -> list[str]:
    """Return the calls of this library's functions in a small request."""
    calls: list[str] = []

    def trace(frame: FrameType, event: str, argument: Any) -> None:
        if is_library_code(frame.f_code):
            calls.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}")

    trace_a_small_request(protocol, trace, extensions)
    return calls
