# Generated from ../_async/test_observed_hops.py by tools/make_sync.py: edit that file, then run it.
"""What observers are told about the way through proxies."""

import ssl
from typing import Any

import pytest
from httpcore_models import ConnectError, Origin, ProxyError, Request
from httpcore_models.network import Dialler, DirectDialler
from httpcore_proxy import SocksDialler, TLSDialler, TunnelDialler
from httpcore_test_support.recording import RecordingBackend
from httpcore_test_support.resolving import resolve_to

pytestmark = pytest.mark.anyio

ORIGIN = Origin(b"https", b"example.com", 443)
FIRST, SECOND = Origin(b"https", b"first.local", 8443), Origin(b"http", b"second.local", 8080)
SOCKS5, SOCKS4 = Origin(b"socks5h", b"socks.local", 1080), Origin(b"socks4", b"socks.local", 1080)
ESTABLISHED = b"HTTP/1.1 200 OK\r\n\r\n"
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
SOCKS5_REPLIES = [b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"]
SOCKS4_REPLIES = [b"\x00\x5a" + bytes(6)]
AUTH = (b"someone", b"hunter2")
CREDENTIALS = [(b"Proxy-Authorization", b"Basic hunter2")]


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

    def of(self, prefix: str) -> list[tuple[str, dict[str, Any]]]:
        """The events of one phase."""
        return [(event, info) for event, info in self.events if event.startswith(prefix)]


def dialler(kind: str, backend: RecordingBackend, context: Any = None) -> Dialler:
    direct = DirectDialler(backend)
    if kind == "tunnel":
        return TunnelDialler(direct, SECOND, CREDENTIALS)
    if kind == "socks5":
        return SocksDialler(direct, SOCKS5, AUTH)
    if kind == "socks4":
        return SocksDialler(direct, SOCKS4)
    over_tls = TLSDialler(direct, context or ssl.create_default_context())
    chain = TunnelDialler(TunnelDialler(over_tls, FIRST, CREDENTIALS), SECOND, CREDENTIALS)
    return SocksDialler(chain, SOCKS5, AUTH)


REPLIES = {
    "tunnel": [ESTABLISHED],
    "socks5": SOCKS5_REPLIES,
    "socks4": SOCKS4_REPLIES,
    "chain": [ESTABLISHED, ESTABLISHED, *SOCKS5_REPLIES],
}
PROXIES = {
    "tunnel": ["http://second.local:8080"],
    "socks5": ["socks5h://socks.local:1080"],
    "socks4": ["socks4://socks.local:1080"],
    "chain": ["https://first.local:8443", "http://second.local:8080", "socks5h://socks.local:1080"],
}


def dial(kind: str, observer: Observer, backend: RecordingBackend, **options: Any) -> None:
    request = Request("GET", "https://example.com/", extensions={"observe": observer})
    stream = dialler(kind, backend, **options).dial(ORIGIN, request, 10.0)
    stream.close()


@pytest.fixture(autouse=True)
def _resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """SOCKS4 proxies get addresses."""
    resolve_to(monkeypatch, (2, ("192.0.2.7", 0)))


@pytest.mark.parametrize("kind", REPLIES)
def test_each_proxy_is_a_hop(kind: str) -> None:
    observer, backend = Observer(), RecordingBackend(REPLIES[kind])
    dial(kind, observer, backend)
    hops = [{"proxy": proxy, "index": index} for index, proxy in enumerate(PROXIES[kind])]
    # The way to a proxy is part of its hop, and may lead through others.
    assert observer.of("proxy.hop") == [
        *[("proxy.hop.started", hop) for hop in reversed(hops)],
        *[("proxy.hop.complete", hop) for hop in hops],
    ]
    names = [event for event, _ in observer.events]
    assert names[0] == "proxy.hop.started"
    assert names[-1] == "proxy.hop.complete"
    assert not {"request.sent", "response.received"} & set(names)


def test_the_name_that_a_socks4_proxy_cannot_resolve() -> None:
    observer = Observer()
    dial("socks4", observer, RecordingBackend(SOCKS4_REPLIES))
    name = {"host": "example.com", "port": 443}
    assert observer.of("connect.resolve") == [
        ("connect.resolve.started", name),
        ("connect.resolve.complete", {**name, "addresses": ["192.0.2.7"]}),
    ]


@pytest.mark.parametrize("kind", ["tunnel", "chain"])
def test_no_credentials_are_shown(kind: str) -> None:
    observer, backend = Observer(), RecordingBackend(REPLIES[kind])
    dial(kind, observer, backend)
    assert b"hunter2" in backend.streams[0].written
    requests = [info["request"].headers for _, info in observer.events if "request" in info]
    assert requests
    assert "hunter2" not in repr([requests, [{**info, "request": None} for _, info in observer.events]])


def test_a_proxy_that_refuses() -> None:
    observer = Observer()
    with pytest.raises(ProxyError) as caught:
        dial("chain", observer, RecordingBackend([ESTABLISHED, REFUSED]))
    ends = observer.of("proxy.hop")[3:]
    assert [(event, info["index"]) for event, info in ends] == [
        ("proxy.hop.complete", 0),
        ("proxy.hop.failed", 1),
        ("proxy.hop.failed", 2),
    ]
    assert ends[1][1]["exception"] is ends[2][1]["exception"] is caught.value


def test_a_proxy_that_cannot_be_reached() -> None:
    observer, error = Observer(), ConnectError("no")
    with pytest.raises(ConnectError):
        dial("tunnel", observer, RecordingBackend(error))
    assert observer.events[-1] == (
        "proxy.hop.failed",
        {"proxy": "http://second.local:8080", "index": 0, "exception": error},
    )


def test_a_function_for_the_context_is_called_first() -> None:
    observer, backend = Observer(), RecordingBackend(REPLIES["chain"])
    dial("chain", observer, backend, context=ssl.create_default_context)
    names = [event for event, _ in observer.events]
    assert observer.of("tls.context") == [("tls.context.started", {}), ("tls.context.complete", {})]
    assert names.index("tls.context.complete") < names.index("connection.connect_tcp.started")


def test_a_function_for_the_context_that_fails() -> None:
    def fail() -> ssl.SSLContext:
        raise FileNotFoundError("no certificates")

    observer, backend = Observer(), RecordingBackend(REPLIES["chain"])
    with pytest.raises(FileNotFoundError, match="no certificates"):
        dial("chain", observer, backend, context=fail)
    assert observer.of("tls.context")[1][0] == "tls.context.failed"
    assert backend.connects == []


@pytest.mark.parametrize("kind", REPLIES)
def test_an_observer_that_raises_leaves_nothing_open(kind: str) -> None:
    complete = Observer()
    dial(kind, complete, RecordingBackend(REPLIES[kind]))
    assert len(complete.events) > 3
    for number in range(len(complete.events)):
        backend = RecordingBackend(REPLIES[kind])
        with pytest.raises(ObserverError):
            dial(kind, Observer(number), backend)
        assert all(stream.closed for stream in backend.streams)
