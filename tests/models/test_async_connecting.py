"""Connecting in tasks: cancellation leaves nothing open, and slow resolvers are interrupted.

That nothing is left open is checked after every test, by the plugin.
"""

import contextlib
import gc
import math
import socket
from pathlib import Path
from typing import Any

import anyio
import pytest
import trio
import trio.testing
from httpcore_models import (
    AsyncCachingResolver,
    AsyncGuardedBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    AutoBackend,
    ConnectError,
    ConnectTimeout,
    ReadError,
    Request,
)
from httpcore_models.network import AsyncDirectDialler
from httpcore_models.network._connecting import connect_async, happy_eyeballs
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.resolving import async_resolve_to
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.sockets import full_queue, refusing_port, unresponsive_port
from httpcore_test_support.steps import hold
from httpcore_test_support.sweep import sweep
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

TIMEOUT = 10.0


@pytest.mark.parametrize("addresses", [1, 3])
async def test_cancelled_connect_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch, addresses: int) -> None:
    with unresponsive_port() as port:
        async_resolve_to(monkeypatch, *[(socket.AF_INET, ("127.0.0.1", port))] * addresses)
        with anyio.move_on_after(0.02) as scope:
            await AutoBackend().connect_tcp("example.org", 80, TIMEOUT)
        assert scope.cancelled_caught


@pytest.mark.parametrize("addresses", [1, 3])
async def test_cancelled_connect_stays_cancelled_whatever_an_observer_raises(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, addresses: int
) -> None:
    def observer(event: str, info: dict[str, Any]) -> None:
        if event.endswith(".failed"):
            raise OSError(event)

    request = Request("GET", "http://example.org/", extensions={"observe": observer})
    with unresponsive_port() as port:
        async_resolve_to(monkeypatch, *[(socket.AF_INET, ("127.0.0.1", port))] * addresses)
        with anyio.move_on_after(0.02) as scope:
            await AsyncDirectDialler(AutoBackend()).dial(request.url.origin, request, TIMEOUT)
        assert scope.cancelled_caught
    logged = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert "connect.attempt.failed" in logged


