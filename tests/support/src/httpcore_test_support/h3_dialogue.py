"""An HTTP/3 engine and a scripted server, without a network and on a clock of their own.

The server is qh3's QUIC, and nothing else: what it sends on its streams is written in the tests, and can be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from httpcore_h3._engine import Engine
from httpcore_h3._frames import DATA, HEADERS, SETTINGS, FrameReader, build_frame, encode_varint
from httpcore_h3._qpack import encode
from httpcore_h3._stream import Stream
from httpcore_h3._tls.options import TLSOptions
from httpcore_models import Request
from httpcore_models.multiplexing import END_OF_STREAM, NEED_DATA, Event, RequestTranslator
from qh3 import QuicConfiguration, QuicConnection, quic_events
from qh3._hazmat import Buffer
from qh3.quic.packet import pull_quic_header

from .certificates import Certificates

_CLIENT = ("127.0.0.1", 1)

Fields = list[tuple[bytes, bytes]]

CONTROL_STREAM, ENCODER_STREAM, DECODER_STREAM = 3, 7, 11
DEFAULT_SETTINGS = build_frame(SETTINGS, b"")
OK: Fields = [(b":status", b"200")]


def head(fields: Fields) -> bytes:
    """Return a HEADERS frame."""
    return build_frame(HEADERS, encode(fields))


def data(content: bytes) -> bytes:
    """Return a DATA frame."""
    return build_frame(DATA, content)


@dataclass
class ReceivedRequest:
    """What the server has received on one stream."""

    data: bytearray = field(default_factory=bytearray)
    ended: bool = False
    reset: int | None = None
    stopped: int | None = None

    @property
    def frames(self) -> list[tuple[int, bytes]]:
        """The frames that have arrived, those of the body as one."""
        frames: list[tuple[int, bytes]] = []
        for kind, payload in FrameReader().receive(bytes(self.data)):
            if frames and kind == DATA == frames[-1][0]:
                frames[-1] = (DATA, frames[-1][1] + payload)
            else:
                frames.append((kind, payload))
        return frames

    @property
    def body(self) -> bytes:
        """The body."""
        return b"".join(payload for kind, payload in self.frames if kind == DATA)


class ScriptedServer:
    """The server's end of a QUIC connection."""

    def __init__(self, certificates: Certificates, first: list[bytes], now: float, **options: Any) -> None:
        configuration = QuicConfiguration(is_client=False, alpn_protocols=options.pop("alpn", ["h3"]), **options)
        configuration.load_cert_chain(certificates.chain_pem, certificates.key_pem)
        header = pull_quic_header(Buffer(data=first[0]), host_cid_length=8)
        self.quic: Any = QuicConnection(
            configuration=configuration, original_destination_connection_id=header.destination_cid
        )
        self.requests: dict[int, ReceivedRequest] = {}
        self.closed: tuple[int, str] | None = None
        self.receive(first, now)

    @property
    def stateless_reset_token(self) -> bytes:
        """What ends a stateless reset of this connection (RFC 9000 section 10.3)."""
        token: bytes = self.quic._tls.stateless_reset_token
        return token

    def receive(self, datagrams: list[bytes], now: float) -> None:
        """Take datagrams of the client."""
        for datagram in datagrams:
            self.quic.receive_datagram(datagram, _CLIENT, now)
        while (event := self.quic.next_event()) is not None:
            if isinstance(event, quic_events.StreamDataReceived):
                request = self.requests.setdefault(event.stream_id, ReceivedRequest())
                request.data += event.data
                request.ended = request.ended or event.end_stream
            elif isinstance(event, quic_events.StreamReset):
                self.requests.setdefault(event.stream_id, ReceivedRequest()).reset = event.error_code
            elif isinstance(event, quic_events.StopSendingReceived):
                self.requests.setdefault(event.stream_id, ReceivedRequest()).stopped = event.error_code
            elif isinstance(event, quic_events.ConnectionTerminated):
                self.closed = (event.error_code, event.reason_phrase)
        closing = getattr(self.quic, "_close_event", None)
        if closing is not None:
            self.closed = (closing.error_code, closing.reason_phrase)

    def send(self, stream_id: int, content: bytes, end: bool = False) -> None:
        """Send bytes of a stream."""
        self.quic.send_stream_data(stream_id, content, end)

    def open_streams(self, settings: bytes = DEFAULT_SETTINGS) -> None:
        """Open the control stream, and those of the compression."""
        self.send(CONTROL_STREAM, b"\x00" + settings)
        self.send(ENCODER_STREAM, b"\x02")
        self.send(DECODER_STREAM, b"\x03")


