"""The API that httpx and httpx2 have in common: what a whole client costs on each core."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

from benchmarks.clients._base import HEADERS, Answer, AsyncClient, Client, Options, Startup, SyncClient


def _arguments(library: ModuleType, options: Options) -> dict[str, Any]:
    limits = library.Limits(
        max_connections=options.connections, max_keepalive_connections=options.connections, keepalive_expiry=None
    )
    return {
        "limits": limits,
        # httpx creates a context in any case, and its default one takes time.
        "verify": options.ssl_context() or False,
        "http1": options.http1,
        "http2": options.http2,
        # Only where it is asked for: the library's own transport does not have it.
        **({"http3": True} if options.http3 else {}),
    }


def _client_arguments(library: ModuleType, options: Options, transport: Callable[..., Any] | None) -> dict[str, Any]:
    arguments = _arguments(library, options)
    return {
        # httpx adds the length of an upload to each request otherwise.
        "headers": HEADERS,
        "timeout": options.timeout,
        "trust_env": False,
        **(arguments if transport is None else {"transport": transport(**arguments)}),
    }


class Sync:
    def __init__(self, library: ModuleType, options: Options, transport: Callable[..., Any] | None = None) -> None:
        self._url, self._opening, self._parts = options.url, options.opening_url, options.parts
        self._length = {"Content-Length": str(options.upload_length)}
        self._client = library.Client(**_client_arguments(library, options, transport))

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
    def __init__(self, library: ModuleType, options: Options, transport: Callable[..., Any] | None = None) -> None:
        self._url, self._opening, self._parts = options.url, options.opening_url, options.async_parts
        self._length = {"Content-Length": str(options.upload_length)}
        self._client = library.AsyncClient(**_client_arguments(library, options, transport))

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


def client_with_transport(load: Callable[[], ModuleType], name: str, module: str) -> Client:
    """Return a client of the library that `load` imports, with the transports of `module`."""

    def sync(options: Options) -> SyncClient:
        library = load()
        return Sync(library, options, importlib.import_module(module).HTTPTransport)

    def asyncio(options: Options) -> AsyncClient:
        library = load()
        return Async(library, options, importlib.import_module(module).AsyncHTTPTransport)

    imports = f"import {name}; from {module} import HTTPTransport"
    startup = Startup(imports, f"status = {name}.Client(transport=HTTPTransport()).get(url).status_code")
    label = f"{name} on httpcore-httpx"
    return Client(label, name, sync, asyncio, http2=True, startup=startup, trio=True, http3=True)
