"""The exchanges that the fast lane declines, and the measure of what it accepts: everything through h11.

h11 parses and judges what is legal; nothing of it shows outside. Usable as an engine by itself, with the interface of
`Engine`, which hands exchanges over in any state.
"""

import h11
from httpcore_models import LocalProtocolError, RemoteProtocolError, redacted

from ._events import END_OF_MESSAGE, NEED_DATA, Event, InformationalResponse, ResponseHead


class H11Lane:
    """One exchange after the other through h11; see `Engine` for the interface."""

    def __init__(self, max_head_size: int) -> None:
        self._max_head_size = max_head_size
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=max_head_size)
        self._reset()

    def _reset(self) -> None:
        self._head_bytes = 0
        self._has_head = False
        self._ended = False
        self.trailing_headers: list[tuple[bytes, bytes]] = []

    # Sending.

    def start_request(self, method: bytes, target: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
        """See `Engine.start_request()`."""
        try:
            event = h11.Request(method=method, target=target, headers=headers)
        except h11.LocalProtocolError as exc:
            raise _without_secrets(exc, headers) from None
        return self._send(event)

    def send_body(self, data: bytes | memoryview) -> bytes:
        """See `Engine.send_body()`."""
        return self._send(h11.Data(data=data))  # type: ignore[arg-type]  # h11 joins it, so any buffer will do

    def skip_body(self, size: int) -> None:
        """Take note that a part of the body, of `size` bytes, has been sent already."""
        # h11 asks no more of the data than its length.
        self._h11.send_with_data_passthrough(h11.Data(data=range(size)))  # type: ignore[arg-type]

    def end_body(self) -> bytes:
        """See `Engine.end_body()`."""
        return self._send(h11.EndOfMessage())

    def _send(self, event: h11.Event) -> bytes:
        try:
            return self._h11.send(event) or b""
        except h11.LocalProtocolError as exc:
            raise LocalProtocolError(str(exc)) from exc

    # Receiving.

    def receive_data(self, data: bytes) -> None:
        """See `Engine.receive_data()`."""
        if not self._has_head:
            if not data:
                raise RemoteProtocolError("Server disconnected without sending a response.")
            self._head_bytes += len(data)
        self._h11.receive_data(data)

    def next_event(self) -> Event:
        """See `Engine.next_event()`."""
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
        if isinstance(event, h11.EndOfMessage):
            self.trailing_headers = event.headers.raw_items()
        self._ended = True
        return END_OF_MESSAGE

    def _head(self, event: h11.Response | h11.InformationalResponse) -> ResponseHead | InformationalResponse:
        # h11 applies its limit only when it has to wait for more, so that the outcome would depend on how the bytes
        # were split.
        if self._head_bytes > self._max_head_size:
            size = self._head_bytes - len(self._h11.trailing_data[0])
            if size > self._max_head_size:
                raise RemoteProtocolError("Receive buffer too long")
        version = b"HTTP/" + event.http_version
        headers = event.headers.raw_items()
        if isinstance(event, h11.InformationalResponse) and event.status_code != 101:
            return InformationalResponse(version, event.status_code, event.reason, headers)
        self._has_head = True
        return ResponseHead(version, event.status_code, event.reason, headers)

    @property
    def has_head(self) -> bool:
        """Whether the head of the final response has been given out."""
        return self._has_head

    @property
    def switched_protocol(self) -> bool:
        """See `Engine.switched_protocol`."""
        return self._h11.their_state is h11.SWITCHED_PROTOCOL

    @property
    def trailing_data(self) -> bytes:
        """See `Engine.trailing_data`."""
        return bytes(self._h11.trailing_data[0])

    def next_cycle(self) -> bool:
        """See `Engine.next_cycle()`."""
        done = self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE
        if not done or self._h11.trailing_data[0]:
            return False
        self._h11.start_next_cycle()
        self._reset()
        return True


def _without_secrets(exc: h11.LocalProtocolError, headers: list[tuple[bytes, bytes]]) -> LocalProtocolError:
    """The error of a head, whose text may quote a header value: not one that logs hide."""
    text = str(exc)
    for (_, value), (_, shown) in zip(headers, redacted(headers), strict=True):
        if shown is not value:
            text = text.replace(repr(value), shown.decode())
    return LocalProtocolError(text)
