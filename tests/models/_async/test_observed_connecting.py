"""What observers are told while a connection is opened: names that are resolved, and addresses that are tried."""

import socket
from typing import Any

import pytest
from httpcore_models import (
    AsyncGuardedBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    AutoBackend,
    ConnectError,
    ConnectTimeout,
    Origin,
    Request,
)
from httpcore_models.network import AsyncDirectDialler
from httpcore_models.network._connecting import happy_eyeballs
from httpcore_test_support.resolving import async_resolve_to
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.sockets import refusing_port, unresponsive_port
from httpcore_test_support.steps import hold
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

TIMEOUT = 10.0


class Observer:
    """Keeps events, and raises an error at one of them."""

    def __init__(self, raise_at: str = "", error: Exception | None = None) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._raise_at = raise_at
        self._error = error

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event.startswith("connection."):
            return  # of the trace
        self.events.append((event, info))
        if event == self._raise_at and self._error is not None:
            raise self._error

    @property
    def names(self) -> list[str]:
        """The names of the events."""
        return [name.removeprefix("connect.") for name, _ in self.events]


def loopback(port: int) -> tuple[int, Any]:
    return (socket.AF_INET, ("127.0.0.1", port))


def at(port: int) -> dict[str, Any]:
    return {"address": "127.0.0.1", "port": port}


async def async_dial(
    observer: Observer,
    host: str,
    port: int,
    backend: AsyncNetworkBackend | None = None,
    timeout: float | None = TIMEOUT,
    local_address: str | None = None,
) -> AsyncNetworkStream:
    dialler = AsyncDirectDialler(backend or AutoBackend(), local_address=local_address)
    request = Request("GET", "http://example.org/", extensions={"observe": observer})
    return await dialler.dial(Origin(b"http", host.encode(), port), request, timeout)


async def test_a_name_and_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    observer = Observer()
    with scripted_server(hold()) as server:
        async_resolve_to(monkeypatch, loopback(server.port))
        stream = await async_dial(observer, "example.org", 80)
        await stream.aclose()
        name = {"host": "example.org", "port": 80}
        assert observer.events == [
            ("connect.resolve.started", name),
            ("connect.resolve.complete", {**name, "addresses": ["127.0.0.1"]}),
            ("connect.attempt.started", at(server.port)),
            ("connect.attempt.complete", at(server.port)),
        ]


async def test_an_address_is_not_resolved() -> None:
    observer = Observer()
    with scripted_server(hold()) as server:
        stream = await async_dial(observer, "127.0.0.1", server.port)
        await stream.aclose()
        assert observer.events == [
            ("connect.attempt.started", at(server.port)),
            ("connect.attempt.complete", at(server.port)),
        ]


