"""How long a connection lasts on which nothing is sent: RFC 9000 section 10.1, RFC 9114 section 5.1."""

from collections.abc import Callable

import pytest
from httpcore_h3._stream import Stream
from httpcore_models import ReadError
from httpcore_models.multiplexing import END_OF_STREAM, NEED_DATA, ResponseHead
from httpcore_test_support.h3_dialogue import OK, Dialogue, data, head


def pass_time(dialogue: Dialogue, seconds: float) -> int:
    """Let time pass as for a task that waits; return how many datagrams the engine has sent."""
    engine, server = dialogue.engine, dialogue.server
    end, sent = dialogue.now + seconds, 0
    while engine.failure is None and server.closed is None:
        due = server.quic.get_timer()
        dialogue.now = max(dialogue.now, min(engine.timer, end if due is None else due, end))
        if dialogue.now >= end:
            break
        if engine.timer <= dialogue.now:
            dialogue.touched += engine.handle_timer(dialogue.now)
        if due is not None and due <= dialogue.now:
            server.quic.handle_timer(dialogue.now)
        datagrams = engine.datagrams_to_send(dialogue.now)
        sent += len(datagrams)
        server.receive(datagrams, dialogue.now)
        dialogue.deliver([datagram for datagram, _ in server.quic.datagrams_to_send(dialogue.now)])
    return sent


def read_response(dialogue: Dialogue, stream: Stream) -> None:
    dialogue.respond(stream, head(OK) + data(b"late"))
    assert dialogue.events(stream) == [ResponseHead(200, []), b"late", END_OF_STREAM]


def test_a_response_may_take_longer_than_the_idle_timeout(connect: Callable[..., Dialogue]) -> None:
    dialogue = connect(idle_timeout=10.0)
    stream = dialogue.request()
    dialogue.exchange()
    sent = pass_time(dialogue, 100.0)
    assert dialogue.engine.failure is None
    # A packet for every half of that time, and acknowledgements.
    assert sent < 100
    assert dialogue.events(stream) == [NEED_DATA]
    read_response(dialogue, stream)


def test_a_connection_without_requests_is_not_kept_alive(connect: Callable[..., Dialogue]) -> None:
    dialogue = connect(idle_timeout=10.0)
    stream = dialogue.request()
    read_response(dialogue, stream)
    dialogue.engine.finish(stream)
    dialogue.exchange()
    assert pass_time(dialogue, 100.0) == 0
    assert dialogue.engine.failure is not None
    assert "idle timeout" in dialogue.engine.failure.message


def test_a_server_that_is_gone_ends_the_wait(connect: Callable[..., Dialogue]) -> None:
    dialogue = connect(idle_timeout=10.0)
    stream = dialogue.request()
    dialogue.exchange()
    begun = dialogue.now
    while dialogue.engine.failure is None:
        dialogue.fire_timer()
        dialogue.engine.datagrams_to_send(dialogue.now)
    assert 10.0 <= dialogue.now - begun <= 20.0
    with pytest.raises(ReadError, match="idle timeout"):
        dialogue.engine.next_event(stream)
