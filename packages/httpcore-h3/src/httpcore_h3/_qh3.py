"""QUIC (RFC 9000) with TLS, and decompression of fields (QPACK, RFC 9204): only this and other `_qh3_*` know qh3.

What qh3 raises is turned into exceptions of `httpcore_models`, and its events into calls of a handler. It does no I/O,
and its clock is that of the caller.
"""

import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

import qh3
from httpcore_models.lowlevel import Retryable
from qh3 import QuicConnection, quic_events

from . import _qpack
from ._codes import ConnectionFault
from ._control import MAX_SECTION_SIZE
from ._first_flight import FirstFlight
from ._handshake_probe import HandshakeProbe
from ._qh3_configuration import ALPN, new_configuration
from ._qh3_events import drain_from
from ._qh3_facts import cipher_of, idle_timeout_of_server, is_under_way, peer_certificate_of
from ._qh3_faults import FAULTS, call, fault, is_fault, qh3_qpack
from ._qpack import Fields
from ._tls.options import TLSOptions

# All datagrams come from, and go to, the peer of a connected socket: qh3 need not know its address.
_PEER = ("127.0.0.1", 443)

# Releases of qh3 whose core may be called without its wrapper. For a log that is never written here, the wrapper copies
# each datagram that it takes in and reads the head of each that is sent; it looks for events after each buffer, not
# once after several. That is a fifth of the time of a download, and a quarter of that of an upload. Other releases get
# the calls that are documented.
_KNOWN_CORE = qh3.__version__.startswith("2.1.")

# How large a datagram may be that qh3 sends. It holds parts of streams back while the path has less room.
_MAX_DATAGRAM = 1472

# Of how many streams qh3 may hold back parts that no packet has had room for, unless it repeats what was not
# acknowledged in time.
_MOST_HELD = 16

# What is told as the reason if the server does not know the connection any more (RFC 9000 section 10.3).
_STATELESS_RESET = "stateless reset"


class QUICHandler(Protocol):
    """What takes in what the server sends."""

    def handshake_completed(self) -> None:
        """Take the end of the handshake: the server is who it claims to be, and speaks HTTP/3."""

    def stream_data_received(self, stream_id: int, data: bytes, end: bool) -> None:
        """Take bytes of a stream, and perhaps its end."""

    def stream_reset_received(self, stream_id: int, code: int) -> None:
        """Take RESET_STREAM: nothing more comes on a stream."""

    def stop_sending_received(self, stream_id: int, code: int) -> None:
        """Take STOP_SENDING: the server reads nothing more of a stream. qh3 has sent RESET_STREAM for it."""

    def terminated(self, code: int, frame_type: int | None, reason: str) -> None:
        """Take the end of the connection. `frame_type` is `None` if HTTP/3 ended it, and not QUIC or TLS."""