@pytest.mark.parametrize("host", ["127.0.0.1", "example.org"])
async def test_a_mistake_of_the_caller(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """What has begun ends, whatever the error."""
    observer, backend = Observer(), AutoBackend()
    async_resolve_to(monkeypatch, loopback(1))
    request = Request("GET", "http://example.org/", extensions={"observe": observer})
    dialler = AsyncDirectDialler(backend, socket_options=[(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 2**80)])
    with pytest.raises(TypeError, match="socket_options"):
        await dialler.dial(Origin(b"http", host.encode(), 1), request, TIMEOUT)
    assert observer.names[-2:] == ["attempt.started", "attempt.failed"]


async def test_a_name_that_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    observer, error = Observer(), socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    async_resolve_to(monkeypatch, error)
    with pytest.raises(ConnectError):
        await async_dial(observer, "example.org", 80)
    assert observer.names == ["resolve.started", "resolve.failed"]
    assert observer.events[1][1] == {"host": "example.org", "port": 80, "exception": error}


@pytest.mark.parametrize("count", [1, 2])
async def test_addresses_that_refuse(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(happy_eyeballs, "CONNECTION_ATTEMPT_DELAY", 1000.0)
    observer = Observer()
    with refusing_port() as port:
        async_resolve_to(monkeypatch, *[loopback(port)] * count)
        with pytest.raises(ConnectError):
            await async_dial(observer, "example.org", 80)
        assert observer.names[2:] == ["attempt.started", "attempt.failed"] * count
        info = observer.events[3][1]
        assert isinstance(info.pop("exception"), ConnectionRefusedError)
        assert info == at(port)


async def test_a_socket_that_cannot_be_made() -> None:
    observer = Observer()
    with pytest.raises(ConnectError, match="Cannot assign"):
        await async_dial(observer, "127.0.0.1", 80, local_address="192.0.2.1")
    assert observer.names == ["attempt.started", "attempt.failed"]


async def test_the_loser_of_a_race(monkeypatch: pytest.MonkeyPatch) -> None:
    observer = Observer()
    with scripted_server(hold()) as server, unresponsive_port() as silent:
        async_resolve_to(monkeypatch, loopback(silent), loopback(server.port))
        stream = await async_dial(observer, "example.org", 80)
        await stream.aclose()
        assert observer.names[2:4] == ["attempt.started"] * 2
        assert [info["port"] for _, info in observer.events[2:4]] == [silent, server.port]
        ended = dict(observer.events[4:])
        assert len(observer.events) == 6
        assert ended["connect.attempt.complete"] == at(server.port)
        assert ended["connect.attempt.failed"]["port"] == silent
        assert isinstance(ended["connect.attempt.failed"]["exception"], BaseException)


@pytest.mark.parametrize("count", [1, 2])
async def test_addresses_that_are_silent(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(happy_eyeballs, "CONNECTION_ATTEMPT_DELAY", 0.01)
    observer = Observer()
    with unresponsive_port() as silent:
        async_resolve_to(monkeypatch, *[loopback(silent)] * count)
        with pytest.raises(ConnectTimeout):
            await async_dial(observer, "example.org", 80, timeout=0.3)
    assert observer.names[2:] == ["attempt.started"] * count + ["attempt.failed"] * count


async def async_resolver(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


class AsyncUserBackend(AsyncNetworkBackend):
    """A backend of the user's own, around another one."""

    def __init__(self, backend: AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> AsyncNetworkStream:
        return await self._backend.connect_tcp(*args, **kwargs)


def guarded(backend: AsyncNetworkBackend) -> AsyncNetworkBackend:
    return AsyncGuardedBackend(lambda destination: True, backend)


def unguarded(backend: AsyncNetworkBackend) -> AsyncNetworkBackend:
    return backend


@pytest.mark.parametrize("outside", [unguarded, guarded, AsyncUserBackend])
@pytest.mark.parametrize("inside", [unguarded, AsyncUserBackend])
async def test_resolvers_guards_and_backends_of_the_user(outside: Any, inside: Any) -> None:
    observer = Observer()
    with scripted_server(hold()) as server:
        backend = outside(inside(AutoBackend(resolver=async_resolver)))
        if outside is guarded:
            backend.resolver = async_resolver
        stream = await async_dial(observer, "example.org", server.port, backend)
        await stream.aclose()
        name = {"host": "example.org", "port": server.port}
        assert observer.events == [
            ("connect.resolve.started", name),
            ("connect.resolve.complete", {**name, "addresses": ["127.0.0.1"]}),
            ("connect.attempt.started", at(server.port)),
            ("connect.attempt.complete", at(server.port)),
        ]


async def async_failing_resolver(host: str, port: int) -> list[str]:
    raise OSError("no answer")


async def test_a_resolver_that_fails() -> None:
    observer = Observer()
    with pytest.raises(ConnectError, match="no answer"):
        await async_dial(observer, "example.org", 80, AutoBackend(resolver=async_failing_resolver))
    assert observer.names == ["resolve.started", "resolve.failed"]


@pytest.mark.parametrize("error", [ValueError("no"), OSError("disk full"), TimeoutError()])
@pytest.mark.parametrize(
    "event", ["resolve.started", "resolve.complete", "attempt.started", "attempt.complete", "attempt.failed"]
)
@pytest.mark.parametrize("count", [1, 3])
async def test_an_observer_that_raises(
    monkeypatch: pytest.MonkeyPatch, error: Exception, event: str, count: int
) -> None:
    monkeypatch.setattr(happy_eyeballs, "CONNECTION_ATTEMPT_DELAY", 0.0)
    observer = Observer(f"connect.{event}", error)
    with scripted_server(hold()) as server, refusing_port() as refusing:
        fails = event == "attempt.failed"
        async_resolve_to(monkeypatch, *[loopback(refusing)] * fails, *[loopback(server.port)] * count)
        with pytest.raises(type(error)) as caught:
            await async_dial(observer, "example.org", 80)
        assert caught.value is error
        await async_wait_until(lambda: server.open_connections == 0)


@pytest.mark.parametrize("error", [ValueError("no"), OSError("disk full"), TimeoutError()])
@pytest.mark.parametrize("count", [1, 3])
async def test_an_observer_that_raises_at_a_timeout(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, count: int
) -> None:
    """That is no cancellation, whatever ends the attempt."""
    monkeypatch.setattr(happy_eyeballs, "CONNECTION_ATTEMPT_DELAY", 0.0)
    observer = Observer("connect.attempt.failed", error)
    with unresponsive_port() as silent:
        async_resolve_to(monkeypatch, *[loopback(silent)] * count)
        with pytest.raises(type(error)) as caught:
            await async_dial(observer, "example.org", 80, timeout=0.05)
    assert caught.value is error
    assert caplog.text == "" or count > 1
    (first, *_) = [info["exception"] for event, info in observer.events if event == "connect.attempt.failed"]
    assert type(first) is TimeoutError


async def test_an_observer_that_raises_at_the_end_of_a_lost_attempt(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the attempt is cancelled, as in a task, the exception is logged: it cannot prevent that."""
    observer = Observer("connect.attempt.failed", OSError("disk full"))
    raised: list[str] = []
    with scripted_server(hold()) as server, unresponsive_port() as silent:
        async_resolve_to(monkeypatch, loopback(silent), loopback(server.port))
        try:
            stream = await async_dial(observer, "example.org", 80)
            await stream.aclose()
        except OSError as exc:
            raised.append(str(exc))
        await async_wait_until(lambda: server.open_connections == 0)
    logged = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert [*raised, *map(str, logged)] == ["disk full"]
