"""The API that httpx and httpx2 have in common: what a whole client costs on each core."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from benchmarks.clients._base import HEADERS, Answer, AsyncClient, Client, Options, Startup, SyncClient


def _arguments(library: ModuleType, options: Options) -> dict[str, Any]:
    limits = library.Limits(
        max_connections=options.connections, max_keepalive_connections=options.connections, keepalive_expiry=None
    )
    return {
        # httpx adds the length of an upload to each request otherwise.
        "headers": HEADERS,
        "limits": limits,
        "timeout": options.timeout,
        "trust_env": False,
        # httpx creates a context in any case, and its default one takes time.
        "verify": options.ssl_context() or False,
        "http1": options.http1,
        "http2": options.http2,
    }


class Sync:
    def __init__(self, library: ModuleType, options: Options) -> None:
        self._url, self._opening, self._parts = options.url, options.opening_url, options.parts
        self._length = {"Content-Length": str(options.upload_length)}
        self._client = library.Client(**_arguments(library, options))

    def get(self) -> Answer:
        response = self._client.get(self._url)
        return response.status_code, len(response.content)

    def download(self) -> Answer:
        with self._client.stream("GET", self._url) as response:
            return response.status_code, sum(len(chunk) for chunk in response.iter_bytes())

    def upload(self) -> Answer:
        response = self._client.post(self._url, content=self._parts(), headers=self._length)
        return response.status_code, len(response.content)

    def open(self) -> Answer:
        response = self._client.get(self._opening)
        return response.status_code, len(response.content)

    def close(self) -> None:
        self._client.close()


class Async:
    def __init__(self, library: ModuleType, options: Options) -> None:
        self._url, self._opening, self._parts = options.url, options.opening_url, options.async_parts
        self._length = {"Content-Length": str(options.upload_length)}
        self._client = library.AsyncClient(**_arguments(library, options))

    async def get(self) -> Answer:
        response = await self._client.get(self._url)
        return response.status_code, len(response.content)

    async def download(self) -> Answer:
        length = 0
        async with self._client.stream("GET", self._url) as response:
            async for chunk in response.aiter_bytes():
                length += len(chunk)
            return response.status_code, length

    async def upload(self) -> Answer:
        response = await self._client.post(self._url, content=self._parts(), headers=self._length)
        return response.status_code, len(response.content)

    async def open(self) -> Answer:
        response = await self._client.get(self._opening)
        return response.status_code, len(response.content)

    async def close(self) -> None:
        await self._client.aclose()


def client(library: ModuleType, core: str) -> Client:
    return client_of(lambda: library, library.__name__, core)


def client_of(load: Callable[[], ModuleType], name: str, core: str, imports: str = "") -> Client:
    """Return a client of the library that `load` imports; `imports` goes before its import by a program."""

    def sync(options: Options) -> SyncClient:
        return Sync(load(), options)

    def asyncio(options: Options) -> AsyncClient:
        return Async(load(), options)

    startup = Startup(f"{imports}import {name}", f"status = {name}.get(url).status_code")
    return Client(f"{name} on {core}", name, sync, asyncio, http2=True, startup=startup, trio=True)
