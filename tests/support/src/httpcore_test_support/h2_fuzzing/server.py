"""h2 as a server: what it received and what it sent on each stream."""

from __future__ import annotations

import collections
from random import Random
from typing import Any

import h2.events
import hpack
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes, Settings
from h2.windows import WindowManager

from .. import h2_frames
from .wire import Wire, rewritten, size_updates

__all__ = ["Exchange", "RandomEncoder", "Server"]

Field = tuple[bytes, bytes]

MAX_WINDOW = 2**31 - 1


class _Settings(Settings):
    """Settings that take effect when the frame that holds them is acknowledged; h2 applies later frames too early."""

    def __init__(self) -> None:
        super().__init__(client=False)
        self._frames: collections.deque[dict[Any, int]] = collections.deque()

    def announce(self, values: dict[Any, int]) -> None:
        self._frames.append(values)

    def acknowledge(self) -> dict[Any, Any]:
        codes = self._frames.popleft()
        others = {code: values for code, values in self._settings.items() if code not in codes}
        for code in others:
            del self._settings[code]
        try:
            return super().acknowledge()
        finally:
            self._settings.update(others)


class _Decoder(hpack.Decoder):
    """A decoder that insists on being told of the smallest size that the table had to have (RFC 7541 section 4.2)."""

    _smallest: int | None = None
    _allowed = 4096

    @property
    def max_allowed_table_size(self) -> int:
        return self._allowed

    @max_allowed_table_size.setter
    def max_allowed_table_size(self, size: int) -> None:
        self._allowed = size
        self._smallest = size if self._smallest is None else min(size, self._smallest)

    def decode(self, data: bytes, raw: bool = False) -> Any:
        smallest, self._smallest = self._smallest, None
        if smallest is not None and smallest < self.header_table_size:
            updates = size_updates(bytes(data))
            assert updates, f"a table of {self.header_table_size} bytes was not made smaller"
            assert min(updates) <= smallest, f"the table sizes {updates} leave out {smallest}"
        return super().decode(data, raw)


class RandomEncoder(hpack.Encoder):
    """An encoder that writes fields in any representation."""

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self._chance = chance
        self._plain = chance.random() < 0.5

    @property
    def header_table_size(self) -> int:
        return self.header_table.maxsize

    @header_table_size.setter
    def header_table_size(self, size: int) -> None:
        # hpack forgets to announce a size that is set twice.
        if size != self.header_table.maxsize:
            self.header_table.maxsize = size
            self.table_size_changes.append(size)

    def add(self, to_add: Field, sensitive: bool, huffman: bool = False) -> bytes:
        chance = self._chance
        name, value = to_add
        if not self._plain and chance.random() < 0.3 and (places := self._places(to_add)):
            return self._number(0x80, 7, chance.choice(places))
        if self._plain or chance.random() < 0.7:
            return super().add(to_add, sensitive, huffman and chance.random() < 0.7)
        if chance.random() < 0.3:
            # A second entry for the same field.
            self.header_table.add(name, value)
            return b"\x40" + self._string(name) + self._string(value)
        if chance.random() < 0.2:
            return super().add(to_add, True, huffman)
        index = chance.choice([0, *self._places((name, None))])
        return self._number(0, 4, index) + (b"" if index else self._string(name)) + self._string(value)

    def _places(self, field: tuple[bytes, bytes | None]) -> list[int]:
        entries = [*self.header_table.STATIC_TABLE, *self.header_table.dynamic_entries]
        return [
            number for number, entry in enumerate(entries, 1) if entry[0] == field[0] and field[1] in (None, entry[1])
        ]

    def _string(self, value: bytes) -> bytes:
        return self._number(0, 7, len(value)) + value

    def _number(self, start: int, bits: int, number: int) -> bytes:
        encoded = hpack.hpack.encode_integer(number, bits)
        encoded[0] |= start
        return bytes(encoded)


class _Window(WindowManager):
    """A window that takes nothing from nothing: an empty frame is allowed even while a window is negative."""

    def window_consumed(self, size: int) -> None:
        if size:
            super().window_consumed(size)


class _Connection(H2Connection):
    """h2, without its errors: empty frames in negative windows, and frames that come with a new maximum size."""

    _left = b""
    _preface = len(h2_frames.PREFACE)

    def _begin_new_stream(self, stream_id: int, allowed_ids: Any) -> Any:
        stream = super()._begin_new_stream(stream_id, allowed_ids)
        stream._inbound_window_manager.__class__ = _Window
        return stream

    def receive_data(self, data: Any) -> list[Any]:
        events: list[Any] = []
        self._left += data
        while len(self._left) >= self._preface + 9:
            end = self._preface + 9 + int.from_bytes(self._left[self._preface : self._preface + 3], "big")
            if len(self._left) < end:
                break
            frame, self._left, self._preface = self._left[:end], self._left[end:], 0
            events += super().receive_data(frame)
        return events


