"""What a client must offer to be measured.

``get``, ``download`` and ``upload`` return the status and the number of body bytes read; the workload checks both.
``get`` and ``upload`` read the whole body into one bytes-like object, ``download`` streams it with the chunk size the
library suggests. ``upload`` sends ``Options.parts`` with a Content-Length. ``open`` makes a small request, for a
connection to be there; clients for HTTP/2 have it.
Every client sends the same header fields, set once for the client where the library can do that, and has no
timeouts unless ``Options.timeout`` asks for them.
"""

from __future__ import annotations

import importlib.metadata
import platform
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Answer = tuple[int, int]

_PART = bytes(65536)

HEADERS = {"User-Agent": "benchmark", "Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Options:
    """Where requests go, and over how many connections at most. With an `authority`, over TLS.

    With `http2`, the client uses HTTP/2 unasked, or `negotiates`, as programs do that do not know the server. With
    `http3`, it uses HTTP/3 and nothing else, without waiting for the server to offer it.
    """

    host: str
    port: int
    path: str
    connections: int
    timeout: float | None = None
    tunnelled: bool = False
    http2: bool = False
    http3: bool = False
    upload_length: int = 0
    authority: str | None = None
    negotiates: bool = False

    @property
    def http1(self) -> bool:
        """Whether to allow HTTP/1.1, alone or beside HTTP/2."""
        return not self.http3 and (not self.http2 or self.negotiates)

    @property
    def opening_url(self) -> str:
        return self.url.removesuffix(self.path) + "/small"

    @property
    def proxy(self) -> str:
        """The server acts as its own proxy, so that only the client's own overhead is added."""
        return f"http://{self.host}:{self.port}"

    @property
    def url(self) -> str:
        scheme = "https" if self.authority else "http"
        return f"{scheme}://{self.host}:{self.port}{self.path}"

    @property
    def method(self) -> str:
        return "POST" if self.upload_length else "GET"

    @property
    def headers(self) -> dict[str, str]:
        return {**HEADERS, "Content-Length": str(self.upload_length)} if self.upload_length else HEADERS

    def ssl_context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.authority) if self.authority else None

    def parts(self) -> Iterator[bytes]:
        """Return the body of one upload."""
        for left in range(self.upload_length, 0, -len(_PART)):
            yield _PART if left >= len(_PART) else _PART[:left]

    async def async_parts(self) -> AsyncIterator[bytes]:
        for part in self.parts():
            yield part

    @property
    def request(self) -> bytes:
        """The request that other clients send, for a client that writes to the socket itself."""
        fields = {"Host": f"{self.host}:{self.port}", **self.headers}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        return "\r\n".join(lines).encode()


class SyncClient(Protocol):
    def get(self) -> Answer: ...
    def download(self) -> Answer: ...
    def upload(self) -> Answer: ...
    def close(self) -> None: ...


class AsyncClient(Protocol):
    async def get(self) -> Answer: ...
    async def download(self) -> Answer: ...
    async def upload(self) -> Answer: ...
    async def close(self) -> None: ...


class Opens(Protocol):
    def open(self) -> Answer: ...


class OpensAsync(Protocol):
    async def open(self) -> Answer: ...


@dataclass(frozen=True)
class Startup:
    """Statements for a new interpreter: the imports, then a request for ``url`` that sets ``status``.

    The variable ``authorities`` and the usual environment variables name the file of the authorities to trust.
    """

    imports: str
    request: str


@dataclass(frozen=True)
class Client:
    """One row of the tables. ``distribution`` is the name on PyPI, ``None`` for the standard library.

    An asyncio client is created in the running event loop. ``trio``: whether it runs on trio too. ``tunnels``: whether
    it can tunnel to an origin without TLS. ``http1``: whether it speaks HTTP/1.1. ``http2``: whether it speaks HTTP/2,
    without TLS too. ``http3``: whether it speaks HTTP/3. ``shared``: whether threads can share a sync client.
    ``startup``: how a program begins. ``folder``: where its distribution is, unless it is installed in the environment.
    """

    label: str
    distribution: str | None
    sync: Callable[[Options], SyncClient] | None = None
    asyncio: Callable[[Options], AsyncClient] | None = None
    tunnels: bool = False
    http2: bool = False
    startup: Startup | None = None
    trio: bool = False
    http1: bool = True
    shared: bool = True
    folder: Path | None = None
    http3: bool = False

    @property
    def version(self) -> str:
        if self.distribution is None:
            return f"Python {platform.python_version()}"
        if self.folder is not None:
            found = importlib.metadata.distributions(name=self.distribution, path=[str(self.folder)])
            return next(iter(found)).version
        return importlib.metadata.version(self.distribution)
