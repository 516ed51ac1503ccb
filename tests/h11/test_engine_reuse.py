"""When a connection can carry another exchange (RFC 9112 section 9.3), and when it has to be closed."""

import pytest
from httpcore_h11 import _fast_parser
from httpcore_h11._engine import Engine
from httpcore_h11._events import ResponseHead
from httpcore_models import LocalProtocolError
from httpcore_test_support.exchanges import (
    FEEDINGS,
    HEAD_LIMIT,
    TRAILING,
    Feeding,
    bytewise,
    head,
    receive,
    refused,
    sent,
)

RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
REUSABLE = {
    "length": (b"GET", RESPONSE),
    "chunked": (b"GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: y\r\n\r\n"),
    "no body": (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    "HEAD": (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    "refused CONNECT": (b"CONNECT", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
    "interim response": (b"GET", b"HTTP/1.1 103 \r\n\r\n" + RESPONSE),
    "HTTP/1.0 with keep-alive": (
        b"GET",
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello",
    ),
    "another option": (b"GET", b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"),
}
CLOSING = {
    "the server closes": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
    "close among other options": b"HTTP/1.1 200 OK\r\nConnection: te, CLOSE\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.0 with keep-alive and close": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 5\r\n\r\nhello"
    ),
    "HTTP/1.0 with keep-alive and a transfer coding": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    ),
}


@pytest.mark.fault("N4")
@pytest.mark.parametrize("name", REUSABLE)
@pytest.mark.parametrize("cut", [FEEDINGS["whole"], bytewise], ids=["whole", "bytewise"])
def test_complete_messages_leave_a_reusable_connection(cut: Feeding, name: str) -> None:
    method, wire = REUSABLE[name]
    engine = sent(method)
    receive(engine, cut(wire))
    assert engine.next_cycle()
    assert engine.start_request(b"GET", b"/2", [(b"Host", b"localhost")]).startswith(b"GET /2 ")
    engine.end_body()
    assert receive(engine, cut(RESPONSE)) == [head(200, (b"Content-Length", b"5"), reason=b"OK"), b"hello"]


@pytest.mark.parametrize("name", CLOSING)
@pytest.mark.parametrize("cut", FEEDINGS.values(), ids=FEEDINGS)
def test_the_response_ends_the_connection(cut: Feeding, name: str) -> None:
    engine = sent()
    receive(engine, cut(CLOSING[name]))
    assert not engine.next_cycle()


@pytest.mark.parametrize("value", [b"close", b"keep-alive, Close"])
@pytest.mark.parametrize("cut", FEEDINGS.values(), ids=FEEDINGS)
@pytest.mark.parametrize("name", ["length", "HTTP/1.0 with keep-alive"])
def test_the_request_ends_the_connection(cut: Feeding, value: bytes, name: str) -> None:
    engine = sent(b"GET", (b"Connection", value))
    receive(engine, cut(REUSABLE[name][1]))
    assert not engine.next_cycle()


@pytest.mark.fault("P23")
@pytest.mark.parametrize(
    "wire",
    [b"HTTP/1.1 200 OK\r\n\r\nabc", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nabc", RESPONSE],
    ids=["HTTP/1.1", "HTTP/1.0", "after the end of the message"],
)
@pytest.mark.parametrize("cut", [FEEDINGS["whole"], bytewise], ids=["whole", "bytewise"])
def test_the_end_of_stream_ends_the_connection(cut: Feeding, wire: bytes) -> None:
    engine = sent()
    assert receive(engine, cut(wire))[1] in (b"abc", b"hello")
    if not engine.at_end_of_stream:
        engine.receive_data(b"")
    assert not engine.next_cycle()


@pytest.mark.parametrize("name", REUSABLE)
@pytest.mark.parametrize("cut", [FEEDINGS["whole"], bytewise], ids=["whole", "bytewise"])
def test_bytes_after_the_response_end_the_connection(cut: Feeding, name: str) -> None:
    method, wire = REUSABLE[name]
    engine = sent(method)
    receive(engine, cut(wire + TRAILING))
    assert not engine.next_cycle()


def test_bytes_received_after_the_end_of_the_response_end_the_connection() -> None:
    engine = sent()
    receive(engine, [RESPONSE])
    engine.receive_data(b"H")
    assert not engine.next_cycle()


def test_an_incomplete_request_ends_the_connection() -> None:
    engine = Engine(HEAD_LIMIT)
    engine.start_request(b"POST", b"/", [(b"Host", b"localhost"), (b"Content-Length", b"10")])
    engine.send_body(b"half ")
    receive(engine, [RESPONSE])
    assert not engine.next_cycle()


@pytest.mark.parametrize("end", range(len(RESPONSE)))
def test_an_incomplete_response_ends_the_connection(end: int) -> None:
    engine = sent()
    engine.receive_data(RESPONSE[:end] or b"H")
    while isinstance(engine.next_event(), (bytes, tuple)):
        pass
    assert not engine.next_cycle()


def test_the_response_ends_with_the_last_byte_of_a_known_length() -> None:
    engine = sent()
    engine.receive_data(RESPONSE)
    assert [engine.next_event(), engine.next_event()][1] == b"hello"
    assert engine.ended
    assert engine.next_cycle()


def test_an_unused_connection_has_no_next_cycle() -> None:
    assert not Engine(HEAD_LIMIT).next_cycle()


def test_an_error_ends_the_connection() -> None:
    engine = sent()
    refused(engine, [b"garbage\r\n\r\n"])
    assert not engine.next_cycle()


@pytest.mark.parametrize(
    ("method", "headers", "wire"),
    [
        (b"CONNECT", [], b"HTTP/1.1 200 OK\r\n\r\n"),
        (b"GET", [(b"Upgrade", b"echo")], b"HTTP/1.1 101 \r\nUpgrade: echo\r\n\r\n"),
    ],
    ids=["tunnel", "upgrade"],
)
def test_a_switch_of_protocols_ends_the_connection(
    method: bytes, headers: list[tuple[bytes, bytes]], wire: bytes
) -> None:
    engine = sent(method, *headers)
    receive(engine, [wire])
    assert not engine.next_cycle()


def test_the_head_limit_applies_to_each_exchange() -> None:
    engine = Engine(1000)
    wire = b"HTTP/1.1 200 OK\r\nX: %s\r\nContent-Length: 0\r\n\r\n" % (b"x" * 900)
    for _ in range(3):
        engine.start_request(b"GET", b"/", [(b"Host", b"localhost")])
        engine.end_body()
        receive(engine, bytewise(wire))
        assert engine.next_cycle()


def test_changing_the_headers_of_a_response_does_not_change_the_next_response() -> None:
    engine = sent()
    for _ in range(3):
        (event, *_) = receive(engine, [RESPONSE])
        assert event == head(200, (b"Content-Length", b"5"), reason=b"OK")
        assert isinstance(event, ResponseHead)
        event.headers.clear()
        assert engine.next_cycle()
        engine.start_request(b"GET", b"/", [(b"Host", b"localhost")])
        engine.end_body()


def test_changing_the_headers_of_a_request_changes_the_next_request() -> None:
    engine = Engine(HEAD_LIMIT)
    headers = [(b"Host", b"localhost")]
    for number in range(3):
        headers[1:] = [(b"X", b"%d" % number)]
        assert (
            engine.start_request(b"GET", b"/", headers)
            == b"GET / HTTP/1.1\r\nHost: localhost\r\nX: %d\r\n\r\n" % number
        )
        engine.end_body()
        receive(engine, [RESPONSE])
        assert engine.next_cycle()


def test_an_idle_connection_keeps_no_large_heads() -> None:
    def exchange(size: int) -> None:
        engine.start_request(b"GET", b"/", [(b"Host", b"localhost"), (b"X", b"x" * size)])
        engine.end_body()
        receive(engine, [b"HTTP/1.1 200 OK\r\nX: %b\r\nContent-Length: %d\r\n\r\n" % (b"x" * size, size), b"x" * size])
        assert engine.next_cycle()

    tracemalloc = pytest.importorskip("tracemalloc")  # PyPy has none
    engine = Engine(HEAD_LIMIT)
    exchange(10)
    tracemalloc.start()
    try:
        exchange(HEAD_LIMIT - 100)
        assert tracemalloc.get_traced_memory()[0] < 10_000
    finally:
        tracemalloc.stop()


def test_the_memos_are_bounded() -> None:
    for number in range(1000):
        engine = sent(b"GET", (b"X", b"%d" % number))
        receive(engine, [b"HTTP/1.1 200 OK\r\nX: %d\r\nContent-Length: 0\r\n\r\n" % number])
        assert engine.next_cycle()
    assert 0 < len(_fast_parser._request_field_memo) <= 512
    assert 0 < len(_fast_parser._line_memo) <= 512


def test_sending_a_part_of_a_body_after_its_end_ends_the_connection() -> None:
    engine = sent()
    with pytest.raises(LocalProtocolError):
        engine.send_body(b"x")
    receive(engine, [RESPONSE])
    assert not engine.next_cycle()
