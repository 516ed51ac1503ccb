"""HTTP/1.1 message exchange without I/O (RFC 9112): a request in, bytes out; bytes in, a response out.

For each exchange, call `start_request()`, `send_body()` any number of times, and `end_body()`, which return the bytes
to send. Then call `next_event()`, and `receive_data()` whenever that returns `NEED_DATA`. `next_cycle()` comes last.

The fast parser handles plain, common messages. When it declines a message, h11 takes over from the start of that
message, and decides what is legal.

Known limits, both of h11: an empty line before the status line, and any transfer coding besides `chunked`, are errors.
A header line that breaks the grammar is an error that names the field: skipping it could hide a framing header, which
is how responses are smuggled.
"""

import collections

import h11
from httpcore_models import RemoteProtocolError

from ._chunks import ChunkDecoder
from ._errors import disconnected, incomplete_body
from ._events import END_OF_MESSAGE, NEED_DATA, Event, InformationalResponse, ResponseHead
from ._fast_parser import CHUNKED, MAX_MEMO_HEAD, Headers, ParsedHead, may_become_head, parse_response_head
from ._h11_fallback import H11Fallback
from ._sending import RequestSender

# The fast parser waits for the end of a head through this many pieces. For each it joins all pieces anew.
_MAX_HEAD_PIECES = 8

_END_OF_HEAD = b"\r\n\r\n"

# A server may send any number of interim responses during an upload. Only the last ones are kept.
_MAX_PENDING_EVENTS = 100