class Dialogue:
    """An engine and a server, whose datagrams all arrive, 10 ms later."""

    def __init__(
        self,
        certificates: Certificates,
        *,
        tls: TLSOptions | None = None,
        settings: bytes | None = DEFAULT_SETTINGS,
        idle_timeout: float = 30.0,
        rounds: int = 20,
        **options: Any,
    ) -> None:
        if tls is None:
            tls = TLSOptions("localhost", 2, True, certificates.authority_pem.read_bytes())
        self.now = 0.0
        self.engine = Engine(tls, idle_timeout)
        self.engine.start(self.now)
        first = self.engine.datagrams_to_send(self.now)
        self.server = ScriptedServer(certificates, first, self.now, **options)
        self.touched: list[Stream] = []
        self._translator = RequestTranslator()
        self.exchange(rounds)
        if settings is not None and self.engine.handshake_done:
            self.server.open_streams(settings)
            self.exchange()

    def exchange(self, rounds: int = 20) -> None:
        """Let both sides send until neither has anything, or for some rounds."""
        for _ in range(rounds):
            self.now += 0.01
            from_server = [datagram for datagram, _ in self.server.quic.datagrams_to_send(self.now)]
            self.deliver(from_server)
            from_client = self.engine.datagrams_to_send(self.now)
            self.server.receive(from_client, self.now)
            if not from_server and not from_client:
                break

    def deliver(self, datagrams: list[bytes]) -> None:
        """Let datagrams arrive at the engine."""
        for datagram in datagrams:
            self.touched += self.engine.receive([(datagram, len(datagram))], self.now)

    def request(
        self, method: str = "GET", *fields: tuple[bytes, bytes], path: str = "/", open_it: bool = True
    ) -> Stream:
        """Admit a request and open its stream."""
        request = Request(method, f"https://localhost{path}", headers=[(b"host", b"localhost"), *fields])
        stream = Stream(self._translator.request_head(request))
        self.engine.admit(stream)
        if open_it:
            assert self.engine.open_stream(stream)
        return stream

    def upload(self, length: int | None = None, path: str = "/") -> Stream:
        """Open the stream of a request with a body."""
        framing = (b"transfer-encoding", b"chunked") if length is None else (b"content-length", b"%d" % length)
        return self.request("POST", framing, path=path)

    def respond(self, stream: Stream, content: bytes, end: bool = True) -> None:
        """Let the server send bytes on the stream of a request, which has reached it, and let them arrive."""
        self.exchange()
        self.server.send(stream.id, content, end)
        self.exchange()

    def events(self, stream: Stream) -> list[Event]:
        """Return what can be read of a response."""
        events: list[Event] = []
        while not events or events[-1] not in (NEED_DATA, END_OF_STREAM):
            events.append(self.engine.next_event(stream))
        return events

    def read_all(self, stream: Stream) -> None:
        """Read a response until its end, or until that raises."""
        while self.engine.next_event(stream) is not END_OF_STREAM:
            pass

    def received(self, stream: Stream) -> ReceivedRequest:
        """Return what the server has received of a request."""
        self.exchange()
        return self.server.requests[stream.id]

    def fire_timer(self) -> None:
        """Let the time pass until the engine's timer, and fire it."""
        timer = self.engine.timer
        assert timer is not None
        self.now = max(self.now, timer)
        self.touched += self.engine.handle_timer(self.now)

    def recover(self) -> None:
        """Let two seconds pass, in which both sides repeat what was lost."""
        for _ in range(200):
            if self.engine.timer <= self.now:
                self.touched += self.engine.handle_timer(self.now)
            due = self.server.quic.get_timer()
            if due is not None and due <= self.now:
                self.server.quic.handle_timer(self.now)
            self.exchange(rounds=1)


def varint(value: int) -> bytes:
    """Return a number as QUIC writes it."""
    return encode_varint(value)
