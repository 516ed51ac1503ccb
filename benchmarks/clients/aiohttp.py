"""aiohttp, without its cookie jar: the transports compared have none."""

from __future__ import annotations

import aiohttp

from benchmarks.clients._base import HEADERS, Answer, Client, Options


class Async:
    def __init__(self, options: Options) -> None:
        self._url = options.url
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=options.connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=HEADERS,
            timeout=aiohttp.ClientTimeout(sock_connect=options.timeout, sock_read=options.timeout),
        )

    async def get(self) -> Answer:
        async with self._session.get(self._url) as response:
            return response.status, len(await response.read())

    async def download(self) -> Answer:
        length = 0
        async with self._session.get(self._url) as response:
            async for chunk in response.content.iter_any():
                length += len(chunk)
            return response.status, length

    async def close(self) -> None:
        await self._session.close()


CLIENT = Client("aiohttp", "aiohttp", asyncio=Async)
