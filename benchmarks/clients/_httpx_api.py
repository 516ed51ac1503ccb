"""The API that httpx and httpx2 have in common: what a whole client costs on each core."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from benchmarks.clients._base import Answer, AsyncClient, Client, Options, Startup, SyncClient


def _arguments(library: ModuleType, options: Options) -> dict[str, Any]:
    limits = library.Limits(
        max_connections=options.connections, max_keepalive_connections=options.connections, keepalive_expiry=None
    )
    return {
        "headers": options.headers,
        "limits": limits,
        "timeout": options.timeout,
        "trust_env": False,
        # httpx creates a context in any case, and its default one takes time.
        "verify": options.ssl_context() or False,
        "http1": not options.http2,
        "http2": options.http2,
    }


class Sync:
    def __init__(self, library: ModuleType, options: Options) -> None:
        self._url, self._parts = options.url, options.parts
        self._client = library.Client(**_arguments(library, options))

    def get(self) -> Answer:
        response = self._client.get(self._url)
        return response.status_code, len(response.content)

    def download(self) -> Answer:
        with self._client.stream("GET", self._url) as response:
            return response.status_code, sum(len(chunk) for chunk in response.iter_bytes())

    def upload(self) -> Answer:
        response = self._client.post(self._url, content=self._parts())
        return response.status_code, len(response.content)

    def close(self) -> None:
        self._client.close()


class Async:
    def __init__(self, library: ModuleType, options: Options) -> None:
        self._url, self._parts = options.url, options.async_parts
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
        response = await self._client.post(self._url, content=self._parts())
        return response.status_code, len(response.content)

    async def close(self) -> None:
        await self._client.aclose()


def client(library: ModuleType, core: str) -> Client:
    def sync(options: Options) -> SyncClient:
        return Sync(library, options)

    def asyncio(options: Options) -> AsyncClient:
        return Async(library, options)

    name = library.__name__
    startup = Startup(f"import {name}", f"status = {name}.get(url).status_code")
    return Client(f"{name} on {core}", name, sync, asyncio, http2=True, startup=startup)
