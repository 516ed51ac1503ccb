"""Requests that wait in the engine until the server allows another stream (RFC 9000 section 4.6)."""

import functools
import math
import sys
from collections.abc import Callable
from types import CodeType

import pytest
from httpcore_h3._capacity import CapacityReport
from httpcore_h3._codes import Code
from httpcore_h3._engine import Engine
from httpcore_h3._stream import Stream
from httpcore_models import ConnectionNotAvailable, LocalProtocolError, ReadError
from httpcore_models.lowlevel import is_shut_down
from httpcore_models.multiplexing import NEED_DATA
from httpcore_test_support.h3_dialogue import CONTROL_STREAM, OK, Dialogue, data, head, varint
from httpcore_test_support.interrupting import raised_at

pytestmark = pytest.mark.parametrize("waiting", [1, 3])


def wait_for_credit(dialogue: Dialogue, number: int) -> tuple[list[Stream], list[Stream]]:
    """Use all streams, have some end, and let as many requests wait: the server does not know of the ends yet.

    Returns the requests that are in progress, and those that wait.
    """
    engine = dialogue.engine
    streams = [dialogue.request() for _ in range(100)]
    dialogue.exchange()
    for stream in streams[:number]:
        dialogue.server.send(stream.id, head(OK) + data(b"abc"), True)
    dialogue.deliver([datagram for datagram, _ in dialogue.server.quic.datagrams_to_send(dialogue.now)])
    for stream in streams[:number]:
        dialogue.read_all(stream)
        engine.finish(stream)
    assert not engine.can_open
    blocked = [dialogue.request(path=f"/{index}", open_it=False) for index in range(number)]
    for stream in blocked:
        assert not engine.open_stream(stream)
        assert engine.open_soon(stream, dialogue.now)
    return streams[number:], blocked


def opens_streams(code: CodeType) -> bool:
    return code in (Engine._credit_received.__code__, Engine._open.__code__)


def test_they_leave_in_order_when_the_server_allows_it(dialogue: Dialogue, waiting: int) -> None:
    engine = dialogue.engine
    _, blocked = wait_for_credit(dialogue, waiting)
    assert dialogue.events(blocked[0]) == [NEED_DATA]
    assert (len(engine.streams), engine.capacity) == (100 - waiting, 100)
    assert engine.timer <= dialogue.now + Engine.credit_patience
    dialogue.exchange()
    assert [stream.id for stream in blocked] == [400 + 4 * index for index in range(waiting)]
    assert all(dialogue.received(stream).ended for stream in blocked)
    assert engine.blocked == {}
    dialogue.now += Engine.credit_patience
    dialogue.fire_timer()
    assert not engine.overdue
    dialogue.respond(blocked[0], head(OK) + data(b"abc"))
    assert b"abc" in dialogue.events(blocked[0])


def test_one_that_is_given_up_never_leaves(dialogue: Dialogue, waiting: int) -> None:
    _, blocked = wait_for_credit(dialogue, waiting)
    dialogue.engine.finish(blocked[0])
    dialogue.exchange()
    later = dialogue.request()
    assert [stream.id for stream in [*blocked[1:], later]] == [400 + 4 * index for index in range(waiting)]
    assert dialogue.received(later).ended
    assert dialogue.server.requests[400].reset is None


def test_a_server_that_allows_none_in_time(dialogue: Dialogue, waiting: int) -> None:
    engine, capacity = dialogue.engine, CapacityReport(dialogue.engine)
    streams, blocked = wait_for_credit(dialogue, waiting)
    engine.finish(streams.pop())
    assert capacity.has_room()
    assert not engine.overdue
    while not engine.overdue:
        dialogue.fire_timer()
    assert dialogue.now == pytest.approx(0.0, abs=2 * Engine.credit_patience)
    assert set(blocked) <= set(dialogue.touched)
    for stream in blocked:
        with pytest.raises(ConnectionNotAvailable, match="allowed no further stream within 1 second"):
            engine.next_event(stream)
        engine.finish(stream)
    assert not capacity.has_room()
    assert engine.capacity == len(engine.streams) == len(streams)
    assert engine.credit_due == math.inf
    another = dialogue.request(open_it=False)
    assert not engine.open_soon(another, dialogue.now)
    # Now it learns that the streams have ended.
    dialogue.exchange()
    assert not engine.overdue
    assert capacity.has_room()
    assert engine.open_stream(another)


