"""The sending half of the engine: frames a request (RFC 9112 sections 3, 6 and 7.1)."""

from httpcore_models.lowlevel import expects_continue

from ._bodies import as_octets
from ._fast_parser import (
    CHUNKED,
    MAX_MEMO_HEAD,
    Headers,
    RequestFields,
    parse_request_fields,
    parse_request_line,
)
from ._h11_fallback import H11Fallback


class RequestSender:
    """Frames one request after the other; see `Engine`, which continues this class."""

    __slots__ = (
        "_fields",
        "_in_chunk",
        "_last_fields",
        "_line",
        "_method",
        "_receiver",
        "_send_failed",
        "_sender",
        "_sent",
        "_target",
        "_unsent",
        "awaits_continue",
    )

    def __init__(self) -> None:
        # h11, where it sends and where it receives. An exchange may use it for one, for both, or for neither.
        self._sender: H11Fallback | None = None
        self._receiver: H11Fallback | None = None
        # The request line, and the parts that it was made of.
        self._method = b"GET"
        self._target = b"/"
        self._line = b"GET / HTTP/1.1\r\n"
        # The header fields, and those of the last request, which are often the same.
        self._fields: RequestFields | None = None
        self._last_fields: RequestFields | None = None
        self._unsent = 0  # bytes of the body, or `CHUNKED`
        self._in_chunk = False
        self._sent = False
        self._send_failed = False
        #: Whether the server has to agree before the body is sent (RFC 9110 section 10.1.1), or its time to do so.
        self.awaits_continue: bool = False

    def start_request(self, method: bytes, target: bytes, headers: Headers, content: bytes | None = None) -> bytes:
        """Return the head of the request. Continue with `send_body()` or `end_body()`.

        With `content`, the whole body, return the whole request instead; nothing is left to send then. But if the
        server has to agree first, as `awaits_continue` says, return the head; all of the body is left to send.
        """
        if self._fields is None and self._sender is None:
            # CONNECT is for h11, which knows what its response means.
            is_connect = method == b"CONNECT"
            fields = None if is_connect else self._last_fields
            try:
                repeated = fields is not None and fields.headers == headers
            except BytesWarning:  # under `python -bb`, comparing bytes with text raises
                repeated = False
            if not repeated and not is_connect:
                fields = parse_request_fields(headers)
                self._last_fields = fields if fields is None or len(fields.lines) <= MAX_MEMO_HEAD else None
            is_same_line = method == self._method and target == self._target
            if fields is not None and (is_same_line or self._parse_line(method, target)):
                self._fields = fields
                self._unsent = fields.length
                head = self._line + fields.lines
                if content == b"" and not fields.length:
                    self._sent = True
                    return head
                if fields.expects_continue:
                    self.awaits_continue = True
                    return head
                return head if content is None else head + self.send_body(content) + self.end_body()
            self._receiver = self._h11_sender()
        sender = self._sender or self._h11_sender()
        head = sender.start_request(method, target, headers)
        self.awaits_continue = method != b"CONNECT" and expects_continue(headers)
        if content is None or self.awaits_continue:
            return head
        return head + (self.send_body(content) if content else b"") + sender.end_body()

    def _parse_line(self, method: bytes, target: bytes) -> bool:
        line = parse_request_line(method, target)
        if line is None:
            return False
        self._method = method
        self._target = target
        self._line = line
        return True

    def send_body(self, data: bytes | memoryview, rest: int = 0) -> bytes:
        """Return a part of the body, framed. Raises `LocalProtocolError` when it exceeds the declared length.

        `data` may be any bytes-like object; raises `TypeError` for anything else. `rest` is how many bytes of the same
        piece follow: in a chunked body, each piece becomes one chunk.
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
        if self._in_chunk:  # a chunk that began before h11 took over
            self._in_chunk = rest > 0
            return b"".join((data, b"" if rest else b"\r\n"))
        return (self._sender or self._h11_sender()).send_body(data)

    def end_body(self) -> bytes:
        """Return the end of the body. Raises `LocalProtocolError` when the declared length is not reached."""
        if self._sender is None and self._fields is not None and not self._sent and self._unsent <= 0:
            self._sent = True
            return b"0\r\n\r\n" if self._unsent else b""
        return (self._sender or self._h11_sender()).end_body()

    def send_failed(self) -> None:
        """Note that part of the request could not be sent: the connection carries no other one."""
        self._send_failed = True

    def _h11_sender(self) -> H11Fallback:
        """Let h11 send from here on; return it in the state of this exchange."""
        raise NotImplementedError
