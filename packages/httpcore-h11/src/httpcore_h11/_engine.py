"""HTTP/1.1 message exchange without I/O (RFC 9112): a request in, bytes out; bytes in, a response out.

In the order of use: `start_request()`, `send_body()` any number of times and `end_body()` return the bytes to send;
`next_event()`, and `receive_data()` whenever it says `NEED_DATA`; `next_cycle()`. There are two parsers: the fast one,
here, recognises plain messages; h11 takes over whatever it declines, from the start of the message, and has the say.

Known limits, both h11's: an empty line before the status line, and any transfer coding besides `chunked`, are errors.
A header line that breaks the grammar is an error that names the field: skipping it could hide a framing header, which
is how responses are smuggled.
"""

import collections

import h11
from httpcore_models import RemoteProtocolError

from ._bodies import as_octets
from ._chunks import ChunkDecoder
from ._errors import disconnected
from ._events import END_OF_MESSAGE, NEED_DATA, Event, ResponseHead
from ._fast_parser import (
    CHUNKED,
    MAX_KNOWN_HEAD,
    Headers,
    ParsedHead,
    RequestFields,
    may_become_head,
    parse_request_fields,
    parse_request_line,
    parse_response_head,
)
from ._h11_fallback import H11Fallback

# In so many pieces the fast parser waits for the end of a head, putting them together anew each time.
_MAX_HEAD_PIECES = 8

_END_OF_HEAD = b"\r\n\r\n"

# The last so many interim responses are kept that come while the request is sent. There may be any number of them.
_MAX_PENDING_EVENTS = 100


