"""What observers of a pool's requests are told while a connection is opened, and what stays open when they raise."""

import ssl
from typing import Any

import pytest
from httpcore import AsyncConnectionPool, ConnectError, Proxy, _ssl
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.recording import AsyncRecordingBackend
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import receive_request, send
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ESTABLISHED = b"HTTP/1.1 200 OK\r\n\r\n"
SOCKS5 = [b"\x05\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"]
FACTS = ("connect.", "tls.", "proxy.", "request.sent", "response.")


class ObserverError(Exception):
    """Raised by the observer."""


class Observer:
    """Keeps events, and raises an error at one of them, by its number."""

    def __init__(self, raise_at: int | None = None) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._raise_at = raise_at

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.events.append((event, info))
        if len(self.events) - 1 == self._raise_at:
            raise ObserverError

    @property
    def names(self) -> list[str]:
        """The names of the events."""
        return [event for event, _ in self.events]

    @property
    def facts(self) -> list[str]:
        """The names of the facts about what goes over the network."""
        return [event for event in self.names if event.startswith(FACTS)]


class AsyncCallback:
    """A trace callback that keeps events."""

    def __init__(self) -> None:
        self.events: list[str] = []

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.events.append(event)


async def get(url: str, backend: Any = None, proxy: Any = None, context: Any = None, **extensions: Any) -> None:
    async with AsyncConnectionPool(context, proxy, network_backend=backend) as pool:
        assert (await pool.request("GET", url, extensions=extensions)).content == b"ok"


@pytest.mark.parametrize("given", ["default", "function", "context"])
async def test_the_context_is_there_before_anything_is_connected(
    given: str, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def make() -> ssl.SSLContext:
        order.append("made")
        return certificates.client_context()

    def observe(event: str, info: dict[str, Any]) -> None:
        order.append(event)

    monkeypatch.setattr(_ssl, "default_ssl_context", make)
    _ssl._context_offering.cache_clear()
    contexts: dict[str, Any] = {"default": None, "function": make, "context": certificates.client_context()}
    try:
        with scripted_server([receive_request(), send(OK)], tls=certificates.server_context()) as server:
            await get(server.url, context=contexts[given], observe=observe)
    finally:
        _ssl._context_offering.cache_clear()
    made = [] if given == "context" else ["tls.context.started", "made", "tls.context.complete"]
    begin = order.index("connection.connect_tcp.started")
    assert order[begin - len(made) : begin] == made
    assert ("made" in order) is bool(made)
    after = [
        event
        for event in order[begin + 1 :]
        if event.startswith((*FACTS, "connection.start_tls", "connection.connect_"))
    ]
    assert after == [
        "connect.attempt.started",
        "connect.attempt.complete",
        "connection.connect_tcp.complete",
        "connection.start_tls.started",
        "connection.start_tls.complete",
        "request.sent",
        "response.received",
    ]


async def test_a_function_for_the_context_that_fails_opens_nothing() -> None:
    def fail() -> ssl.SSLContext:
        raise FileNotFoundError("no certificates")

    observer, backend = Observer(), AsyncRecordingBackend([OK])
    with pytest.raises(FileNotFoundError, match="no certificates"):
        await get("https://example.com/", backend, context=fail, observe=observer)
    assert observer.facts == ["tls.context.started", "tls.context.failed"]
    assert backend.connects == []


WAYS: dict[str, tuple[str, Any, list[bytes]]] = {
    "direct": ("http://example.com/", None, []),
    "TLS": ("https://example.com/", None, []),
    "forward": ("http://example.com/", [Proxy("http://proxy.local", auth=("someone", "hunter2"))], []),
    "tunnel": ("https://example.com/", [Proxy("https://proxy.local", auth=("someone", "hunter2"))], [ESTABLISHED]),
    "SOCKS": ("https://example.com/", [Proxy("socks5://proxy.local")], SOCKS5),
    "chain": (
        "https://example.com/",
        [Proxy("socks5://proxy.local"), Proxy("http://second.local", auth=("someone", "hunter2"))],
        [*SOCKS5, ESTABLISHED],
    ),
}
HOPS = {"tunnel": ["https://proxy.local:443"], "SOCKS": ["socks5://proxy.local:1080"]}
HOPS["chain"] = ["socks5://proxy.local:1080", "http://second.local:80"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_trace_gets_the_same_events_with_an_observer(way: str) -> None:
    url, proxy, replies = WAYS[way]
    with_it, without, observer = AsyncCallback(), AsyncCallback(), Observer()
    await get(url, AsyncRecordingBackend([*replies, OK]), proxy, trace=without)
    backend = AsyncRecordingBackend([*replies, OK])
    await get(url, backend, proxy, trace=with_it, observe=observer)
    assert with_it.events == without.events
    # In the same order, with facts in between.
    remaining = iter(observer.names)
    assert all(event in remaining for event in with_it.events)
    hops = [info["proxy"] for event, info in observer.events if event == "proxy.hop.complete"]
    assert hops == HOPS.get(way, [])
    assert observer.facts.count("request.sent") == observer.facts.count("response.received") == 1
    # What the proxy's own request had in its head does not count, and a forwarded one shows no credentials.
    sent = next(info for event, info in observer.events if event == "request.sent")
    assert sent["header_bytes"] == len(backend.streams[0].written[-sent["header_bytes"] :])
    assert backend.streams[0].written[-sent["header_bytes"] :].startswith(b"GET ")
    shown = [info["request"].headers for _, info in observer.events if "request" in info]
    assert "hunter2" not in repr(shown)


@pytest.mark.parametrize("way", WAYS)
async def test_an_observer_that_raises_leaks_neither_slot_nor_connection(way: str) -> None:
    url, proxy, replies = WAYS[way]
    complete = Observer()
    await get(url, AsyncRecordingBackend([*replies, OK]), proxy, observe=complete)
    assert len(complete.events) > 10
    for number in range(len(complete.events)):
        backend = AsyncRecordingBackend([*replies, OK, OK])
        async with AsyncConnectionPool(proxy=proxy, network_backend=backend, max_connections=1) as pool:
            with pytest.raises(ObserverError):
                await pool.request("GET", url, extensions={"observe": Observer(number)})
            stats = pool.stats()
            assert (stats.requests_active, stats.requests_queued) == (0, 0)
            assert all(stream.closed for stream in backend.streams) or stats.connections_idle == 1
            # There is room for the next one.
            assert (await pool.request("GET", url)).content == b"ok"


async def test_an_observer_that_raises_on_a_real_network(certificates: Certificates) -> None:
    context = certificates.client_context()
    with scripted_server([receive_request(), send(OK)], tls=certificates.server_context()) as server:
        complete = Observer()
        await get(server.url, context=context, observe=complete)
        for number in range(len(complete.events)):
            with pytest.raises(ObserverError):
                await get(server.url, context=context, observe=Observer(number))
            await async_wait_until(lambda: server.open_connections == 0)


async def test_attempts_of_a_request_that_fails() -> None:
    observer = Observer()
    with pytest.raises(ConnectError):
        await get("http://127.0.0.1:1/", observe=observer)
    assert observer.facts == ["connect.attempt.started", "connect.attempt.failed"]
