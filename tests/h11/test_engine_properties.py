"""Properties of all exchanges: cuts change nothing, and no input of server or caller breaks more than the exchange."""

from typing import NamedTuple

import pytest
from httpcore_h11._engine import Engine
from httpcore_h11._events import END_OF_MESSAGE, NEED_DATA, Event, InformationalResponse, ResponseHead
from httpcore_models import LocalProtocolError, RemoteProtocolError
from httpcore_test_support.exchanges import HEAD_LIMIT, cut_at, receive, sent
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

engine_settings = settings(database=None, suppress_health_check=[HealthCheck.too_slow])

Headers = list[tuple[bytes, bytes]]


class Exchange(NamedTuple):
    """The method and headers of a request, and the bytes of a response and their meaning."""

    method: bytes
    request_headers: Headers
    wire: bytes
    events: list[Event]
    trailing: bytes
    ends_with_stream: bool


TOKENS = [b"a", b"Z", b"0", b"!#$%&'*+-.^_`|~"]
VALUES = [b"", b"a", b"a  b\tc", b'a: b, c="d"', bytes(range(0x21, 0x7F)), b"\x80 \xff"]
# Names without a meaning in HTTP.
HEADER = st.tuples(st.sampled_from([b"X-" + token for token in TOKENS]), st.sampled_from(VALUES))
HEADERS: st.SearchStrategy[Headers] = st.lists(HEADER, max_size=3)
REASON = st.sampled_from([b"", b"OK", b"Not Found", b"\xe9t\xe9"])
VERSION = st.sampled_from([b"HTTP/1.1", b"HTTP/1.0"])
PARTS = st.lists(st.binary(min_size=1, max_size=40), max_size=4)
WITH_BODY = st.integers(200, 999).filter(lambda status: status not in (204, 304))


def written(version: bytes, status: int, reason: bytes, headers: Headers) -> bytes:
    """Return a head as bytes."""
    lines = [b"%b %d %b" % (version, status, reason), *(b"%b: %b" % header for header in headers)]
    return b"\r\n".join([*lines, b"", b""])


def body(parts: list[bytes]) -> list[Event]:
    """The single event of a body, when its parts are joined."""
    return [b"".join(parts)] if parts else []


@st.composite
def interim_heads(draw: st.DrawFn) -> tuple[bytes, list[Event]]:
    status = st.integers(100, 199).filter(lambda status: status != 101)
    heads = draw(st.lists(st.tuples(status, REASON, HEADERS), max_size=2))
    wire = b"".join(written(b"HTTP/1.1", *head) for head in heads)
    return wire, [InformationalResponse(b"HTTP/1.1", *head) for head in heads]


@st.composite
def with_length(draw: st.DrawFn) -> Exchange:
    parts = draw(PARTS)
    content = b"".join(parts)
    headers = [*draw(HEADERS), (b"Content-Length", b"%d" % len(content))]
    head = (draw(VERSION), draw(WITH_BODY), draw(REASON), headers)
    events = [ResponseHead(*head), *body(parts)]
    return Exchange(b"GET", [], written(*head) + content, events, draw(st.binary(max_size=9)), False)


@st.composite
def chunked(draw: st.DrawFn) -> Exchange:
    headers = [*draw(HEADERS), (b"Transfer-Encoding", b"chunked")]
    head = (b"HTTP/1.1", draw(WITH_BODY), draw(REASON), headers)
    extensions = st.sampled_from([b"", b";a", b";a=b", b';a="b; c"', b"  "])
    parts = draw(PARTS)
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(part), draw(extensions), part) for part in parts)
    trailers = b"".join(b"%b: %b\r\n" % header for header in draw(HEADERS))
    end = b"0%b\r\n%b\r\n" % (draw(extensions), trailers)
    events = [ResponseHead(*head), *body(parts)]
    return Exchange(b"GET", [], written(*head) + chunks + end, events, draw(st.binary(max_size=9)), False)


@st.composite
def until_the_end_of_stream(draw: st.DrawFn) -> Exchange:
    head = (draw(VERSION), draw(WITH_BODY), draw(REASON), draw(HEADERS))
    parts = draw(PARTS)
    return Exchange(b"GET", [], written(*head) + b"".join(parts), [ResponseHead(*head), *body(parts)], b"", True)


@st.composite
def without_body(draw: st.DrawFn) -> Exchange:
    framing = draw(st.sampled_from([[], [(b"Content-Length", b"5")], [(b"Transfer-Encoding", b"chunked")]]))
    method, status = draw(st.sampled_from([(b"HEAD", 200), (b"HEAD", 404), (b"GET", 204), (b"GET", 304)]))
    head = (b"HTTP/1.1", status, draw(REASON), [*draw(HEADERS), *framing])
    return Exchange(method, [], written(*head), [ResponseHead(*head)], draw(st.binary(max_size=9)), False)


@st.composite
def switch_of_protocols(draw: st.DrawFn) -> Exchange:
    upgrade = [(b"Upgrade", b"echo"), (b"Connection", b"Upgrade")]
    if draw(st.booleans()):
        method, request_headers, status = b"GET", upgrade, 101
    else:
        method, request_headers, status = b"CONNECT", [], draw(st.integers(200, 299))
    head = (b"HTTP/1.1", status, draw(REASON), draw(HEADERS))
    return Exchange(method, request_headers, written(*head), [ResponseHead(*head)], draw(st.binary(max_size=40)), False)


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    kinds = (with_length(), chunked(), until_the_end_of_stream(), without_body(), switch_of_protocols())
    exchange = draw(st.one_of(kinds))
    wire, events = draw(interim_heads())
    return exchange._replace(wire=wire + exchange.wire, events=events + exchange.events)


