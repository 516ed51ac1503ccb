"""The cost of waiting for a connection, counted in calls, which are the same on any machine."""

import gc
import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

import anyio
import pytest
from httpcore import AsyncConnectionPool, AsyncMockBackend, AsyncNetworkStream
from httpcore_test_support.asyncs import BACKENDS
from httpcore_test_support.library_code import is_library_code

REQUESTS = 20
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
TIMEOUTS = dict.fromkeys(("connect", "read", "write", "pool"), 1000.0)

# Calls of this library's functions, as measured. A tenth more is allowed: lower the number when the calls get fewer,
# and raise it for a reason only.
CALLS_OF_A_WAIT = 16
ROOM = 1.1


class Stream(AsyncNetworkStream):
    """Responds to everything, one iteration of the event loop later."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        await anyio.sleep(0)
        return RESPONSE

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    async def aclose(self) -> None:
        pass

    def get_extra_info(self, info: str) -> Any:
        return None


class Backend(AsyncMockBackend):
    """Connects to that stream."""

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> AsyncNetworkStream:
        return Stream()


async def calls_of(function: Callable[[], Awaitable[None]]) -> int:
    """Return how often functions of this library are called, or resumed, by `function`."""
    calls = 0

    def trace(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += is_library_code(frame.f_code)

    previous = sys.gettrace()
    # The garbage of other tests must not be collected now.
    gc.disable()
    sys.settrace(trace)
    try:
        await function()
    finally:
        sys.settrace(previous)
        gc.enable()
    return calls


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", [BACKENDS["asyncio"]], ids=["asyncio"])
async def test_calls_of_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a slow machine, requests would check connections that they otherwise would not.
    monkeypatch.setattr("httpcore._pool.pruning._LIVENESS_INTERVAL", 1000.0)
    monkeypatch.setattr("httpcore_h11._async.connection._CHECK_IS_VALID_FOR", 1000.0)
    async with AsyncConnectionPool(max_connections=1, network_backend=Backend([])) as pool:

        async def get() -> None:
            await pool.request("GET", "http://example.com/", extensions={"timeout": TIMEOUTS})

        async def one_by_one() -> None:
            for _ in range(REQUESTS):
                await get()

        async def at_once() -> None:
            async with anyio.create_task_group() as tasks:
                for _ in range(REQUESTS):
                    tasks.start_soon(get)

        await at_once()
        without, waiting = await calls_of(one_by_one), await calls_of(at_once)
        assert 0 < waiting - without <= CALLS_OF_A_WAIT * ROOM * REQUESTS
