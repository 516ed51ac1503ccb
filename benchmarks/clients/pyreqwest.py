"""pyreqwest: reqwest, in Rust. Its single-threaded runtime is the default and fits a client on one core."""

from __future__ import annotations

from datetime import timedelta

from pyreqwest.client import Client as ReqwestClient
from pyreqwest.client import ClientBuilder, SyncClientBuilder
from pyreqwest.client import SyncClient as SyncReqwestClient

from benchmarks.clients._base import HEADERS, Answer, Client, Options


def _configure(builder: ClientBuilder | SyncClientBuilder, options: Options) -> None:
    # A builder is changed in place; `max_connections` bounds the requests in flight, and with them the connections.
    builder.default_headers(HEADERS).no_proxy()
    builder.max_connections(options.connections).pool_max_idle_per_host(options.connections)
    if options.timeout is not None:
        timeout = timedelta(seconds=options.timeout)
        builder.connect_timeout(timeout).read_timeout(timeout).pool_timeout(timeout)


class Sync:
    def __init__(self, options: Options) -> None:
        self._url = options.url
        builder = SyncClientBuilder()
        _configure(builder, options)
        self._client: SyncReqwestClient = builder.build()

    def get(self) -> Answer:
        response = self._client.get(self._url).build().send()
        return response.status, len(response.bytes())

    def download(self) -> Answer:
        length = 0
        with self._client.get(self._url).build_streamed() as response:
            while chunk := response.body_reader.read_chunk():
                length += len(chunk)
            return response.status, length

    def close(self) -> None:
        self._client.close()


class Async:
    def __init__(self, options: Options) -> None:
        self._url = options.url
        builder = ClientBuilder()
        _configure(builder, options)
        self._client: ReqwestClient = builder.build()

    async def get(self) -> Answer:
        response = await self._client.get(self._url).build().send()
        return response.status, len(await response.bytes())

    async def download(self) -> Answer:
        length = 0
        async with self._client.get(self._url).build_streamed() as response:
            while chunk := await response.body_reader.read_chunk():
                length += len(chunk)
            return response.status, length

    async def close(self) -> None:
        await self._client.close()


CLIENT = Client("pyreqwest", "pyreqwest", sync=Sync, asyncio=Async)
