"""aiohttp, without its cookie jar, which the other transports do not have."""

from __future__ import annotations

import aiohttp

from benchmarks.clients._base import Answer, Client, Options, Startup


class Async:
    def __init__(self, options: Options) -> None:
        self._url = options.url
        self._parts = options.async_parts
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=options.connections, ssl=options.ssl_context() or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=options.headers,
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

    async def upload(self) -> Answer:
        async with self._session.post(self._url, data=self._parts()) as response:
            return response.status, len(await response.read())

    async def close(self) -> None:
        await self._session.close()


_STARTUP = Startup(
    "import asyncio, aiohttp",
    """
async def request():
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        await response.read()
        return response.status
status = asyncio.run(request())
""",
)

CLIENT = Client("aiohttp", "aiohttp", asyncio=Async, startup=_STARTUP)
