"""Driving an HTTP/2 engine without a network: the client's engine, and a server whose bytes are cut into pieces."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from h2.config import H2Configuration
from httpcore_h2 import RemoteSettingsChanged
from httpcore_h2._engine import Engine
from httpcore_h2._events import END_OF_STREAM, NEED_DATA, Event
from httpcore_h2._stream import Stream
from httpcore_models import ReadError, RemoteProtocolError, Request
from httpcore_models.lowlevel import Retryable, may_retry
from httpcore_models.multiplexing import RequestHead, RequestTranslator
from hypothesis import given, settings
from hypothesis import strategies as st

from . import h2_frames
from .exchanges import bytewise, cut_at

__all__ = ["Dialogue", "Feeding", "every_feeding", "head", "repeatable"]

Feeding = Callable[[bytes], Sequence[bytes]]
Field = tuple[bytes, bytes]

# So much is fed byte by byte; of more, the beginning and the end.
_BYTEWISE = 2000


def head(method: bytes = b"GET", *fields: Field, target: bytes = b"/", **extensions: Any) -> RequestHead:
    """Return the head of a request to https://localhost."""
    url = b"https://localhost" + target
    return RequestTranslator().request_head(
        Request(method, url, headers=[(b"Host", b"localhost"), *fields], extensions=extensions)
    )


def repeatable(exc: Exception) -> Retryable | None:
    """Return which requests may be repeated after `exc`."""
    post, get = (Request(method, "https://localhost/", content=b"body") for method in ("POST", "GET"))
    if may_retry(post, exc):
        return Retryable.ANY
    return Retryable.IDEMPOTENT if may_retry(get, exc) else None


class Dialogue:
    """A client's engine after its preface, and the other end of its wire.

    `received` holds what the server sent, `settings` the changes that were reported, `touched` the streams that were
    said to have something new, by their ids.
    """

    def __init__(
        self,
        feeding: Feeding = lambda data: [data],
        first: bytes = h2_frames.settings(),
        started_at: float | None = None,
    ) -> None:
        """`first` contains the first bytes of the server. See `Engine.start()` for `started_at`."""
        self.engine = Engine(H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False))
        self.client = h2_frames.ClientFrames()
        self.settings: list[RemoteSettingsChanged] = []
        self.touched: set[int] = set()
        self.now = 0.0
        self._feeding = feeding
        self.engine.start(started_at)
        self.preface = self.sent()
        if first:
            self.receive(first)
            self.settings.clear()
            self.sent()

    def request(self, method: bytes = b"GET", *fields: Field, **extensions: Any) -> Stream:
        """Send the head of a request; it has a body if `fields` announce one."""
        stream = Stream(head(method, *fields, **extensions))
        self.engine.admit(stream)
        assert self.engine.open_stream(stream)
        return stream

    def upload(self, length: int | None = None) -> Stream:
        """Send the head of a request with a body, with or without a declared `length`."""
        framing = (b"Transfer-Encoding", b"chunked") if length is None else (b"Content-Length", b"%d" % length)
        return self.request(b"POST", framing)

    def send(self, stream: Stream, content: bytes) -> int | None:
        """Send as much of `content` as the credit allows; return its size, or `None` if it is no longer wanted."""
        return self.engine.send_data(stream, memoryview(content))

    def credit(self, stream: Stream) -> int:
        """Return how many bytes of the body may be sent now."""
        return max(0, min(self.engine.send_window, stream.send_window)) if stream.wants_body() else 0

    def receive(self, *parts: bytes) -> None:
        """Let the server send `parts`, cut into pieces."""
        self.touched = set()
        for piece in self._feeding(b"".join(parts)):
            touched, changes = self.engine.receive_data(piece, self.now)
            self.touched |= {stream.id for stream in touched}
            self.settings += changes

    def disconnect(self) -> None:
        """Let the server close the connection."""
        touched, _ = self.engine.receive_data(b"", self.now)
        self.touched = {stream.id for stream in touched}

    def sent(self) -> list[Any]:
        """Return the frames that the client has sent since the last call, as hyperframe has them."""
        return self.client.receive(self.engine.bytes_to_send())

    def events(self, stream: Stream) -> list[Event]:
        """Return the available events of the response, with END_OF_STREAM. Adjacent parts of the body are joined."""
        found: list[Event] = []
        while (event := self.engine.next_event(stream)) is not NEED_DATA:
            assert stream.has_event() or event is not END_OF_STREAM
            if isinstance(event, bytes) and found and isinstance(found[-1], bytes):
                found[-1] += event
            else:
                found.append(event)
            if event is END_OF_STREAM:
                break
        else:
            assert not stream.has_event()
        return found

    def failure(self, stream: Stream) -> Exception:
        """Return the exception that reading the response ends in."""
        try:
            events = self.events(stream)
        except (RemoteProtocolError, ReadError) as exc:
            return exc
        raise AssertionError(f"the response has not failed: {events!r}")


def _mostly_bytewise(data: bytes) -> list[bytes]:
    if len(data) <= _BYTEWISE:
        return bytewise(data)
    half = _BYTEWISE // 2
    return [*bytewise(data[:half]), data[half:-half], *bytewise(data[-half:])]


def _drawn(data: st.DataObject) -> Feeding:
    def cut(whole: bytes) -> list[bytes]:
        return cut_at(whole, data.draw(st.sets(st.integers(0, len(whole)), max_size=8)))

    return cut


def every_feeding(test: Callable[..., None]) -> Callable[..., None]:
    """Call a test, which takes a `Feeding` first, with all bytes at once, with single bytes and with drawn pieces.

    Drawn pieces take a quarter of the examples that the hypothesis profile allows.
    """
    feeding, *others = inspect.signature(test).parameters.values()

    @functools.wraps(test)
    def run(**arguments: Any) -> None:
        kind = arguments.pop("pieces")
        if kind != "drawn":
            test(_mostly_bytewise if kind == "bytewise" else lambda data: [data], **arguments)
            return

        @settings(database=None, max_examples=max(1, settings().max_examples // 4))
        @given(st.data())
        def drawn(data: st.DataObject) -> None:
            test(_drawn(data), **arguments)

        drawn()

    assert feeding.kind is feeding.POSITIONAL_OR_KEYWORD
    del run.__wrapped__
    kinds = inspect.Parameter("pieces", inspect.Parameter.KEYWORD_ONLY)
    others = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in others]
    run.__signature__ = inspect.Signature([kinds, *others])  # type: ignore[attr-defined]
    parametrized: Callable[..., None] = pytest.mark.parametrize("pieces", ["whole", "bytewise", "drawn"])(run)
    return parametrized
