"""What programs have replaced in the network, below a guard or a resolver: it is used, and gets checked addresses."""

import socket
from typing import Any

import anyio
import pytest
import trio
from httpcore_models import (
    AnyIOBackend,
    AsyncGuardedBackend,
    AsyncNetworkStream,
    AutoBackend,
    ConnectError,
    GuardedBackend,
    SyncBackend,
    TrioBackend,
    only_global_addresses,
)
from httpcore_models.concurrency import current_async_library
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import hold

TIMEOUT = 10.0


def resolver(host: str, port: int) -> list[str]:
    return ["127.0.0.2", "127.0.0.1"]


def test_create_connection_gets_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """As PySocks and libraries of green threads replace it."""
    hosts: list[Any] = []
    original = socket.create_connection

    def create_connection(address: Any, *arguments: Any, **options: Any) -> socket.socket:
        hosts.append(address[0])
        return original(address, *arguments, **options)

    with scripted_server([hold()] * 2) as server, monkeypatch.context() as patch:
        patch.setattr(socket, "create_connection", create_connection)
        allow_one = GuardedBackend(lambda destination: str(destination.address) == "127.0.0.1", resolver=resolver)
        for backend in (SyncBackend(resolver=resolver), allow_one):
            stream = backend.connect_tcp("example.org", server.port, TIMEOUT)
            assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
            stream.close()
        with pytest.raises(ConnectError, match="refuses"):
            GuardedBackend(only_global_addresses, resolver=resolver).connect_tcp("example.org", server.port)
    assert hosts == ["127.0.0.2", "127.0.0.1", "127.0.0.1"]


@pytest.mark.anyio
@pytest.mark.parametrize("by_name", [False, True])
async def test_functions_of_the_async_library_get_addresses(monkeypatch: pytest.MonkeyPatch, by_name: bool) -> None:
    hosts: list[Any] = []
    on_trio = current_async_library() == "trio"
    module: Any = trio if on_trio and by_name else anyio
    name = "open_tcp_stream" if on_trio and by_name else "connect_tcp"
    if on_trio and not by_name:
        module, name = trio, "open_tcp_stream"
    original = getattr(module, name)

    async def connect(*arguments: Any, **options: Any) -> Any:
        hosts.append(options.get("remote_host") or options.get("host"))
        return await original(*arguments, **options)

    monkeypatch.setattr(module, name, connect)
    kind: Any = AutoBackend if not by_name else TrioBackend if on_trio else AnyIOBackend
    with scripted_server([hold()] * 2) as server:
        allow_one = AsyncGuardedBackend(
            lambda destination: str(destination.address) == "127.0.0.1", kind(), resolver=resolver
        )
        for backend in (kind(resolver=resolver), allow_one):
            stream = await backend.connect_tcp("example.org", server.port, TIMEOUT)
            assert stream.get_extra_info("server_addr")[:2] == ("127.0.0.1", server.port)
            await stream.aclose()
    assert hosts == ["127.0.0.2", "127.0.0.1", "127.0.0.1"]


@pytest.mark.anyio
async def test_backend_that_a_program_has_set_gets_addresses() -> None:
    hosts: list[str] = []

    class Recording(AutoBackend):
        async def connect_tcp(self, host: str, *arguments: Any, **options: Any) -> AsyncNetworkStream:
            hosts.append(host)
            return await super().connect_tcp(host, *arguments, **options)

    backend = AutoBackend(resolver=resolver)
    backend._backend = Recording()
    with scripted_server([hold()] * 2) as server:
        for outer in (backend, AsyncGuardedBackend(lambda destination: True, backend)):
            stream = await outer.connect_tcp("example.org", server.port, TIMEOUT)
            await stream.aclose()
    assert hosts == ["127.0.0.2", "127.0.0.1"] * 2


@pytest.mark.anyio
async def test_coroutine_function_as_a_rule_is_refused() -> None:
    async def rule(destination: Any) -> bool:
        return True

    with pytest.raises(TypeError, match=r"^a rule for destinations must be a plain function"):
        await AsyncGuardedBackend(rule).connect_tcp("127.0.0.1", 80)  # type: ignore[arg-type]


def test_sockets_that_are_replaced_meanwhile_get_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    # Another thread replaces them after the addresses were checked: the name may have another answer by now.
    asked: list[Any] = []

    def create_connection(*arguments: Any, **options: Any) -> Any:
        asked.append(arguments)
        raise OSError("not for names")

    with scripted_server([hold()]) as server:
        backend = GuardedBackend(lambda destination: True, resolver=lambda host, port: ["127.0.0.1"])

        def can_race() -> bool:
            monkeypatch.setattr(socket, "create_connection", create_connection)
            return True

        monkeypatch.setattr("httpcore_models.network._backends.sync.can_race", can_race)
        backend.connect_tcp("rebinding.example", server.port, 10.0).close()
    assert not asked
