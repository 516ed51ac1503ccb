"""Callers that use connections without a pool, or a pool with their own connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpcore

from ..callers import Stage
from ..clients import Client
from ..worlds import settle
from .neighbours import together

__all__ = ["CALLERS"]

CALLERS: dict[str, Callable[[Stage], Any]] = {}


def caller(function: Callable[[Stage], Any]) -> None:
    CALLERS[function.__name__.replace("_", " ").strip()] = function


def _connection(stage: Stage) -> Any:
    kind = httpcore.AsyncHTTPConnection if stage.world.asynchronous else httpcore.HTTPConnection
    origin = httpcore.URL(stage.client.url).origin
    http2 = stage.case["http2"]
    return kind(origin=origin, ssl_context=stage.client._context(), http1=not http2, http2=http2)


async def _on(stage: Stage, connection: Any, name: str = "") -> bytes:
    """Make a request on that connection and return its body."""
    client = Client(stage.world, stage.case)
    unused, client.pool = client.pool, connection
    await settle(unused.aclose() if stage.world.asynchronous else unused.close())
    reply = await client.open("GET", name or stage.path())
    try:
        return await reply.read()
    finally:
        await reply.close()


async def _close(stage: Stage, connection: Any) -> None:
    await settle(connection.aclose() if stage.world.asynchronous else connection.close())


@caller
async def connection_alone(stage: Stage) -> None:
    connection = _connection(stage)
    await stage.step("GET", lambda: _on(stage, connection))
    await _close(stage, connection)


@caller
async def connection_alone_used_twice(stage: Stage) -> None:
    """Two requests at once on a connection that may have room for one."""
    connection = _connection(stage)
    await stage.step("GET", lambda: _on(stage, connection))

    async def second() -> bytes:
        await stage.world.sleep(0.05)
        return await _on(stage, connection, "/slow/2")

    await together(stage, first=lambda: _on(stage, connection, "/slow/1"), second=second)
    await _close(stage, connection)


@caller
async def connection_alone_that_is_busy(stage: Stage) -> None:
    """The connection gets a second request while its only response is open."""
    connection = _connection(stage)
    client = Client(stage.world, stage.case)
    await client.close()
    client.pool = connection
    reply = await client.open("GET", "/first")
    await stage.step("second", lambda: client.open("GET", "/second"))
    await reply.close()
    await _close(stage, connection)


def _failing(kind: Any, method: str) -> Any:
    """Return a pool class whose connections raise once, in `method`."""
    own = httpcore.AsyncConnectionPool if kind else httpcore.ConnectionPool
    interface = httpcore.AsyncConnectionInterface if kind else httpcore.ConnectionInterface

    armed: list[str] = []

    class Foreign(interface):  # type: ignore[misc,valid-type]
        def _hit(self, name: str) -> None:
            if name in armed:
                armed.remove(name)
                raise ValueError(f"mine, of {name}")

        def handle_request(self, request: Any) -> Any:
            return httpcore.Response(200, content=b"own")

        async def handle_async_request(self, request: Any) -> Any:
            return httpcore.Response(200, content=b"own")

        def close(self) -> None:
            pass

        async def aclose(self) -> None:
            pass

        def info(self) -> str:
            return "own"

        def can_handle_request(self, origin: Any) -> bool:
            return True

        def is_available(self) -> bool:
            return False

        def has_expired(self) -> bool:
            self._hit("has_expired")
            return False

        def is_idle(self) -> bool:
            self._hit("is_idle")
            return True

        def is_closed(self) -> bool:
            return False

    class Pool(own):  # type: ignore[misc,valid-type]
        def create_connection(self, origin: Any) -> Any:
            return Foreign()

    return Pool, armed


async def _foreign(stage: Stage, method: str) -> None:
    kind, armed = _failing(stage.world.asynchronous, method)
    pool = kind(max_connections=1)
    ends = []
    for number in range(5):
        if number == 1:
            armed.append(method)
        request = httpcore.Request(
            "GET", f"http://{'ab'[number % 2]}/", extensions={"timeout": {"pool": stage.limit / 4}}
        )
        handle = pool.handle_async_request if stage.world.asynchronous else pool.handle_request
        try:
            response = await settle(handle(request))
            await settle(response.aclose() if stage.world.asynchronous else response.close())
            ends.append("ok")
        except Exception as exc:
            ends.append(type(exc).__name__)
    stage.record.steps.append({"step": method, "result": "lost" if ends[-1] != "ok" else "back"})


@caller
async def connection_of_its_own_fails(stage: Stage) -> None:
    await _foreign(stage, "has_expired")
    await _foreign(stage, "is_idle")


class _Slow:
    """A stream that is slow to close; the first one takes longer than any limit."""

    def __init__(self, stage: Stage, number: int, closed: list[int]) -> None:
        self._stage, self._number, self._closed = stage, number, closed
        self._parts = [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._parts.pop() if self._parts else b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    async def aclose(self) -> None:
        await self._stage.world.sleep(2.5 if not self._number else 0.02)
        self._closed.append(self._number)

    async def start_tls(self, *args: Any, **options: Any) -> Any:
        return self

    def get_extra_info(self, info: str) -> Any:
        return False if info == "is_readable" else None


@caller
async def pool_closed_with_slow_streams(stage: Stage) -> None:
    closed: list[int] = []
    made: list[Any] = []

    class Stream(_Slow, httpcore.AsyncNetworkStream):
        pass

    class Backend(httpcore.AsyncNetworkBackend):
        async def connect_tcp(self, *args: Any, **options: Any) -> Any:
            made.append(Stream(stage, len(made), closed))
            return made[-1]

        async def sleep(self, seconds: float) -> None:
            await stage.world.sleep(seconds)

    pool = httpcore.AsyncConnectionPool(network_backend=Backend(), max_connections=100)
    for number in range(80):
        await pool.request("GET", f"http://h{number}/")
    await pool.aclose()
    stage.record.steps.append({"step": "closed", "result": len([number for number in closed if number])})
