"""How much the library does for a small request, in calls and bytecode instructions: the same on any machine.

The connection is warm, and its peer is in memory. Python 3.12 and later do not report every instruction, so compare
counts of one version only.
"""

from __future__ import annotations

import gc
import os
import platform
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import httpcore
import httpcore_h2
import httpcore_h11
import httpcore_models
import httpcore_proxy

from benchmarks._http2 import PREFACE, Session

__all__ = ["count", "instruction_table"]

_URL = "http://example.com/"
_HTTP11 = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
_LENGTH = 5
_WARM_UP = 3
_SOURCES = tuple(
    os.path.join(os.path.dirname(str(package.__file__)), "")
    for package in (httpcore, httpcore_models, httpcore_h11, httpcore_h2, httpcore_proxy)
)


class _HTTP11Stream(httpcore.NetworkStream):
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return _HTTP11

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    def close(self) -> None:
        pass

    def get_extra_info(self, info: str) -> Any:
        return None


class _HTTP2Stream(_HTTP11Stream):
    def __init__(self) -> None:
        self._session = Session(lambda length: [(b"content-length", b"%d" % length)], {b"/": _LENGTH})

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._session.receive(buffer.removeprefix(PREFACE))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = bytes(self._session.outgoing)
        self._session.outgoing.clear()
        return data


class _Backend(httpcore.MockBackend):
    def __init__(self, http2: bool) -> None:
        super().__init__([])
        self._http2 = http2

    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _HTTP2Stream() if self._http2 else _HTTP11Stream()


def count(*, http2: bool) -> tuple[int, int]:
    """Return the calls and the instructions of one GET."""
    with httpcore.ConnectionPool(http1=not http2, http2=http2, network_backend=_Backend(http2)) as pool:
        for _ in range(_WARM_UP):
            assert len(pool.request("GET", _URL).content) == _LENGTH
        events: list[str] = []

        def trace(frame: FrameType, event: str, argument: Any) -> Any:
            if not frame.f_code.co_filename.startswith(_SOURCES):
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            events.append(event)
            return trace

        previous = sys.gettrace()
        gc.disable()
        # Python 3.12 reports instructions only if some frame asked for them before tracing began.
        sys._getframe().f_trace_opcodes = True
        sys.settrace(trace)
        try:
            pool.request("GET", _URL)
        finally:
            sys.settrace(previous)
            gc.enable()
    return events.count("call"), events.count("opcode")


def instruction_table() -> str:
    """Return the counts as a table."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "## instructions"
    yield ""
    yield f"One small GET of httpcore on a warm connection, on Python {platform.python_version()}."
    yield ""
    yield "| request | calls | instructions |"
    yield "| --- | ---: | ---: |"
    for protocol, http2 in (("HTTP/1.1", False), ("HTTP/2", True)):
        calls, instructions = count(http2=http2)
        yield f"| GET, {protocol} | {calls:,} | {instructions:,} |"
