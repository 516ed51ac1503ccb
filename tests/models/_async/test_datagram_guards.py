"""HTTP/3 must not bypass what guards connections over TCP: each way to guard them, and what then becomes of UDP."""

import functools
import socket
from collections.abc import Callable, Iterable
from typing import Any

import anyio
import pytest
import trio
from httpcore_models import (
    AsyncGuardedBackend,
    AsyncMockBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    AutoBackend,
    ConnectError,
    ConnectTimeout,
    Destination,
    Origin,
    ReadError,
    ReadTimeout,
    Request,
    WriteError,
    only_global_addresses,
)
from httpcore_models.concurrency import current_async_library
from httpcore_models.network import AsyncDatagramStream, AsyncDirectDialler, AsyncMockDatagramStream
from httpcore_test_support.datagrams import datagram_peer
from httpcore_test_support.sockets import no_leaked_sockets

pytestmark = pytest.mark.anyio

TIMEOUT = 10.0
ORIGIN = Origin(b"https", b"127.0.0.1", 443)
REQUEST = Request("GET", "https://127.0.0.1/")


class AsyncGuard(AutoBackend):
    """Guards TCP only, as programs written before HTTP/3 do."""

    async def connect_tcp(self, host: str, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        raise ConnectError(f"{host} is not for you")


class AsyncGuardBelow(AsyncGuard):
    """Inherits the guard."""


class AsyncBothGuarded(AsyncGuard):
    """Has a say about UDP, too."""

    async def connect_udp(self, host: str, *arguments: Any, **options: Any) -> AsyncDatagramStream:
        if host != "127.0.0.1":
            raise ConnectError(f"{host} is not for you")
        return await super().connect_udp(host, *arguments, **options)


class AsyncUDPOnly(AutoBackend):
    """Counts connections over UDP, and has no say about TCP."""

    async def connect_udp(self, host: str, *arguments: Any, **options: Any) -> AsyncDatagramStream:
        return await super().connect_udp(host, *arguments, **options)


class AsyncWrapper:
    """Guards TCP, and forwards all other names."""

    def __init__(self, backend: AsyncNetworkBackend) -> None:
        self._inside = backend

    async def connect_tcp(self, host: str, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        raise ConnectError(f"{host} is not for you")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inside, name)


class AsyncWrapperOfKind(AsyncNetworkBackend):
    """As above, as a backend."""

    def __init__(self, backend: AsyncNetworkBackend) -> None:
        self._inside = backend

    async def connect_tcp(self, host: str, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        raise ConnectError(f"{host} is not for you")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inside, name)


class AsyncWithoutUDP(AsyncNetworkBackend):
    """Knows nothing of datagrams."""

    async def connect_tcp(self, host: str, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        raise ConnectError(f"{host} is not for you")


def guarded_object() -> AutoBackend:
    async def connect_tcp(host: str, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        raise ConnectError(f"{host} is not for you")

    backend: Any = AutoBackend()
    backend.connect_tcp = connect_tcp
    return backend  # type: ignore[no-any-return]


def with_backend_inside(backend: AsyncNetworkBackend) -> AutoBackend:
    """As programs set it on the backend that a client has made."""
    auto = AutoBackend()
    auto._backend = backend
    return auto


def library() -> str:
    try:
        return current_async_library()
    except RuntimeError:
        return "threads"


GUARDS: dict[str, Callable[[], Any]] = {
    "subclass": AsyncGuard,
    "below a subclass": AsyncGuardBelow,
    "wrapper": lambda: AsyncWrapper(AutoBackend()),
    "wrapper of kind": lambda: AsyncWrapperOfKind(AutoBackend()),
    "object": guarded_object,
    "without": AsyncWithoutUDP,
    "no backend": object,
}


@pytest.mark.parametrize("name", GUARDS)
async def test_a_guard_is_not_bypassed(name: str) -> None:
    dialler = AsyncDirectDialler(GUARDS[name]())
    assert not dialler.can_dial_udp
    with no_leaked_sockets(), pytest.raises(ConnectError, match=r"has no connect_udp\(\) that may be used"):
        await dialler.dial_udp(ORIGIN, REQUEST, TIMEOUT)


@pytest.mark.parametrize("name", ["subclass", "wrapper", "object"])
async def test_a_guard_inside_is_not_bypassed(name: str) -> None:
    everything = AsyncGuardedBackend(lambda destination: True, GUARDS[name]())
    with no_leaked_sockets(), pytest.raises(ConnectError, match=r"has no connect_udp\(\) that may be used"):
        await AsyncDirectDialler(everything).dial_udp(ORIGIN, REQUEST, TIMEOUT)


async def test_a_method_that_was_replaced_in_the_class_is_not_bypassed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = AutoBackend.connect_tcp

    @functools.wraps(original)
    async def connect_tcp(self: Any, host: str, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        raise ConnectError(f"{host} is not for you")

    monkeypatch.setattr(AutoBackend, "connect_tcp", connect_tcp)
    for backend in (AutoBackend(), AsyncGuardedBackend(lambda destination: True)):
        with no_leaked_sockets(), pytest.raises(ConnectError, match=r"has no connect_udp\(\) that may be used"):
            await AsyncDirectDialler(backend).dial_udp(ORIGIN, REQUEST, TIMEOUT)
    with (
        no_leaked_sockets(),
        pytest.raises(ConnectError, match=r"has replaced .*\.connect_tcp\(\), and UDP might bypass"),
    ):
        await AsyncDirectDialler(AsyncUDPOnly()).dial_udp(ORIGIN, REQUEST, TIMEOUT)


async def test_a_method_that_was_put_back_in_a_subclass() -> None:
    """As programs undo what they have replaced: the subclass then has the inherited method as its own."""

    class AsyncSubclass(AutoBackend):
        pass

    AsyncSubclass.connect_tcp = AsyncGuard.connect_tcp  # type: ignore[method-assign]
    assert not AsyncDirectDialler(AsyncSubclass()).can_dial_udp
    AsyncSubclass.connect_tcp = AutoBackend.connect_tcp  # type: ignore[method-assign]
    assert AsyncDirectDialler(AsyncSubclass()).can_dial_udp


async def test_a_guarded_backend_of_ours_whose_method_was_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    class AsyncOwn(AsyncGuardedBackend):
        async def connect_udp(self, host: str, *arguments: Any, **options: Any) -> AsyncDatagramStream:
            return await super().connect_udp(host, *arguments, **options)

    monkeypatch.setattr(AsyncGuardedBackend, "connect_tcp", lambda self, **options: None)
    with pytest.raises(ConnectError, match=r"GuardedBackend\.connect_tcp\(\), and UDP might bypass"):
        await AsyncDirectDialler(AsyncOwn(lambda destination: True)).dial_udp(ORIGIN, REQUEST, TIMEOUT)


@pytest.mark.parametrize("kind", [AutoBackend, AsyncBothGuarded, AsyncUDPOnly])
async def test_what_is_meant_to_be_used(kind: Any) -> None:
    with datagram_peer() as peer:
        origin = Origin(b"https", b"127.0.0.1", peer.port)
        for backend in (kind(), AsyncGuardedBackend(lambda destination: True, kind())):
            dialler = AsyncDirectDialler(backend)
            assert dialler.can_dial_udp
            stream = await dialler.dial_udp(origin, REQUEST, TIMEOUT)
            await stream.send([b"data"])
            assert peer.receive() == b"data"
            await stream.aclose()


async def test_a_guard_of_both_is_asked() -> None:
    with pytest.raises(ConnectError, match="127\\.0\\.0\\.2 is not for you"):
        await AsyncDirectDialler(AsyncBothGuarded()).dial_udp(Origin(b"https", b"127.0.0.2", 443), REQUEST, TIMEOUT)


async def test_the_rule_is_asked_about_each_address() -> None:
    seen: list[Destination] = []

    def rule(destination: Destination) -> bool:
        seen.append(destination)
        return str(destination.address) == "127.0.0.1"

    with datagram_peer() as peer:
        for inside in (AutoBackend(), AsyncUDPOnly()):
            backend = AsyncGuardedBackend(rule, inside, resolver=lambda host, port: ["127.0.0.2", "127.0.0.1"])
            origin = Origin(b"https", b"example.org", peer.port)
            stream = await AsyncDirectDialler(backend).dial_udp(origin, REQUEST, TIMEOUT)
            assert stream.get_extra_info("server_addr") == ("127.0.0.1", peer.port)
            await stream.aclose()
    assert [(str(place.address), place.port, place.host, place.path, place.purpose) for place in seen] == [
        ("127.0.0.2", peer.port, "example.org", None, "origin"),
        ("127.0.0.1", peer.port, "example.org", None, "origin"),
    ] * 2


async def test_guards_around_guards() -> None:
    outer = AsyncGuardedBackend(lambda destination: True, AsyncGuardedBackend(only_global_addresses))
    for backend in (outer, AsyncGuardedBackend(only_global_addresses)):
        with pytest.raises(ConnectError, match=r"refuses 127\.0\.0\.1: a loopback address"):
            await AsyncDirectDialler(backend).dial_udp(ORIGIN, REQUEST, TIMEOUT)
        with pytest.raises(ConnectError, match=r"refuses 127\.0\.0\.1"):
            await backend.connect_udp_to(["127.0.0.1"], "example.org", 443)


async def test_a_preferred_address_is_only_one_of_the_hosts() -> None:
    """It changes the order, and is no way around resolvers and guards."""
    addresses = ["127.0.0.2", "127.0.0.1"]
    backend = AutoBackend(resolver=lambda host, port: addresses)
    guarded = AsyncGuardedBackend(lambda destination: str(destination.address) == "127.0.0.2", backend)
    origin = Origin(b"https", b"example.org", 443)
    for this, prefer, expected in (
        (backend, "127.0.0.1", "127.0.0.1"),
        (backend, "127.0.0.9", "127.0.0.2"),
        (backend, "::1", "127.0.0.2"),
        (backend, None, "127.0.0.2"),
        (guarded, "127.0.0.1", "127.0.0.2"),
    ):
        stream = await AsyncDirectDialler(this).dial_udp(origin, REQUEST, TIMEOUT, prefer=prefer)
        assert stream.get_extra_info("server_addr")[0] == expected
        await stream.aclose()


async def test_resolvers_find_the_addresses() -> None:
    with datagram_peer() as peer:
        origin = Origin(b"https", b"example.org", peer.port)
        for backend in (
            AutoBackend(resolver=lambda host, port: ["127.0.0.1"]),
            AsyncGuardedBackend(lambda destination: True, AutoBackend(resolver=lambda host, port: ["127.0.0.1"])),
        ):
            stream = await AsyncDirectDialler(backend).dial_udp(origin, REQUEST, TIMEOUT)
            assert stream.get_extra_info("server_addr") == ("127.0.0.1", peer.port)
            await stream.aclose()


async def test_a_replaced_resolver_of_the_system_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts: list[Any] = []

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        hosts.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "not for you")

    # uvloop does not call that of the module `socket`.
    monkeypatch.setattr(anyio if library() == "asyncio" else socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(ConnectError, match="not for you"):
        await AsyncDirectDialler(AutoBackend()).dial_udp(Origin(b"https", b"localhost", 443), REQUEST, TIMEOUT)
    assert {host if isinstance(host, str) else host.decode() for host in hosts} == {"localhost"}


async def test_replaced_functions_that_connect_are_not_bypassed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of sockets in sync code, and those of the async library."""

    def connect(*arguments: Any, **options: Any) -> Any:
        raise OSError("not for you")

    places: dict[str, tuple[Any, str]] = {
        "threads": (socket, "create_connection"),
        "asyncio": (anyio, "connect_tcp"),
        "trio": (trio, "open_tcp_stream"),
    }
    monkeypatch.setattr(*places[library()], connect)
    with no_leaked_sockets(), pytest.raises(ConnectError, match=r"and UDP might bypass"):
        await AsyncDirectDialler(AutoBackend()).dial_udp(ORIGIN, REQUEST, TIMEOUT)


async def test_replaced_sockets_are_not_bypassed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Replacement(socket.socket):
        """As PySocks has one."""

    monkeypatch.setattr(socket, "socket", Replacement)
    with pytest.raises(ConnectError, match=r"and UDP might bypass"):
        await AsyncDirectDialler(AutoBackend()).dial_udp(ORIGIN, REQUEST, TIMEOUT)


async def test_unix_sockets_have_no_datagrams() -> None:
    dialler = AsyncDirectDialler(AutoBackend(), uds="/path")
    assert not dialler.can_dial_udp
    with pytest.raises(ConnectError, match="no datagrams over the Unix socket /path"):
        await dialler.dial_udp(ORIGIN, REQUEST, TIMEOUT)


async def test_a_backend_of_the_user_gets_all_arguments() -> None:
    calls: list[dict[str, Any]] = []
    events: list[str] = []

    class AsyncOwn(AsyncNetworkBackend):
        async def connect_tcp(self, *arguments: Any, **options: Any) -> AsyncNetworkStream:
            raise AssertionError

        async def connect_udp(self, **options: Any) -> AsyncDatagramStream:
            calls.append(options)
            return AsyncMockDatagramStream([b"data"])

    async def trace(event: str, info: Any) -> None:
        events.append(event)

    options: Iterable[Any] = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    dialler = AsyncDirectDialler(AsyncOwn(), local_address="127.0.0.1", socket_options=options)
    stream = await dialler.dial_udp(ORIGIN, Request("GET", "https://a/", extensions={"trace": trace}), 1.5)
    assert await stream.receive() == (b"data", 4)
    assert events == ["connection.connect_udp.started", "connection.connect_udp.complete"]
    expected = {"host": "127.0.0.1", "port": 443, "timeout": 1.5, "local_address": "127.0.0.1"}
    assert calls == [{**expected, "socket_options": options}]
    dialler.cancel()
    with pytest.raises(ReadError):
        stream.receive_nowait()
    with pytest.raises(ConnectError, match="was"):
        await dialler.dial_udp(ORIGIN, REQUEST, 1.5)


async def test_a_slow_resolver_is_given_up() -> None:
    async def slow(host: str, port: int) -> list[str]:
        await AutoBackend().sleep(1.0)
        return ["127.0.0.1"]

    with pytest.raises(ConnectTimeout, match=r"^Connect timed out after 0\.01 seconds \(example\.org:443\)$"):
        await AutoBackend(resolver=slow).connect_udp("example.org", 443, 0.01)


async def test_mock_datagrams() -> None:
    backend = AsyncMockBackend([], datagrams=[b"one", b"two"])
    stream = await backend.connect_udp("example.org", 443)
    await stream.send([b"data"])
    assert await stream.receive(TIMEOUT) == (b"one", 3)
    assert stream.receive_nowait() == (b"two", 3)
    assert stream.receive_nowait() is None
    with pytest.raises(ReadTimeout):
        await stream.receive(TIMEOUT)
    await stream.aclose()
    stream.abort()
    with pytest.raises(ReadError):
        await stream.receive(TIMEOUT)
    with pytest.raises(WriteError):
        await stream.send([b"data"])
    with pytest.raises(ConnectError, match="no datagrams"):
        await AsyncMockBackend([]).connect_udp("example.org", 443)