class Engine(RequestSender):
    """The exchanges on one connection, one after the other.

    Raises `LocalProtocolError` for a request that breaks the protocol, and `RemoteProtocolError` for such a response.
    After either, the connection is of no further use.

    * `response_begun`: whether any byte of the response to the current request has arrived.
    * `ended`: whether the last part of the response was returned, if that is known without another event.
    * `at_end_of_stream`: whether the server has ended the stream.
    """

    __slots__ = (
        "_chunks",
        "_data",
        "_failed",
        "_head",
        "_head_pieces",
        "_last_head",
        "_max_head_size",
        "_peer",
        "_pending_events",
        "_position",
        "_unread",
        "at_end_of_stream",
        "ended",
        "response_begun",
    )

    def __init__(self, max_head_size: int, peer: object = None) -> None:
        """`max_head_size` limits, in bytes, the head of a response, interim ones included, and that of a chunk.

        `peer` names the server in errors.
        """
        super().__init__()
        self._max_head_size = max_head_size
        self._peer = peer
        self.response_begun: bool = False
        self.ended: bool = False
        self.at_end_of_stream: bool = False
        self._data = b""
        self._position = 0  # where the rest of the data begins
        self._head_pieces = 0  # how often data was appended to the beginning of a head
        # The head, and that of the last response, which is often the same.
        self._head: ParsedHead | None = None
        self._last_head: ParsedHead | None = None
        self._unread = 0  # bytes of a body of known length
        self._chunks: ChunkDecoder | None = None
        self._failed = False
        self._pending_events: collections.deque[Event] | None = None  # taken by `response_started()`

    # Receiving.

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the network, or `b""` for the end of stream. Continue with `next_event()`."""
        if data:
            self.response_begun = True
        else:
            self.at_end_of_stream = True
        if self._receiver is not None:
            self._receiver.receive_data(data)
        elif data:
            if type(data) is not bytes:
                data = bytes(data)
            if self._position < len(self._data):
                data = self._data[self._position :] + data
                self._head_pieces += 1
            self._data = data
            self._position = 0
        elif self._head is None:
            raise disconnected(self._data[self._position :], self._peer)

    def response_started(self) -> bool:
        """Whether the head of the final response has arrived, while the request is still being sent."""
        pending, self._pending_events = self._pending_events or collections.deque(maxlen=_MAX_PENDING_EVENTS), None
        try:
            while self._head is None and not (self._receiver is not None and self._receiver.has_head):
                event = self.next_event()
                if event is NEED_DATA:
                    return False
                pending.append(event)
            return True
        finally:
            self._pending_events = pending

    @property
    def refused(self) -> bool:
        """Whether a response found by `response_started()` says that the server does not want the rest of the request.

        A status of 300 or above says so (RFC 9112 section 9.5). After any other, the server may read on.
        """
        head = self._pending_events[-1] if self._pending_events else None
        return isinstance(head, ResponseHead) and head.status >= 300

    def may_send_body(self) -> bool | None:
        """Whether to send a body that the server has to agree to, or `None` while the server has not answered.

        A final response says no, and the connection carries no other request: what the head has announced is not sent
        (RFC 9112 section 9.3). But after `100 Continue`, only one that refuses the rest does.
        """
        has_final = self.response_started()
        pending = self._pending_events or ()
        agreed = any(isinstance(event, InformationalResponse) and event.status == 100 for event in pending)
        if not (has_final or agreed):
            return None
        self.awaits_continue = False
        return agreed and not self.refused

    def next_event(self) -> Event:
        """Return the next part of the response or `NEED_DATA`; at its end and from then on, `END_OF_MESSAGE`."""
        if self._pending_events:
            return self._pending_events.popleft()
        if self._receiver is not None:
            return self._receiver.next_event()
        if self._head is None:
            return self._parse_head()
        if self._unread:
            return self._parse_body()
        if self._chunks is not None:
            return self._parse_chunks(self._chunks)
        self.ended = True
        return END_OF_MESSAGE

    def is_complete(self) -> bool:
        """Whether the response has been read to its end. Loses a part if it has not: call this only before closing."""
        try:
            return self.next_event() is END_OF_MESSAGE
        except RemoteProtocolError:
            return False

    def take_body(self) -> bytes | None:
        """Return the rest of the body if all of it has arrived, and `None` if that is left to `next_event()`."""
        if self._head is None or self._chunks is not None:
            return None
        data, position = self._data, self._position
        end = position + self._unread
        if end > len(data):
            return None
        self._position = end
        self._unread = 0
        self.ended = True
        return data[position:end]

    def _parse_head(self) -> Event:
        data, head = self._data, self._last_head
        if head is None or not data.startswith(head.wire):
            end = data.find(_END_OF_HEAD) + len(_END_OF_HEAD)
            if end < len(_END_OF_HEAD):
                may_wait = len(data) <= self._max_head_size and self._head_pieces < _MAX_HEAD_PIECES
                return NEED_DATA if may_wait and may_become_head(data) else self._let_h11_receive()
            head = parse_response_head(data[:end], head) if end <= self._max_head_size else None
            self._last_head = head if end <= MAX_MEMO_HEAD else None
        if head is None or self._fields is None:
            return self._let_h11_receive()
        length = 0 if self._method == b"HEAD" else head.length
        if length is None:  # the body lasts until the end of stream
            return self._let_h11_receive()
        self._head = head
        self._position = len(head.wire)
        if length == CHUNKED:
            self._chunks = ChunkDecoder()
        else:
            self._unread = length
        return ResponseHead(b"HTTP/1.1", head.status, head.reason, [*head.headers])

    def _parse_body(self) -> Event:
        position = self._position
        part = self._data[position : position + self._unread] if position else self._data[: self._unread]
        if part:
            self._position = position + len(part)
            self._unread -= len(part)
            self.ended = not self._unread
            return part
        if self._failed:
            raise RemoteProtocolError("Can't receive data when peer state is ERROR")
        if not self.at_end_of_stream:
            return NEED_DATA
        self._failed = True
        assert self._head is not None
        assert self._head.length is not None
        raise incomplete_body(self._head.length, self._unread)

    def _parse_chunks(self, chunks: ChunkDecoder) -> Event:
        if not chunks.ended:
            part, self._position = chunks.decode(self._data, self._position)
            if part:
                return part
            if not chunks.ended:
                may_wait = not chunks.declined and not self.at_end_of_stream
                return NEED_DATA if may_wait else self._let_h11_receive()
        self._chunks = None
        self.ended = True
        return END_OF_MESSAGE

    @property
    def trailing_headers(self) -> Headers:
        """The header fields after the body (RFC 9110 section 6.5), known after `END_OF_MESSAGE`."""
        receiver = self._receiver
        return [] if receiver is None else receiver.trailing_headers

    @property
    def leading_data(self) -> bytes | None:
        """The first bytes of the new protocol if the response, to CONNECT or with status 101, ended HTTP."""
        return None if self._receiver is None else self._receiver.leading_data

    @property
    def trailing_data(self) -> bytes:
        """The bytes received after the response."""
        return self._data[self._position :] if self._receiver is None else self._receiver.trailing_data

    def next_cycle(self) -> bool:
        """Prepare for the next exchange, or return false: the connection has to be closed.

        That is so if either side announced it, if either message is incomplete, if the server has ended the stream, and
        if bytes follow the response: they would be taken for the response to the next request.
        """
        fields, head = self._fields, self._head
        if self.at_end_of_stream or self._send_failed:
            reusable = False
        elif self._receiver is not None:
            reusable = self._receiver.next_cycle()
            if reusable:
                self._sender = self._receiver = self._chunks = None
        elif fields is None or head is None or fields.close or head.close:
            reusable = False
        else:
            # If only sending was left to h11, that was because of an error.
            reusable = self._sent and self.ended and self._sender is None and self._position == len(self._data)
        if reusable:
            # Everything else is still in its initial state, or set by the next request.
            self._fields = self._head = None
            self._sent = self.ended = False
            self.response_begun = False
            self._data = b""
            self._position = self._head_pieces = 0
        return reusable

    # Handing over to h11.

    @property
    def h11_connection(self) -> h11.Connection | None:
        """h11's connection, if this exchange needs h11."""
        fallback = self._receiver or self._sender
        return None if fallback is None else fallback.h11_connection

    def _h11_sender(self) -> H11Fallback:
        """Let h11 send from here on; return it in the state of this exchange."""
        self._sender = fallback = H11Fallback(self._max_head_size, self._peer)
        if self._fields is not None:
            fallback.start_request(self._method, self._target, list(self._fields.headers))
            if self._unsent != CHUNKED:
                fallback.skip_body(self._fields.length - self._unsent)
            if self._sent:
                fallback.end_body()
        if self._head is not None:
            fallback.receive_data(self._head.wire)
            fallback.next_event()
        return fallback

    def _let_h11_receive(self) -> Event:
        self._receiver = fallback = self._sender or self._h11_sender()
        if self._head is not None and not fallback.has_head:
            fallback.receive_data(self._head.wire)
            fallback.next_event()
        if self._chunks is not None and (start_of_chunk := self._chunks.resumption()):
            fallback.receive_data(start_of_chunk)
            while fallback.next_event() is not NEED_DATA:
                pass
        data, self._data, self._position = self._data[self._position :], b"", 0
        if data:
            fallback.receive_data(data)
        if self.at_end_of_stream:
            fallback.receive_data(b"")
        return fallback.next_event()
