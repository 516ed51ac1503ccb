"""A scripted HTTP/2 server on one connection of a `scripted_server`, for what no real server does on demand."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping
from typing import TypeVar

from hyperframe.frame import DataFrame, Frame, HeadersFrame, SettingsFrame

from . import h2_frames
from .scripted import Connection, Script

__all__ = ["Http2Peer", "answering", "http2_script"]

F = TypeVar("F", bound=Frame)


class Http2Peer:
    """Reads the frames of a client one by one, and sends frames. `frames` contains all that have arrived."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.frames: list[Frame] = []
        self.client = h2_frames.ClientFrames()
        self._unread: collections.deque[Frame] = collections.deque()

    def start(self, settings: Mapping[int, int] | None = None) -> None:
        """Exchange settings; without any, there is no limit on streams."""
        self.send(h2_frames.settings(settings))
        self.next(SettingsFrame)
        self.send(h2_frames.settings_ack())

    def send(self, *frames: bytes) -> None:
        """Send frames, in one piece."""
        self.connection.send(b"".join(frames))

    def next(self, kind: type[F]) -> F:
        """Wait for the next frame of one kind; those of other kinds are only added to `frames`."""
        while not isinstance(frame := self.next_frame(), kind):
            pass
        return frame

    def next_frame(self) -> Frame:
        """Wait for the next frame."""
        while not self._unread:
            received = self.client.receive(self.connection.receive())
            self.frames += received
            self._unread += received
        return self._unread.popleft()

    def request(self) -> int:
        """Wait for a request, body included; return its stream."""
        while True:
            frame = self.next_frame()
            if isinstance(frame, (HeadersFrame, DataFrame)) and "END_STREAM" in frame.flags:
                return frame.stream_id

    def respond(self, stream_id: int, content: bytes = b"hello") -> None:
        """Send a small response."""
        self.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, content, end_stream=True))

    def received(self, kind: type[F]) -> list[F]:
        """Return the frames of one kind that have come."""
        return [frame for frame in self.frames if isinstance(frame, kind)]


def http2_script(script: Callable[[Http2Peer], object], settings: Mapping[int, int] | None = None) -> Script:
    """Return the script of a server that has exchanged settings before `script` begins."""

    def run(connection: Connection) -> None:
        peer = Http2Peer(connection)
        peer.start(settings)
        script(peer)

    return run


def answering(peer: Http2Peer) -> None:
    """Answer every request."""
    while True:
        peer.respond(peer.request())
