"""The engine as a client: what it was asked to send, and what it reported of each response."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from h2.config import H2Configuration
from httpcore_h2._engine import Engine
from httpcore_h2._events import END_OF_STREAM, NEED_DATA, InformationalResponse, ResponseHead, Trailers
from httpcore_h2._stream import Stream
from httpcore_models import ConnectionNotAvailable, ReadError, RemoteProtocolError, Request
from httpcore_models.multiplexing import RequestTranslator

from .wire import Wire

__all__ = ["Call", "Client", "Fields", "new_engine"]

Field = tuple[bytes, bytes]

# Fields that are the same in many requests, and some that are not allowed into the table.
_NAMES = (b"accept", b"user-agent", b"accept-encoding", b"x-a", b"x-b", b"range", b"cache-control", b"te-x")
_SECRETS = (b"authorization", b"proxy-authorization", b"cookie")


def new_engine() -> Engine:
    """Return an engine as a connection makes it."""
    return Engine(H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False))


class Fields:
    """Draws header fields. Most were drawn before, and those that were not change the tables of both sides."""

    def __init__(self, chance: Random, names: tuple[bytes, ...] = _NAMES) -> None:
        self._chance = chance
        self._names = names
        self._last: list[list[Field]] = [[]]

    def draw(self) -> list[Field]:
        """Return header fields."""
        chance = self._chance
        if chance.random() < 0.5:
            return list(chance.choice(self._last[-4:]))
        count = chance.choice((1, 1, 2, 3, 8))
        found = [(chance.choice(self._names), self._value()) for _ in range(count)]
        if chance.random() < 0.1:
            found.append(found[0])
        self._last.append(found)
        return list(found)

    def _value(self) -> bytes:
        chance = self._chance
        kind = chance.random()
        if kind < 0.6:
            return b"value %d" % chance.randrange(3)
        if kind < 0.95:
            return b"%d" % chance.randrange(2**40)
        return bytes([chance.randrange(33, 127)]) * chance.choice((0, 60, 126, 127, 128, 254, 4000))


class Call:
    """A request, what was sent of it, and what was reported of its response."""

    def __init__(self, stream: Stream, body: bytes) -> None:
        self.stream = stream
        self.body = body
        self.sent = 0
        self.opened = False
        self.refused = False
        self.finished = False
        #: Whether the response was read to its end, and the exception that it failed with.
        self.complete = False
        self.failure: Exception | None = None
        self.got: list[Any] = []

    @property
    def is_over(self) -> bool:
        """Whether nothing more can be read."""
        return self.complete or self.failure is not None or self.refused or self.finished

    @property
    def head_read(self) -> bool:
        """Whether the final head has been read."""
        return any(isinstance(part, tuple) and part[0] == "head" for part in self.got)

    def note(self, event: Any) -> None:
        """Note an event of the response."""
        if isinstance(event, bytes):
            assert event, "an empty part of a body was reported"
            if self.got and isinstance(self.got[-1], bytearray):
                self.got[-1] += event
            else:
                self.got.append(bytearray(event))
        elif isinstance(event, InformationalResponse):
            self.got.append(("interim", event.status, event.headers))
        elif isinstance(event, ResponseHead):
            self.got.append(("head", event.status, event.headers))
        elif isinstance(event, Trailers):
            self.got.append(("trailers", event.headers))
        else:
            assert event is END_OF_STREAM
            self.got.append("end")
            self.complete = True


class Client:
    """The engine with its preface on its way."""

    def __init__(self, chance: Random, wire: Wire) -> None:
        self.engine = new_engine()
        self.translator = RequestTranslator()
        self.chance = chance
        self.wire = wire
        self.calls: list[Call] = []
        self.pings = 0
        self.now = 0.0
        self.fields = Fields(chance)
        self.last_headers: list[Field] = []
        self.engine.start()
        self.flush()

    def flush_soon(self) -> None:
        """Put on the way what the engine has to send, or let it wait for more."""
        if self.chance.random() < 0.7:
            self.flush()

    def flush(self) -> None:
        """Put on the way what the engine has to send."""
        data = self.engine.bytes_to_send()
        assert type(data) is bytes
        self.wire.send(data)
        assert self.engine.bytes_to_send() == b""

    def receive(self, data: bytes) -> None:
        """Take bytes of the server. The engine has to name each stream that has something new."""
        engine = self.engine
        before = {call: self._state(call) for call in self.open_calls()}
        self.now += self.chance.choice((0.0, 0.001, 1.0))
        touched, _ = engine.receive_data(data, self.now)
        for call, state in before.items():
            assert call.stream in touched or self._state(call) == state, f"stream {call.stream.id} was not named"
        assert engine.failure is None, engine.failure
        self.flush_soon()

    def _state(self, call: Call) -> tuple[Any, ...]:
        stream = call.stream
        unread = sum(len(event) if isinstance(event, (bytes, bytearray)) else 1 for event in stream.events)
        return unread, stream.has_event(), self.engine.can_go_on(stream), stream.wants_body()

    def open_calls(self) -> Iterator[Call]:
        """Return the calls that have a stream which is not finished."""
        return (call for call in self.calls if call.opened and not call.finished)

    def request(self, body: bytes) -> Call:
        """Admit a request."""
        chance = self.chance
        method = chance.choice((b"GET", b"GET", b"GET", b"HEAD", b"DELETE")) if not body else b"POST"
        if chance.random() < 0.04:
            method = b"CONNECT"
        if chance.random() < 0.5:
            headers = list(self.last_headers)
        else:
            headers = [(b"Host", chance.choice((b"localhost", b"other"))), *self.fields.draw()]
            if chance.random() < 0.3:
                name = chance.choice(_SECRETS)
                headers.append((name, chance.choice((b"secret", b"a=b", b"s" * 19, b"s" * 20, b"s" * 127, b"s" * 128))))
            if chance.random() < 0.02:
                headers.append((b"x-long", b"long" * chance.choice((4_000, 5_000, 15_000))))
        self.last_headers = [field for field in headers if field[0] not in (b"Content-Length", b"Transfer-Encoding")]
        headers = list(self.last_headers) or [(b"Host", b"localhost")]
        if body and chance.random() < 0.5 and method != b"CONNECT":
            headers.append((b"Content-Length", b"%d" % len(body)))
        elif body or chance.random() < 0.1:
            headers.append((b"Transfer-Encoding", b"chunked"))
        target = chance.choice(
            (b"/", b"/", b"/path", b"/%d" % chance.randrange(10**6), b"/" + b"p" * chance.choice((125, 126, 127, 200)))
        )
        request = Request(method, b"https://localhost" + target, headers=headers)
        call = Call(Stream(self.translator.request_head(request)), body)
        try:
            self.engine.admit(call.stream)
        except ConnectionNotAvailable:
            assert not self.engine.usable
            call.refused = True
        self.calls.append(call)
        return call

    def open(self, call: Call) -> None:
        """Send the head of a request, if a stream may be opened."""
        possible = self.engine.can_open
        try:
            call.opened = self.engine.open_stream(call.stream)
        except ConnectionNotAvailable:
            assert not self.engine.usable
            self.engine.finish(call.stream)
            call.refused = call.finished = True
        assert call.opened == possible
        self.flush_soon()

    def send(self, call: Call, size: int) -> bool:
        """Send a part of the body; return whether anything was sent."""
        expected = min(size, len(call.body) - call.sent)
        wanted, possible = call.stream.wants_body(), self.engine.can_go_on(call.stream)
        data = memoryview(call.body)[call.sent : call.sent + expected]
        end = self.chance.random() < 0.5 and call.sent + expected == len(call.body)
        sent = self.engine.send_data(call.stream, bytes(data) if self.chance.random() < 0.5 else data, end)
        assert (sent is None) == (not wanted)
        if sent is None:
            return False
        assert 0 <= sent <= expected
        assert possible == bool(sent) or not expected
        assert call.stream.local_end == (end and sent == expected)
        call.sent += sent
        self.flush_soon()
        return sent > 0

    def end(self, call: Call) -> None:
        """End the body."""
        self.engine.end_request(call.stream)
        self.flush_soon()

    def read(self, call: Call, count: int) -> None:
        """Read up to `count` events of the response."""
        for _ in range(count):
            if call.is_over:
                return
            if call.head_read and self.chance.random() < 0.1 and self._take_body(call):
                continue
            try:
                event = self.engine.next_event(call.stream)
            except (RemoteProtocolError, ReadError) as exc:
                call.failure = exc
                break
            if event is NEED_DATA:
                assert not call.stream.has_event()
                break
            call.note(event)
        self.flush_soon()

    def _take_body(self, call: Call) -> bool:
        body = call.stream.take_body()
        if body:
            call.note(body)
        return bool(body)

    def finish(self, call: Call) -> None:
        """Finish a call, whether it is over or not."""
        self.engine.finish(call.stream)
        call.finished = True
        self.flush_soon()

    def ping(self) -> None:
        """Send PING."""
        self.engine.ping()
        self.pings += 1
        self.flush_soon()
