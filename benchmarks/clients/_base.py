"""What a client must offer to be measured.

``get`` and ``download`` return the status and the number of body bytes read; the workload checks both. ``get``
reads the whole body into one bytes-like object, ``download`` streams it with the chunk size the library suggests.
Every client sends the same header fields, set once for the client where the library can do that, and has no
timeouts unless ``Options.timeout`` asks for them.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Answer = tuple[int, int]

HEADERS = {"User-Agent": "benchmark", "Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Options:
    """Where the requests go and over how many connections at most."""

    host: str
    port: int
    path: str
    connections: int
    timeout: float | None = None
    tunnelled: bool = False
    http2: bool = False

    @property
    def proxy(self) -> str:
        """The server is its own proxy: what comes on top is the client's doing alone."""
        return f"http://{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}{self.path}"

    @property
    def request(self) -> bytes:
        """The request as the others send it, for a client that writes to the socket itself."""
        fields = {"Host": f"{self.host}:{self.port}", **HEADERS}
        lines = [f"GET {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        return "\r\n".join(lines).encode()


class SyncClient(Protocol):
    def get(self) -> Answer: ...
    def download(self) -> Answer: ...
    def close(self) -> None: ...


class AsyncClient(Protocol):
    async def get(self) -> Answer: ...
    async def download(self) -> Answer: ...
    async def close(self) -> None: ...


@dataclass(frozen=True)
class Client:
    """One row of the tables. ``distribution`` is the name on PyPI, ``None`` for the standard library.

    An asyncio client is made in the running event loop. ``tunnels`` is whether it can have a proxy connect to an origin
    without TLS, ``http2`` whether it speaks HTTP/2 without having to be told by TLS.
    """

    label: str
    distribution: str | None
    sync: Callable[[Options], SyncClient] | None = None
    asyncio: Callable[[Options], AsyncClient] | None = None
    tunnels: bool = False
    http2: bool = False

    @property
    def version(self) -> str:
        if self.distribution is None:
            return f"Python {platform.python_version()}"
        return importlib.metadata.version(self.distribution)
