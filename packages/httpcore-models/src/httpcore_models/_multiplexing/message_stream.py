"""One request and its response, as far as the frames of HTTP/2 and HTTP/3 do not matter."""

import collections

from .._exceptions import RemoteProtocolError
from .events import Event, Failure, InformationalResponse, ResponseHead, Trailers
from .translate import FieldSection, RequestHead

# How many interim responses may wait to be read: their fields may take much more memory here than on the wire.
_MAX_UNREAD_INTERIM = 64

# Parts of a body below `_SMALL` bytes are gathered into larger ones, of up to `_GATHERED` bytes, until they are read.
_SMALL, _GATHERED = 512, 16 * 1024


class MessageStream:
    """One request and its response. `sent` counts the bytes of the request body, `received` those of the response."""

    __slots__ = (
        "_bodiless",
        "declined",
        "events",
        "expected_length",
        "failure",
        "head",
        "id",
        "local_end",
        "received",
        "remote_end",
        "response_begun",
        "reused",
        "sent",
        "status",
        "was_reset",
    )

    def __init__(self, head: RequestHead) -> None:
        self.head: RequestHead = head
        #: The stream identifier. Until the stream is opened, this is 0.
        self.id: int = 0
        self.sent: int = 0
        self.received: int = 0
        self.local_end: bool = not head.has_body
        self.remote_end: bool = False
        self.was_reset: bool = False
        #: Whether the server has answered before it agreed to take the body, as the request has asked it to do.
        self.declined: bool = False
        self.failure: Failure | None = None
        #: Whether any part of a response has arrived, and the status of the final response.
        self.response_begun: bool = False
        self.status: int | None = None
        self.expected_length: int | None = None
        self._bodiless = False
        #: Whether the connection had carried a response before this request was sent.
        self.reused: bool = False
        self.events: collections.deque[Event | bytearray] = collections.deque()

    # Sending.

    def wants_body(self) -> bool:
        """Whether the server still has a use for the rest of the body.

        It has none once the stream or the connection has ended, or when the response is an error or a redirection. A
        successful response may be complete before the request is: a server that wants no more of the body then sends
        RST_STREAM (RFC 9113 section 8.1). A tunnel whose other end is closed takes nothing more.
        """
        return not (self.local_end or self.refuses_body())

    def refuses_body(self) -> bool:
        """Whether the server has no use for the body, or its rest, even if it was handed over to be sent."""
        return (
            (self.head.is_connect and self.remote_end)
            or self.was_reset
            or self.failure is not None
            or (self.status is not None and self.status >= 300)
            or self.declined
        )

    def may_send_body(self) -> bool | None:
        """Whether to send a body that the server has to agree to, or `None` while the server has not answered.

        A final response says no. But after `100 Continue`, only one that refuses the body does.
        """
        if self.refuses_body():
            return False
        if any(type(event) is InformationalResponse and event.status == 100 for event in self.events):
            return True
        self.declined = self.status is not None
        return False if self.declined else None

    def is_half_sent(self, written: bool) -> bool:
        """Whether a part of the body is missing that the server wants, as far as its response tells.

        `written` says that the network has taken all that was handed over to be sent.
        """
        complete = self.local_end and (written or not self.head.has_body)
        enough = self.declined or (self.status is not None and self.status >= 300)
        return not (complete or self.head.is_connect or enough)

    # Receiving.

    def has_event(self) -> bool:
        """Whether the engine's `next_event()` returns anything but `NEED_DATA`."""
        return bool(self.events) or self.remote_end or self.failure is not None

    def take_body(self) -> bytes | None:
        """Return the rest of a body that has arrived completely, or `None` if `next_event()` has to be asked."""
        events = self.events
        if not self.remote_end or (events and type(events[-1]) is Trailers):
            return None
        body = b"".join(events)  # type: ignore[arg-type]
        events.clear()
        return body

    def receive_fields(self, section: FieldSection, end: bool) -> None:
        """Take a head or the trailers. Raises `RemoteProtocolError` if they are not allowed here."""
        self.response_begun = True
        status = section.status
        if self.status is None and status is not None and status >= 200:
            self.status = status
            if not self.head.is_connect or status >= 300:
                # RFC 9113 section 8.1.1: a response without a body may declare the length that one would have.
                self._bodiless = self.head.is_head or status in (204, 304)
                self.expected_length = None if self._bodiless else section.content_length
            self.events.append(ResponseHead(status, section.headers.copy()))
        elif self.status is not None:
            if not end:
                raise RemoteProtocolError("Trailers must have END_STREAM set")
            if status is not None:
                raise RemoteProtocolError("Received ':status' in the middle of a response")
            self.events.append(Trailers(section.headers.copy()))
        elif status is None:
            raise RemoteProtocolError("Received a response without ':status'")
        else:
            if end:
                raise RemoteProtocolError(f"Cannot set END_STREAM on informational responses (status {status})")
            if len(self.events) >= _MAX_UNREAD_INTERIM:
                raise RemoteProtocolError(f"Received more than {_MAX_UNREAD_INTERIM} interim responses in a row")
            self.events.append(InformationalResponse(status, section.headers.copy()))
        if end:
            self.receive_end()

    def expect_body(self, size: int) -> None:
        """Note that `size` bytes of the body arrive now. Raises `RemoteProtocolError` if they are not allowed here."""
        if self.status is None:
            raise RemoteProtocolError("cannot receive data before headers")
        if size and self._bodiless:
            request = " to HEAD" if self.head.is_head else ""
            raise RemoteProtocolError(f"Received a body of a response{request} that has none (status {self.status})")
        self.received += size
        if self.expected_length is not None and self.received > self.expected_length:
            raise self._wrong_length()

    def add_body(self, data: bytes) -> None:
        """Take a part of the body, which is not empty."""
        if len(data) < _SMALL and len(data) < self.received:
            self._gather(data)
        else:
            # A large part, or the only one.
            self.events.append(data)

    def _gather(self, data: bytes) -> None:
        """Append a small part to others that are still unread: an object for each would take far more memory."""
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
        """Take the end of the response. Raises `RemoteProtocolError` if it comes too early."""
        if self.expected_length is not None and self.received != self.expected_length:
            raise self._wrong_length()
        self.remote_end = True
