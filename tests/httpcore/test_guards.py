"""Guards that programs put before the network, to keep requests off some hosts or tests off all. None may go quiet."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import httpcore
import httpcore._backends.anyio
import httpcore._backends.auto
import httpcore._backends.sync
import httpcore._backends.trio
import pytest
from httpcore_test_support.asyncs import BACKENDS, run_async

ROUTES: dict[str, dict[str, Any]] = {
    "direct": {},
    "http2": {"http2": True},
    "local address": {"local_address": "127.0.0.1"},
    "retries": {"retries": 1},
    "forwarding": {"proxy": httpcore.Proxy("http://proxy.example:8080")},
    "socks": {"proxy": httpcore.Proxy("socks5://proxy.example:1080")},
}
KINDS: dict[str, dict[str, Any]] = {
    "asyncio": {"public": httpcore.AnyIOBackend, "path": httpcore._backends.anyio.AnyIOBackend},
    "uvloop": {"public": httpcore.AnyIOBackend, "path": httpcore._backends.anyio.AnyIOBackend},
    "trio": {"public": httpcore.TrioBackend, "path": httpcore._backends.trio.TrioBackend},
}


class Blocked(Exception):
    """What the guards raise."""


async def refuse(self: Any, host: str, port: int, *arguments: Any, **options: Any) -> Any:
    """Refuse to connect."""
    raise Blocked(host)


def refuse_sync(self: Any, host: str, port: int, *arguments: Any, **options: Any) -> Any:
    """Refuse to connect."""
    raise Blocked(host)


@pytest.fixture(params=["assigned", "patched"])
def replace(request: pytest.FixtureRequest) -> Iterator[Callable[[Any, str, Any], None]]:
    """Replace an attribute in one of the ways there are, for one test."""
    undo: list[Callable[[], None]] = []

    def assign(owner: Any, name: str, value: Any) -> None:
        stock = getattr(owner, name)
        undo.append(lambda: setattr(owner, name, stock))
        setattr(owner, name, value)

    def patch(owner: Any, name: str, value: Any) -> None:
        patching = mock.patch.object(owner, name, value)
        patching.start()
        undo.append(patching.stop)

    yield assign if request.param == "assigned" else patch
    for function in undo:
        function()


@pytest.mark.upgrade("4.1")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ["public", "path", "auto"])
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("loop", BACKENDS)
def test_a_guard_on_an_async_backend(replace: Any, loop: str, route: str, name: str, when: str) -> None:
    kind = httpcore._backends.auto.AutoBackend if name == "auto" else KINDS[loop][name]

    async def request() -> None:
        if when == "before":
            replace(kind, "connect_tcp", refuse)
        async with httpcore.AsyncConnectionPool(**ROUTES[route]) as pool:
            if when == "after":
                replace(kind, "connect_tcp", refuse)
            with pytest.raises(Blocked, match=r"^(internal|proxy)\.example$"):
                await pool.request("GET", "http://internal.example/")

    run_async(loop, request)


@pytest.mark.upgrade("4.1")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", [httpcore.SyncBackend, httpcore._backends.sync.SyncBackend], ids=["public", "path"])
@pytest.mark.parametrize("route", ROUTES)
def test_a_guard_on_the_sync_backend(replace: Any, route: str, kind: Any, when: str) -> None:
    if when == "before":
        replace(kind, "connect_tcp", refuse_sync)
    with httpcore.ConnectionPool(**ROUTES[route]) as pool:
        if when == "after":
            replace(kind, "connect_tcp", refuse_sync)
        with pytest.raises(Blocked, match=r"^(internal|proxy)\.example$"):
            pool.request("GET", "http://internal.example/")


@pytest.mark.upgrade("4.1")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("loop", BACKENDS)
def test_another_class_in_the_place_of_an_async_backend(replace: Any, loop: str, when: str) -> None:
    module = httpcore._backends.trio if loop == "trio" else httpcore._backends.anyio
    guarded = type("Guarded", (KINDS[loop]["public"],), {"connect_tcp": refuse})

    async def request() -> None:
        if when == "before":
            replace(module, guarded.__base__.__name__, guarded)
        async with httpcore.AsyncConnectionPool() as pool:
            if when == "after":
                replace(module, guarded.__base__.__name__, guarded)
            with pytest.raises(Blocked):
                await pool.request("GET", "http://internal.example/")

    run_async(loop, request)


@pytest.mark.upgrade("4.1")
@pytest.mark.parametrize("module", ["connection_pool", "connection"])
@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
def test_another_class_where_the_default_backend_is_made(replace: Any, sync: bool, module: str) -> None:
    base: Any = httpcore.SyncBackend if sync else httpcore._backends.auto.AutoBackend
    guarded = type("Guarded", (base,), {"connect_tcp": refuse_sync if sync else refuse})
    where = importlib.import_module(f"httpcore.{'_sync' if sync else '_async'}.{module}")
    replace(where, base.__name__, guarded)
    origin = httpcore.Origin(b"http", b"internal.example", 80)
    pooled = module == "connection_pool"

    def request() -> None:
        with httpcore.ConnectionPool() if pooled else httpcore.HTTPConnection(origin) as connection:
            connection.request("GET", "http://internal.example/")

    async def async_request() -> None:
        async with httpcore.AsyncConnectionPool() if pooled else httpcore.AsyncHTTPConnection(origin) as connection:
            await connection.request("GET", "http://internal.example/")

    with pytest.raises(Blocked):
        request() if sync else run_async("asyncio", async_request)


class Refusing(httpcore.NetworkBackend):
    """A backend of a program, which it assigns to a pool or connection that is there."""

    connect_tcp = refuse_sync


class AsyncRefusing(httpcore.AsyncNetworkBackend):
    """The same for tasks."""

    connect_tcp = refuse


@pytest.mark.upgrade("4.1")
@pytest.mark.parametrize("whole", [True, False], ids=["backend", "method"])
@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("proxy", [None, "http", "socks5"])
@pytest.mark.parametrize("pooled", [True, False], ids=["pool", "connection"])
def test_a_backend_that_is_assigned(pooled: bool, proxy: str | None, scheme: str, sync: bool, whole: bool) -> None:
    url = f"{scheme}://internal.example/"
    backend: Any = Refusing() if sync else AsyncRefusing()

    def guarded(pool: Any) -> Any:
        thing = pool if pooled else pool.create_connection(httpcore.URL(url).origin)
        if whole:
            thing._network_backend = backend
        else:
            thing._network_backend.connect_tcp = backend.connect_tcp
        return thing

    options: Any = {} if proxy is None else {"proxy": httpcore.Proxy(f"{proxy}://proxy.example:1")}

    async def request() -> None:
        async with httpcore.AsyncConnectionPool(**options) as pool, guarded(pool) as thing:
            await thing.request("GET", url)

    def sync_request() -> None:
        with httpcore.ConnectionPool(**options) as pool, guarded(pool) as thing:
            thing.request("GET", url)

    with pytest.raises(Blocked):
        sync_request() if sync else run_async("asyncio", request)


@pytest.mark.upgrade("4.1")
@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("loop", BACKENDS)
def test_a_guard_below_the_backend_that_chooses(loop: str, wraps: bool) -> None:
    async def request() -> None:
        async with httpcore.AsyncConnectionPool() as pool:
            backend: Any = pool._network_backend
            guard: Any = AsyncRefusing()
            if wraps:
                await backend._init_backend()
                guard.sleep = backend._backend.sleep
            backend._backend = guard
            await pool.request("GET", "http://internal.example/")

    with pytest.raises(Blocked):
        run_async(loop, request)


@pytest.mark.upgrade("4.1")
@pytest.mark.parametrize("loop", BACKENDS)
def test_a_guard_for_unix_sockets(replace: Any, loop: str) -> None:
    async def refuse(self: Any, path: str, *arguments: Any, **options: Any) -> Any:
        raise Blocked(path)

    async def request() -> None:
        async with httpcore.AsyncConnectionPool(uds="/run/docker.sock") as pool:
            replace(KINDS[loop]["public"], "connect_unix_socket", refuse)
            with pytest.raises(Blocked, match="docker"):
                await pool.request("GET", "http://localhost/")

    run_async(loop, request)


@pytest.mark.upgrade("4.1")
@pytest.mark.parametrize("loop", BACKENDS)
@pytest.mark.parametrize("kind", ["anyio", "auto", "of its library"])
def test_a_subclass_that_pins(loop: str, kind: str) -> None:
    base: Any = {"anyio": httpcore.AnyIOBackend, "auto": httpcore._backends.auto.AutoBackend}.get(
        kind, KINDS[loop]["public"]
    )

    class Pinned(base):  # type: ignore[misc]
        async def connect_tcp(self, host: str, port: int, **options: Any) -> Any:
            raised.append(host)
            return await super().connect_tcp("127.0.0.1", 1, **options)

    raised: list[str] = []

    async def request() -> None:
        async with httpcore.AsyncConnectionPool(network_backend=Pinned()) as pool:
            with pytest.raises(httpcore.ConnectError):
                await pool.request("GET", "http://internal.example/")

    run_async(loop, request)
    assert raised == ["internal.example"]


@pytest.mark.upgrade("4.3")
@pytest.mark.parametrize(
    ("loop", "path"),
    [
        ("asyncio", "httpcore._backends.anyio.anyio.connect_tcp"),
        ("trio", "httpcore._backends.trio.trio.open_tcp_stream"),
        (None, "httpcore._backends.sync.socket.create_connection"),
    ],
)
def test_a_function_that_is_patched_by_the_path_of_1_0(loop: str | None, path: str) -> None:
    async def request() -> None:
        await httpcore.AsyncConnectionPool().request("GET", "http://internal.example/")

    with mock.patch(path, side_effect=Blocked), pytest.raises(Blocked):
        run_async(loop, request) if loop else httpcore.ConnectionPool().request("GET", "http://internal.example/")


PROGRAM = """
import asyncio, functools, socket, sys

