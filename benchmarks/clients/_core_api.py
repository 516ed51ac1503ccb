"""The API that httpcore and httpcore2 have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.clients._base import HEADERS, Answer, AsyncClient, Client, Options, Startup, SyncClient


def _arguments(options: Options) -> dict[str, Any]:
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), options.timeout)
    return {
        "method": options.method,
        # Plain HTTP would be forwarded. This scheme is tunnelled, and does not use TLS.
        "url": options.url.replace("http://", "ws://") if options.tunnelled else options.url,
        "headers": [(name.encode(), value.encode()) for name, value in options.headers.items()],
        "extensions": {} if options.timeout is None else {"timeout": timeouts},
    }


def _opening_arguments(options: Options) -> dict[str, Any]:
    headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    return {**_arguments(options), "method": "GET", "url": options.opening_url, "headers": headers}


def _pool_arguments(library: ModuleType, options: Options) -> dict[str, Any]:
    return {
        "ssl_context": options.ssl_context(),
        "proxy": library.Proxy(options.proxy) if options.tunnelled else None,
        "max_connections": options.connections,
        "max_keepalive_connections": options.connections,
        "http1": options.http1,
        "http2": options.http2,
        # Only where it is asked for: not all of them have it.
        **({"http3": True} if options.http3 else {}),
    }


class Sync:
    def __init__(self, library: ModuleType, options: Options) -> None:
        self._arguments = _arguments(options)
        self._parts, self._opening = options.parts, _opening_arguments(options)
        self._pool = library.ConnectionPool(**_pool_arguments(library, options))

    def get(self) -> Answer:
        response = self._pool.request(**self._arguments)
        return response.status, len(response.content)

    def download(self) -> Answer:
        with self._pool.stream(**self._arguments) as response:
            return response.status, sum(len(chunk) for chunk in response.iter_stream())

    def upload(self) -> Answer:
        response = self._pool.request(**self._arguments, content=self._parts())
        return response.status, len(response.content)

    def open(self) -> Answer:
        response = self._pool.request(**self._opening)
        return response.status, len(response.content)

    def close(self) -> None:
        self._pool.close()


class Async:
    def __init__(self, library: ModuleType, options: Options) -> None:
        self._arguments = _arguments(options)
        self._parts, self._opening = options.async_parts, _opening_arguments(options)
        self._pool = library.AsyncConnectionPool(**_pool_arguments(library, options))

    async def get(self) -> Answer:
        response = await self._pool.request(**self._arguments)
        return response.status, len(response.content)

    async def download(self) -> Answer:
        length = 0
        async with self._pool.stream(**self._arguments) as response:
            async for chunk in response.aiter_stream():
                length += len(chunk)
            return response.status, length

    async def upload(self) -> Answer:
        response = await self._pool.request(**self._arguments, content=self._parts())
        return response.status, len(response.content)

    async def open(self) -> Answer:
        response = await self._pool.request(**self._opening)
        return response.status, len(response.content)

    async def close(self) -> None:
        await self._pool.aclose()


def client(library: ModuleType, *, tunnels: bool = False, http3: bool = False) -> Client:
    name = library.__name__
    return client_of(lambda: library, name, name, tunnels=tunnels, http3=http3)


def client_of(
    load: Callable[[], ModuleType],
    name: str,
    label: str,
    *,
    tunnels: bool = False,
    http3: bool = False,
    folder: Path | None = None,
    imports: str = "",
) -> Client:
    """Return a client of the library that `load` imports; `imports` goes before its import by a program."""

    def sync(options: Options) -> SyncClient:
        return Sync(load(), options)

    def asyncio(options: Options) -> AsyncClient:
        return Async(load(), options)

    startup = Startup(f"{imports}import {name}", f"status = {name}.request('GET', url).status")
    return Client(
        label, name, sync, asyncio, tunnels, http2=True, startup=startup, trio=True, folder=folder, http3=http3
    )
