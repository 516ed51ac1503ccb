# Generated from ../_async/test_observe.py by tools/make_sync.py: edit that file, then run it.
"""The observer of an exchange: bytes, waits for credit, and what happens when it raises."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpcore_h2 import HTTP2Connection
from httpcore_models import Origin, Response, SyncBackend, WriteTimeout
from httpcore_test_support import h2_frames
from httpcore_test_support._sync.h11_connections import first_part
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.scripted import ScriptedServer, scripted_server
from hyperframe.frame import DataFrame, HeadersFrame, RstStreamFrame

pytestmark = pytest.mark.anyio

TIMEOUTS = {"timeout": {"read": 5.0, "write": 5.0, "pool": 5.0}}
# The names and values of the fields that a peer sends with a status.
HEAD = len(":status") + len("200")
WINDOW = 65_535


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

    def info(self, name: str) -> dict[str, Any]:
        """What the only event of this name tells."""
        (info,) = [info for event, info in self.events if event == name]
        return info


class Callback:
    """A trace callback that keeps events."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        self.events.append(event)


@contextmanager
def connected(script: Any) -> Iterator[tuple[HTTP2Connection, ScriptedServer]]:
    with scripted_server(http2_script(script)) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0)
        with HTTP2Connection(Origin(b"http", b"127.0.0.1", server.port), stream) as connection:
            yield connection, server
        server.raise_failures()


def ask(connection: HTTP2Connection, url: str, observer: Any, **options: Any) -> Response:
    extensions = {**TIMEOUTS, "observe": observer, **options.pop("extensions", {})}
    return connection.request(options.pop("method", "GET"), url, extensions=extensions, **options)


@pytest.mark.parametrize("size", [0, 4])
def test_the_bytes_of_an_exchange(size: int) -> None:
    observer = Observer()
    with connected(answering) as (connection, server):
        headers = {"Host": "localhost"}
        method = "PUT" if size else "GET"
        content = bytes(size) if size else None
        response = ask(connection, server.url, observer, method=method, headers=headers, content=content)
        assert response.content == b"hello"
    fields = {":method": method, ":scheme": "http", ":path": "/", ":authority": "localhost"}
    if size:
        fields["content-length"] = "4"
    sent = sum(len(name) + len(value) for name, value in fields.items())
    assert observer.info("request.sent") == {"header_bytes": sent, "body_bytes": size}
    head = HEAD + sum(len(name) + len(value) for name, value in response.headers)
    assert observer.info("response.received") == {"header_bytes": head, "body_bytes": 5, "complete": True}
    assert observer.names.index("request.sent") == observer.names.index("http2.send_request_body.complete") + 1
    body = observer.names.index("http2.receive_response_body.complete")
    assert observer.names.index("response.received") == body + 1


def test_responses_without_a_body() -> None:
    def script(peer: Http2Peer) -> None:
        for _ in range(2):
            peer.send(h2_frames.headers(peer.next(HeadersFrame).stream_id, end_stream=True))

    with connected(script) as (connection, server):
        for read in (True, False):
            observer = Observer()
            with connection.stream("HEAD", server.url, extensions={**TIMEOUTS, "observe": observer}) as response:
                if read:
                    assert response.read() == b""
            assert observer.info("response.received")["body_bytes"] == 0
            assert observer.info("response.received")["complete"]


def test_a_response_that_is_closed_early_or_cut() -> None:
    def script(peer: Http2Peer) -> None:
        for end in (b"", h2_frames.rst_stream(3, 2)):
            stream_id = peer.next(HeadersFrame).stream_id
            peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"he"), end)
        answering(peer)

    with connected(script) as (connection, server):
        closed, cut = Observer(), Observer()
        with connection.stream("GET", server.url, extensions={**TIMEOUTS, "observe": closed}) as response:
            assert first_part(response) == b"he"
        with pytest.raises(Exception, match="Stream"):
            ask(connection, server.url, cut)
        for observer in (closed, cut):
            info = observer.info("response.received")
            assert (info["body_bytes"], info["complete"]) == (2, False)
        assert (ask(connection, server.url, None)).content == b"hello"


