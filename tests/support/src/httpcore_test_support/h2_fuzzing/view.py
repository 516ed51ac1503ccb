"""What the fuzz looks up in private attributes of the engine: the only place to change when these change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from httpcore_h2 import _connection_state, _receiving, _stream
from httpcore_h2._engine import Engine
from httpcore_h2._flow import CONNECTION_WINDOW, STREAM_WINDOW, TOTAL_GROWTH
from httpcore_h2._stream import Stream

__all__ = [
    "MAX_GROWTH",
    "Table",
    "frequent_credit",
    "received_table",
    "receive_windows",
    "send_windows",
    "sent_table",
    "stream_credit_due",
    "stream_growth",
    "stream_window",
]

Table = tuple[int, list[tuple[bytes, bytes]]]

# How many bytes a server may send ahead at most: how much all streams may have grown by together.
MAX_GROWTH = TOTAL_GROWTH


# When credit is returned, in bytes.
_FREQUENT = (
    (_receiving, "_CREDIT_IS_DUE", CONNECTION_WINDOW - 20_000),
    (_connection_state, "FIRST_CREDIT", 2_000),
    (_connection_state, "CREDIT_PART", 64),
    (_stream, "FIRST_CREDIT", 2_000),
)


@contextmanager
def frequent_credit() -> Iterator[None]:
    """Let the engine return credit after fewer bytes than it does: games transfer little."""
    with ExitStack() as stack:
        for module, name, size in _FREQUENT:
            stack.enter_context(mock.patch.object(module, name, size))
        yield


def send_windows(engine: Engine, stream: Stream) -> tuple[int, int]:
    """Return how many bytes the connection and the stream may send."""
    return engine.send_window, stream.send_window


def receive_windows(engine: Engine, stream: Stream | None = None) -> tuple[int, int]:
    """Return how many bytes the server may send on the connection and on the stream."""
    return engine._handlers._window, 0 if stream is None else stream.receive_window


def stream_window(stream: Stream) -> int:
    """Return how many bytes a server may send ahead on a stream, which may have grown."""
    return stream.window


def stream_growth(engine: Engine) -> int:
    """Return how many bytes the windows of all streams have grown by."""
    return sum(stream.window - STREAM_WINDOW for stream in engine.streams.by_id.values())


def stream_credit_due(stream: Stream) -> int:
    """Return how many bytes were consumed for which the server was not given credit yet."""
    return stream.consumed


def sent_table(engine: Engine) -> Table:
    """Return the table of the engine that compresses header fields: its size and its entries, the newest first."""
    return _table(engine.control.encoder.header_table)


def received_table(engine: Engine) -> Table:
    """Return the table of the engine that decompresses header fields."""
    return _table(engine.control.decoder.header_table)


def _table(table: Any) -> Table:
    return table.maxsize, [(bytes(name), bytes(value)) for name, value in table.dynamic_entries]
