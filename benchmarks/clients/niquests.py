"""niquests, the fork of requests with an asyncio side, on urllib3-future."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import niquests

from benchmarks.clients._base import Answer, Client, Options, Startup


class _SizedBody:
    """A body with a known length, which is not sent with chunked framing."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def __len__(self) -> int:
        return self._options.upload_length

    def __iter__(self) -> Iterator[bytes]:
        return self._options.parts()


class _AsyncSizedBody:
    def __init__(self, options: Options) -> None:
        self._options = options

    def __len__(self) -> int:
        return self._options.upload_length

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._options.async_parts()


def _configure(session: Any, options: Options) -> None:
    session.headers.update(options.headers)
    session.trust_env = False
    if options.authority:
        session.verify = options.authority


def _session_arguments(options: Options) -> dict[str, Any]:
    # As if the server had offered HTTP/3 before.
    origin = options.host, options.port
    http3 = {"disable_http1": True, "disable_http2": True, "quic_cache_layer": {origin: origin}}
    return {
        **(http3 if options.http3 else {}),
        "pool_maxsize": options.connections,
        "timeout": options.timeout,
        # The certificate names no responder to ask for its revocation.
        "revocation_configuration": None,
    }


class Sync:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._session = niquests.Session(**_session_arguments(options))
        _configure(self._session, options)

    def get(self) -> Answer:
        response = self._session.get(self._options.url)
        return response.status_code, len(response.content)

    def download(self) -> Answer:
        with self._session.get(self._options.url, stream=True) as response:
            return response.status_code, sum(len(chunk) for chunk in response.iter_content())

    def upload(self) -> Answer:
        response = self._session.post(self._options.url, data=_SizedBody(self._options))
        return response.status_code, len(response.content)

    def open(self) -> Answer:
        response = self._session.get(self._options.opening_url)
        return response.status_code, len(response.content)

    def close(self) -> None:
        self._session.close()


class Async:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._session = niquests.AsyncSession(**_session_arguments(options))
        _configure(self._session, options)

    async def get(self) -> Answer:
        response = await self._session.get(self._options.url)
        return response.status_code, len(response.content)

    async def download(self) -> Answer:
        length = 0
        response = await self._session.get(self._options.url, stream=True)
        async for chunk in await response.iter_content():
            length += len(chunk)
        await response.close()
        return response.status_code, length

    async def upload(self) -> Answer:
        response = await self._session.post(self._options.url, data=_AsyncSizedBody(self._options))
        return response.status_code, len(response.content)

    async def open(self) -> Answer:
        response = await self._session.get(self._options.opening_url)
        return response.status_code, len(response.content)

    async def close(self) -> None:
        await self._session.close()


CLIENT = Client(
    "niquests",
    "niquests",
    sync=Sync,
    asyncio=Async,
    http3=True,
    startup=Startup("import niquests", "status = niquests.get(url).status_code"),
)