def test_what_a_tunnel_carries_does_not_count() -> None:
    def script(peer: Http2Peer) -> None:
        stream_id = peer.next(HeadersFrame).stream_id
        peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"frame"))
        peer.next(DataFrame)

    observer = Observer()
    with connected(script) as (connection, server):
        extensions = {**TIMEOUTS, "observe": observer, "target": b"localhost:80"}
        with connection.stream("CONNECT", server.url, extensions=extensions) as response:
            assert observer.info("response.received") == {"header_bytes": HEAD, "body_bytes": 0, "complete": True}
            tunnel = response.extensions["network_stream"]
            assert tunnel.read(100, 5.0) == b"frame"
            tunnel.close()
    assert observer.names.count("response.received") == 1
    assert observer.info("request.sent")["body_bytes"] == 0


def test_a_wait_for_credit() -> None:
    def script(peer: Http2Peer) -> None:
        stream_id, size = peer.next(HeadersFrame).stream_id, 0
        while size < WINDOW:
            size += len(peer.next(DataFrame).data)
        peer.send(h2_frames.window_update(0, 1000), h2_frames.window_update(stream_id, 500))
        assert len(peer.next(DataFrame).data) == 100
        peer.respond(stream_id)

    observer, content = Observer(), bytes(WINDOW + 100)
    with connected(script) as (connection, server):
        response = ask(connection, server.url, observer, method="PUT", content=content)
        assert response.content == b"hello"
    info = {"stream_id": 1, "connection_window": 0, "stream_window": 0}
    assert observer.info("http2.window_wait.started") == observer.info("http2.window_wait.complete") == info
    assert observer.info("request.sent")["body_bytes"] == WINDOW + 100
    assert observer.names.index("http2.window_wait.complete") < observer.names.index("http2.send_request_body.complete")


@pytest.mark.parametrize("end", ["started", "complete"])
def test_an_observer_that_raises_in_a_wait_for_credit_ends_the_request_only(end: str) -> None:
    def script(peer: Http2Peer) -> None:
        stream_id, size = peer.next(HeadersFrame).stream_id, 0
        while size < WINDOW:
            size += len(peer.next(DataFrame).data)
        peer.send(h2_frames.window_update(0, 1000), h2_frames.window_update(stream_id, 500))
        peer.next(RstStreamFrame)
        answering(peer)

    with connected(script) as (connection, server):
        observer = Observer(f"http2.window_wait.{end}")
        with pytest.raises(ObserverError):
            ask(connection, server.url, observer, method="PUT", content=bytes(WINDOW + 100))
        assert connection.is_idle()
        assert (ask(connection, server.url, None)).content == b"hello"


def test_a_wait_for_credit_that_takes_too_long() -> None:
    def script(peer: Http2Peer) -> None:
        peer.connection.hold()

    observer = Observer()
    with connected(script) as (connection, server):
        with pytest.raises(WriteTimeout) as caught:
            ask(
                connection,
                server.url,
                observer,
                method="PUT",
                content=bytes(WINDOW + 1),
                extensions={"timeout": {"write": 0.05}},
            )
    assert observer.info("http2.window_wait.failed")["exception"] is caught.value
    assert "request.sent" not in observer.names
    assert "response.received" not in observer.names


def test_a_trace_gets_the_same_events_with_an_observer() -> None:
    with connected(answering) as (connection, server):
        ask(connection, server.url, None)  # the preface is sent
        observer, with_it, without = Observer(), Callback(), Callback()
        ask(connection, server.url, observer, method="PUT", content=b"x", extensions={"trace": with_it})
        ask(connection, server.url, None, method="PUT", content=b"x", extensions={"trace": without})
    assert with_it.events == without.events
    assert [name for name in observer.names if name.startswith("http2.")] == with_it.events
    assert [name for name in observer.names if not name.startswith("http2.")] == ["request.sent", "response.received"]


PHASES = ["send_request_headers", "send_request_body", "receive_response_headers", "receive_response_body"]
EVENTS = [f"http2.{phase}.{end}" for phase in (*PHASES, "response_closed") for end in ("started", "complete")]


@pytest.mark.parametrize("event", [*EVENTS, "request.sent", "response.received"])
def test_an_observer_that_raises_ends_the_request_only(event: str) -> None:
    with connected(answering) as (connection, server):
        with pytest.raises(ObserverError):
            ask(connection, server.url, Observer(event), method="PUT", content=b"x")
        assert connection.is_idle()
        assert (ask(connection, server.url, None)).content == b"hello"
