"""The engine and h2 as clients that get the same bytes from a server, right or wrong, and have to read the same."""

from __future__ import annotations

import re
import struct
from random import Random
from typing import Any

import h2.events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from httpcore_h2._engine import Engine
from httpcore_h2._flow import MAX_FRAME_SIZE
from httpcore_h2._stream import Stream
from httpcore_models import ReadError, RemoteProtocolError

from .. import h2_frames as frames
from ..exchanges import cut_at
from ..h2_dialogue import head
from . import view
from .client import Call, new_engine
from .differences import Frame, Situation, intended
from .script import ServerScript, mutated
from .wire import frames_of

__all__ = ["Twins"]

_SETTINGS, _GOAWAY, _WINDOW_UPDATE = 4, 7, 8
# No frame is answered by more bytes than this.
_MAX_ANSWER = 64
_METHODS = (b"GET", b"GET", b"POST", b"POST", b"HEAD", b"CONNECT")


class _Ours:
    """The engine, and what it has reported."""

    def __init__(self) -> None:
        self.engine: Engine = new_engine()
        self.calls: dict[int, Call] = {}
        self.engine.start()
        self.written = b""

    def request(self, method: bytes) -> Call:
        fields = [(b"Transfer-Encoding", b"chunked")] if method == b"POST" else []
        call = Call(Stream(head(method, *fields)), b"")
        self.engine.admit(call.stream)
        call.opened = self.engine.open_stream(call.stream)
        self.calls[call.stream.id] = call
        return call

    def flush(self) -> bytes:
        data = self.engine.bytes_to_send()
        self.written += data
        return data

    def failed(self, stream_id: int) -> bool:
        return self.calls[stream_id].stream.failure is not None

    def read(self) -> None:
        for call in self.calls.values():
            for _ in range(10_000):
                if call.is_over:
                    break
                try:
                    event = self.engine.next_event(call.stream)
                except (RemoteProtocolError, ReadError) as exc:
                    call.failure = exc
                    break
                if not call.stream.has_event() and not isinstance(event, (bytes, tuple)):
                    break
                call.note(event)
            else:
                raise AssertionError("the engine goes round in circles")

    def state(self) -> Any:
        """Return all that a cut of the bytes must not change.

        It may change the credit of a stream: that is given in steps, after parts of a body that differ in size.
        """
        calls = [(call.got, _text(call.failure), call.stream.local_end) for call in self.calls.values()]
        written = [frame for frame in frames_of(self.written) if frame[0] != _WINDOW_UPDATE or not frame[2]]
        return calls, written, _text(self.engine.failure), self.engine.streams.open_count, self.engine.state


def _text(failure: object) -> str:
    # Texts of hpack contain addresses.
    return re.sub("0x[0-9a-f]+", "", str(failure))


class _H2:
    """h2 as a client with the settings of the engine, and what it has reported."""

    def __init__(self, announced: bytes) -> None:
        """`announced` holds the frames that the engine began with."""
        codes = next(payload for kind, _, _, payload in frames_of(announced) if kind == _SETTINGS)
        settings = dict(struct.iter_unpack(">HL", codes))
        self.h2 = H2Connection(H2Configuration(header_encoding=None, normalize_inbound_headers=False))
        self.h2.local_settings = Settings(
            client=True,
            initial_values={SettingCodes(code): value for code, value in settings.items()},
        )
        self.h2.max_inbound_frame_size = settings[SettingCodes.MAX_FRAME_SIZE]
        self.h2.decoder.max_header_list_size = settings[SettingCodes.MAX_HEADER_LIST_SIZE]
        self.h2.initiate_connection()
        for kind, _, _, payload in frames_of(announced):
            if kind == _WINDOW_UPDATE:
                self.h2.increment_flow_control_window(int.from_bytes(payload, "big"))
        self.got: dict[int, list[Any]] = {}
        #: Streams that ended by RST_STREAM of either side.
        self.reset: set[int] = set()
        self.error: ProtocolError | None = None

    def request(self, stream: Stream) -> None:
        self.h2.send_headers(stream.id, list(stream.head.pseudo_headers), end_stream=not stream.head.has_body)
        self.got[stream.id] = []

    def receive(self, data: bytes) -> None:
        """Take a frame; `error` is set if it ends the connection."""
        try:
            for event in self.h2.receive_data(data):
                self._note(event)
        except ProtocolError as exc:
            self.error = exc
        self.h2.clear_outbound_data_buffer()

    def _note(self, event: Any) -> None:
        stream_id: int = getattr(event, "stream_id", None) or 0
        if isinstance(event, h2.events.InformationalResponseReceived):
            self.got[stream_id].append(("interim", *_head(event.headers)))
        elif isinstance(event, h2.events.ResponseReceived):
            self.got[stream_id].append(("head", *_head(event.headers)))
        elif isinstance(event, h2.events.TrailersReceived):
            self.got[stream_id].append(("trailers", _fields(event.headers)))
        elif isinstance(event, h2.events.DataReceived) and event.data:
            if isinstance(self.got[stream_id][-1], bytearray):
                self.got[stream_id][-1] += event.data
            else:
                self.got[stream_id].append(bytearray(event.data))
        elif isinstance(event, h2.events.StreamEnded):
            self.got[stream_id].append("end")
        elif isinstance(event, h2.events.StreamReset):
            self.reset.add(stream_id)

    def is_open(self, stream_id: int) -> bool:
        stream = self.h2.streams.get(stream_id)
        return stream is not None and not stream.closed

    def is_sending(self, stream_id: int) -> bool:
        return self.is_open(stream_id) and self.h2.streams[stream_id].state_machine.state.name in (
            "OPEN",
            "HALF_CLOSED_REMOTE",
        )