class Blocked(Exception):
    pass

def guarded(function):
    @functools.wraps(function)
    def guard(*arguments, **options):
        raise Blocked
    return guard

def is_blocked(exc):
    # anyio puts errors of the tasks that connect into groups.
    return isinstance(exc, Blocked) or any(map(is_blocked, getattr(exc, "exceptions", ())))

{guard}
import httpcore

async def request():
    await httpcore.AsyncConnectionPool().request("GET", "http://127.0.0.1:1/")

try:
    {run}
except BaseException as exc:
    sys.exit(None if is_blocked(exc) else f"not blocked, but {{exc!r}}")
sys.exit("not blocked")
"""
SYNC = 'httpcore.ConnectionPool().request("GET", "http://127.0.0.1:1/")'
ASYNC = "asyncio.run(request())"
UVLOOP = "import uvloop; uvloop.new_event_loop().run_until_complete(request())"
TRIO = "trio.run(request)"


@pytest.mark.upgrade("4.2", "4.3")
@pytest.mark.parametrize(
    ("guard", "run"),
    [
        ("socket.create_connection = guarded(socket.create_connection)", SYNC),
        ("socket.getaddrinfo = guarded(socket.getaddrinfo)", SYNC),
        ("socket.socket.connect = guarded(socket.socket.connect)", SYNC),
        ("socket.socket.connect = guarded(socket.socket.connect)", ASYNC),
        ("import anyio; anyio.connect_tcp = guarded(anyio.connect_tcp)", ASYNC),
        ("import anyio; anyio.connect_tcp = guarded(anyio.connect_tcp)", UVLOOP),
        (
            "loop = asyncio.BaseEventLoop\nloop.create_connection = guarded(loop.create_connection)",
            ASYNC,
        ),
        (
            "import uvloop; uvloop.Loop.create_connection = guarded(uvloop.Loop.create_connection)",
            UVLOOP,
        ),
        ("import trio; trio.open_tcp_stream = guarded(trio.open_tcp_stream)", TRIO),
    ],
)
def test_a_guard_that_was_there_before_the_import(guard: str, run: str) -> None:
    program = PROGRAM.format(guard=guard, run=run)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
