"""One request and its response on a connection, as far as it can be looked at alone (RFC 9113 section 5.1).

             open_stream()                 END_STREAM of both sides
    (idle) ────────────────▶ open ───────────────────────────────────▶ closed
                              │            RST_STREAM of either side     ▲
                              └──────────────────────────────────────────┘

Half-closed is where only one of `local_end` and `remote_end` is true.
"""

import collections

from httpcore_models import RemoteProtocolError

from ._events import Event, Failure, InformationalResponse, ResponseHead, Trailers
from ._flow import STREAM_WINDOW, Credit
from ._translate import FieldSection, RequestHead

# How many interim responses may wait to be read: their fields may take much more memory here than on the wire.
_MAX_UNREAD_INTERIM = 64

# Parts of a body below this size are gathered into larger ones, up to this size, both in bytes, unless they are asked
# for at once.
_SMALL, _GATHERED = 512, 16 * 1024


class Stream:
    """One request and its response. `sent` counts the bytes of the request body, `received` those of the response."""

    __slots__ = (
        "_bodiless",
        "_is_head",
        "credit",
        "declared_length",
        "events",
        "expected_length",
        "failure",
        "id",
        "is_connect",
        "local_end",
        "received",
        "remote_end",
        "response_begun",
        "reused",
        "send_window",
        "sent",
        "status",
        "was_reset",
        "window",
    )

    def __init__(self, stream_id: int, head: RequestHead, reused: bool, send_window: int) -> None:
        self.id: int = stream_id
        self.is_connect: bool = head.is_connect
        self.declared_length: int | None = head.declared_length
        self.sent: int = 0
        self.received: int = 0
        self.local_end: bool = not head.has_body
        self.remote_end: bool = False
        self.was_reset: bool = False
        self.failure: Failure | None = None
        # Whether anything of a response has come, and the status of the final one.
        self.response_begun: bool = False
        self.status: int | None = None
        self.expected_length: int | None = None
        self._is_head = head.is_head
        self._bodiless = False
        # Whether other requests had been response_begun on this connection before this one was sent.
        self.reused: bool = reused
        # What may be sent, and received, and how the latter is given back.
        self.send_window: int = send_window
        self.window: int = STREAM_WINDOW
        self.credit: Credit = Credit(STREAM_WINDOW)
        self.events: collections.deque[Event | bytearray] = collections.deque()

    @property
    def closed(self) -> bool:
        """Whether the stream counts no more against the server's limit."""
        return self.was_reset or (self.local_end and self.remote_end)

    def receive_fields(self, section: FieldSection, end: bool) -> None:
        """Take a head or the trailers. Raises `RemoteProtocolError` for what may not come here."""
        self.response_begun = True
        status = section.status
        if self.status is not None:
            if not end:
                raise RemoteProtocolError("Trailers must have END_STREAM set")
            if status is not None:
                raise RemoteProtocolError("Received ':status' in the middle of a response")
            self.events.append(Trailers(list(section.headers)))
        elif status is None:
            raise RemoteProtocolError("Received a response without ':status'")
        elif status < 200:
            if end:
                raise RemoteProtocolError(f"Cannot set END_STREAM on informational responses (status {status})")
            if len(self.events) >= _MAX_UNREAD_INTERIM:
                raise RemoteProtocolError(f"Received more than {_MAX_UNREAD_INTERIM} interim responses in a row")
            self.events.append(InformationalResponse(status, list(section.headers)))
            return
        else:
            self.status = status
            if not (self.is_connect and status < 300):
                # RFC 9113 section 8.1.1: a response without a body may well say how long one would be.
                self._bodiless = self._is_head or status in (204, 304)
                self.expected_length = None if self._bodiless else section.content_length
            self.events.append(ResponseHead(status, list(section.headers)))
        if end:
            self.receive_end()

    def receive_body(self, data: bytes, end: bool) -> None:
        """Take a part of the body. Raises `RemoteProtocolError` for what may not come here."""
        if self.status is None:
            raise RemoteProtocolError("cannot receive data before headers")
        if data and self._bodiless:
            request = " to HEAD" if self._is_head else ""
            raise RemoteProtocolError(f"Received a body of a response{request} that has none (status {self.status})")
        self.received += len(data)
        if self.expected_length is not None and self.received > self.expected_length:
            raise self._wrong_length()
        if len(data) >= _SMALL:
            self.events.append(data)
        elif data:
            self._gather(data)
        if end:
            self.receive_end()

    def _gather(self, data: bytes) -> None:
        """Append a small part to others that nobody has asked for yet: an object for each would take far more room."""
        last = self.events[-1] if self.events else None
        if type(last) is bytearray and len(last) < _GATHERED:
            last += data
        elif type(last) is bytes and len(last) < _SMALL:
            self.events[-1] = bytearray(last + data)
        else:
            self.events.append(data)

    def _wrong_length(self) -> RemoteProtocolError:
        text = f"InvalidBodyLengthError: Expected {self.expected_length} bytes, received {self.received}"
        return RemoteProtocolError(text)

    def receive_end(self) -> None:
        """Take the end of the response. Raises `RemoteProtocolError` when it comes too early."""
        if self.expected_length is not None and self.received != self.expected_length:
            raise self._wrong_length()
        self.remote_end = True
