"""The peer's end of a QUIC connection, with the methods of `wire.Conn`: a script does not see the difference."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from httpcore_test_support.certificates import Certificates
from httpcore_test_support.h2_frames import settings
from hyperframe.frame import Frame, SettingsFrame
from qh3 import QuicConfiguration, QuicConnection, QuicConnectionError, quic_events
from qh3._hazmat import Buffer
from qh3.quic.packet import pull_quic_header

from ..peers.wire import PATIENCE, Gone
from .translation import FromClient, ToClient, identifier_of

__all__ = ["QUICConn"]

_CLIENT = ("127.0.0.1", 1)
_WINDOW = 4
_OVERHEAD, _SMALL = 60, 600  # bytes of a datagram beside those of a stream; how large one of an upload is at least
# For a script that reads, or has done so a moment ago, there is room for more than it has given credit for.
_ROOM, _RECENTLY = 250_000, 0.15
_PART = 30_000  # bytes that are taken in together
NO_ERROR, INTERNAL_ERROR = 0x100, 0x102


class QUICConn:
    """A connection of a client. Its handshake begins when the script sends its settings.

    QUIC here gives credit as the datagrams arrive, whether the script reads or not. If the script has given none in its
    own frames, large datagrams are lost, as at a server that does nothing: its socket has no more room for them.
    """

    def __init__(
        self,
        over: threading.Event,
        lock: threading.Condition,
        certificates: Certificates,
        transmit: Callable[[list[bytes]], None],
        refuse: Callable[[], None],
    ) -> None:
        """`transmit` sends datagrams; `refuse` closes the port. The lock is that of the listener."""
        self.index = -1
        self.over = over
        self.received = bytearray()
        self.preludes: list[bytes] = []
        self.closed = False
        self.in_clear = False
        self.quic: Any = None
        self._lock, self._certificates = lock, certificates
        self._transmit, self._refuse = transmit, refuse
        self._read_at = 0.0
        self._early: list[bytes] = []
        self._to_client: ToClient | None = None
        self._from_client = FromClient()

    # The listener's thread.

    def datagram(self, datagram: bytes, now: float) -> None:
        """Take a datagram. The lock is held."""
        if self.quic is None:
            self._early.append(datagram)
            return
        size = len(datagram) - _OVERHEAD
        if size > _SMALL and self._to_client is not None:
            if self._to_client.credit <= (-_ROOM if now - self._read_at < _RECENTLY else 0):
                return
            self._to_client.credit -= size
        self.quic.receive_datagram(datagram, _CLIENT, now)

    def work(self, now: float) -> float | None:
        """Do what is due; return when that will be the next time. The lock is held."""
        if self.quic is None:
            return None
        if (due := self.quic.get_timer()) is not None and due <= now:
            self.quic.handle_timer(now)
        self._flush(now)
        timer: float | None = self.quic.get_timer()
        return timer

    def _flush(self, now: float) -> None:
        self._transmit([datagram for datagram, _ in self.quic.datagrams_to_send(now)])

    # The script.

    def send(self, content: bytes) -> None:
        """Send frames of HTTP/2, as those of HTTP/3."""
        with self._lock:
            if self.closed:
                raise Gone
            now = time.monotonic()
            try:
                if self._to_client is None:
                    self._to_client = self._start(content, now)
                if self._to_client.take(content):
                    self._flush(now)
            except QuicConnectionError:  # the client has closed the connection
                raise Gone from None
            self._lock.notify_all()

    def _start(self, content: bytes, now: float) -> ToClient:
        frame, length = Frame.parse_frame_header(memoryview(content[:9]))
        assert isinstance(frame, SettingsFrame)
        frame.parse_body(memoryview(content[9 : 9 + length]))
        window = frame.settings.get(_WINDOW, 65_535)
        configuration = QuicConfiguration(
            is_client=False,
            alpn_protocols=["h3"],
            max_data=max(window, 65_535),
            max_stream_data=window,
        )
        configuration.load_cert_chain(self._certificates.chain_pem, self._certificates.key_pem)
        header = pull_quic_header(Buffer(data=self._early[0]), host_cid_length=8)
        self.quic = QuicConnection(
            configuration=configuration, original_destination_connection_id=header.destination_cid
        )
        for datagram in self._early:
            self.quic.receive_datagram(datagram, _CLIENT, now)
        to_client = ToClient(self.quic, self._send_all)
        to_client.open_streams()
        return to_client

    def _send_all(self) -> None:
        """Send all that is queued, which may have to wait: QUIC spreads it over time. The lock is held."""
        assert self._to_client is not None
        deadline = time.monotonic() + 0.2
        self._flush(time.monotonic())
        while any(map(self.quic.get_send_buffer_size, self._to_client.sent_on)) and time.monotonic() < deadline:
            self._lock.wait(0.002)
            self._flush(time.monotonic())

    def send_raw(self, content: bytes) -> None:
        """Send a datagram."""
        self._transmit([content])

    def receive(self, patience: float = PATIENCE) -> bytes:
        """Wait for something from the client; return it as frames of HTTP/2."""
        deadline = time.monotonic() + patience
        with self._lock:
            while True:
                self._read_at = time.monotonic()
                if self.quic is None and self._early:  # of a script that breaks the handshake
                    return b"".join(self._early)
                content = self._pull()
                if content:
                    self.received += content
                    return content
                left = deadline - time.monotonic()
                if self.closed or self._from_client.is_over or self.over.is_set() or left <= 0:
                    raise Gone
                self._lock.wait(min(left, 0.1))

    def _pull(self) -> bytes:
        content = b""
        if self.quic is None or self.closed:
            return content
        while len(content) < _PART and (event := self.quic.next_event()) is not None:
            content += self._from_client.take(event)
            if isinstance(event, quic_events.StopSendingReceived) and self._to_client is not None:
                self._to_client.stopped.add(identifier_of(event.stream_id))
        closing = getattr(self.quic, "_close_event", None)
        own = self._to_client is not None and self._to_client.is_over
        if not content and closing is not None and not own:
            content = self._from_client.ended(closing.error_code)
        if content:
            self._flush(time.monotonic())  # credit
        return content

    # Ends.

    def close(self) -> None:
        """End the connection without an error."""
        self._end(NO_ERROR)

    def drop(self) -> None:
        """End the connection, as a server does that has been told to stop at once."""
        self._end(INTERNAL_ERROR)

    def reset(self) -> None:
        """Be gone: the port is closed, as that of a server that has crashed."""
        with self._lock:
            self.closed = True
        self._refuse()

    def _end(self, code: int) -> None:
        with self._lock:
            while content := self._pull():
                self.received += content
            with suppress(QuicConnectionError):
                if self._to_client is None:
                    self._to_client = self._start(settings(), time.monotonic())
                self._to_client.close(code)
                self._flush(time.monotonic())
            self.closed = True

    def stop(self) -> None:
        """When the scenario is over, take what has arrived."""
        with self._lock:
            while content := self._pull():
                self.received += content
            self.closed = True

    def wait_over(self) -> None:
        """Do nothing until the scenario is over."""
        self.over.wait(PATIENCE)
        raise Gone

    def pause(self, seconds: float) -> None:
        """Do nothing for that many seconds."""
        if self.over.wait(seconds):
            raise Gone
