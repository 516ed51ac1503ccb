# Generated from ../_async/test_message_body.py by tools/make_sync.py: edit that file, then run it.
"""The body of a response that HTTP/2 and HTTP/3 have in common, on an exchange without a network."""

import gc
import logging
from typing import Any

import pytest
from httpcore_models import Lease, ReadError, Request
from httpcore_models.lowlevel import Tracer, get_tracer
from httpcore_models.multiplexing import (
    FieldSection,
    MessageBody,
    MessageStream,
    RequestTranslator,
)

pytestmark = pytest.mark.anyio

HOST = [(b"host", b"localhost")]
PARTS = [b"one", b"two"]


class Lease(Lease):
    """Notes how it ended."""

    def __init__(self, log: list[Any]) -> None:
        self._log = log

    def release(self) -> None:
        self._log.append("released")

    def drop(self) -> None:
        self._log.append("lease dropped")


class Exchange:
    """An exchange whose parts are given; one that is an exception is raised."""

    def __init__(self, parts: list[Any], tracer: Tracer | None = None) -> None:
        self.tracer: Tracer | None = tracer
        self.is_tunnel = False
        self.lease: Lease | None = None
        self.stream = MessageStream(
            RequestTranslator().request_head(Request("GET", "https://localhost/", headers=HOST))
        )
        self.info: dict[str, Any] = {"stream_id": 1}
        self.is_complete = False
        self.log: list[Any] = []
        self._parts = list(parts)

    def receive_body(self, extensions: dict[str, Any]) -> bytes:
        part = self._parts.pop(0) if self._parts else b""
        if isinstance(part, BaseException):
            raise part
        self.is_complete = not part
        return part  # type: ignore[no-any-return]

    def observe_end(self, complete: bool) -> None:
        self.log.append(("end", complete))

    def close(self, shielded: bool = False) -> None:
        self.log.append("shielded close" if shielded else "close")

    def abandon(self) -> bool:
        self.log.append("abandoned")
        return True

    def release(self, holder: object) -> None:
        self.log.append("forgotten")


def traced(events: list[str]) -> Tracer:
    def trace(event: str, info: dict[str, Any]) -> None:
        events.append(event)

    request = Request("GET", "https://localhost/", extensions={"trace": trace})
    tracer = get_tracer(logging.getLogger("httpcore.http2"), request)
    assert tracer is not None
    return tracer


def parts_of(body: MessageBody) -> list[bytes]:
    parts = []
    for part in body:
        parts.append(part)
    return parts


def body_of(exchange: Exchange) -> MessageBody:
    body = MessageBody(exchange, {})
    body.lease = Lease(exchange.log)
    return body


@pytest.mark.parametrize("is_traced", [False, True])
def test_a_body_is_read_once(is_traced: bool) -> None:
    events: list[str] = []
    exchange = Exchange(PARTS, traced(events) if is_traced else None)
    body = body_of(exchange)
    assert parts_of(body) == PARTS
    assert parts_of(body) == []
    body.close()
    body.close()
    assert [entry for entry in exchange.log if isinstance(entry, str)] == ["close", "released"]
    assert events == [f"http2.receive_response_body.{moment}" for moment in ("started", "complete")] * is_traced
    assert [entry for entry in exchange.log if entry == ("end", True)] == [("end", True)] * 2 * is_traced


@pytest.mark.parametrize("is_traced", [False, True])
def test_a_failure_ends_the_exchange(is_traced: bool) -> None:
    events: list[str] = []
    exchange = Exchange([b"one", ReadError("broken")], traced(events) if is_traced else None)
    body = body_of(exchange)
    assert body.__next__() == b"one"
    with pytest.raises(ReadError, match="broken"):
        body.__next__()
    assert exchange.log[-2:] == ["shielded close", "released"]
    assert (("end", False) in exchange.log) is is_traced
    assert events == [f"http2.receive_response_body.{moment}" for moment in ("started", "failed")] * is_traced
    with pytest.raises(ReadError, match="closed before it had been read to its end"):
        body.read()


def test_closing_early_tells_the_trace() -> None:
    events: list[str] = []
    exchange = Exchange(PARTS, traced(events))
    body = body_of(exchange)
    assert body.__next__() == b"one"
    body.close()
    assert events == ["http2.receive_response_body.started", "http2.receive_response_body.failed"]
    assert exchange.log == [("end", False), "close", "released"]
    with pytest.raises(ReadError):
        body.__next__()


def test_what_has_arrived_is_read_at_once() -> None:
    exchange = Exchange([])
    exchange.stream.receive_fields(FieldSection(200, [], None), end=False)
    exchange.stream.events.clear()
    exchange.stream.expect_body(3)
    exchange.stream.add_body(b"abc")
    exchange.stream.receive_end()
    body = body_of(exchange)
    assert body.read() == b"abc"
    assert body.read() == b""
    body.close()


def test_the_rest_is_waited_for() -> None:
    body = body_of(Exchange(PARTS))
    assert body.read() == b"onetwo"
    body.close()


def test_a_signal_while_a_body_is_taken_ends_the_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(stream: MessageStream) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(MessageStream, "take_body", interrupted)
    exchange = Exchange(PARTS)
    with pytest.raises(KeyboardInterrupt):
        body_of(exchange).read()
    assert exchange.log == ["close", "released"]


def test_a_tunnel_has_no_body() -> None:
    exchange = Exchange(PARTS)
    exchange.is_tunnel = True
    body = body_of(exchange)
    assert parts_of(body) == []
    body.close()


@pytest.mark.parametrize("is_traced", [False, True])
def test_a_body_is_dropped_without_waiting_unless_it_is_traced(is_traced: bool) -> None:
    exchange = Exchange(PARTS, traced([]) if is_traced else None)
    body = body_of(exchange)
    body.drop()
    body.drop()
    assert exchange.log == ([] if is_traced else ["abandoned", "lease dropped"])
    body.close()


def test_a_body_that_is_forgotten_releases_its_exchange() -> None:
    exchange = Exchange(PARTS)
    body = body_of(exchange)
    lease = body.lease
    del body
    gc.collect()
    assert exchange.log == ["forgotten"]
    assert exchange.lease is lease
