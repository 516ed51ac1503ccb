"""Functions for connecting that programs replace, for guards, pins and mocks. All of them have to be called."""

import asyncio
import functools
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
import trio
from httpcore_models import (
    AnyIOBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    AutoBackend,
    ConnectError,
    ConnectTimeout,
    TrioBackend,
)
from httpcore_models.network import AnyIOStreamWrapper, TrioStreamWrapper
from httpcore_models.network._streams.asyncio_stream import AsyncioStream
from httpcore_test_support.asyncs import BACKENDS, run_async
from httpcore_test_support.scripted import ScriptedServer, scripted_server
from httpcore_test_support.sockets import unresponsive_port
from httpcore_test_support.steps import hold, receive_exactly, send

TIMEOUT = 10.0
KEEPALIVE = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
LOOPS = [loop for loop in BACKENDS if loop != "trio"]

pytestmark = pytest.mark.upgrade("4.3")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server([receive_exactly(4), send(b"pong"), hold()]) as server:
        yield server


class Guard:
    """Wraps an async function: records the calls, or refuses them."""

    def __init__(self, function: Callable[..., Awaitable[Any]], refusal: Exception | None = None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._function = function
        self._refusal = refusal

    async def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls.append((*arguments, *options.values()))
        if self._refusal is not None:
            raise self._refusal
        return await self._function(*arguments, **options)


def as_function(guard: Guard, stock: Any) -> Any:
    """Wrap a guard in a function that claims to be the original."""

    @functools.wraps(stock)
    async def wrapper(*arguments: Any, **options: Any) -> Any:
        return await guard(*arguments, **options)

    return wrapper


async def exchange(backend: AsyncNetworkBackend, server: ScriptedServer, host: str = "127.0.0.1") -> AsyncNetworkStream:
    """Connect, exchange some bytes, and close the stream."""
    stream = await backend.connect_tcp(host, server.port, TIMEOUT, "127.0.0.1", [KEEPALIVE])
    await stream.write(b"ping", TIMEOUT)
    assert await stream.read(100, TIMEOUT) == b"pong"
    assert not stream.get_extra_info("is_readable")
    sock = stream.get_extra_info("socket")
    assert sock.getsockopt(*KEEPALIVE[:2]) == sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    await stream.aclose()
    return stream


@pytest.mark.upgrade("4.1")
@pytest.mark.parametrize("loop", LOOPS)
def test_original_function_is_not_called(loop: str, server: ScriptedServer) -> None:
    async def connect() -> None:
        # Our own stream, not one of anyio.
        assert isinstance(await exchange(AutoBackend(), server), AsyncioStream)

    run_async(loop, connect)


@pytest.mark.upgrade("4.1")
@pytest.mark.parametrize("loop", BACKENDS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ["connect_tcp", "connect_unix_socket", "sleep"])
def test_guard_applies_to_auto_and_named_backends(
    monkeypatch: pytest.MonkeyPatch, loop: str, when: str, name: str
) -> None:
    kind = TrioBackend if loop == "trio" else AnyIOBackend
    arguments: Any = {"connect_tcp": ("example.org", 80), "connect_unix_socket": ("path",), "sleep": (1.0,)}[name]
    calls: list[Any] = []

    async def guard(self: Any, *arguments: Any, **options: Any) -> None:
        assert isinstance(self, kind)
        calls.append(arguments)

    async def connect() -> None:
        if when == "before":
            monkeypatch.setattr(kind, name, guard)
        backend = AutoBackend()
        await backend.sleep(0.0)
        monkeypatch.setattr(kind, name, guard)
        await getattr(backend, name)(*arguments)

    run_async(loop, connect)
    assert calls[-1][: len(arguments)] == arguments


@pytest.mark.upgrade("4.2")
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("where", ["instance", "class", "wrapped class", "subclass"])
def test_guard_on_the_loop_gets_host_and_port(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, loop: str, where: str
) -> None:
    calls: list[tuple[Any, Any]] = []

    def guarded(stock: Any) -> Any:
        async def guard(*arguments: Any, **options: Any) -> Any:
            host, port = arguments[-2:]
            calls.append((host, port))
            return await stock(*arguments, **options)

        return functools.wraps(stock)(guard) if where == "wrapped class" else guard

    async def connect() -> None:
        running = asyncio.get_running_loop()
        kind: Any = type(running)
        if where == "instance":
            monkeypatch.setattr(running, "create_connection", guarded(running.create_connection))
        elif where == "subclass":
            other = type("Guarded", (kind,), {"create_connection": guarded(kind.create_connection)})
            monkeypatch.setattr(running, "__class__", other)
        else:
            # The library's own method, if Python code can replace it.
            owner = next(one for one in kind.__mro__ if one.__module__ in ("asyncio.base_events", "uvloop"))
            monkeypatch.setattr(owner, "create_connection", guarded(kind.create_connection))
        assert isinstance(await exchange(AutoBackend(), server), AnyIOStreamWrapper)

    run_async(loop, connect)
    assert calls == [("127.0.0.1", server.port)]


@pytest.mark.upgrade("4.2")
@pytest.mark.parametrize("loop", LOOPS)
def test_guard_on_the_loop_can_refuse(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, loop: str) -> None:
    async def connect() -> None:
        running = asyncio.get_running_loop()
        guard = Guard(running.create_connection, PermissionError("blocked"))
        monkeypatch.setattr(running, "create_connection", guard)
        with pytest.raises(ConnectError):
            await AutoBackend().connect_tcp("localhost", server.port, TIMEOUT)
        # The address of the name, not the name.
        assert {host for _, host, *_ in guard.calls} <= {"127.0.0.1", "::1"}

    run_async(loop, connect)
    assert not server.open_connections


@pytest.mark.parametrize("loop", BACKENDS)
@pytest.mark.parametrize("kind", ["object", "wrapper"])
@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
def test_patched_library_functions_are_called(
    monkeypatch: pytest.MonkeyPatch, loop: str, kind: str, unix: bool
) -> None:
    library: Any = trio if loop == "trio" else anyio
    names = ("open_unix_socket", "open_tcp_stream") if loop == "trio" else ("connect_unix", "connect_tcp")
    name = names[not unix]
    stock = getattr(library, name)
    guard = Guard(stock)
    monkeypatch.setattr(library, name, guard if kind == "object" else as_function(guard, stock))

    async def connect() -> None:
        with scripted_server([receive_exactly(4), send(b"pong"), hold()], unix=unix) as server:
            if unix:
                stream = await AutoBackend().connect_unix_socket(server.unix_socket, TIMEOUT)
                await stream.aclose()
                assert guard.calls == [(server.unix_socket,)]
            else:
                stream = await exchange(AutoBackend(), server)
                assert guard.calls == [("127.0.0.1", server.port, "127.0.0.1")]
            assert isinstance(stream, TrioStreamWrapper if loop == "trio" else AnyIOStreamWrapper)

    run_async(loop, connect)


@pytest.mark.parametrize("loop", BACKENDS)
@pytest.mark.parametrize("refusal", [PermissionError("blocked"), LookupError("blocked")], ids=["error", "own"])
def test_exception_of_a_guard_propagates(monkeypatch: pytest.MonkeyPatch, loop: str, refusal: Exception) -> None:
    library: Any = trio if loop == "trio" else anyio
    name = "open_tcp_stream" if loop == "trio" else "connect_tcp"
    monkeypatch.setattr(library, name, Guard(getattr(library, name), refusal))

    async def connect() -> None:
        with pytest.raises(ConnectError if isinstance(refusal, OSError) else LookupError, match="blocked"):
            await AutoBackend().connect_tcp("example.org", 80, TIMEOUT)

    run_async(loop, connect)


@pytest.mark.parametrize("loop", BACKENDS)
def test_timeout_applies_to_patched_functions(monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    library: Any = trio if loop == "trio" else anyio
    name = "open_tcp_stream" if loop == "trio" else "connect_tcp"
    monkeypatch.setattr(library, name, Guard(getattr(library, name)))

    async def connect() -> None:
        with (
            unresponsive_port() as port,
            pytest.raises(ConnectTimeout, match=rf" 0\.05 seconds \(127\.0\.0\.1:{port}\)$"),
        ):
            await AutoBackend().connect_tcp("127.0.0.1", port, 0.05)

    run_async(loop, connect)


@pytest.mark.parametrize("loop", BACKENDS)
def test_patched_function_is_not_called_in_a_cancelled_scope(monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    library: Any = trio if loop == "trio" else anyio
    name = "open_tcp_stream" if loop == "trio" else "connect_tcp"
    guard = Guard(getattr(library, name))
    monkeypatch.setattr(library, name, guard)

    async def connect() -> None:
        with anyio.move_on_after(0):
            await AutoBackend().connect_tcp("127.0.0.1", 1, TIMEOUT)

    run_async(loop, connect)
    assert not guard.calls


def test_one_backend_object_works_on_both_libraries(server: ScriptedServer) -> None:
    backend = AutoBackend()

    async def connect() -> None:
        await (await backend.connect_tcp("127.0.0.1", server.port, TIMEOUT)).aclose()

    for loop in ("trio", "asyncio", "trio"):
        run_async(loop, connect)


@pytest.mark.parametrize("loop", BACKENDS)
def test_invalid_option_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, loop: str) -> None:
    library: Any = trio if loop == "trio" else anyio
    name = "open_tcp_stream" if loop == "trio" else "connect_tcp"
    monkeypatch.setattr(library, name, Guard(getattr(library, name)))
    options: Any = [("no", "option", 1)]

    async def connect() -> None:
        with pytest.raises(TypeError):
            await AutoBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT, socket_options=options)

    run_async(loop, connect)


@pytest.mark.parametrize("loop", LOOPS)
def test_mock_stream_of_a_patched_function_is_used(monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    class Stream:
        async def receive(self, max_bytes: int) -> bytes:
            return b"data"

        async def aclose(self) -> None:
            pass

    async def connect_tcp(**_: Any) -> Any:
        return Stream()

    monkeypatch.setattr(anyio, "connect_tcp", connect_tcp)

    async def connect() -> None:
        stream = await AutoBackend().connect_tcp("example.org", 80, TIMEOUT)
        assert await stream.read(100, TIMEOUT) == b"data"
        assert stream.get_extra_info("server_addr") is None
        await stream.aclose()

    run_async(loop, connect)


def test_custom_socket_factory_of_trio_is_used(server: ScriptedServer) -> None:
    made: list[Any] = []

    class Factory(trio.abc.SocketFactory):
        def socket(self, *arguments: Any) -> Any:
            made.append(arguments)
            return trio.socket.from_stdlib_socket(socket.socket(*arguments))

    async def connect() -> None:
        trio.socket.set_custom_socket_factory(Factory())
        await exchange(AutoBackend(), server)

    trio.run(connect)
    assert len(made) == 1


@pytest.mark.parametrize("loop", [loop for loop in LOOPS if loop != "uvloop"])
def test_sock_connect_of_the_loop_is_called(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, loop: str) -> None:
    async def connect() -> None:
        running = asyncio.get_running_loop()
        guard = Guard(running.sock_connect)
        monkeypatch.setattr(running, "sock_connect", guard)
        await exchange(AutoBackend(), server)
        assert [address for _, address in guard.calls] == [("127.0.0.1", server.port)]

    run_async(loop, connect)


@pytest.mark.parametrize("loop", LOOPS)
def test_getaddrinfo_of_the_loop_is_called(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, loop: str) -> None:
    async def connect() -> None:
        running = asyncio.get_running_loop()
        stock, asked = running.getaddrinfo, []

        async def getaddrinfo(host: Any, port: Any, **options: Any) -> Any:
            asked.append(host)
            return await stock("127.0.0.1", port, **options)

        monkeypatch.setattr(running, "getaddrinfo", getaddrinfo)
        await exchange(AutoBackend(), server, "pinned.example")
        assert asked[0] in ("pinned.example", b"pinned.example")

    run_async(loop, connect)


@pytest.mark.parametrize("loop", LOOPS)
def test_resolver_is_not_called_for_ip_literals(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, loop: str
) -> None:
    # Guards against name resolution refuse every call.
    asked: list[Any] = []

    async def connect() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", lambda *arguments: asked.append(arguments))
            await exchange(AutoBackend(), server)

    run_async(loop, connect)
    assert not asked


def test_resolver_is_called_for_ip_literals_on_trio(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> None:
    # As trio itself does: guards that refuse private addresses see them there.
    def refuse(*arguments: Any) -> Any:
        raise PermissionError("blocked")

    async def connect() -> None:
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        with pytest.raises(ConnectError, match="blocked"):
            await AutoBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)

    trio.run(connect)