class Exchange:
    """A stream as the server has it: the request that arrived, and what was sent."""

    def __init__(self, fields: list[Any]) -> None:
        self.fields: list[Any] = fields
        self.body = bytearray()
        self.ended = False
        self.reset_by_client: int | None = None
        self.method: bytes = dict(fields)[b":method"]
        self.declared: bool = b"content-length" in dict(fields)
        #: What was sent: heads, trailers, parts of the body joined, and `end`; or `reset`, or `goaway`.
        self.sent: list[Any] = []
        self.length: int | None = None
        self.status: int | None = None
        #: Whether the server takes nothing more of the request.
        self.cut = False

    @property
    def is_open(self) -> bool:
        """Whether the server may send more on the stream."""
        return self.reset_by_client is None and not (self.sent and self.sent[-1] in ("end", "reset", "goaway"))

    @property
    def receives(self) -> bool:
        """Whether more of the request is to come."""
        return self.reset_by_client is None and not self.ended and not self.cut

    def cut_off(self, how: str) -> None:
        """Note that the server took no more of the request, and ended the response unless it was complete."""
        if self.is_open:
            self.sent.append(how)
        self.cut = True

    def note_body(self, data: bytes) -> None:
        """Note what was sent of the body."""
        if not data:
            return
        if isinstance(self.sent[-1], bytearray):
            self.sent[-1] += data
        else:
            self.sent.append(bytearray(data))


class Server:
    """h2 with the preface of a server on its way."""

    def __init__(self, chance: Random, wire: Wire) -> None:
        self.h2 = _Connection(H2Configuration(client_side=False, header_encoding=None, normalize_inbound_headers=False))
        self.settings = _Settings()
        self.h2.local_settings = self.settings
        self.h2.decoder = _Decoder()
        self.h2.decoder.max_header_list_size = 2**24
        self.h2.encoder = self.encoder = RandomEncoder(chance)
        self.h2.initiate_connection()
        self.h2.clear_outbound_data_buffer()
        self.chance = chance
        self.wire = wire
        self.exchanges: dict[int, Exchange] = {}
        self.last_id = MAX_WINDOW
        self.terminated = False
        self.pings: list[bytes] = []
        self.ping_answers: list[bytes] = []
        self.client_pings = 0

    def flush(self) -> None:
        """Put on the way what h2 has to send."""
        data = self.h2.data_to_send()
        if data:
            self.wire.send(rewritten(data, self.chance))

    def receive(self, data: bytes) -> None:
        """Take bytes of the client. A protocol error of the client is raised."""
        for event in self.h2.receive_data(data):
            stream_id: int = getattr(event, "stream_id", None) or 0
            if isinstance(event, h2.events.RequestReceived):
                assert stream_id not in self.exchanges
                self.exchanges[stream_id] = Exchange(event.headers)
                if stream_id > self.last_id:
                    self.exchanges[stream_id].cut_off("goaway")
            elif isinstance(event, h2.events.DataReceived):
                self.exchanges[stream_id].body += event.data
            elif isinstance(event, h2.events.StreamEnded):
                self.exchanges[stream_id].ended = True
            elif isinstance(event, h2.events.StreamReset):
                if event.remote_reset:
                    self.exchanges[stream_id].reset_by_client = event.error_code
            elif isinstance(event, h2.events.PingAckReceived):
                self.ping_answers.append(event.ping_data)
            elif isinstance(event, h2.events.PingReceived):
                self.client_pings += 1
            elif isinstance(event, h2.events.ConnectionTerminated):
                assert event.error_code == 0, f"the client ended the connection: {event}"
                self.terminated = True
        self.flush()

    def configure(self, values: dict[int, int]) -> None:
        """Send SETTINGS."""
        settings: dict[Any, int] = {SettingCodes(code): value for code, value in values.items()}
        self.settings.announce(settings)
        self.h2.update_settings(settings)
        self.flush()

    def ping(self, data: bytes) -> None:
        """Send PING."""
        self.pings.append(data)
        self.h2.ping(data)
        self.flush()

    def grant(self, stream_id: int | None, size: int) -> None:
        """Send WINDOW_UPDATE."""
        self.h2.increment_flow_control_window(size, stream_id)
        self.flush()

    def reset(self, stream_id: int, code: int) -> None:
        """Send RST_STREAM."""
        self.h2.reset_stream(stream_id, code)
        self.exchanges[stream_id].cut_off("reset")
        self.flush()

    def go_away(self, last_id: int, code: int) -> None:
        """Send a GOAWAY after which streams up to `last_id` go on; h2 itself would end all."""
        self.last_id = last_id
        self.wire.send(h2_frames.goaway(last_id, code, self.chance.choice((b"", b"bye"))))
        for stream_id, exchange in self.exchanges.items():
            if stream_id > last_id:
                exchange.cut_off("goaway")

    def send_head(self, stream_id: int, status: int, fields: list[Field], end: bool) -> None:
        """Send the head of a response, final or not."""
        exchange = self.exchanges[stream_id]
        self.h2.send_headers(stream_id, [(b":status", b"%d" % status), *fields], end_stream=end)
        exchange.sent.append(("interim" if status < 200 else "head", status, fields))
        if status >= 200:
            exchange.status = status
        if end:
            exchange.sent.append("end")
        self.flush()

    def send_data(self, stream_id: int, data: bytes, end: bool, padding: int | None) -> None:
        """Send a part of the body."""
        exchange = self.exchanges[stream_id]
        self.h2.send_data(stream_id, data, end_stream=end, pad_length=padding)
        exchange.note_body(data)
        if end:
            exchange.sent.append("end")
        self.flush()

    def send_trailers(self, stream_id: int, fields: list[Field]) -> None:
        """Send trailers."""
        self.h2.send_headers(stream_id, fields, end_stream=True)
        self.exchanges[stream_id].sent += [("trailers", fields), "end"]
        self.flush()

    def windows(self, stream_id: int) -> tuple[int, int]:
        """Return how many bytes may arrive and be sent on a stream."""
        stream = self.h2.streams[stream_id]
        return stream.inbound_flow_control_window, stream.outbound_flow_control_window
