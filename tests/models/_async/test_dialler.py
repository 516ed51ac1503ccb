"""Diallers: from an origin to the call of a network backend, and what is traced."""

import logging
import socket
from typing import Any

import pytest
from httpcore_models import (
    AsyncMockStream,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    Origin,
    ReadError,
    Request,
)
from httpcore_models.network import AsyncDirectDialler

pytestmark = pytest.mark.anyio

ORIGIN = Origin(b"https", b"example.org", 8443)
OPTIONS = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
TCP = {"host": "example.org", "port": 8443, "local_address": "127.0.0.1", "timeout": 1.5, "socket_options": OPTIONS}
UNIX = {"path": "/path", "timeout": 1.5, "socket_options": OPTIONS}


class AsyncRecordingBackend(AsyncNetworkBackend):
    """Records how it is called."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.stream = AsyncMockStream([])
        self._error = error

    async def connect_tcp(self, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        return await self._connect("connect_tcp", *arguments, **options)

    async def connect_unix_socket(self, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        return await self._connect("connect_unix_socket", *arguments, **options)

    async def _connect(self, name: str, **options: Any) -> AsyncNetworkStream:
        self.calls.append((name, options))
        if self._error is not None:
            raise self._error
        return self.stream


class AsyncCallback:
    """A trace callback that records events, and may fail at one of them."""

    def __init__(self, failing: str = "") -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._failing = failing

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.events.append((event, info))
        if event.endswith(self._failing or "no event"):
            raise LookupError(event)


def dialler(backend: AsyncRecordingBackend, name: str) -> AsyncDirectDialler:
    uds = "/path" if name == "connect_unix_socket" else None
    return AsyncDirectDialler(backend, local_address="127.0.0.1", uds=uds, socket_options=OPTIONS)


CALLS = pytest.mark.parametrize(("name", "arguments"), [("connect_tcp", TCP), ("connect_unix_socket", UNIX)])


@CALLS
async def test_backend_gets_all_arguments(name: str, arguments: dict[str, Any]) -> None:
    backend = AsyncRecordingBackend()
    request = Request("GET", "https://elsewhere.example/")
    assert await dialler(backend, name).dial(ORIGIN, request, 1.5) is backend.stream
    assert backend.calls == [(name, arguments)]
    assert dialler(backend, name).describe(ORIGIN, 1.5) == arguments


async def test_arguments_default_to_none() -> None:
    backend = AsyncRecordingBackend()
    await AsyncDirectDialler(backend).dial(ORIGIN, Request("GET", "https://example.org/"), None)
    nothing = {"local_address": None, "timeout": None, "socket_options": None}
    assert backend.calls == [("connect_tcp", {"host": "example.org", "port": 8443, **nothing})]


@CALLS
async def test_dial_is_traced(name: str, arguments: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    backend, callback = AsyncRecordingBackend(), AsyncCallback()
    request = Request("GET", "https://example.org/", extensions={"trace": callback})
    with caplog.at_level(logging.DEBUG, "httpcore.connection"):
        assert await dialler(backend, name).dial(ORIGIN, request, 1.5) is backend.stream
    assert callback.events == [
        (f"connection.{name}.started", arguments),
        (f"connection.{name}.complete", {"return_value": backend.stream}),
    ]
    assert backend.calls == [(name, arguments)]
    assert [message.split()[0] for message in caplog.messages] == [f"{name}.started", f"{name}.complete"]


async def test_failed_dial_is_traced_and_raises() -> None:
    error, callback = ConnectError("no"), AsyncCallback()
    request = Request("GET", "https://example.org/", extensions={"trace": callback})
    with pytest.raises(ConnectError) as caught:
        await AsyncDirectDialler(AsyncRecordingBackend(error)).dial(ORIGIN, request, 1.5)
    assert caught.value is error
    assert callback.events[1:] == [("connection.connect_tcp.failed", {"exception": error})]


@CALLS
async def test_failing_trace_callback_leaves_nothing_open(name: str, arguments: dict[str, Any]) -> None:
    backend, callback = AsyncRecordingBackend(), AsyncCallback(failing=".complete")
    request = Request("GET", "https://example.org/", extensions={"trace": callback})
    with pytest.raises(LookupError, match=rf"^connection\.{name}\.complete$"):
        await dialler(backend, name).dial(ORIGIN, request, 1.5)
    with pytest.raises(ReadError, match=r"^Connection closed$"):
        await backend.stream.read(100)


async def test_failing_trace_callback_prevents_the_connect() -> None:
    backend, callback = AsyncRecordingBackend(), AsyncCallback(failing=".started")
    request = Request("GET", "https://example.org/", extensions={"trace": callback})
    with pytest.raises(LookupError, match=r"^connection\.connect_tcp\.started$"):
        await AsyncDirectDialler(backend).dial(ORIGIN, request, 1.5)
    assert backend.calls == []
