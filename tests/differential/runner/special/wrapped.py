"""Callers with their own network backend, as in published programs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpcore

from ..callers import Stage
from ..clients import Client

__all__ = ["CALLERS"]

CALLERS: dict[str, Callable[[Stage], Any]] = {}


def caller(function: Callable[[Stage], Any]) -> None:
    CALLERS[function.__name__.replace("_", " ").strip()] = function


class _Stream(httpcore.AsyncNetworkStream):
    """A stream that wraps one of anyio, as written for 1.0.9."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        import anyio

        try:
            with anyio.fail_after(timeout):
                data: bytes = await self._stream.receive(max_bytes)
                return data
        except TimeoutError:
            raise httpcore.ReadTimeout from None
        except anyio.EndOfStream:
            return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        import anyio

        with anyio.fail_after(timeout):
            await self._stream.send(buffer)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> Any:
        from anyio.streams.tls import TLSStream

        return _Stream(
            await TLSStream.wrap(
                self._stream,
                ssl_context=ssl_context,
                hostname=server_hostname,
                standard_compatible=False,
                server_side=False,
            )
        )

    def get_extra_info(self, info: str) -> Any:
        import select

        import anyio
        from anyio.streams.tls import TLSAttribute

        if info == "ssl_object":
            return self._stream.extra(TLSAttribute.ssl_object, None)
        sock = self._stream.extra(anyio.abc.SocketAttribute.raw_socket, None)
        if info == "is_readable":
            return bool(select.select([sock], [], [], 0)[0])
        return sock if info == "socket" else None


class _Backend(httpcore.AsyncNetworkBackend):
    async def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> Any:
        import anyio

        return _Stream(await anyio.connect_tcp(host, port))

    async def sleep(self, seconds: float) -> None:
        import anyio

        await anyio.sleep(seconds)


@caller
async def post_parts_over_own_streams(stage: Stage) -> None:
    """The session tickets of TLS 1.3 make the socket readable during the upload."""
    await stage.client.close()
    stage.client = Client(stage.world, stage.case, network_backend=_Backend())
    for _ in range(2):
        await stage.exchange("POST", content=stage.body(*[b"x" * 1_000] * 3, pause=0.03))


class _Stuck(_Stream):
    """A stream that can no longer be written to."""

    closed = False
    stuck = False

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        import anyio

        if self.stuck:
            await anyio.sleep(10)
        await super().write(buffer, timeout)

    async def aclose(self) -> None:
        self.closed = True
        await super().aclose()


@caller
async def close_cancelled_while_it_writes(stage: Stage) -> None:
    """An asyncio task that closes the pool is cancelled while the GOAWAY waits for room."""
    made: list[_Stuck] = []

    class Backend(_Backend):
        async def connect_tcp(self, *args: Any, **options: Any) -> Any:
            made.append(_Stuck((await super().connect_tcp(*args, **options))._stream))
            return made[-1]

    await stage.client.close()
    stage.client = Client(stage.world, stage.case, network_backend=Backend())
    await stage.exchange()
    made[0].stuck = True
    task = asyncio.ensure_future(stage.client.close())
    await stage.world.sleep(0.1)
    task.cancel()
    await asyncio.wait([task], timeout=2)
    await stage.world.sleep(0.1)
    stage.record.steps.append({"step": "stream", "result": "closed" if made[0].closed else "open"})
    stage.client = Client(stage.world, stage.case)
