# Generated from ../_async/fake_http3.py by tools/make_sync.py: edit that file, then run it.
"""A stand-in for the package of HTTP/3: its connections say hello over UDP, and make the responses up."""

from __future__ import annotations

import sys
import types
from typing import Any, ClassVar

import pytest
from httpcore_models import (
    ConnectError,
    ConnectionInterface,
    ConnectionNotAvailable,
    ConnectTimeout,
    NetworkError,
    Origin,
    ReadTimeout,
    Request,
    Response,
)
from httpcore_models.lowlevel import Retryable, mark_retryable

__all__ = ["FakeHTTP3Connection", "fake_module", "install_fake"]


class FakeHTTP3Connection(ConnectionInterface):
    """Connected when the peer has answered. `headers`, `status` and `fallback` are for the tests to set."""

    made: ClassVar[list[Any]] = []
    headers: ClassVar[list[tuple[bytes, bytes]]] = []
    status = 200
    fallback = False
    limit = 2
    on_capacity_change: Any = None

    def __init__(
        self,
        origin: Origin,
        stream: Any,
        ssl_context: Any = None,
        keepalive_expiry: float | None = None,
        *,
        server_hostname: str | None = None,
        connection_info: Any = None,
    ) -> None:
        self.datagrams = stream
        self.ssl_context = ssl_context
        self.keepalive_expiry = keepalive_expiry
        self.server_hostname = server_hostname
        self.connection_info = connection_info
        self.wants_fallback = False
        self.active = 0
        self.closed = False
        self._origin = origin

    def handshake(self, timeout: float | None = None) -> None:
        try:
            self.datagrams.send([b"hello"])
            self.datagrams.receive(timeout)
        except ReadTimeout as exc:
            raise ConnectTimeout(str(exc)) from exc
        except NetworkError as exc:
            raise ConnectError(str(exc)) from exc
        self.made.append(self)

    def handle_request(self, request: Request) -> Response:
        if self.fallback:
            self.wants_fallback = True
            error = ConnectionNotAvailable("0x110")
            mark_retryable(error, Retryable.ANY)
            raise error
        self.active += 1
        extensions = {"http_version": b"HTTP/3", "network_stream": self.datagrams}
        return Response(self.status, headers=list(self.headers), content=FakeBody(self), extensions=extensions)

    def close(self) -> None:
        self.closed = True
        self.datagrams.close()

    @property
    def request_capacity(self) -> int:
        return self.limit

    @property
    def stream_limit(self) -> int:
        return self.limit

    def can_handle_request(self, origin: Origin) -> bool:
        return origin == self._origin

    def is_available(self) -> bool:
        return not self.closed and self.active < self.limit

    def has_expired(self) -> bool:
        return self.closed

    def is_idle(self) -> bool:
        return not self.active

    def is_closed(self) -> bool:
        return self.closed

    def info(self) -> str:
        return f"{self._origin}, HTTP/3"


class FakeBody:
    """Says `h3`."""

    def __init__(self, connection: FakeHTTP3Connection) -> None:
        self._connection: FakeHTTP3Connection | None = connection
        self._parts = [b"h3"]

    def __iter__(self) -> FakeBody:
        return self

    def __next__(self) -> bytes:
        if not self._parts:
            raise StopIteration
        return self._parts.pop()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.active -= 1
            self._connection = None


def fake_module() -> Any:
    """Return a module with a class of connections of its own."""

    class Connection(FakeHTTP3Connection):
        made: ClassVar[list[Any]] = []

    module: Any = types.ModuleType("httpcore_h3")
    module.HTTP3Connection = Connection
    module.obstacle = None
    module.tls_obstacle = lambda context: module.obstacle
    return module


def install_fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put such a module in the place of the package; return the class of its connections."""
    module = fake_module()
    monkeypatch.setitem(sys.modules, "httpcore_h3", module)
    return module.HTTP3Connection
