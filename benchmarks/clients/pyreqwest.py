"""pyreqwest: reqwest, in Rust. Its single-threaded runtime is the default and fits a client on one core."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pyreqwest.client import Client as ReqwestClient
from pyreqwest.client import ClientBuilder, SyncClientBuilder
from pyreqwest.client import SyncClient as SyncReqwestClient

from benchmarks.clients._base import HEADERS, Answer, Client, Options, Startup


def _configure(builder: ClientBuilder | SyncClientBuilder, options: Options) -> None:
    # A builder is changed in place.
    builder.default_headers(HEADERS).no_proxy().pool_max_idle_per_host(options.connections)
    if not options.http2:
        # This bounds the requests in flight, and with them the connections.
        builder.max_connections(options.connections).http1_only()
    elif options.http1:
        builder.http2(True)
    else:
        builder.http2_prior_knowledge()
    if options.authority:
        builder.add_root_certificate_pem(Path(options.authority).read_bytes())
    if options.timeout is not None:
        timeout = timedelta(seconds=options.timeout)
        builder.connect_timeout(timeout).read_timeout(timeout).pool_timeout(timeout)


class Sync:
    def __init__(self, options: Options) -> None:
        self._url, self._opening, self._parts = options.url, options.opening_url, options.parts
        self._length = {"Content-Length": str(options.upload_length)}
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

    def upload(self) -> Answer:
        response = self._client.post(self._url).headers(self._length).body_stream(self._parts()).build().send()
        return response.status, len(response.bytes())

    def open(self) -> Answer:
        response = self._client.get(self._opening).build().send()
        return response.status, len(response.bytes())

    def close(self) -> None:
        self._client.close()


class Async:
    def __init__(self, options: Options) -> None:
        self._url, self._opening, self._parts = options.url, options.opening_url, options.async_parts
        self._length = {"Content-Length": str(options.upload_length)}
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

    async def upload(self) -> Answer:
        response = await self._client.post(self._url).headers(self._length).body_stream(self._parts()).build().send()
        return response.status, len(await response.bytes())

    async def open(self) -> Answer:
        response = await self._client.get(self._opening).build().send()
        return response.status, len(await response.bytes())

    async def close(self) -> None:
        await self._client.close()


_STARTUP = Startup(
    "from pyreqwest.simple.sync_request import pyreqwest_get", "status = pyreqwest_get(url).send().status"
)

CLIENT = Client("pyreqwest", "pyreqwest", sync=Sync, asyncio=Async, http2=True, startup=_STARTUP)