@st.composite
def cut_exchanges(draw: st.DrawFn) -> tuple[Exchange, list[bytes]]:
    exchange = draw(exchanges())
    data = exchange.wire + exchange.trailing
    return exchange, cut_at(data, draw(st.sets(st.integers(0, len(data)), max_size=12)))


@engine_settings
@given(cut_exchanges(), st.integers(0, 13))
def test_cuts_and_checks_for_an_early_response_change_nothing(case: tuple[Exchange, list[bytes]], looks: int) -> None:
    exchange, pieces = case
    engine = sent(exchange.method, *exchange.request_headers)
    for piece in pieces[:looks]:
        engine.receive_data(piece)
        engine.response_started()
    assert receive(engine, pieces[looks:]) == exchange.events
    if not exchange.ends_with_stream:
        assert engine.trailing_data == exchange.trailing
    assert (engine.leading_data is not None) == (exchange.method == b"CONNECT" or bool(exchange.request_headers))


ODD_BYTES = st.binary(max_size=9) | st.sampled_from(
    [b"", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b":", b"-", b"9" * 30, b"\xff"]
)


@st.composite
def mutated_responses(draw: st.DrawFn) -> tuple[Exchange, list[bytes]]:
    """A response with some bytes removed, replaced, doubled or added."""
    exchange = draw(exchanges())
    data = exchange.wire + exchange.trailing
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 9)))
        data = data[:start] + draw(ODD_BYTES | st.just(2 * data[start:end])) + data[end:]
    return exchange, cut_at(data, draw(st.sets(st.integers(0, len(data)), max_size=6)))


def drive(engine: Engine, pieces: list[bytes]) -> None:
    """Do what a connection does, until the end of the message or the stream, within a generous number of steps."""
    feed = iter([*pieces, b""])
    for _ in range(10 * sum(map(len, pieces)) + 100):
        event = engine.next_event()
        if event is END_OF_MESSAGE:
            engine.next_cycle()
            return
        if event is NEED_DATA:
            engine.receive_data(next(feed))
    pytest.fail("the engine goes round in circles")


@engine_settings
@given(mutated_responses())
def test_a_broken_response_raises_only_remote_protocol_error(case: tuple[Exchange, list[bytes]]) -> None:
    exchange, pieces = case
    engine = sent(exchange.method, *exchange.request_headers)
    try:
        drive(engine, pieces)
    except RemoteProtocolError:
        assert not engine.next_cycle()


@engine_settings
@given(st.sampled_from([b"GET", b"HEAD", b"CONNECT"]), st.lists(st.binary(min_size=1, max_size=60), max_size=6))
@example(b"GET", [b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"])
@example(b"GET", [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\n"])
def test_arbitrary_bytes_raise_only_remote_protocol_error(method: bytes, pieces: list[bytes]) -> None:
    engine = sent(method)
    try:
        drive(engine, pieces)
    except RemoteProtocolError:
        assert not engine.next_cycle()


@engine_settings
@given(st.binary(max_size=300), st.sets(st.integers(0, 300), max_size=4))
def test_arbitrary_bytes_during_an_upload_raise_only_remote_protocol_error(data: bytes, cuts: set[int]) -> None:
    engine = Engine(HEAD_LIMIT)
    engine.start_request(b"POST", b"/", [(b"Host", b"localhost"), (b"Transfer-Encoding", b"chunked")])
    try:
        for piece in cut_at(b"HTTP/1.1 " + data, cuts):
            engine.send_body(b"part")
            engine.receive_data(piece)
            engine.response_started()
    except RemoteProtocolError:
        assert not engine.next_cycle()


@engine_settings
@given(
    st.sampled_from([b"GET", b"POST"]) | st.binary(max_size=12),
    st.sampled_from([b"/", b"*"]) | st.binary(max_size=12),
    st.lists(HEADER | st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=3),
)
def test_a_request_is_refused_or_sent_as_given(method: bytes, target: bytes, headers: Headers) -> None:
    headers = [(b"Host", b"localhost"), *headers]
    try:
        wire = Engine(HEAD_LIMIT).start_request(method, target, headers)
    except LocalProtocolError:
        return
    assert wire == written_request(method, target, headers)
    assert not any(byte in b"\r\n\0" for part in (method, target, *sum(headers, ())) for byte in part)


def written_request(method: bytes, target: bytes, headers: Headers) -> bytes:
    """Return the head of a request as bytes."""
    lines = [b"%b %b HTTP/1.1" % (method, target), *(b"%b: %b" % header for header in headers)]
    return b"\r\n".join([*lines, b"", b""])


@pytest.mark.field(29)
@engine_settings
@given(st.sampled_from([HEAD_LIMIT, HEAD_LIMIT + 1]), st.sets(st.integers(0, HEAD_LIMIT + 100), max_size=8))
def test_the_head_limit_does_not_depend_on_the_cuts(size: int, cuts: set[int]) -> None:
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\nX: "
    wire = start + b"x" * (size - len(start) - 4) + b"\r\n\r\n" + b"y" * 90
    if size > HEAD_LIMIT:
        with pytest.raises(RemoteProtocolError, match=r"^Receive buffer too long$"):
            receive(sent(), cut_at(wire, cuts))
    else:
        assert receive(sent(), cut_at(wire, cuts))[1] == b"y" * 90
