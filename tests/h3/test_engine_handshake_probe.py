"""A server that has sent as much as it may, all of it in vain, gets something from its client: RFC 9002 6.2.2.1."""

import math
from collections.abc import Callable

import pytest
from httpcore_h3._handshake_probe import HandshakeProbe
from httpcore_test_support.h3_dialogue import Dialogue

Connect = Callable[..., Dialogue]


@pytest.fixture
def waiting(connect: Connect) -> Dialogue:
    """An engine whose first packets were acknowledged, and that gets nothing more."""
    dialogue = connect(rounds=0, settings=None)
    dialogue.now += 0.01
    acknowledgement, *_ = [datagram for datagram, _ in dialogue.server.quic.datagrams_to_send(dialogue.now)]
    dialogue.deliver([acknowledgement])
    dialogue.server.receive(dialogue.engine.datagrams_to_send(dialogue.now), dialogue.now)
    assert not dialogue.engine.handshake_done
    return dialogue


def probe(dialogue: Dialogue) -> list[bytes]:
    """Let time pass until the engine sends something."""
    dialogue.fire_timer()
    assert dialogue.engine.output_urgent
    return dialogue.engine.datagrams_to_send(dialogue.now)


def test_a_silent_server_can_go_on(waiting: Dialogue) -> None:
    datagrams = probe(waiting)
    assert waiting.now == pytest.approx(0.11)
    # It may send three times as much.
    assert [len(datagram) >= 1200 for datagram in datagrams] == [True]
    waiting.server.receive(datagrams, waiting.now)
    waiting.recover()
    assert waiting.engine.handshake_done
    assert waiting.engine.failure is None
    assert waiting.received(waiting.request()).ended


def test_the_intervals_grow(waiting: Dialogue) -> None:
    times = []
    for _ in range(6):
        assert len(probe(waiting)) == 1
        times.append(waiting.now - 0.01)
    assert times == pytest.approx([0.1, 0.3, 0.7, 1.5, 3.1, 6.3])


def test_the_idle_timeout_ends_it(waiting: Dialogue) -> None:
    count = 0
    while waiting.engine.failure is None:
        count += len(probe(waiting))
    assert "idle timeout" in waiting.engine.failure.message
    assert waiting.now == pytest.approx(30.01)
    assert count < 10


def test_a_probe_that_is_late_is_sent_once(waiting: Dialogue) -> None:
    waiting.now += 1
    waiting.engine.handle_timer(waiting.now)
    waiting.engine.handle_timer(waiting.now)
    assert len(waiting.engine.datagrams_to_send(waiting.now)) == 1
    assert waiting.engine.timer == pytest.approx(waiting.now + 0.2)


def test_nothing_is_repeated_before_the_server_has_answered(connect: Connect) -> None:
    """qh3 repeats what was not acknowledged."""
    dialogue = connect(rounds=0, settings=None)
    assert dialogue.engine.timer > 0.2
    dialogue.engine.handle_timer(0.2)
    assert dialogue.engine.datagrams_to_send(0.2) == []


def test_the_handshake_ends_it(connect: Connect) -> None:
    dialogue = connect()
    timer = dialogue.engine.timer
    assert timer > dialogue.now + 20
    dialogue.engine.handle_timer(dialogue.now + 1)
    assert dialogue.engine.datagrams_to_send(dialogue.now + 1) == []


def test_the_last_initial_packet_is_repeated() -> None:
    """After a Retry, the first one is of no use any more."""
    probe = HandshakeProbe()
    probe.note_received()
    assert probe.due == math.inf
    probe.note_sent([bytes([1]) * 1200], 1.0)
    probe.note_sent([bytes([2]) * 1200, bytes(50)], 2.0)
    probe.note_sent([], 3.0)
    assert probe.take(2.05) == []
    assert probe.due == pytest.approx(2.1)
    assert probe.take(2.2) == [bytes([2]) * 1200]
    assert probe.due == pytest.approx(2.4)