async def test_cancelled_connect_to_unix_socket_leaves_nothing_open(tmp_path: Path) -> None:
    path = str(tmp_path / "full.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        with full_queue(listener), anyio.move_on_after(0.02) as scope:
            await AutoBackend().connect_unix_socket(path, TIMEOUT)
        assert scope.cancelled_caught


async def test_race_cancelled_when_it_is_won_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(*arguments: Any) -> socket.socket:
        scope.cancel()
        return socket.socket()

    monkeypatch.setattr(connect_async, "_connect", connect)
    async_resolve_to(monkeypatch, *[(socket.AF_INET, ("127.0.0.1", 80))] * 2)
    with anyio.CancelScope() as scope:
        await AutoBackend().connect_tcp("example.org", 80, TIMEOUT)
    assert scope.cancelled_caught


async def test_race_won_by_several_addresses_keeps_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    sockets: list[socket.socket] = []
    everybody_is_there = anyio.Event()

    with scripted_server(hold()) as server:

        async def connect(*arguments: Any) -> socket.socket:
            sock = socket.create_connection(("127.0.0.1", server.port))
            sock.setblocking(False)
            sockets.append(sock)
            if len(sockets) == 3:
                everybody_is_there.set()
            with anyio.CancelScope(shield=True):
                await everybody_is_there.wait()
            return sock

        monkeypatch.setattr(connect_async, "_connect", connect)
        monkeypatch.setattr(happy_eyeballs, "CONNECTION_ATTEMPT_DELAY", 0.0)
        async_resolve_to(monkeypatch, *[(socket.AF_INET, ("127.0.0.1", server.port))] * 3)
        stream = await AutoBackend().connect_tcp("example.org", 80, TIMEOUT)
        assert sum(sock.fileno() >= 0 for sock in sockets) == 1
        assert stream.get_extra_info("socket").fileno() >= 0
        await stream.aclose()


@pytest.mark.field(86)
async def test_slow_resolver_raises_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*arguments: Any, **options: Any) -> Any:
        await anyio.sleep_forever()

    monkeypatch.setattr(anyio, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(trio.socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(ConnectTimeout, match=r"^Connect timed out after 0\.02 seconds \(example\.org:80\)$"):
        await AutoBackend().connect_tcp("example.org", 80, 0.02)


def test_the_limit_of_all_steps_follows_the_clock_of_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*arguments: Any, **options: Any) -> Any:
        await trio.sleep(1000.0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    async def connect() -> None:
        began = trio.current_time()
        with pytest.raises(ConnectTimeout):
            await AutoBackend().connect_tcp("example.org", port, 1500.0)
        assert math.isclose(trio.current_time() - began, 1500.0)

    monkeypatch.setattr(trio.socket, "getaddrinfo", getaddrinfo)
    with unresponsive_port() as port:
        trio.run(connect, clock=trio.testing.MockClock(autojump_threshold=0.0))


@pytest.mark.parametrize("last", ["silent", "open"])
async def test_failed_attempts_are_no_garbage(monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    """The garbage collector need not look for them, whether another attempt fails, times out or connects."""

    async def connect() -> None:
        with contextlib.suppress(ConnectTimeout):
            await (await AutoBackend().connect_tcp("example.org", 80, 0.05)).aclose()

    def failed_attempts() -> int:
        return sum(isinstance(value, (happy_eyeballs.Race, OSError)) for value in gc.get_objects())

    with unresponsive_port() as silent, refusing_port() as refusing, socket.create_server(("127.0.0.1", 0)) as server:
        ports = [refusing, {"silent": silent, "open": server.getsockname()[1]}[last]]
        async_resolve_to(monkeypatch, *[(socket.AF_INET, ("127.0.0.1", port)) for port in ports])
        await connect()
        gc.collect()
        gc.disable()
        try:
            before = failed_attempts()
            await connect()
            assert failed_attempts() == before
        finally:
            gc.enable()


async def test_an_observer_may_raise_an_error_when_the_resolver_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*arguments: Any, **options: Any) -> Any:
        await anyio.sleep_forever()

    def observer(event: str, info: dict[str, Any]) -> None:
        if event == "connect.resolve.failed":
            assert type(info["exception"]) is TimeoutError
            raise OSError(event)

    monkeypatch.setattr(anyio, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(trio.socket, "getaddrinfo", getaddrinfo)
    request = Request("GET", "http://example.org/", extensions={"observe": observer})
    with pytest.raises(OSError, match=r"^connect\.resolve\.failed$"):
        await AsyncDirectDialler(AutoBackend()).dial(request.url.origin, request, 0.02)


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
async def test_cancelling_at_any_step_leaves_nothing_open(certificates: Certificates, unix: bool) -> None:
    client_context = certificates.client_context()
    with scripted_server(hold(), tls=certificates.server_context(), unix=unix) as server:

        async def connect(scope: anyio.CancelScope) -> None:
            with scope:
                stream = await (
                    AutoBackend().connect_unix_socket(server.unix_socket, TIMEOUT)
                    if unix
                    else AutoBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
                )
                # From here on the stream is the caller's, unless the handshake fails.
                stream = await stream.start_tls(client_context, "localhost", TIMEOUT)
                await stream.aclose()
                finished.append(stream)

        finished: list[AsyncNetworkStream] = []
        steps = 0
        while not finished:
            async with anyio.create_task_group() as tasks:
                scope = anyio.CancelScope()
                tasks.start_soon(connect, scope)
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
            # The first steps are the client's own; later ones pass while the peer works.
            steps += 1 + steps // 20
        await async_wait_until(lambda: not server.open_connections)
    assert steps > 1


@pytest.mark.parametrize("silent", [False, True])
async def test_cancelling_a_guarded_connection_at_any_step_leaves_nothing_open(silent: bool) -> None:
    async def resolver(host: str, port: int) -> list[str]:
        await anyio.sleep(0)
        return ["127.0.0.2", "127.0.0.1"] if silent else ["127.0.0.1"]

    guard = AsyncGuardedBackend(lambda destination: True, resolver=AsyncCachingResolver(resolver, ttl=0.0))
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(scripted_server(hold()))
        if silent:
            stack.enter_context(unresponsive_port("127.0.0.2", server.port))

        async def connect() -> None:
            stream = await guard.connect_tcp("example.org", server.port, TIMEOUT)
            await stream.aclose()

        async def all_is_closed(step: int) -> None:
            await async_wait_until(lambda: not server.open_connections)

        assert await sweep(connect, all_is_closed) > 1


class TestErrors:
    @pytest.mark.fault("N16")
    async def test_unix_socket_can_be_a_path_object(self) -> None:
        with scripted_server(hold(), unix=True) as server:
            stream = await AutoBackend().connect_unix_socket(Path(server.unix_socket), TIMEOUT)  # type: ignore[arg-type]
            await stream.aclose()
            with pytest.raises(ReadError, match=rf"\({server.unix_socket}\)$"):
                await stream.read(1)
        missing = Path("/missing/unix.sock")
        with pytest.raises(ConnectError, match=r"\(/missing/unix\.sock\)$"):
            await AutoBackend().connect_unix_socket(missing, TIMEOUT)  # type: ignore[arg-type]

    @pytest.mark.fault("N17")
    async def test_name_without_addresses_raises_connect_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async_resolve_to(monkeypatch)
        with pytest.raises(
            ConnectError, match=r"^[Aa]ll .* failed: the resolver knows no address of this host \(example\.org:80\)$"
        ):
            await AutoBackend().connect_tcp("example.org", 80, TIMEOUT)

    @pytest.mark.fault("N17")
    async def test_invalid_socket_option_raises_type_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # It is found with the socket of each address, in the race.
        async_resolve_to(monkeypatch, *[(socket.AF_INET, ("127.0.0.1", 80))] * 3)
        options: Any = [("no", "option", 1)]
        with pytest.raises(TypeError):
            await AutoBackend().connect_tcp("example.org", 80, TIMEOUT, socket_options=options)

    @pytest.mark.parametrize("timeout", [float("inf"), 1e18, 30 * 24 * 3600.0])
    @pytest.mark.fault("T9")
    async def test_very_long_timeouts_are_accepted(self, timeout: float) -> None:
        with scripted_server(hold()) as server:
            stream = await AutoBackend().connect_tcp("127.0.0.1", server.port, timeout)
            await stream.aclose()

    @pytest.mark.fault("T9")
    async def test_negative_timeout_raises_connect_timeout(self) -> None:
        with unresponsive_port() as port, pytest.raises(ConnectTimeout):
            await AutoBackend().connect_tcp("127.0.0.1", port, -1.0)

    @pytest.mark.parametrize("addresses", [0, 1, 2])
    @pytest.mark.fault("T9")
    async def test_limit_of_zero_raises_connect_timeout(self, monkeypatch: pytest.MonkeyPatch, addresses: int) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
            port = server.getsockname()[1]
            async_resolve_to(monkeypatch, *[(socket.AF_INET, ("127.0.0.1", port))] * max(1, addresses))
            for _ in range(10):  # an event loop may be faster than its own timer
                with pytest.raises(ConnectTimeout):
                    await AutoBackend().connect_tcp("example.org" if addresses else "127.0.0.1", port, 0.0)


class TestCancelledAlready:
    @pytest.mark.fault("P24")
    async def test_no_connection_is_opened(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[Any] = []
        monkeypatch.setattr(connect_async, "new_socket", lambda *arguments: made.append(arguments))
        with anyio.move_on_after(0):
            await AutoBackend().connect_tcp("127.0.0.1", 80, TIMEOUT)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await AutoBackend().connect_unix_socket("/missing/unix.sock", TIMEOUT)
        assert made == []


async def test_sleep_of_a_user_backend_is_not_implemented() -> None:
    with pytest.raises(NotImplementedError):
        await AsyncNetworkBackend().sleep(0)
