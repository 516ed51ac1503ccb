"""How much the library does for a small GET on a warm connection, counted so that it is the same on any machine."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from httpcore import AsyncConnectionPool, AsyncMockBackend, AsyncNetworkBackend, AsyncNetworkStream

pytestmark = pytest.mark.anyio

URL = "http://example.com/"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

# Calls of Python functions. To raise it takes a reason; when it falls, it is lowered.
BUDGET = 91


class AsyncStream(AsyncNetworkStream):
    """Answers everything at once."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return RESPONSE

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    async def aclose(self) -> None:
        pass

    def get_extra_info(self, info: str) -> Any:
        return None


class AsyncBackend(AsyncMockBackend):
    """Connects to that stream."""

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> AsyncNetworkStream:
        return AsyncStream()


@pytest.mark.field(82)
async def test_calls_of_a_small_request() -> None:
    backend: AsyncNetworkBackend = AsyncBackend([])
    async with AsyncConnectionPool(network_backend=backend) as pool:
        for _ in range(3):
            await pool.request("GET", URL)
        counts: dict[str, int] = {}
        previous = sys.getprofile()
        sys.setprofile(counting(counts))
        try:
            await pool.request("GET", URL)
        finally:
            sys.setprofile(previous)
    assert 0 < sum(counts.values()) <= BUDGET, sorted(counts.items(), key=lambda item: -item[1])


def counting(counts: dict[str, int]) -> Callable[[FrameType, str, Any], None]:
    def count(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and "httpcore" in frame.f_code.co_filename and "test" not in frame.f_code.co_filename:
            name = frame.f_code.co_qualname if sys.version_info >= (3, 11) else frame.f_code.co_name
            counts[name] = counts.get(name, 0) + 1

    return count