def test_each_may_wait_for_as_long(dialogue: Dialogue, waiting: int) -> None:
    engine = dialogue.engine
    streams, blocked = wait_for_credit(dialogue, waiting)
    dialogue.now += Engine.credit_patience / 2
    engine.finish(streams.pop())
    later, due = dialogue.request(open_it=False), dialogue.now + Engine.credit_patience
    assert engine.open_soon(later, dialogue.now)
    for stream in blocked:
        engine.finish(stream)
    while later in engine.blocked:
        assert dialogue.now < due
        dialogue.fire_timer()
    assert dialogue.now == pytest.approx(due)
    assert engine.overdue


@pytest.mark.parametrize("first", [0, 400])
def test_the_server_shuts_the_connection_down(dialogue: Dialogue, waiting: int, first: int) -> None:
    _, blocked = wait_for_credit(dialogue, waiting)
    dialogue.server.send(CONTROL_STREAM, b"\x07" + varint(len(varint(first))) + varint(first))
    dialogue.deliver([datagram for datagram, _ in dialogue.server.quic.datagrams_to_send(dialogue.now)])
    assert dialogue.engine.credit_due == math.inf
    for stream in blocked:
        with pytest.raises(ConnectionNotAvailable, match="GOAWAY") as caught:
            dialogue.engine.next_event(stream)
        assert is_shut_down(caught.value) == bool(first)
        dialogue.engine.finish(stream)


@pytest.mark.parametrize("closed_here", [True, False])
def test_the_connection_ends(dialogue: Dialogue, waiting: int, closed_here: bool) -> None:
    _, blocked = wait_for_credit(dialogue, waiting)
    if closed_here:
        dialogue.engine.close()
    else:
        dialogue.server.quic.close(error_code=Code.NO_ERROR)
        dialogue.deliver([datagram for datagram, _ in dialogue.server.quic.datagrams_to_send(dialogue.now)])
    for stream in blocked:
        with pytest.raises(ConnectionNotAvailable, match="closed" if closed_here else "disconnected"):
            dialogue.engine.next_event(stream)
        dialogue.engine.finish(stream)


def test_others_do_not_wait_here(dialogue: Dialogue, waiting: int) -> None:
    engine = dialogue.engine
    streams, _ = wait_for_credit(dialogue, waiting)
    engine.finish(streams.pop())
    upload = dialogue.request("POST", (b"content-length", b"3"), open_it=False)
    assert engine.expects_credit
    assert not engine.open_soon(upload, dialogue.now)
    engine.finish(upload)
    engine.max_section_size = 100
    too_large = dialogue.request("GET", (b"a", b"b" * 100), open_it=False)
    with pytest.raises(LocalProtocolError):
        engine.open_soon(too_large, dialogue.now)
    assert len(engine.blocked) == waiting


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="instructions are those of Python 3.11")
def test_an_interruption_loses_none(connect: Callable[..., Dialogue], waiting: int) -> None:
    step, interrupted, failures = 0, True, 0
    while interrupted:
        step += 1
        dialogue = connect()
        engine = dialogue.engine
        _, blocked = wait_for_credit(dialogue, waiting)
        dialogue.server.receive(engine.datagrams_to_send(dialogue.now), dialogue.now)
        allowed = [datagram for datagram, _ in dialogue.server.quic.datagrams_to_send(dialogue.now)]
        interrupted = raised_at(step, functools.partial(dialogue.deliver, allowed), opens_streams)
        engine.receive([], dialogue.now)
        for stream in blocked:
            if engine.failure is None:
                assert dialogue.received(stream).ended
                continue
            failures += 1
            with pytest.raises((ConnectionNotAvailable, ReadError), match="interrupted") as caught:
                engine.next_event(stream)
            # What has left is not sent again.
            assert isinstance(caught.value, ReadError) or stream.id == 0
    assert step > 5 * waiting
    assert failures == (step - 1) * waiting


def test_the_pool_learns_what_it_was_not_told(dialogue: Dialogue, waiting: int) -> None:
    engine, capacity, calls = dialogue.engine, CapacityReport(dialogue.engine), list[None]()
    capacity.on_change = lambda: calls.append(None)
    capacity.report()
    assert calls == [None]
    streams, _ = wait_for_credit(dialogue, waiting)
    assert not capacity.tell(0)
    engine.finish(streams.pop())
    assert capacity.is_due
    capacity.report()
    assert calls == [None, None]
    assert not capacity.is_due
