"""httpunk: hyper, in Rust, below asyncio's transports. It has one connection for HTTP/2, and no pool."""

from __future__ import annotations

import asyncio
from typing import Any

from httpunk.asyncio import H2ClientProtocol

from benchmarks.clients._base import HEADERS, Answer, Client, Options


class Async:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._opened: asyncio.Task[Any] | None = None

    async def _connect(self) -> Any:
        options = self._options
        authority, scheme = f"{options.host}:{options.port}", "https" if options.authority else "http"
        context = options.ssl_context()
        if context is not None:
            context.set_alpn_protocols(["h2", "http/1.1"])
        _, self._protocol = await asyncio.get_running_loop().create_connection(
            lambda: H2ClientProtocol(authority=authority, scheme=scheme), options.host, options.port, ssl=context
        )
        return await self._protocol.ready()

    async def _connection(self) -> Any:
        if self._opened is None:
            self._opened = asyncio.create_task(self._connect())
        return await self._opened

    async def get(self) -> Answer:
        connection = self._opened.result() if self._opened and self._opened.done() else await self._connection()
        response = await connection.request("GET", self._options.path, headers=HEADERS)
        return response.status, len(await response.read())

    async def download(self) -> Answer:
        response = await (await self._connection()).request("GET", self._options.path, headers=HEADERS)
        length = 0
        async for chunk in response.aiter_bytes():
            length += len(chunk)
        return response.status, length

    async def upload(self) -> Answer:
        connection = await self._connection()
        headers, body = self._options.headers, self._options.async_parts()
        response = await connection.request("POST", self._options.path, headers=headers, body=body)
        return response.status, len(await response.read())

    async def open(self) -> Answer:
        response = await (await self._connection()).request("GET", "/small", headers=HEADERS)
        return response.status, len(await response.read())

    async def close(self) -> None:
        if self._opened is not None:
            await self._protocol.aclose()


CLIENT = Client("httpunk", "httpunk", asyncio=Async, http1=False, http2=True)
