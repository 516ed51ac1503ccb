"""HTTP/1.1 message exchange without I/O (RFC 9112): a request in, bytes out; bytes in, a response out.

h11 does the parsing and judges what is legal; nothing of it shows outside. In the order of use:

1. `start_request()`, `send_body()` any number of times, `end_body()`: each returns the bytes to send.
2. `next_event()`, and whenever it says `NEED_DATA`, `receive_data()` with what the network gave.
3. `next_cycle()`: true if the same connection can carry another exchange.

Known limits, both h11's: an empty line before the status line, and any transfer coding besides `chunked`, are errors.
A header line that breaks the grammar is an error that shows the line: skipping it could hide a framing header, which
is how responses are smuggled.
"""

import collections
import enum
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import h11
from httpcore_models import LocalProtocolError, RemoteProtocolError


class ResponseHead(NamedTuple):
    """The status line and header fields of a final response."""

    http_version: bytes
    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]


class InformationalResponse(NamedTuple):
    """The head of a response that announces another one (RFC 9110 section 15.2); never 101, which is final."""

    http_version: bytes
    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]


class Signal(enum.Enum):
    """What `next_event()` says when it has no part of a response."""

    NEED_DATA = "need data"
    END_OF_MESSAGE = "end of message"


NEED_DATA = Signal.NEED_DATA
END_OF_MESSAGE = Signal.END_OF_MESSAGE

# Parts of the body are plain bytes.
Event: TypeAlias = InformationalResponse | ResponseHead | bytes | Signal

# Between parts of this size, in bytes, an upload looks whether the server has already answered. As large as the
# reads, and as curl's upload buffer.
_PART_SIZE = 64 * 1024


def body_parts(chunk: bytes) -> Iterator[bytes | memoryview]:
    """Cut a large piece of a body into parts that are sent one by one; nothing is copied."""
    if len(chunk) <= _PART_SIZE:
        if chunk:
            yield chunk
        return
    view = memoryview(chunk)
    for start in range(0, len(view), _PART_SIZE):
        yield view[start : start + _PART_SIZE]


class Engine:
    """The exchanges on one connection, one after the other.

    Raises `LocalProtocolError` for a request that breaks the protocol, and `RemoteProtocolError` for such a response;
    after either the connection cannot go on.
    """

    def __init__(self, max_head_size: int) -> None:
        """`max_head_size` limits the head of a response, interim ones included, and of a chunk, in bytes."""
        self._max_head_size = max_head_size
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=max_head_size)
        self._reset()

    def _reset(self) -> None:
        self._head_bytes = 0
        self._has_head = False
        self._ended = False
        self._pending: collections.deque[Event] = collections.deque()

    def start_request(self, method: bytes, target: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
        """Return the head of the request. Continue with `send_body()` or `end_body()`."""
        try:
            event = h11.Request(method=method, target=target, headers=headers)
        except h11.LocalProtocolError as exc:
            raise LocalProtocolError(str(exc)) from exc
        return self._send(event)

    def send_body(self, data: bytes | memoryview) -> bytes:
        """Return a part of the body, framed. Raises `LocalProtocolError` when it exceeds the declared length."""
        return self._send(h11.Data(data=data))  # type: ignore[arg-type]  # h11 joins it, so any buffer will do

    def end_body(self) -> bytes:
        """Return the end of the body. Raises `LocalProtocolError` when the declared length is not reached."""
        return self._send(h11.EndOfMessage())

    def _send(self, event: h11.Event) -> bytes:
        try:
            return self._h11.send(event) or b""
        except h11.LocalProtocolError as exc:
            raise LocalProtocolError(str(exc)) from exc

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the network, or `b""` for the end of stream. Continue with `next_event()`."""
        if not self._has_head:
            if not data:
                raise RemoteProtocolError("Server disconnected without sending a response.")
            self._head_bytes += len(data)
        self._h11.receive_data(data)

    def response_started(self) -> bool:
        """Whether the head of the final response has arrived; lets an upload stop early."""
        while not self._has_head:
            event = self._parse()
            if event is NEED_DATA:
                return False
            self._pending.append(event)
        return True

    def next_event(self) -> Event:
        """Return the next part of the response, `NEED_DATA`, or `END_OF_MESSAGE` at its end and from then on."""
        return self._pending.popleft() if self._pending else self._parse()

    def _parse(self) -> Event:
        if self._ended:
            return END_OF_MESSAGE
        try:
            event = self._h11.next_event()
        except h11.RemoteProtocolError as exc:
            raise RemoteProtocolError(str(exc)) from exc
        if event is h11.NEED_DATA:
            return NEED_DATA
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, (h11.Response, h11.InformationalResponse)):
            return self._head(event)
        # The message is complete, or the connection was switched to another protocol.
        self._ended = True
        return END_OF_MESSAGE

    def _head(self, event: h11.Response | h11.InformationalResponse) -> Event:
        # h11 applies its limit only when it has to wait for more, so that the outcome would depend on how the bytes
        # were split.
        if self._head_bytes > self._max_head_size:
            size = self._head_bytes - len(self._h11.trailing_data[0])
            if size > self._max_head_size:
                raise RemoteProtocolError("Receive buffer too long")
        parts: Any = (b"HTTP/" + event.http_version, event.status_code, event.reason, event.headers.raw_items())
        if isinstance(event, h11.InformationalResponse) and event.status_code != 101:
            return InformationalResponse(*parts)
        self._has_head = True
        return ResponseHead(*parts)

    @property
    def unanswered(self) -> bool:
        """Whether nothing of a response to the present request has arrived."""
        return not self._head_bytes

    @property
    def switched_protocol(self) -> bool:
        """Whether the response, to CONNECT or with status 101, ended HTTP on this connection."""
        return self._h11.their_state is h11.SWITCHED_PROTOCOL

    @property
    def trailing_data(self) -> bytes:
        """What came after the response; after a switch of protocols, the first bytes of the new one."""
        return bytes(self._h11.trailing_data[0])

    def next_cycle(self) -> bool:
        """Make ready for the next exchange; return false if the connection has to be closed instead.

        It has to when either side said so, when either message is incomplete, and when something came after the
        response: whatever that is, it would be taken for the response to the next request.
        """
        done = self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE
        if not done or self._h11.trailing_data[0]:
            return False
        self._h11.start_next_cycle()
        self._reset()
        return True
