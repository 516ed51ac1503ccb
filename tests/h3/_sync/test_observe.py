# Generated from ../_async/test_observe.py by tools/make_sync.py: edit that file, then run it.
"""What an observer is told, and why a connection says that it takes no further request."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpcore_h3 import HTTP3Connection
from httpcore_models import Origin, ReadError, RemoteProtocolError, Response, SyncBackend, WriteTimeout
from httpcore_test_support._sync.h11_connections import first_part
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.h3_dialogue import CONTROL_STREAM, OK, data, head, varint
from httpcore_test_support.h3_server import H3Server, Handler, Peer, answering, h3_server, silent
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}
SHORT: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 0.1, "pool": 20.0}}
HEAD = len(":status") + len("200")
CONTENT = bytes(60_000)


class ObserverError(Exception):
    """Raised by the observer."""


class Observer:
    """Keeps events, and raises an error at one of them."""

    def __init__(self, raise_at: str = "") -> None:
        self.raise_at = raise_at
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.events.append((event, info))
        if event == self.raise_at:
            raise ObserverError

    @property
    def names(self) -> list[str]:
        """The names of the events."""
        return [event for event, _ in self.events]

    def infos(self, name: str) -> list[dict[str, Any]]:
        """What the events of this name tell."""
        return [info for event, info in self.events if event == name]


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than 20,000 bytes of a body wait in QUIC."""
    monkeypatch.setattr("httpcore_h3._engine.MAX_QUEUED", 20_000)
    monkeypatch.setattr("httpcore_h3._engine._ROOM_AGAIN", 10_000)


@contextmanager
def connected(
    certificates: Certificates, handler: Handler = answering, **options: Any
) -> Iterator[tuple[HTTP3Connection, H3Server]]:
    with h3_server(certificates, handler) as server:
        stream = SyncBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
        origin = Origin(b"https", b"localhost", server.port)
        with HTTP3Connection(origin, stream, certificates.client_context(), **options) as connection:
            yield connection, server


def ask(connection: HTTP3Connection, url: str, observer: Any, **options: Any) -> Response:
    extensions = {**TIMEOUTS, "observe": observer, **options.pop("extensions", {})}
    return connection.request(options.pop("method", "GET"), url, extensions=extensions, **options)


@pytest.mark.parametrize("size", [0, 4])
def test_the_bytes_of_an_exchange(certificates: Certificates, size: int) -> None:
    observer = Observer()
    with connected(certificates) as (connection, server):
        method, content = ("PUT", bytes(size)) if size else ("GET", None)
        response = ask(connection, server.url, observer, method=method, content=content)
        assert response.content == b"hello"
    (sent,), (received,) = observer.infos("request.sent"), observer.infos("response.received")
    assert sent["body_bytes"] == size
    assert received == {"header_bytes": HEAD, "body_bytes": 5, "complete": True}
    assert observer.names.index("request.sent") == observer.names.index("http3.send_request_body.complete") + 1
    assert "http3.window_wait.started" not in observer.names


def test_a_response_that_is_closed_early(certificates: Certificates) -> None:
    def handler(peer: Peer, stream_id: int) -> None:
        if stream_id not in peer.answered:
            peer.answered.add(stream_id)
            peer.send(stream_id, head(OK) + data(b"he"))

    observer = Observer()
    with (
        connected(certificates, handler) as (connection, server),
        connection.stream("GET", server.url, extensions={**TIMEOUTS, "observe": observer}) as response,
    ):
        assert first_part(response) == b"he"
    assert observer.infos("response.received") == [{"header_bytes": HEAD, "body_bytes": 2, "complete": False}]


@pytest.mark.usefixtures("little_room")
def test_an_upload_that_waits_until_the_server_has_taken_more(certificates: Certificates) -> None:
    observer = Observer()
    with connected(certificates) as (connection, server):
        response = ask(connection, server.url, observer, method="PUT", content=CONTENT)
        assert response.content == b"hello"
    started, complete = observer.infos("http3.window_wait.started"), observer.infos("http3.window_wait.complete")
    assert started
    assert started == complete
    assert {info["stream_id"] for info in started} == {0}
    # The last wait may be for what is left when all was handed over.
    assert all(10_000 < info["queued"] <= 20_100 for info in started[:-1])
    assert 0 < started[-1]["queued"] <= 20_100
    assert observer.infos("request.sent")[0]["body_bytes"] == len(CONTENT)
    ends = [observer.names.index(f"http3.{name}.complete") for name in ("window_wait", "send_request_body")]
    assert ends == sorted(ends)


@pytest.mark.usefixtures("little_room")
@pytest.mark.parametrize("end", ["started", "complete"])
def test_an_observer_that_raises_in_such_a_wait_ends_the_request_only(certificates: Certificates, end: str) -> None:
    with connected(certificates) as (connection, server):
        with pytest.raises(ObserverError):
            ask(connection, server.url, Observer(f"http3.window_wait.{end}"), method="PUT", content=CONTENT)
        assert connection.is_idle()
        assert not connection._shared.senders
        assert (ask(connection, server.url, None)).content == b"hello"


@pytest.mark.usefixtures("little_room")
def test_such_a_wait_that_takes_too_long(certificates: Certificates) -> None:
    observer = Observer()
    with connected(certificates) as (connection, server):
        assert (ask(connection, server.url, None)).content == b"hello"
        server.deaf = True
        with pytest.raises(WriteTimeout) as caught:
            ask(connection, server.url, observer, method="PUT", content=CONTENT, extensions=SHORT)
    (failed,) = observer.infos("http3.window_wait.failed")
    assert failed["exception"] is caught.value
    assert "request.sent" not in observer.names
    assert "response.received" not in observer.names


def goaway(peer: Peer, stream_id: int) -> None:
    """Announce the end of the connection with the first answer."""
    if peer.requests[stream_id].ended and not stream_id:
        peer.send(CONTROL_STREAM, b"\x07\x01" + varint(4))
    answering(peer, stream_id)


def disconnecting(peer: Peer, stream_id: int) -> None:
    """Close the connection instead of an answer."""
    peer.quic.close(error_code=0x100)


def breaking_the_protocol(peer: Peer, stream_id: int) -> None:
    """Answer by a frame that does not belong there."""
    peer.send(stream_id, b"\x04\x00", True)


@pytest.mark.parametrize(
    ("handler", "error", "reason"),
    [
        (answering, None, None),
        (goaway, None, "server closed it"),
        (disconnecting, RemoteProtocolError, "server closed it"),
        (breaking_the_protocol, RemoteProtocolError, "failed"),
    ],
)
def test_why_a_connection_takes_no_further_request(
    certificates: Certificates, handler: Handler, error: type[Exception] | None, reason: str | None
) -> None:
    with connected(certificates, handler) as (connection, server):
        if error is None:
            assert (ask(connection, server.url, None)).content == b"hello"
        else:
            with pytest.raises(error):
                ask(connection, server.url, None)
        wait_until(lambda: connection.has_expired() or connection.is_closed() or reason is None)
        assert connection.close_reason == reason
    # Closing it here is no reason.
    assert connection.close_reason == reason


def test_a_server_that_is_silent_for_too_long_has_closed_the_connection(certificates: Certificates) -> None:
    with connected(certificates, silent, idle_timeout=0.2) as (connection, server):
        connection.handshake(20.0)
        server.deaf = True
        with pytest.raises(ReadError, match="idle timeout"):
            ask(connection, server.url, None)
        assert connection.close_reason == "server closed it"