class QUIC:
    """A QUIC connection. Times are in seconds, on one monotonic clock."""

    def __init__(self, handler: QUICHandler, tls: TLSOptions, idle_timeout: float) -> None:
        self._handler = handler
        # With `Any`, since the parts that are used are methods of classes in Rust.
        self._quic: Any = QuicConnection(configuration=new_configuration(tls, idle_timeout))
        # Once the handshake is over: the part of it that takes in datagrams and has those to send, and the call that
        # makes events of what came.
        self._core: Any = None
        self._drain: Any = None
        self._send: Any = self._quic.send_stream_data
        self._queued: Any = self._quic.get_send_buffer_size
        # Until the handshake is over: what makes a silent server go on with it.
        self._probe: HandshakeProbe | None = HandshakeProbe()
        # Whether the server has confirmed the handshake; and what is not sent yet, from its end until then.
        self._is_confirmed = False
        self._first_flight: FirstFlight | None = None
        # Whether parts of streams may be held back that were chosen for a packet already, and datagrams that were made
        # before the next call of `datagrams_to_send()`.
        self._holds_back = False
        self._early: list[bytes] = []
        # How many such parts there may be; and how many packets have to leave until none is held back any more that was
        # when a stream was over. Until then no events are made.
        self._most_held = _MOST_HELD
        self._postponed = 0
        #: After how many seconds of silence the connection is over: what the side allows that allows less.
        self.idle_timeout: float = idle_timeout
        #: When something arrived last, or a keep-alive was sent.
        self.heard: float = 0.0
        # Whether a direction of a stream was ended by a frame of its own, which may be among those parts.
        self._has_ended = False
        self._is_over = False

    # The connection.

    def connect(self, now: float) -> None:
        """Begin the handshake."""
        call(self._quic.connect, _PEER, now)

    def receive(self, received: Sequence[tuple[bytes, int]], now: float) -> None:
        """Take buffers of datagrams, each with their size, of which the last may be shorter, and call the handler.

        Raises what the handler raises, and `ConnectionFault` if qh3 cannot go on.
        """
        # After the handshake, `receive_many_datagrams()` takes a tenth of the time of `receive_datagram()`.
        quic = self._quic if self._core is None else self._core
        open_streams = quic.active_local_streams if self._holds_back else None
        self.heard = now
        for buffer, segment_size in received:
            if len(buffer) > segment_size:
                call(quic.receive_gro_buffer, buffer, segment_size, _PEER, now)
            else:
                call(quic.receive_many_datagrams, [buffer], _PEER, now)
        if self._core is not None:
            self._take_events(open_streams, now)
            return
        if self._probe is not None:
            self._probe.note_received()
        self._hand_on_events()

    def handle_timer(self, now: float) -> None:
        """Do what was due at the time that `timer` told, and call the handler."""
        core = self._core
        if core is None:
            call(self._quic.handle_timer, now)
            if self._probe is not None:
                self._early = self._early + self._probe.take(now)
            self._hand_on_events()
        else:
            open_streams = core.active_local_streams if self._holds_back else None
            timeouts = core.pto_total
            call(core.handle_timer, now)
            if (due := self._keep_alive_due(core.get_timer())) is not None and due <= now:
                self.heard = now
                self.ping()
            if core.pto_total != timeouts:
                self._most_held = max(_MOST_HELD, 2 * sum(core.active_local_streams))
            self._take_events(open_streams, now)

    def _take_events(self, open_streams: Any, now: float) -> None:
        """Have qh3 make events of what came. `open_streams` are those before it came, if anything was held back then.

        With that, qh3 forgets streams that are over. If it still held back a part of one, it would drop the packet with
        that part, and never send the parts of other streams in it. So those parts have to leave before: one at least
        with each packet. Only frames that are repeated, or that end a stream, may be left of a stream that is over.
        """
        core = self._core
        if self._holds_back:
            if core.active_local_streams != open_streams and (self._has_ended or core.loss_total or core.pto_total):
                self._postponed = self._most_held
            self._early = self.datagrams_to_send(now)
        # A connection that is over sends nothing.
        if not (self._holds_back and self._postponed and core.state == "connected"):
            self._postponed = 0
            self._hand_on_native_events()

    def _hand_on_native_events(self) -> None:
        """Hand on those of the core that are frequent; others, and what is behind them, by way of the wrapper."""
        core, handler = self._core, self._handler
        events = call(list, iter(core.next_event, None))
        for index, event in enumerate(events):
            if event[0] == "stream_data":
                handler.stream_data_received(event[1], event[2], event[3])
            elif event[0] != "stream_finished":
                call(drain_from, events[index:], core, self._quic, self._drain)
                self._hand_on_events()
                break

    @property
    def timer(self) -> float | None:
        """When `handle_timer()` has to be called."""
        if self._core is not None:
            timer: tuple[str, float] | None = self._core.get_timer()
            return None if timer is None else self._keep_alive_due(timer) or timer[1]
        due: float | None = self._quic.get_timer()
        return due if due is None or self._probe is None else min(due, self._probe.due)

    @property
    def is_acknowledging(self) -> bool:
        """Whether `timer` is that of an acknowledgement, which leaves with any packet that is sent then.

        False until the handshake is confirmed: what comes may let the rest of the first flight leave.
        """
        timer = self._core.get_timer() if self._is_confirmed else None
        return timer is not None and timer[0] == "ack_application"

    def _keep_alive_due(self, timer: tuple[str, float] | None) -> float | None:
        """Return when the server has to hear of the client, so that requests may take longer than the idle timeout.

        RFC 9114 section 5.1 asks for that while responses are outstanding. `timer` is the next one of qh3.
        """
        if timer is None or timer[0] != "idle" or not self._core.active_local_streams[0]:
            return None
        return (self.heard + timer[1]) / 2

    def datagrams_to_send(self, now: float) -> list[bytes]:
        """Return what has to be sent now."""
        datagrams, self._early = self._early, []
        try:
            if self._is_confirmed:
                self._transmit(datagrams, now)
            else:
                self._transmit_first_flight(datagrams, now)
        except BaseException as exc:
            if not is_fault(exc):
                raise
            # Such as "reserved stream is missing": qh3 has lost a packet that it had chosen parts of streams for, and
            # would never send those. The server is not to blame.
            raise fault(exc, Retryable.IDEMPOTENT) from exc
        return datagrams

    def _transmit(self, datagrams: list[bytes], now: float) -> None:
        core = self._core
        if self._postponed:
            in_flight = core.bytes_in_flight
            while (transmit := core.poll_transmit(now)) is not None:
                datagrams.append(transmit[0])
                before, in_flight = in_flight, core.bytes_in_flight
                if in_flight > before and self._postponed:
                    self._postponed -= 1
        else:
            datagrams += [transmit[0] for transmit in iter(partial(core.poll_transmit, now), None)]
        self._holds_back = core.congestion_window - core.bytes_in_flight < _MAX_DATAGRAM
        if not self._holds_back:
            self._most_held = _MOST_HELD

    def _transmit_first_flight(self, datagrams: list[bytes], now: float) -> None:
        first_flight = self._first_flight
        if first_flight is None:
            datagrams += [datagram for datagram, _ in self._quic.datagrams_to_send(now)]
            if self._probe is not None:
                self._probe.note_sent(datagrams, now)
            return
        # Of releases of qh3 that do not tell, it is not known that they need this.
        is_confirmed = getattr(self._quic, "_handshake_confirmed", True)
        while True:
            self._transmit(datagrams, now)
            if not first_flight.hand_over(everything=is_confirmed):
                break
        if is_confirmed and not first_flight.waits:
            self._send = self._core.send_stream
            self._queued = self._quic.get_send_buffer_size
            # In this order: without either, the wrapper would send.
            self._is_confirmed = True
            self._first_flight = None

    @property
    def keeps_first_flight(self) -> bool:
        """Whether parts of streams wait until the handshake is confirmed. Their streams may not be ended before."""
        return self._first_flight is not None and self._first_flight.waits

    def holds_back(self, now: float) -> bool:
        """Whether parts of streams may wait here that were chosen for a packet, or those of the first flight."""
        if self._core is None:
            # Of releases that do not tell more. This is true also if the path has room, but a pause is due.
            return bool(self._quic.should_wait_for_ack(now))
        return self._holds_back or self._postponed > 0 or self.keeps_first_flight

    def close(self, code: int, reason: str = "") -> None:
        """End the connection with an error code of HTTP/3."""
        with contextlib.suppress(*FAULTS):
            self._quic.close(error_code=code, reason_phrase=reason)

    def ping(self) -> None:
        """Have the server send an acknowledgement."""
        call(self._quic.send_ping, 0)

    @property
    def cipher(self) -> str | None:
        """The name of the cipher suite, if it is known."""
        return cipher_of(self._quic)

    @property
    def peer_certificate(self) -> bytes | None:
        """The certificate of the server in DER, if it is known."""
        return peer_certificate_of(self._quic)

    def is_under_way(self, pending: bool) -> bool:
        """See `is_under_way()`."""
        return is_under_way(self._core, pending)

    def _hand_on_events(self) -> None:
        handler, next_event = self._handler, self._quic.next_event
        while not self._is_over:
            event = next_event()
            if event is None:
                break
            kind = type(event)
            if kind is quic_events.StreamDataReceived:
                handler.stream_data_received(event.stream_id, event.data, event.end_stream)
            elif kind is quic_events.StreamReset:
                handler.stream_reset_received(event.stream_id, event.error_code)
            elif kind is quic_events.StopSendingReceived:
                self._has_ended = True
                handler.stop_sending_received(event.stream_id, event.error_code)
            elif kind is quic_events.HandshakeCompleted:
                if event.alpn_protocol != ALPN:
                    raise ConnectionFault(f"The server has chosen the protocol {event.alpn_protocol!r}")
                if _KNOWN_CORE:
                    self._drain = getattr(self._quic, "_drain_core", None)
                    self._core = None if self._drain is None else getattr(self._quic, "_core", None)
                self._probe = None
                self.idle_timeout = min(self.idle_timeout, idle_timeout_of_server(self._quic))
                handler.handshake_completed()
                if self._core is not None:
                    # Until now the wrapper has noted each stream, to tell the identifier of the next one.
                    self._first_flight = first_flight = FirstFlight(self._core, self._queued)
                    self._send, self._queued = first_flight.send, first_flight.queued
            elif kind is quic_events.ConnectionTerminated:
                # What the server sends as the end has a code of HTTP/3 or QUIC, and is told earlier, see below.
                is_unknown = not (event.error_code or event.reason_phrase) and event.frame_type is None
                self._terminated(event, _STATELESS_RESET if is_unknown else event.reason_phrase)
        # qh3 reports the end only when the time is over for which packets may still arrive. Where it tells earlier that
        # it knows, nobody has to wait for that.
        event = None if self._is_over else getattr(self._quic, "_close_event", None)
        if event is not None:
            self._terminated(event, event.reason_phrase)

    def _terminated(self, event: Any, reason: str) -> None:
        self._is_over = True
        self._handler.terminated(event.error_code, event.frame_type, reason)

    # Streams.

    @property
    def stream_limit(self) -> int:
        """How many streams may be opened, from the beginning of the connection to its end."""
        limit: int = self._quic.max_concurrent_bidi_streams
        return limit

    def next_unidirectional_id(self) -> int:
        """Return the identifier of the next unidirectional stream: sending to it opens it."""
        stream_id: int = call(self._quic.get_next_available_stream_id, True)
        return stream_id

    def send(self, stream_id: int, data: bytes | memoryview, end: bool = False) -> None:
        """Queue bytes of a stream; an unused identifier opens one. Raises `ConnectionFault` if that fails."""
        if self._postponed and not self._core.can_send_stream(stream_id):
            # The server has asked for nothing more. The handler is told as soon as events are made of what came.
            return
        call(self._send, stream_id, data, end)

    def queued(self, stream_id: int) -> int:
        """Return how many bytes of a stream wait until they are sent for the first time."""
        size: int = self._queued(stream_id)
        return size

    def reset(self, stream_id: int, code: int) -> None:
        """Send RESET_STREAM, unless all of the stream is sent."""
        self._has_ended = True
        # The wrapper would note the stream, and learns nothing of the end of most.
        with contextlib.suppress(*FAULTS):
            (self._core or self._quic).reset_stream(stream_id, code)

    def stop(self, stream_id: int, code: int) -> None:
        """Send STOP_SENDING, unless all of the stream has arrived."""
        self._has_ended = True
        with contextlib.suppress(*FAULTS):
            self._quic.stop_stream(stream_id, code)


class FieldDecoder:
    """Decompresses the fields of responses, which refer to no dynamic table."""

    def __init__(self) -> None:
        self._decoder = self._new()

    def decode(self, block: bytes) -> Fields:
        """Return the fields. Raises `ConnectionFault`."""
        try:
            # The identifier of the stream matters for the dynamic table only.
            fields: Fields = self._decoder.feed_header(0, block)[1]
        except BaseException as exc:
            if not is_fault(exc):
                raise
        else:
            return fields
        self._decoder = self._new()
        return _qpack.decode(block, MAX_SECTION_SIZE)

    def _new(self) -> Any:
        return qh3_qpack.QpackDecoder(0, 0, max_field_section_size=MAX_SECTION_SIZE)
