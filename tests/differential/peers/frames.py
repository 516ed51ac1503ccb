"""HTTP/2 at the peer: what the client has sent, and the routine part of a server's protocol."""

from __future__ import annotations

import hashlib
from typing import Any

from hpack.exceptions import HPACKError
from httpcore_test_support import h2_frames
from httpcore_test_support.h2_frames import PREFACE, ClientFrames
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame

from .wire import Conn, Gone

__all__ = ["BAD_BLOCK", "Talk", "summary"]

BAD_BLOCK = "a header block that cannot be decoded"

Fields = list[tuple[bytes, bytes]]


def _client() -> ClientFrames:
    client = ClientFrames()
    client._decoder.max_allowed_table_size = 65_536  # peers that allow more say so in their own settings
    return client


class Talk:
    """The server's end of a connection. It sends due acknowledgements, and credit for what it has read."""

    def __init__(self, conn: Conn, settings: dict[int, int] | None = None, credit: bool = True) -> None:
        self.conn = conn
        self.fields: dict[int, Fields] = {}
        self.credit = credit
        self._client = _client()
        self._begun: list[int] = []
        self._ended: list[int] = []
        self._fed = 0
        self.acknowledged = 0  # SETTINGS of ours
        conn.send(h2_frames.settings(settings or {}))

    def send(self, *frames: bytes) -> None:
        """Send frames, all together."""
        self.conn.send(b"".join(frames))

    def pump(self, patience: float = 8.0) -> None:
        """Wait for more bytes from the client, and process them."""
        if self._fed == len(self.conn.received):
            self.conn.receive(patience)
        data = bytes(self.conn.received[self._fed :])
        self._fed += len(data)
        for frame in self._client.receive(data):
            self._take(frame)

    def _take(self, frame: Frame) -> None:
        if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self.send(h2_frames.settings_ack())
        elif isinstance(frame, SettingsFrame):
            self.acknowledged += 1
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
            self.send(h2_frames.ping(frame.opaque_data, ack=True))
        elif isinstance(frame, HeadersFrame):
            try:
                self.fields[frame.stream_id] = self._client.fields(frame)
            except HPACKError:
                raise Gone from None
            self._begun.append(frame.stream_id)
        elif isinstance(frame, DataFrame) and frame.flow_controlled_length and self.credit:
            length = frame.flow_controlled_length
            self.send(h2_frames.window_update(0, length), h2_frames.window_update(frame.stream_id, length))
        if isinstance(frame, (HeadersFrame, DataFrame)) and "END_STREAM" in frame.flags:
            self._ended.append(frame.stream_id)

    def limit_table(self, size: int) -> None:
        """From now on, accept only fields of a client that has confirmed a header table of at most this size."""
        self._client._decoder.max_allowed_table_size = size

    def head(self) -> int:
        """Wait for the head of the next request and return its stream."""
        while not self._begun:
            self.pump()
        return self._begun.pop(0)

    def request(self, patience: float = 8.0) -> int:
        """Wait for the next complete request and return its stream."""
        while not self._ended:
            self.pump(patience)
        stream = self._ended.pop(0)
        if stream in self._begun:
            self._begun.remove(stream)
        return stream

    def end_of(self, stream: int) -> None:
        """Wait for the end of a request."""
        while stream not in self._ended:
            self.pump()
        self._ended.remove(stream)

    def others(self, stream: int) -> list[int]:
        """Return the other streams that have begun, and forget them."""
        found = [each for each in {*self._begun, *self._ended} if each != stream]
        self._begun, self._ended = [], []
        return found

    def is_head(self, stream: int) -> bool:
        """Return whether the method is HEAD."""
        return (b":method", b"HEAD") in self.fields[stream]


def summary(data: bytes) -> list[Any]:
    """Return what a client has sent, stream by stream: fields, body, how it ended.

    Settings, credit and answers to pings are not compared: each release has windows of its own.
    """
    if not data.startswith(PREFACE):
        return ["no HTTP/2"] if not PREFACE.startswith(data) else []
    client = _client()
    streams: dict[int, list[Any]] = {}
    others: list[Any] = []
    bodies: dict[int, bytes] = {}
    for frame in client.receive(data):
        if isinstance(frame, HeadersFrame):
            try:
                decoded = client.fields(frame)
            except HPACKError:  # for example because earlier blocks were lost
                others.append([BAD_BLOCK, ""])
                break
            fields = [f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in decoded]
            streams[frame.stream_id] = [fields, "cut"]
            bodies[frame.stream_id] = b""
        elif isinstance(frame, DataFrame) and frame.stream_id in bodies:
            bodies[frame.stream_id] += frame.data
        elif isinstance(frame, RstStreamFrame) and frame.stream_id in streams:
            streams[frame.stream_id].append(f"RST_STREAM {frame.error_code}")
        elif isinstance(frame, GoAwayFrame) and frame.error_code:
            others.append([f"GOAWAY {frame.error_code}", ""])
        if isinstance(frame, (HeadersFrame, DataFrame)) and "END_STREAM" in frame.flags:
            body = bodies.get(frame.stream_id, b"")
            digest = hashlib.sha256(body).hexdigest()[:12]
            streams[frame.stream_id][1] = f"{len(body)} {digest}" if body else ""
    return [*streams.values(), *others]