def _head(fields: list[Any]) -> tuple[Any, list[Any]]:
    status = bytes(fields[0][1])
    return int(status) if status.isdigit() else status, _fields(fields[1:])


def _fields(fields: list[Any]) -> list[Any]:
    return [(bytes(name), bytes(value)) for name, value in fields]


class Twins:
    """A server's bytes, read by the engine whole and in pieces, and by h2. Steps in `skip` are left out."""

    def __init__(self, seed: int, skip: frozenset[int] = frozenset()) -> None:
        self._seed, self._skip = seed, skip
        self._chance = chance = Random(seed)
        self.steps: int = chance.choice((5, 15, 40))
        self.log: list[str] = []
        #: The differences that were met, by their names.
        self.differences: list[str] = []
        self._odd = chance.choice((0.0, 0.02, 0.1, 0.3))
        self._reads = chance.random() < 0.9
        self._ours, self._cut = _Ours(), _Ours()
        self._h2 = _H2(self._ours.engine.bytes_to_send().removeprefix(frames.PREFACE))
        assert self._cut.engine.bytes_to_send().startswith(frames.PREFACE)
        self._same = True
        # Streams that are not compared any more, because a GOAWAY excluded them.
        self._excluded: set[int] = set()
        self._last_id = 2**31 - 1
        self._streams: list[int] = []
        for _ in range(chance.choice((1, 2, 4))):
            self._request()
        self._script = ServerScript(chance, self._streams, self._odd)
        self._flush()

    def play(self) -> None:
        """Play all steps. Raises an exception if anything is wrong."""
        first = frames.settings()
        if self._odd and self._chance.random() < 0.05:
            first = self._chance.choice(
                (frames.ping(), b"HTTP/1.1 400 Bad Request\r\n\r\n", frames.raw_settings({9: 1}))
            )
        self.log.append(f"first: {first.hex()}")
        self._receive([first])
        for number in range(self.steps):
            if number in self._skip:
                continue
            self._chance.seed(self._seed * 1_000 + number)
            self.log.append(f"{number}")
            if self._chance.random() < 0.15:
                self._act()
            else:
                self._receive(self._next_frames())
            if self._ours.engine.failure is not None:
                break
        self._finish_all()

    def _next_frames(self) -> list[bytes]:
        wire = [frame for _ in range(self._chance.choice((1, 1, 3))) for frame in self._script.frames()]
        if self._chance.random() < self._odd:
            wire = mutated(wire, self._chance)
        if self._odd and self._chance.random() < 0.004:
            wire += [frames.data(self._streams[0], bytes(MAX_FRAME_SIZE))] * self._chance.choice((63, 64, 65, 260))
        return wire

    # What the client does.

    def _request(self) -> None:
        method = self._chance.choice(_METHODS)
        call = self._ours.request(method)
        self._cut.request(method)
        if self._same:
            self._h2.request(call.stream)
        self._streams.append(call.stream.id)

    def _act(self) -> None:
        ours, chance = self._ours, self._chance
        act = chance.choice((self._open, self._send, self._end, self._finish))
        call = chance.choice(list(ours.calls.values()))
        self.log[-1] += f" {act.__name__} stream {call.stream.id}"
        act(call)
        self._flush()

    def _open(self, call: Call) -> None:
        if self._ours.engine.can_open and len(self._streams) < 6:
            self._request()

    def _send(self, call: Call) -> None:
        if not call.stream.wants_body() or call.finished:
            return
        size = self._chance.choice((1, 1_000, 20_000))
        sent = [
            each.engine.send_data(each.calls[call.stream.id].stream, memoryview(bytes(size))) for each in self._both()
        ]
        assert sent[0] == sent[1]
        left = sent[0] or 0
        while left and self._same and self._h2.is_sending(call.stream.id):
            part = min(left, self._h2.h2.max_outbound_frame_size)
            self._h2.h2.send_data(call.stream.id, bytes(part))
            left -= part

    def _end(self, call: Call) -> None:
        if not call.finished:
            for each in self._both():
                each.engine.end_request(each.calls[call.stream.id].stream)

    def _finish(self, call: Call) -> None:
        if call.finished:
            return
        for each in self._both():
            each.engine.finish(each.calls[call.stream.id].stream)
            each.calls[call.stream.id].finished = True
        if self._same and self._h2.is_open(call.stream.id):
            self._h2.h2.reset_stream(call.stream.id, 8)

    def _both(self) -> tuple[_Ours, _Ours]:
        return self._ours, self._cut

    def _flush(self) -> None:
        self._follow_ours()
        self._cut.flush()

    def _follow_ours(self) -> int:
        """Let h2 end requests and give credit where the engine has done so; return how many bytes it has written."""
        written = self._ours.flush()
        if not self._same:
            return len(written)
        for stream_id, call in self._ours.calls.items():
            if call.stream.local_end and self._h2.is_sending(stream_id):
                self._h2.h2.end_stream(stream_id)
        for kind, _, stream_id, payload in frames_of(written):
            if kind == _WINDOW_UPDATE and (not stream_id or self._h2.is_open(stream_id)):
                self._h2.h2.increment_flow_control_window(int.from_bytes(payload, "big"), stream_id or None)
        self._h2.h2.clear_outbound_data_buffer()
        return len(written)

    # What the server sends.

    def _receive(self, wire: list[bytes]) -> None:
        for frame in wire:
            self.log.append(f"    {frame[:60].hex()} ({len(frame)})")
            before = {stream_id: self._ours.failed(stream_id) for stream_id in self._ours.calls}
            self._ours.engine.receive_data(frame, 0.0)
            if self._same:
                self._compare_frame(frame, before)
            written = self._follow_ours()
            assert written <= _MAX_ANSWER, f"{written} bytes answer a frame"
        joined = b"".join(wire)
        # The text of the error for a plain text shows what has arrived of it.
        cuts = 0 if joined[:4] in (b"", b"HTTP") else self._chance.choice((0, 1, 5))
        for piece in cut_at(joined, {self._chance.randint(1, len(joined)) for _ in range(cuts)}):
            if piece:
                self._cut.engine.receive_data(piece, 0.0)
        if self._reads:
            self._read()
        self._flush()
        assert self._ours.state() == self._cut.state()
        if self._same:
            self._compare_windows()

    def _read(self) -> None:
        for each in self._both():
            each.read()
        if self._same:
            self._compare_events()

    def _compare_frame(self, data: bytes, before: dict[int, bool]) -> None:
        frame = Frame(data)
        failure = self._ours.engine.failure
        if frame.type == _GOAWAY and failure is None:
            self._last_id = min(self._last_id, int.from_bytes(frame.payload[:4], "big") & 0x7FFFFFFF)
            self._excluded.update(stream_id for stream_id in self._streams if stream_id > self._last_id)
            return
        situation = self._situation(frame, before)
        self._h2.receive(data)
        failed = [stream_id for stream_id in before if self._ours.failed(stream_id) and not before[stream_id]]
        ours = "connection" if failure is not None else "stream" if failed else "accepted"
        reset = bool(self._h2.reset.intersection(failed))
        theirs = "connection" if self._h2.error is not None else "stream" if reset else "accepted"
        if ours == theirs and ours != "connection":
            return
        self._same = False
        if ours == theirs:
            return
        failure = failure or (self._ours.calls[failed[0]].stream.failure if failed else None)
        text = failure.message if failure is not None else f"{type(self._h2.error).__name__}: {self._h2.error}"
        reason = intended(ours, theirs, text, self._h2.error, situation)
        assert reason is not None, f"the engine: {ours}, h2: {theirs}, {text}"
        self.differences.append(reason)

    def _situation(self, frame: Frame, before: dict[int, bool]) -> Situation:
        call = self._ours.calls.get(frame.stream)
        ended = frame.stream in self._h2.reset or "end" in self._h2.got.get(frame.stream, ())
        late = call is not None and (call.finished or before[frame.stream])
        method = b"" if call is None else call.stream.head.pseudo_headers[0][1]
        status = None if call is None else call.stream.status
        return Situation(frame, method, status, ended, late)

    def _compare_events(self) -> None:
        for stream_id, call in self._ours.calls.items():
            if stream_id in self._excluded or call.finished:
                continue
            assert call.got == self._h2.got[stream_id], f"stream {stream_id}"
            if call.failure is not None:
                assert stream_id in self._h2.reset, f"stream {stream_id}: {call.failure}"
            elif stream_id in self._h2.reset:
                assert call.complete, f"stream {stream_id}"

    def _compare_windows(self) -> None:
        assert self._ours.engine.send_window == self._h2.h2.outbound_flow_control_window
        for stream_id, call in self._ours.calls.items():
            if self._h2.is_sending(stream_id) and not call.finished and stream_id not in self._excluded:
                window = view.send_windows(self._ours.engine, call.stream)[1]
                assert window == self._h2.h2.streams[stream_id].outbound_flow_control_window, f"stream {stream_id}"
        table = self._h2.h2.decoder.header_table
        assert view.received_table(self._ours.engine) == (table.maxsize, list(table.dynamic_entries))

    def _finish_all(self) -> None:
        self.log.append("the end")
        self._read()
        assert self._ours.state() == self._cut.state()
        for each in self._both():
            each.engine.receive_data(b"", 0.0)
            each.read()
        for call in self._ours.calls.values():
            assert call.is_over, f"stream {call.stream.id} does not end"
            if not call.finished:
                self._ours.engine.finish(call.stream)
        assert self._ours.engine.streams.open_count == 0