class Engine:
    """The exchanges on one connection, one after the other.

    Raises `LocalProtocolError` for a request that breaks the protocol, and `RemoteProtocolError` for such a response;
    after either the connection cannot go on.

    `response_begun` says whether any byte of the response to the current request has arrived. `ended` says that the
    last part of the response was given out, if that is known without asking for another event. `at_end_of_stream` says
    that the server sends nothing more.
    """

    __slots__ = (
        "_chunks",
        "_data",
        "_failed",
        "_fields",
        "_head",
        "_head_pieces",
        "_in_chunk",
        "_last_fields",
        "_last_head",
        "_line",
        "_max_head_size",
        "_method",
        "_peer",
        "_pending_events",
        "_position",
        "_receiver",
        "_send_failed",
        "_sender",
        "_sent",
        "_target",
        "_unread",
        "_unsent",
        "at_end_of_stream",
        "ended",
        "response_begun",
    )

    def __init__(self, max_head_size: int, peer: object = None) -> None:
        """`max_head_size` limits the head of a response, interim ones included, and of a chunk, in bytes.

        `peer` is how errors name the server.
        """
        self._max_head_size = max_head_size
        self._peer = peer
        # Who sends and who receives where the fast parser has declined: one and the same, but not always both.
        self._sender: H11Fallback | None = None
        self._receiver: H11Fallback | None = None
        # The request.
        self._method = b"GET"
        self._target = b"/"
        self._line = b"GET / HTTP/1.1\r\n"
        self._fields: RequestFields | None = None
        self._last_fields: RequestFields | None = None  # which the next ones are often the same as
        self._unsent = 0  # bytes of the body, or `CHUNKED`
        self._in_chunk = False
        self._sent = False
        self._send_failed = False
        # The response.
        self.response_begun: bool = False
        self._data = b""
        self._position = 0  # of what is not yet taken from the data
        self._head_pieces = 0  # how often data was joined to what was left
        self._head: ParsedHead | None = None
        self._last_head: ParsedHead | None = None  # which the next one is often the same as
        self._unread = 0  # bytes of the body, where its length is known
        self._chunks: ChunkDecoder | None = None
        self.at_end_of_stream: bool = False
        self._failed = False
        self.ended: bool = False
        self._pending_events: collections.deque[Event] | None = None  # what came while the request was sent

    # Sending.

    def start_request(self, method: bytes, target: bytes, headers: Headers, content: bytes | None = None) -> bytes:
        """Return the head of the request. Continue with `send_body()` or `end_body()`.

        With `content`, the whole body, return the whole request; there is nothing to continue with.
        """
        if self._fields is None and self._sender is None:
            fields = self._last_fields
            try:
                known = fields is not None and fields.headers == headers
            except BytesWarning:  # they are text, and `python -bb` does not let them be compared
                known = False
            if not known:
                fields = parse_request_fields(headers)
                self._last_fields = fields if fields is None or len(fields.lines) <= MAX_KNOWN_HEAD else None
            is_same_line = method == self._method and target == self._target
            if fields is not None and (is_same_line or self._take_line(method, target)):
                self._fields = fields
                self._unsent = fields.length
                head = self._line + fields.lines
                if not content and content is not None and not fields.length:
                    self._sent = True
                    return head
                return head if content is None else head + self.send_body(content) + self.end_body()
            self._sender = self._receiver = H11Fallback(self._max_head_size, self._peer)
        head = self._h11_sender().start_request(method, target, headers)
        if content is None:
            return head
        return head + (self.send_body(content) if content else b"") + self.end_body()

    def send_failed(self) -> None:
        """Take note that not all of the request was sent: this is the last exchange of the connection."""
        self._send_failed = True

    def _take_line(self, method: bytes, target: bytes) -> bool:
        line = parse_request_line(method, target)
        if line is None:
            return False
        self._method = method
        self._target = target
        self._line = line
        return True

    def send_body(self, data: bytes | memoryview, rest: int = 0) -> bytes:
        """Return a part of the body, framed. Raises `LocalProtocolError` when it exceeds the declared length.

        `data` may be any object that gives access to its memory; raises `TypeError` for any other. `rest` bytes of the
        same piece follow: in a chunked body, each piece is one chunk.
        """
        if type(data) is not bytes:
            data = as_octets(data)
        size = len(data)
        if self._sender is None and self._fields is not None and not self._sent:
            if self._unsent == CHUNKED:
                start = b"" if self._in_chunk else b"%x\r\n" % (size + rest)
                self._in_chunk = rest > 0
                return b"".join((start, data, b"" if rest else b"\r\n")) if size else b""
            if size <= self._unsent:
                sent = data if type(data) is bytes else b"".join((data,))
                self._unsent -= size
                return sent
        if self._in_chunk:  # that began before h11 took over
            self._in_chunk = rest > 0
            return b"".join((data, b"" if rest else b"\r\n"))
        return self._h11_sender().send_body(data)

    def end_body(self) -> bytes:
        """Return the end of the body. Raises `LocalProtocolError` when the declared length is not reached."""
        if self._sender is None and self._fields is not None and not self._sent and self._unsent <= 0:
            self._sent = True
            return b"0\r\n\r\n" if self._unsent else b""
        return self._h11_sender().end_body()

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
        """Whether the server has said, by `response_started()`, that it does not want the rest of the request.

        That is what a status of 300 or above means (RFC 9112 section 9.5). After any other, the server may go on to
        read.
        """
        head = self._pending_events[-1] if self._pending_events else None
        return isinstance(head, ResponseHead) and head.status >= 300

    def next_event(self) -> Event:
        """Return the next part of the response, `NEED_DATA`, or `END_OF_MESSAGE` at its end and from then on."""
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
        """Whether nothing is left of the response. Only for a body that nobody goes on to read: a part may be lost."""
        try:
            return self.next_event() is END_OF_MESSAGE
        except RemoteProtocolError:
            return False

    def take_body(self) -> bytes | None:
        """Return all that is left of a body that has arrived whole, or `None` if `next_event()` has to tell."""
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
            self._last_head = head if end <= MAX_KNOWN_HEAD else None
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
        received, expected = self._head.length - self._unread, self._head.length
        raise RemoteProtocolError(
            "peer closed connection without sending complete message body "
            f"(received {received} bytes, expected {expected})"
        )

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
        """The header fields after the body (RFC 9110 section 6.5), once `END_OF_MESSAGE` was given out."""
        receiver = self._receiver
        return [] if receiver is None else receiver.trailing_headers

    @property
    def switched_protocol(self) -> bool:
        """Whether the response, to CONNECT or with status 101, ended HTTP on this connection."""
        return self._receiver is not None and self._receiver.switched_protocol

    @property
    def trailing_data(self) -> bytes:
        """What came after the response; after a switch of protocols, the first bytes of the new one."""
        return self._data[self._position :] if self._receiver is None else self._receiver.trailing_data

    def next_cycle(self) -> bool:
        """Make ready for the next exchange; return false if the connection has to be closed instead.

        The connection has to be closed if either side said so, if either message is incomplete, if the server sends
        nothing more, and if anything came after the response: that would be taken for the response to the next request.
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
            # Where only sending was left to h11, that was for an error.
            reusable = self._sent and self.ended and self._sender is None and self._position == len(self._data)
        if reusable:
            # The rest is as it was, or set by the next request.
            self._fields = self._head = None
            self._sent = self.ended = False
            self.response_begun = False
            self._data = b""
            self._position = self._head_pieces = 0
        return reusable

    # Handing over to h11.

    @property
    def h11_connection(self) -> h11.Connection | None:
        """h11's connection, if this exchange uses it."""
        fallback = self._receiver or self._sender
        return None if fallback is None else fallback.h11_connection

    def _h11_sender(self) -> H11Fallback:
        """Return h11 in the state that the exchange is in."""
        if self._sender is None:
            self._sender = fallback = H11Fallback(self._max_head_size, self._peer)
            if self._fields is not None:
                fallback.start_request(self._method, self._target, list(self._fields.headers))
                if self._unsent != CHUNKED:
                    fallback.skip_body(self._fields.length - self._unsent)
                if self._sent:
                    fallback.end_body()
            self._repeat_head(fallback)
        return self._sender

    def _repeat_head(self, fallback: H11Fallback) -> None:
        if self._head is not None and not fallback.has_head:
            fallback.receive_data(self._head.wire)
            fallback.next_event()

    def _let_h11_receive(self) -> Event:
        self._receiver = fallback = self._h11_sender()
        self._repeat_head(fallback)
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
