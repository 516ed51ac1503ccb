"""Programs may replace methods of streams and of the default backend: certificate pins, other libraries, recorders."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpcore
import httpcore._backends.anyio
import httpcore._backends.auto
import httpcore._backends.sync
import httpcore._backends.trio
import pytest
from anyio._backends import _asyncio
from httpcore_test_support.asyncs import BACKENDS, run_async

LOOPS = [loop for loop in BACKENDS if loop != "trio"]


class Blocked(Exception):
    """What the replacements raise."""


def refuse(self: Any, *arguments: Any, **options: Any) -> Any:
    """Replace a method."""
    raise Blocked


async def async_refuse(self: Any, *arguments: Any, **options: Any) -> Any:
    """Replace a coroutine method."""
    raise Blocked


async def request(port: int, scheme: str = "http", **options: Any) -> None:
    """Send a request, and check that it is blocked."""
    async with httpcore.AsyncConnectionPool(**options) as pool:
        with pytest.raises(Blocked):
            await pool.request("GET", f"{scheme}://127.0.0.1:{port}/", extensions={"timeout": {"read": 10.0}})


@pytest.fixture
def port() -> Iterator[int]:
    """Return a port on which a socket listens that accepts nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.upgrade("4.9")
@pytest.mark.parametrize("loop", BACKENDS)
@pytest.mark.parametrize("name", ["start_tls", "read", "write"])
def test_a_method_of_async_streams(monkeypatch: pytest.MonkeyPatch, port: int, loop: str, name: str) -> None:
    kind = httpcore._backends.trio.TrioStream if loop == "trio" else httpcore._backends.anyio.AnyIOStream
    monkeypatch.setattr(kind, name, async_refuse)
    run_async(loop, request, port, "https" if name == "start_tls" else "http")


@pytest.mark.upgrade("4.9")
@pytest.mark.parametrize("name", ["start_tls", "read", "write"])
def test_a_method_of_sync_streams(monkeypatch: pytest.MonkeyPatch, port: int, name: str) -> None:
    monkeypatch.setattr(httpcore._backends.sync.SyncStream, name, refuse)
    scheme = "https" if name == "start_tls" else "http"
    with httpcore.ConnectionPool() as pool, pytest.raises(Blocked):
        pool.request("GET", f"{scheme}://127.0.0.1:{port}/", extensions={"timeout": {"read": 10.0}})


@pytest.mark.upgrade("4.9")
def test_restoring_the_method_restores_the_fast_streams(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    kind = httpcore._backends.sync.SyncStream
    with monkeypatch.context() as patching:
        patching.setattr(kind, "write", refuse)
        plain = httpcore.SyncBackend().connect_tcp("127.0.0.1", port)
    stream = httpcore.SyncBackend().connect_tcp("127.0.0.1", port)
    assert type(plain) is kind
    assert type(stream) is not kind
    plain.close()
    stream.close()


class Other(httpcore.AsyncNetworkBackend):
    """A backend for another library."""

    connect_tcp = async_refuse


def set_other(backend: Any) -> None:
    """Set another backend, as 1.0 set its backend."""
    if not hasattr(backend, "_backend"):
        backend._backend = Other()


async def async_set_other(backend: Any) -> None:
    """Set another backend by replacing `_init_backend()`."""
    set_other(backend)


@pytest.mark.upgrade("4.10")
@pytest.mark.parametrize("loop", BACKENDS)
@pytest.mark.parametrize("way", ["set", "set in use", "replaced", "overridden", "made"])
def test_another_backend_in_the_default_one(monkeypatch: pytest.MonkeyPatch, port: int, loop: str, way: str) -> None:
    auto = httpcore._backends.auto.AutoBackend
    backend: Any = auto()
    if way == "set":
        set_other(backend)
    elif way == "replaced":
        monkeypatch.setattr(auto, "_init_backend", async_set_other)
    elif way == "overridden":
        backend = type("Overriding", (auto,), {"_init_backend": async_set_other})()
    elif way == "made":
        backend = type("Making", (auto,), {"__init__": set_other})()

    async def connect() -> None:
        if way == "set in use":
            await backend.sleep(0.0)
            backend._backend = Other()
        await request(port, network_backend=backend)

    run_async(loop, connect)


@pytest.mark.upgrade("4.3")
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", [staticmethod, classmethod])
def test_replaced_functions_of_anyio(monkeypatch: pytest.MonkeyPatch, port: int, loop: str, kind: Any) -> None:
    async def refuse(*arguments: Any) -> Any:
        raise OSError("not in tests")

    async def connect() -> None:
        with pytest.raises(httpcore.ConnectError, match=r"connection attempts failed"):
            await httpcore.AnyIOBackend().connect_tcp("127.0.0.1", port)

    monkeypatch.setattr(_asyncio.AsyncIOBackend, "connect_tcp", kind(refuse))
    run_async(loop, connect)


@pytest.mark.upgrade("4.11")
def test_socket_replaced_by_a_function_before_the_import() -> None:
    program = """
import asyncio, socket, ssl
def refuse(*arguments, **options):
    raise RuntimeError("no network in tests")
socket.socket = refuse
import httpcore
try:
    httpcore.request("GET", "http://127.0.0.1:1/")
except RuntimeError as exc:
    assert str(exc) == "no network in tests"
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
