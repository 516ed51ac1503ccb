"""Running an exchange with the fast parser and with h11 alone, to compare everything that the engine returns or raises.

An exchange is a list of steps, which may come in any order. `transcript()` returns the outcome of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from httpcore_h11._engine import Engine
from httpcore_h11._events import END_OF_MESSAGE, NEED_DATA
from httpcore_h11._h11_fallback import H11Fallback
from httpcore_models import LocalProtocolError, RemoteProtocolError

from .exchanges import HEAD_LIMIT, bytewise

__all__ = ["H11Engine", "Step", "assert_parsers_agree", "exchange", "transcript", "with_odd_bytes"]

Headers = Sequence[tuple[bytes, bytes]]

Step = (
    tuple[Literal["start"], bytes, bytes, Headers]
    | tuple[Literal["send"], bytes]
    | tuple[Literal["end"]]
    | tuple[Literal["receive"], bytes]
    | tuple[Literal["look"], bytes]
    | tuple[Literal["next cycle"]]
)

HOST = (b"Host", b"localhost")

# A second response on the same connection, for when the first was read to its end.
SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n2."


class H11Engine(Engine):
    """An engine that never uses the fast parser."""

    def __init__(self, max_head_size: int) -> None:
        super().__init__(max_head_size)
        self._sender = self._receiver = H11Fallback(max_head_size)

    def next_cycle(self) -> bool:
        reusable = super().next_cycle()
        if reusable:
            self._sender = self._receiver = H11Fallback(self._max_head_size)
        return reusable


def exchange(
    pieces: Iterable[bytes], method: bytes = b"GET", headers: Headers = (), target: bytes = b"/"
) -> list[Step]:
    """The steps of an exchange without a request body."""
    steps: list[Step] = [("start", method, target, [HOST, *headers]), ("end",)]
    steps += [("receive", piece) for piece in pieces]
    return [*steps, ("receive", b"")]


def transcript(engine: Engine, steps: Iterable[Step]) -> list[Any]:
    """Take the steps, and return the outcome of each. An error of the server ends them, as it ends a connection."""
    outcomes: list[Any] = []
    ended = False
    for step in steps:
        try:
            if step[0] in ("receive", "look") and (step[1] or not ended):
                engine.receive_data(step[1])
            if step[0] == "look":
                outcomes.append(engine.response_started())
            elif step[0] != "receive":
                outcomes.append(_sent(engine, step))
                ended = ended and step[0] != "next cycle"
            else:
                events = _events(engine)
                ended = events[-1:] == [END_OF_MESSAGE]
                outcomes.append(events)
        except RemoteProtocolError as exc:
            outcomes += [f"remote: {exc}", engine.response_begun, _error_of_next_event(engine)]
            break
    outcomes += [engine.response_begun, engine.leading_data, engine.trailing_data]
    return [*outcomes, *_second_exchange(engine)]


def _sent(engine: Engine, step: Step) -> Any:
    try:
        if step[0] == "start":
            return engine.start_request(step[1], step[2], list(step[3]))
        if step[0] == "send":
            return engine.send_body(step[1])
        return engine.end_body() if step[0] == "end" else engine.next_cycle()
    except LocalProtocolError as exc:
        return f"local: {exc}"


def _events(engine: Engine) -> list[Any]:
    """All events, with adjacent parts of the body joined: the parsers may cut it differently."""
    events: list[Any] = []
    while (event := engine.next_event()) not in (NEED_DATA, END_OF_MESSAGE):
        if isinstance(event, bytes) and events and isinstance(events[-1], bytes):
            events[-1] += event
        else:
            events.append(event)
    return [*events, event]


def _error_of_next_event(engine: Engine) -> str:
    try:
        return f"after the error: {engine.next_event()!r}"
    except RemoteProtocolError as exc:
        return f"again: {exc}"


def _second_exchange(engine: Engine) -> list[Any]:
    if not engine.next_cycle():
        return ["no next cycle"]
    sent = [engine.response_begun, _sent(engine, ("start", b"GET", b"/2", [HOST])), _sent(engine, ("end",))]
    try:
        engine.receive_data(SECOND)
        return [*sent, _events(engine), engine.next_cycle()]
    except RemoteProtocolError as exc:
        return [*sent, f"remote: {exc}"]


def assert_parsers_agree(steps: Sequence[Step], limit: int = HEAD_LIMIT) -> Engine:
    """Take the steps with both parsers and compare the outcomes. Return the engine that uses both."""
    engine = Engine(limit)
    expected = transcript(H11Engine(limit), steps)
    assert transcript(engine, steps) == expected
    return engine


# Delimiters, controls, and both ends of the ranges of bytes in the grammar.
ODD_BYTES = b'\0\x01\t\n\x0b\r\x1f !",-/059:;=@AGZ[_`afgz{~\x7f\x80\xa0\xff'


def with_odd_bytes(wire: bytes) -> Iterator[bytes]:
    """Yield the message without each of its bytes, and with each odd byte before and in place of each of its bytes."""
    for position in range(len(wire)):
        before, after = wire[:position], wire[position + 1 :]
        yield before + after
        for byte in bytewise(ODD_BYTES):
            yield before + byte + wire[position:]
            yield before + byte + after
