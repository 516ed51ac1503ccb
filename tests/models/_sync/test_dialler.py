# Generated from ../_async/test_dialler.py by tools/make_sync.py: edit that file, then run it.
"""Diallers: from an origin to the call of a network backend, and what is traced."""

import logging
import socket
from typing import Any

import pytest
from httpcore_models import (
    ConnectError,
    MockStream,
    NetworkBackend,
    NetworkStream,
    Origin,
    ReadError,
    Request,
)
from httpcore_models.network import DirectDialler

pytestmark = pytest.mark.anyio

ORIGIN = Origin(b"https", b"example.org", 8443)
OPTIONS = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
TCP = {"host": "example.org", "port": 8443, "local_address": "127.0.0.1", "timeout": 1.5, "socket_options": OPTIONS}
UNIX = {"path": "/path", "timeout": 1.5, "socket_options": OPTIONS}


class RecordingBackend(NetworkBackend):
    """Records how it is called."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.stream = MockStream([])
        self._error = error

    def connect_tcp(self, *arguments: Any, **options: Any) -> NetworkStream:
        return self._connect("connect_tcp", *arguments, **options)

    def connect_unix_socket(self, *arguments: Any, **options: Any) -> NetworkStream:
        return self._connect("connect_unix_socket", *arguments, **options)

    def _connect(self, name: str, **options: Any) -> NetworkStream:
        self.calls.append((name, options))
        if self._error is not None:
            raise self._error
        return self.stream


class Callback:
    """A trace callback that records events, and may fail at one of them."""

    def __init__(self, failing: str = "") -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._failing = failing

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.events.append((event, info))
        if event.endswith(self._failing or "no event"):
            raise LookupError(event)


def dialler(backend: RecordingBackend, name: str) -> DirectDialler:
    uds = "/path" if name == "connect_unix_socket" else None
    return DirectDialler(backend, local_address="127.0.0.1", uds=uds, socket_options=OPTIONS)


CALLS = pytest.mark.parametrize(("name", "arguments"), [("connect_tcp", TCP), ("connect_unix_socket", UNIX)])


@CALLS
def test_backend_gets_all_arguments(name: str, arguments: dict[str, Any]) -> None:
    backend = RecordingBackend()
    request = Request("GET", "https://elsewhere.example/")
    assert dialler(backend, name).dial(ORIGIN, request, 1.5) is backend.stream
    assert backend.calls == [(name, arguments)]
    assert dialler(backend, name).describe(ORIGIN, 1.5) == arguments


def test_arguments_default_to_none() -> None:
    backend = RecordingBackend()
    DirectDialler(backend).dial(ORIGIN, Request("GET", "https://example.org/"), None)
    nothing = {"local_address": None, "timeout": None, "socket_options": None}
    assert backend.calls == [("connect_tcp", {"host": "example.org", "port": 8443, **nothing})]


@CALLS
def test_dial_is_traced(name: str, arguments: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    backend, callback = RecordingBackend(), Callback()
    request = Request("GET", "https://example.org/", extensions={"trace": callback})
    with caplog.at_level(logging.DEBUG, "httpcore.connection"):
        assert dialler(backend, name).dial(ORIGIN, request, 1.5) is backend.stream
    assert callback.events == [
        (f"connection.{name}.started", arguments),
        (f"connection.{name}.complete", {"return_value": backend.stream}),
    ]
    assert backend.calls == [(name, arguments)]
    assert [message.split()[0] for message in caplog.messages] == [f"{name}.started", f"{name}.complete"]


def test_failed_dial_is_traced_and_raises() -> None:
    error, callback = ConnectError("no"), Callback()
    request = Request("GET", "https://example.org/", extensions={"trace": callback})
    with pytest.raises(ConnectError) as caught:
        DirectDialler(RecordingBackend(error)).dial(ORIGIN, request, 1.5)
    assert caught.value is error
    assert callback.events[1:] == [("connection.connect_tcp.failed", {"exception": error})]


@CALLS
def test_failing_trace_callback_leaves_nothing_open(name: str, arguments: dict[str, Any]) -> None:
    backend, callback = RecordingBackend(), Callback(failing=".complete")
    request = Request("GET", "https://example.org/", extensions={"trace": callback})
    with pytest.raises(LookupError, match=rf"^connection\.{name}\.complete$"):
        dialler(backend, name).dial(ORIGIN, request, 1.5)
    with pytest.raises(ReadError, match=r"^Connection closed$"):
        backend.stream.read(100)


def test_failing_trace_callback_prevents_the_connect() -> None:
    backend, callback = RecordingBackend(), Callback(failing=".started")
    request = Request("GET", "https://example.org/", extensions={"trace": callback})
    with pytest.raises(LookupError, match=r"^connection\.connect_tcp\.started$"):
        DirectDialler(backend).dial(ORIGIN, request, 1.5)
    assert backend.calls == []
