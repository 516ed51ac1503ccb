"""Driving an HTTP/1.1 engine without a network: whole exchanges, with the response cut into pieces."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

from httpcore_h11._engine import Engine
from httpcore_h11._events import END_OF_MESSAGE, NEED_DATA, Event, InformationalResponse, ResponseHead
from httpcore_models import RemoteProtocolError

__all__ = [
    "FEEDINGS",
    "HEAD_LIMIT",
    "TRAILING",
    "Feeding",
    "bytewise",
    "cut_at",
    "head",
    "interim",
    "receive",
    "refused",
    "sent",
]

HEAD_LIMIT = 100 * 1024
TRAILING = b"HTTP/1.1 200 stray"

Feeding = Callable[[bytes], Sequence[bytes]]


def bytewise(data: bytes) -> list[bytes]:
    """Cut `data` into single bytes."""
    return [data[index : index + 1] for index in range(len(data))]


def cut_at(data: bytes, positions: Iterable[int]) -> list[bytes]:
    """Cut `data` at `positions`; no piece is empty, because that would be the end of stream."""
    edges = [0, *sorted(positions), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if start < end]


# Three ways to feed a complete response to the engine.
FEEDINGS: dict[str, Feeding] = {
    "whole": lambda data: [data],
    "bytewise": bytewise,
    "trailing": lambda data: [data + TRAILING],
}


def sent(
    method: bytes = b"GET", *headers: tuple[bytes, bytes], target: bytes = b"/", limit: int = HEAD_LIMIT
) -> Engine:
    """Return an engine that has sent a complete request without a body."""
    engine = Engine(limit)
    engine.start_request(method, target, [(b"Host", b"localhost"), *headers])
    engine.end_body()
    return engine


def head(status: int, *headers: tuple[bytes, bytes], reason: bytes = b"", version: bytes = b"HTTP/1.1") -> ResponseHead:
    """Return the head of a final response."""
    return ResponseHead(version, status, reason, list(headers))


def interim(status: int, *headers: tuple[bytes, bytes], reason: bytes = b"") -> InformationalResponse:
    """Return the head of an interim response."""
    return InformationalResponse(b"HTTP/1.1", status, reason, list(headers))


def receive(engine: Engine, pieces: Iterable[bytes]) -> list[Event]:
    """Feed a response piece by piece, followed by the end of stream if necessary, until the message ends.

    Returns the events, with adjacent parts of the body joined, since the cuts decide about those. Pieces that are left
    then are fed at the end.
    """
    feed = iter(pieces)
    events: list[Event] = []
    at_end = False
    while (event := engine.next_event()) is not END_OF_MESSAGE:
        if event is NEED_DATA:
            assert not at_end, "the engine wants more after the end of stream"
            data = next(feed, b"")
            at_end = not data
            engine.receive_data(data)
        elif isinstance(event, bytes) and events and isinstance(events[-1], bytes):
            events[-1] += event
        else:
            assert event, "an empty part of a body"
            events.append(event)
    for piece in feed:
        engine.receive_data(piece)
    return events


def refused(engine: Engine, pieces: Iterable[bytes]) -> str:
    """Feed a response that breaks the protocol, and return the text of the error; fail if there is none."""
    try:
        events = receive(engine, pieces)
    except RemoteProtocolError as exc:
        return str(exc)
    raise AssertionError(f"the response was accepted: {events!r}")
