"""Exchanges through h11: those that the fast parser declines, and the standard that it is tested against.

h11 parses, and judges what is legal; none of its types and errors leave this module. `H11Fallback` has the interface of
`Engine` and works on its own, too. An `Engine` can switch to it in any state of an exchange.
"""

import re
from typing import Any

import h11
from httpcore_models import LocalProtocolError, RemoteProtocolError
from httpcore_models.lowlevel import redacted

from ._errors import disconnected, refused
from ._events import END_OF_MESSAGE, NEED_DATA, Event, InformationalResponse, ResponseHead

# The head of a success, up to the empty line, and those of its lines that would frame a body.
_SUCCESS = re.compile(rb"HTTP/\d\.\d 2\d\d[ \r\n].*?\n\r?\n", re.DOTALL)
_FRAMING_LINES = re.compile(rb"^(?:content-length|transfer-encoding):[^\n]*\n(?:[ \t][^\n]*\n)*", re.I | re.M)


class H11Fallback:
    """One exchange after the other through h11; see `Engine` for the interface."""

    def __init__(self, max_head_size: int, peer: object = None) -> None:
        self._max_head_size = max_head_size
        self._peer = peer
        self._reset()

    def _reset(self) -> None:
        self.h11_connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=self._max_head_size)
        self._asked_to_close = False
        self._kept_alive = False
        self._connect: h11.Request | None = None
        self._connect_head = bytearray()
        self._head_bytes = 0
        self._has_head = False
        self._ended = False
        self.trailing_headers: list[tuple[bytes, bytes]] = []

    # Sending.

    def start_request(self, method: bytes, target: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
        """See `Engine.start_request()`."""
        headers = _framed_once(headers)
        try:
            event = h11.Request(method=method, target=target, headers=headers)
        except h11.LocalProtocolError as exc:
            text = _without_secrets(str(exc), headers)
            if text == "Illegal target characters" and b" " in target:
                text += ": a space in a URL has to be written as %20"
        else:
            self._asked_to_close = b"close" in _connection_options(event)
            self._connect = event if method == b"CONNECT" else None
            return self._send(event)
        raise LocalProtocolError(text) from None

    def send_body(self, data: bytes | memoryview) -> bytes:
        """See `Engine.send_body()`."""
        return self._send(h11.Data(data=data))  # type: ignore[arg-type]  # h11 joins it, and takes any buffer

    def skip_body(self, size: int) -> None:
        """Note that `size` bytes of the body have been sent already."""
        # All that h11 needs of the data is its length.
        self.h11_connection.send_with_data_passthrough(h11.Data(data=range(size)))  # type: ignore[arg-type]

    def end_body(self) -> bytes:
        """See `Engine.end_body()`."""
        return self._send(h11.EndOfMessage())

    def _send(self, event: h11.Event) -> bytes:
        try:
            return self.h11_connection.send(event) or b""
        except h11.LocalProtocolError as exc:
            raise LocalProtocolError(str(exc)) from exc

    # Receiving.

    def receive_data(self, data: bytes) -> None:
        """See `Engine.receive_data()`."""
        if not self._has_head:
            if not data:
                raise disconnected(self.trailing_data, self._peer)
            self._head_bytes += len(data)
            if self._connect is not None:
                self._connect_head += data
        self.h11_connection.receive_data(data)

    def next_event(self) -> Event:
        """See `Engine.next_event()`."""
        if self._ended:
            return END_OF_MESSAGE
        event = self._next_event()
        if event is h11.NEED_DATA:
            return NEED_DATA
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, (h11.Response, h11.InformationalResponse)):
            return self._head(event)
        # The message is complete, or the connection was switched to another protocol.
        if isinstance(event, h11.EndOfMessage):
            self.trailing_headers = event.headers.raw_items()
        self._ended = True
        return END_OF_MESSAGE

    def _next_event(self) -> Any:
        while True:
            try:
                return self.h11_connection.next_event()
            except h11.RemoteProtocolError as exc:
                text = str(exc)
                # Its traceback refers to this frame, and so to the error: a cycle that would keep the connection alive.
                exc.__traceback__ = None
            # Not inside `except`: h11's error would stay on as the context, with everything that it quotes.
            if not self._begin_again_as_tunnel():
                raise refused(text, self.trailing_data, self._peer) from None

    def _begin_again_as_tunnel(self) -> bool:
        """If h11 refused the framing fields of a success to CONNECT, feed it the head without them; return whether so.

        A client ignores these fields (RFC 9110 section 9.3.6).
        """
        request, self._connect = self._connect, None
        success = None if request is None else _SUCCESS.match(self._connect_head)
        if request is None or success is None or self._has_head or self.h11_connection.our_state is h11.SEND_BODY:
            return False
        self.h11_connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=self._max_head_size)
        self.h11_connection.send(request)
        self.h11_connection.send(h11.EndOfMessage())
        self.h11_connection.receive_data(_FRAMING_LINES.sub(b"", success[0]) + self._connect_head[success.end() :])
        return True

    def _head(self, event: h11.Response | h11.InformationalResponse) -> ResponseHead | InformationalResponse:
        # h11 applies its limit only when it waits for more data, so whether it does would depend on the size of reads.
        if self._head_bytes > self._max_head_size:
            size = self._head_bytes - len(self.h11_connection.trailing_data[0])
            if size > self._max_head_size:
                raise RemoteProtocolError("Receive buffer too long")
        version = b"HTTP/" + event.http_version
        headers = event.headers.raw_items()
        if isinstance(event, h11.InformationalResponse) and event.status_code != 101:
            self._connect_head[:] = self.trailing_data
            return InformationalResponse(version, event.status_code, event.reason, headers)
        self._has_head = True
        if event.http_version == b"1.0":
            options = _connection_options(event)
            framed_oddly = any(name == b"transfer-encoding" for name, _ in event.headers)
            self._kept_alive = b"keep-alive" in options and b"close" not in options and not framed_oddly
        return ResponseHead(version, event.status_code, event.reason, headers)

    @property
    def has_head(self) -> bool:
        """Whether the head of the final response was returned."""
        return self._has_head

    @property
    def leading_data(self) -> bytes | None:
        """See `Engine.leading_data`."""
        return self.trailing_data if self.h11_connection.their_state is h11.SWITCHED_PROTOCOL else None

    @property
    def trailing_data(self) -> bytes:
        """See `Engine.trailing_data`."""
        return bytes(self.h11_connection.trailing_data[0])

    def next_cycle(self) -> bool:
        """See `Engine.next_cycle()`."""
        states = {self.h11_connection.our_state, self.h11_connection.their_state}
        # h11 closes every connection to an HTTP/1.0 server, even if that wants to keep it (RFC 9112 section 9.3).
        kept_alive = states == {h11.MUST_CLOSE} and self._kept_alive and not self._asked_to_close
        if self.h11_connection.trailing_data[0] or not (states == {h11.DONE} or kept_alive):
            return False
        self._reset()
        return True


def _framed_once(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Remove Content-Length if there is Transfer-Encoding, which overrides it (RFC 9112 section 6.2).

    A server that believed the wrong one of the two could take part of the body for another request.
    """
    names = [name.lower() if type(name) is bytes else _lowered(name) for name, _ in headers]
    if b"transfer-encoding" not in names or b"content-length" not in names:
        return headers
    return [field for field, name in zip(headers, names, strict=True) if name != b"content-length"]


def _lowered(name: bytes | str) -> bytes:
    return name.lower().encode("ascii", "replace") if isinstance(name, str) else bytes(name).lower()


def _connection_options(event: h11.Request | h11.Response | h11.InformationalResponse) -> set[bytes]:
    options: set[bytes] = set()
    for name, value in event.headers:
        if name == b"connection":
            options.update(option.strip().lower() for option in value.split(b","))
    return options


def _without_secrets(text: str, headers: list[tuple[bytes, bytes]]) -> str:
    """Hide header values in the text of an error if they are values that logs hide."""
    for (_, value), (_, shown) in zip(headers, redacted(headers), strict=True):
        if shown is not value:
            text = text.replace(repr(value), shown.decode())
    return text
