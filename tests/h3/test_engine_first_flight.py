"""What the engine sends before the server has confirmed the handshake, and what happens if that is lost."""

from collections.abc import Callable

import pytest
from httpcore_h3._codes import Code
from httpcore_h3._engine import MAX_QUEUED
from httpcore_test_support.h3_dialogue import OK, Dialogue, data, head

Connect = Callable[..., Dialogue]


@pytest.fixture
def unconfirmed(connect: Connect) -> Dialogue:
    """An engine that has done its handshake, and a server that has not heard of it yet."""
    dialogue = connect(rounds=0)
    dialogue.now += 0.01
    dialogue.deliver([datagram for datagram, _ in dialogue.server.quic.datagrams_to_send(dialogue.now)])
    assert dialogue.engine.handshake_done
    return dialogue


def lose(dialogue: Dialogue) -> int:
    """Lose what the engine sends now; return how much that is, in bytes."""
    return sum(map(len, dialogue.engine.datagrams_to_send(dialogue.now)))


@pytest.mark.parametrize("size", [10, 1000, 5000])
def test_all_requests_arrive_after_the_first_datagrams_were_lost(unconfirmed: Dialogue, size: int) -> None:
    streams = [unconfirmed.request(path="/" + "x" * size) for _ in range(60)]
    window = unconfirmed.engine.quic._core.congestion_window
    # Some of it is sent several times.
    assert lose(unconfirmed) < window / 2
    unconfirmed.recover()
    assert [unconfirmed.received(stream).ended for stream in streams] == [True] * 60
    for stream in streams:
        unconfirmed.respond(stream, head(OK))
        assert stream.remote_end


def test_an_upload_arrives_after_its_first_datagrams_were_lost(unconfirmed: Dialogue) -> None:
    content = bytes(range(256)) * 400
    early = unconfirmed.upload()
    chunk = bytearray(content)
    assert unconfirmed.engine.send_data(early, chunk, end=True) == len(content)
    # The caller may use its memory again.
    chunk[:] = bytes(len(content))
    late = unconfirmed.upload()
    assert unconfirmed.engine.send_data(late, content) == len(content)
    unconfirmed.engine.end_request(late)
    lose(unconfirmed)
    unconfirmed.recover()
    for stream in (early, late):
        assert unconfirmed.received(stream).body == content
        assert unconfirmed.received(stream).ended


def test_what_is_kept_counts_as_queued(unconfirmed: Dialogue) -> None:
    engine, stream = unconfirmed.engine, unconfirmed.upload()
    assert engine.can_go_on(stream)
    sent = engine.send_data(stream, bytes(2 * MAX_QUEUED))
    assert sent is not None
    assert MAX_QUEUED - 100 <= sent <= MAX_QUEUED
    assert engine.send_data(stream, b"more") == 0
    assert not engine.can_go_on(stream)
    before = engine.quic.queued(stream.id)
    left = lose(unconfirmed)
    # The end of the handshake left, too.
    assert 0.5 * left < before - engine.quic.queued(stream.id) < left
    unconfirmed.recover()
    assert engine.quic.queued(stream.id) < MAX_QUEUED // 2
    assert engine.can_go_on(stream)
    assert len(unconfirmed.received(stream).body) == sent


def test_small_requests_share_a_datagram(unconfirmed: Dialogue) -> None:
    for _ in range(10):
        unconfirmed.request()
    # The first two end the handshake.
    assert len(unconfirmed.engine.datagrams_to_send(unconfirmed.now)) <= 4


def test_a_cancelled_request_leaves_before_its_end(unconfirmed: Dialogue) -> None:
    engine = unconfirmed.engine
    streams = [unconfirmed.request(path="/" + "x" * 1000) for _ in range(40)]
    upload, last = unconfirmed.upload(), unconfirmed.request()
    engine.finish(upload)
    engine.finish(streams[-1])
    lose(unconfirmed)
    unconfirmed.recover()
    assert unconfirmed.received(upload).reset == Code.REQUEST_CANCELLED
    assert unconfirmed.received(upload).stopped == Code.REQUEST_CANCELLED
    assert unconfirmed.received(streams[-1]).stopped == Code.REQUEST_CANCELLED
    # It had not left when it was cancelled.
    assert unconfirmed.received(streams[-1]).reset == Code.REQUEST_CANCELLED
    assert unconfirmed.received(last).ended
    assert engine.failure is None
    assert unconfirmed.server.closed is None


def test_the_server_wants_no_more_of_a_kept_body(unconfirmed: Dialogue) -> None:
    engine, server, upload = unconfirmed.engine, unconfirmed.server, unconfirmed.upload()
    engine.send_data(upload, bytes(100_000))
    engine.end_request(upload)
    other = unconfirmed.request()
    server.receive(engine.datagrams_to_send(unconfirmed.now), unconfirmed.now)
    server.send(upload.id, head(OK) + data(b"enough"), True)
    server.quic.stop_stream(upload.id, Code.NO_ERROR)
    unconfirmed.exchange(rounds=100)
    assert b"enough" in unconfirmed.events(upload)
    assert len(unconfirmed.received(upload).data) < 100_000
    assert unconfirmed.received(other).ended
    assert engine.failure is None


def test_a_closed_connection_drops_what_is_kept(unconfirmed: Dialogue) -> None:
    unconfirmed.engine.send_data(unconfirmed.upload(), bytes(100_000))
    unconfirmed.engine.close()
    unconfirmed.exchange()
    assert unconfirmed.server.requests == {}


def test_nothing_is_kept_after_the_confirmation(dialogue: Dialogue) -> None:
    quic, core = dialogue.engine.quic, dialogue.engine.quic._core
    assert quic._send == core.send_stream
    assert quic._first_flight is None
    assert quic._is_confirmed


def test_what_lets_the_rest_leave_is_not_taken_for_something_that_has_time(unconfirmed: Dialogue) -> None:
    """The acknowledgement of what confirms the handshake need not leave at once, but the rest of the requests must."""
    engine = unconfirmed.engine
    unconfirmed.request(path="/" + "x" * 9000)
    unconfirmed.server.receive(engine.datagrams_to_send(unconfirmed.now), unconfirmed.now)
    assert engine.quic.keeps_first_flight
    unconfirmed.deliver([datagram for datagram, _ in unconfirmed.server.quic.datagrams_to_send(unconfirmed.now)])
    assert engine.quic._core.get_timer()[0] == "ack_application"
    assert not engine.quic.is_acknowledging
    assert engine.datagrams_to_send(unconfirmed.now)
    assert not engine.quic.keeps_first_flight
