"""An exception from a signal handler may come between any two instructions, and has no lasting effect."""

import functools
import sys
from types import CodeType
from typing import Any

import pytest
from httpcore_h3 import HTTP3Connection
from httpcore_h3._codes import Code
from httpcore_h3._first_flight import FirstFlight
from httpcore_models import (
    URL,
    ConnectionNotAvailable,
    Origin,
    ReadError,
    Request,
    WriteError,
)
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.h3_dialogue import Dialogue
from httpcore_test_support.h3_in_memory import InMemoryPeer
from httpcore_test_support.interrupting import raised_at
from httpcore_test_support.library_code import is_library_code

pytestmark = [
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="instructions are those of Python 3.11"),
    # A response that the exception took from its receiver was not closed.
    pytest.mark.filterwarnings("ignore:unclosed response:ResourceWarning"),
]

LIMIT: dict[str, Any] = {"timeout": {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}}


def is_ours(code: CodeType) -> bool:
    return is_library_code(code, "httpcore_h3", "httpcore_models._multiplexing")


def post(connection: HTTP3Connection, at_once: bool = True) -> bytes:
    request = Request("POST", URL("https://localhost/"), headers={"Host": "localhost"}, content=b"hi", extensions=LIMIT)
    request.headers.append((b"Content-Length", b"2"))
    response = connection.handle_request(request)
    try:
        return response.read() if at_once else b"".join(response.iter_stream())
    finally:
        response.close()


@pytest.mark.parametrize("at_once", [True, False])
def test_at_every_point_of_a_request(certificates: Certificates, at_once: bool) -> None:
    context = certificates.client_context()

    def connect() -> HTTP3Connection:
        connection = HTTP3Connection(Origin(b"https", b"localhost", 443), InMemoryPeer(certificates), context)
        assert post(connection) == b"hello"
        return connection

    connection, step, losses = connect(), 0, 0
    while True:
        step += 1
        if not raised_at(step, functools.partial(post, connection, at_once), is_ours):
            break
        shared = connection._shared
        assert not shared.lock.locked(), step
        try:
            assert post(connection) == b"hello", step
        except (ConnectionNotAvailable, ReadError, WriteError):
            # An interrupted step of the engine may have left it in any state.
            losses += 1
            connection.close()
            connection = connect()
            continue
        assert not connection._engine.streams, step
        assert not connection._engine.requests, step
        assert (shared._reading, shared._writing) == (None, None), step
        assert not shared.queue, step
    assert step > 200
    assert losses < step / 2


def test_no_part_of_an_early_body_is_lost_unnoticed(certificates: Certificates) -> None:
    content = bytes(range(256)) * 20
    step, failures, interrupted = 0, 0, True
    while interrupted:
        step += 1
        dialogue = Dialogue(certificates, rounds=0)
        dialogue.now += 0.01
        dialogue.deliver([datagram for datagram, _ in dialogue.server.quic.datagrams_to_send(dialogue.now)])
        upload = dialogue.upload()
        dialogue.engine.send_data(upload, content, end=True)
        send = functools.partial(dialogue.engine.datagrams_to_send, dialogue.now)
        interrupted = raised_at(step, send, lambda code: code is FirstFlight.hand_over.__code__)
        dialogue.server.receive(dialogue.engine.datagrams_to_send(dialogue.now), dialogue.now)
        if dialogue.engine.failure is None:
            dialogue.recover()
            assert dialogue.received(upload).body == content, step
        else:
            failures += 1
            assert "interrupted" in dialogue.engine.failure.message
    assert step > 10
    assert failures


@pytest.mark.parametrize("given_up", [False, True])
def test_what_is_to_be_sent_is_not_forgotten(certificates: Certificates, given_up: bool) -> None:
    """It may be the request of another thread, or the end of one."""
    step, interrupted = 0, True
    while interrupted:
        step += 1
        dialogue = Dialogue(certificates)
        engine = dialogue.engine
        request = dialogue.upload() if given_up else dialogue.request()
        if given_up:
            engine.send_data(request, b"begun")
            dialogue.exchange()
            engine.finish(request)
        interrupted = raised_at(step, functools.partial(engine.datagrams_to_send, dialogue.now), is_ours)
        assert engine.output_pending is interrupted, step
        dialogue.recover()
        received = dialogue.received(request)
        assert engine.failure is None, step
        assert (received.reset, received.stopped) == ((Code.REQUEST_CANCELLED,) * 2 if given_up else (None, None)), step
        assert received.ended is not given_up, step
    assert step > 10
