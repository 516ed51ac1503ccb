"""The receiving half of the engine: all kinds of responses, whole, byte by byte, and with bytes after them."""

import pytest
from httpcore_h11 import _engine
from httpcore_h11._engine import Engine
from httpcore_h11._events import END_OF_MESSAGE, NEED_DATA, Event, ResponseHead
from httpcore_models import RemoteProtocolError
from httpcore_test_support.exchanges import (
    FEEDINGS,
    HEAD_LIMIT,
    TRAILING,
    Feeding,
    bytewise,
    cut_at,
    head,
    interim,
    receive,
    refused,
    sent,
)

LENGTH_5 = (b"Content-Length", b"5")
CHUNKED = (b"Transfer-Encoding", b"chunked")

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
HELLO_EVENTS: list[Event] = [head(200, LENGTH_5, reason=b"OK"), b"hello"]

# Name: the method of the request, the response, and its events.
RESPONSES: dict[str, tuple[bytes, bytes, list[Event]]] = {
    "length": (b"GET", HELLO, HELLO_EVENTS),
    "length of zero": (
        b"GET",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        [head(200, (b"Content-Length", b"0"), reason=b"OK")],
    ),
    "chunked": (
        b"GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
        [head(200, CHUNKED, reason=b"OK"), b"abc0123456789"],
    ),
    "chunk extensions and trailers": (
        b"GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'3;name="a; b"\r\nabc\r\n0;last\r\nX-Digest: 1\r\nX-More: 2\r\n\r\n',
        [head(200, CHUNKED, reason=b"OK"), b"abc"],
    ),
    "headers as sent": (
        b"GET",
        b"HTTP/1.1 200 \r\nx-LOWER-upper:  a b \t\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
        [
            head(
                200,
                (b"x-LOWER-upper", b"a b"),
                (b"Set-Cookie", b"a"),
                (b"Set-Cookie", b"b"),
                (b"Content-Length", b"0"),
            )
        ],
    ),
    "204 has no body": (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n", [head(204, reason=b"No Content")]),
    "304 has no body": (
        b"GET",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        [head(304, LENGTH_5, reason=b"Not Modified")],
    ),
    "no body for HEAD": (
        b"HEAD",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        [head(200, LENGTH_5, reason=b"OK")],
    ),
    "no chunks for HEAD": (
        b"HEAD",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        [head(200, CHUNKED, reason=b"OK")],
    ),
    "refused CONNECT": (
        b"CONNECT",
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nhello",
        [head(407, LENGTH_5, reason=b"Proxy Authentication Required"), b"hello"],
    ),
    "interim responses": (
        b"GET",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HELLO,
        [
            interim(100, reason=b"Continue"),
            interim(103, (b"Link", b"</a>"), reason=b"Early Hints"),
            *HELLO_EVENTS,
        ],
    ),
}

# What a server may send, although older parsers refused it.
ODD_RESPONSES: dict[str, tuple[bytes, list[Event]]] = {
    "status 600": (
        b"HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n",
        [head(600, (b"Content-Length", b"0"), reason=b"Odd")],
    ),
    "no reason and no blank": (b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", [head(200, LENGTH_5), b"hello"]),
    "empty value": (
        b"HTTP/1.1 200 OK\r\nX-Empty:\r\nContent-Length: 5\r\n\r\nhello",
        [head(200, (b"X-Empty", b""), LENGTH_5, reason=b"OK"), b"hello"],
    ),
    "equal lengths twice": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        [head(200, LENGTH_5, reason=b"OK"), b"hello"],
    ),
    "equal lengths in one line": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
        [head(200, LENGTH_5, reason=b"OK"), b"hello"],
    ),
    "bare line feeds": (
        b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        [head(200, LENGTH_5, reason=b"OK"), b"hello"],
    ),
    "blanks after a chunk size": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5  \r\nhello\r\n0\r\n\r\n",
        [head(200, CHUNKED, reason=b"OK"), b"hello"],
    ),
    "control bytes in a cookie": (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=\x01\x1f\x7f\xff\r\nContent-Length: 5\r\n\r\nhello",
        [head(200, (b"Set-Cookie", b"a=\x01\x1f\x7f\xff"), LENGTH_5, reason=b"OK"), b"hello"],
    ),
    "folded line": (
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello",
        [head(200, (b"X", b"a b"), LENGTH_5, reason=b"OK"), b"hello"],
    ),
}

# Name: the method and headers of the request, the response, and its head.
SWITCHES = {
    "upgrade": (
        b"GET",
        [(b"Upgrade", b"echo"), (b"Connection", b"Upgrade")],
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n",
        head(101, (b"Upgrade", b"echo"), reason=b"Switching Protocols"),
    ),
    "tunnel": (b"CONNECT", [], b"HTTP/1.1 200 OK\r\n\r\n", head(200, reason=b"OK")),
    # RFC 9110 section 9.3.6: framing fields of a successful CONNECT have no meaning.
    "tunnel with a length": (
        b"CONNECT",
        [],
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        head(200, LENGTH_5, reason=b"OK"),
    ),
}

BAD_RESPONSES = {
    "not HTTP": b"SSH-2.0-server\r\n\r\n",
    "TLS alert": b"\x15\x03\x01\x00\x02\x02\x0a",
    "HTTP/2 settings": b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "status below 100": b"HTTP/1.1 099 Low\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
    "fold before any header": b"HTTP/1.1 200 OK\r\n folded\r\n\r\n",
    "length that is no number": b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
    "endless length": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "chunk size that is no number": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "endless chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"F" * 5000 + b"\r\n",
    "chunk without its end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef",
    "switch that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n",
}


@pytest.fixture(params=list(FEEDINGS.values()), ids=list(FEEDINGS))
def feeding(request: pytest.FixtureRequest) -> Feeding:
    cut: Feeding = request.param
    return cut


class TestResponses:
    @pytest.mark.parametrize("name", RESPONSES)
    def test_every_kind_of_response(self, feeding: Feeding, name: str) -> None:
        method, wire, events = RESPONSES[name]
        engine = sent(method)
        assert receive(engine, feeding(wire)) == events
        assert engine.trailing_data == (TRAILING if feeding is FEEDINGS["trailing"] else b"")
        assert engine.leading_data is None

    @pytest.mark.field(26)
    @pytest.mark.parametrize("name", ODD_RESPONSES)
    def test_odd_but_common_responses(self, feeding: Feeding, name: str) -> None:
        wire, events = ODD_RESPONSES[name]
        assert receive(sent(), feeding(wire)) == events

    @pytest.mark.field(31)
    @pytest.mark.parametrize("status", [100, 102, 103, 199])
    def test_a_final_response_follows_an_interim_one(self, feeding: Feeding, status: int) -> None:
        wire = b"HTTP/1.1 %d \r\n\r\n" % status + HELLO
        assert receive(sent(), feeding(wire)) == [interim(status), *HELLO_EVENTS]

    @pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
    @pytest.mark.parametrize("cut", [FEEDINGS["whole"], bytewise], ids=["whole", "bytewise"])
    def test_a_body_without_framing_lasts_until_the_end_of_stream(self, cut: Feeding, version: bytes) -> None:
        # All data is part of the body, so nothing can follow it.
        events = [head(200, reason=b"OK", version=version), b"all of it"]
        assert receive(sent(), cut(version + b" 200 OK\r\n\r\nall of it")) == events

    def test_the_end_of_the_message_is_permanent(self) -> None:
        engine = sent()
        receive(engine, [HELLO])
        assert [engine.next_event(), engine.next_event()] == [END_OF_MESSAGE, END_OF_MESSAGE]

    def test_the_body_arrives_in_parts(self) -> None:
        engine = sent()
        engine.receive_data(HELLO[:-3])
        assert [engine.next_event() for _ in range(3)] == [HELLO_EVENTS[0], b"he", NEED_DATA]
        engine.receive_data(HELLO[-3:])
        part = engine.next_event()
        assert (part, type(part)) == (b"llo", bytes)

    @pytest.mark.parametrize("name", RESPONSES)
    def test_a_complete_body_is_taken_at_once(self, feeding: Feeding, name: str) -> None:
        method, wire, events = RESPONSES[name]
        engine = sent(method)
        assert engine.take_body() is None
        pieces = iter(feeding(wire))
        while not isinstance(event := engine.next_event(), ResponseHead):
            if event is NEED_DATA:
                engine.receive_data(next(pieces))
        taken = engine.take_body()
        rest = receive(engine, pieces)
        assert rest == [] or not taken
        assert ([taken] if taken else rest) == [event for event in events if isinstance(event, bytes)]
        assert engine.trailing_data == (TRAILING if feeding is FEEDINGS["trailing"] else b"")

    def test_an_incomplete_body_is_not_taken_for_a_complete_one(self) -> None:
        engine = sent()
        engine.receive_data(HELLO[:-1])
        assert engine.next_event() == HELLO_EVENTS[0]
        assert engine.take_body() is None
        assert engine.next_event() == b"hell"
        engine.receive_data(HELLO[-1:] + b"TRAILING")
        assert engine.take_body() == b"o"
        assert engine.next_event() is END_OF_MESSAGE
        assert engine.trailing_data == b"TRAILING"


class TestSwitchOfProtocols:
    @pytest.mark.field(30)
    @pytest.mark.parametrize("name", SWITCHES)
    @pytest.mark.parametrize("first_bytes", [b"", b"foobarbaz"])
    @pytest.mark.parametrize("cut", [FEEDINGS["whole"], bytewise], ids=["whole", "bytewise"])
    def test_bytes_after_the_head_belong_to_the_new_protocol(self, cut: Feeding, first_bytes: bytes, name: str) -> None:
        method, headers, wire, expected = SWITCHES[name]
        engine = sent(method, *headers)
        assert receive(engine, cut(wire + first_bytes)) == [expected]
        assert engine.leading_data == first_bytes

    @pytest.mark.fault("N6")
    @pytest.mark.parametrize(
        "framing",
        [
            b"Content-Length: 5\r\n",
            b"Content-Length: odd\r\n",
            b"Content-Length: 5\r\nContent-Length: 6\r\n",
            b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: gzip\r\n",
            b"Transfer-Encoding: chunked,\r\n gzip\r\nX: y\r\n",
            b"X: y\r\ntransfer-encoding: gzip\r\n",
        ],
    )
    @pytest.mark.parametrize("cut", [FEEDINGS["whole"], bytewise], ids=["whole", "bytewise"])
    @pytest.mark.parametrize("start", [b"", b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"], ids=["", "interim"])
    def test_a_tunnel_has_no_framing(self, cut: Feeding, framing: bytes, start: bytes) -> None:
        engine = sent(b"CONNECT", target=b"other:443")
        events = receive(engine, cut(start + b"HTTP/1.1 200 OK\r\n" + framing + b"\r\nfoobarbaz"))
        assert isinstance(events[-1], ResponseHead)
        assert len(events) == 1 + bool(start)
        assert engine.leading_data == b"foobarbaz"

    @pytest.mark.fault("N6")
    @pytest.mark.parametrize(
        "wire",
        [
            b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: odd\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: odd\r\nBad Name: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n",
        ],
        ids=["no tunnel", "another fault", "no field"],
    )
    def test_other_errors_are_not_ignored(self, feeding: Feeding, wire: bytes) -> None:
        assert refused(sent(b"CONNECT", target=b"other:443"), feeding(wire))

    def test_no_switch_without_asking_for_it(self) -> None:
        assert sent(b"CONNECT").leading_data is None


class TestErrors:
    @pytest.mark.parametrize("name", BAD_RESPONSES)
    def test_a_response_that_breaks_the_protocol(self, feeding: Feeding, name: str) -> None:
        assert refused(sent(), feeding(BAD_RESPONSES[name]))

    @pytest.mark.parametrize("name", RESPONSES)
    def test_the_end_of_stream_anywhere_before_the_end_of_the_message(self, name: str) -> None:
        method, wire, events = RESPONSES[name]
        heads = sum(not isinstance(event, bytes) for event in events)
        for end in range(len(wire)):
            text = refused(sent(method), cut_at(wire[:end], []))
            before_body = wire[:end].count(b"\r\n\r\n") < heads
            assert text.startswith("Server disconnected without sending a response.") == before_body

    @pytest.mark.field(25)
    @pytest.mark.fault("S12")
    @pytest.mark.parametrize("name", [b"Bad/Name", b"Bad Name", b"Set-Cookie ", b""])
    def test_the_error_names_the_field_of_a_bad_header_line(self, feeding: Feeding, name: bytes) -> None:
        wire = b"HTTP/1.1 200 OK\r\nGood: 1\r\n" + name + b": sid=value\r\nContent-Length: 0\r\n\r\n"
        assert refused(sent(), feeding(wire)) == f"illegal header line: {bytearray(name + b': [secure]')!r}"

    @pytest.mark.field(27)
    @pytest.mark.parametrize(
        ("limit", "wire"),
        [
            ("an empty line before the status line", b"\r\n" + HELLO),
            (
                "any transfer coding besides `chunked`",
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            ),
        ],
        ids=["empty line", "transfer coding"],
    )
    def test_known_limits_are_documented_errors(self, feeding: Feeding, limit: str, wire: bytes) -> None:
        assert limit in " ".join((_engine.__doc__ or "").split())
        assert refused(sent(), feeding(wire))

    def test_an_error_is_permanent(self) -> None:
        engine = sent()
        refused(engine, [b"garbage\r\n\r\n"])
        with pytest.raises(RemoteProtocolError):
            engine.next_event()


class TestResponseBegun:
    """`response_begun`: before the first byte of the response, the server may not have seen the request."""

    def test_from_the_request_until_the_first_byte(self) -> None:
        engine = sent()
        assert not engine.response_begun
        engine.receive_data(b"H")
        assert engine.response_begun

    def test_after_the_response_until_the_next_cycle(self, feeding: Feeding) -> None:
        engine = sent()
        receive(engine, feeding(HELLO))
        assert engine.response_begun
        if engine.next_cycle():
            assert not engine.response_begun

    def test_the_end_of_stream_does_not_begin_a_response(self) -> None:
        engine = sent()
        refused(engine, [])
        assert not engine.response_begun


class TestEarlyResponse:
    """`response_started()`: checking for the response while the request is being sent."""

    @pytest.fixture
    def engine(self) -> Engine:
        engine = Engine(HEAD_LIMIT)
        engine.start_request(b"POST", b"/", [(b"Host", b"localhost"), CHUNKED])
        engine.send_body(b"first")
        return engine

    def test_before_any_data(self, engine: Engine) -> None:
        assert not engine.response_started()

    def test_an_interim_response_does_not_count(self, engine: Engine) -> None:
        engine.receive_data(b"HTTP/1.1 100 \r\n\r\n")
        assert not engine.response_started()
        assert receive(engine, [HELLO]) == [interim(100), *HELLO_EVENTS]

    def test_a_part_of_a_head_does_not_count(self, engine: Engine) -> None:
        for piece in bytewise(HELLO[:-6]):
            engine.receive_data(piece)
            assert not engine.response_started()
        engine.receive_data(HELLO[-6:-5])
        assert engine.response_started()

    def test_checking_loses_nothing(self, engine: Engine) -> None:
        engine.receive_data(b"HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 \r\n\r\n" + HELLO)
        assert [engine.response_started(), engine.response_started()] == [True, True]
        assert receive(engine, []) == [interim(100), interim(103), *HELLO_EVENTS]

    def test_the_server_broke_the_protocol(self, engine: Engine) -> None:
        engine.receive_data(b"garbage\r\n\r\n")
        with pytest.raises(RemoteProtocolError):
            engine.response_started()

    def test_the_server_closed(self, engine: Engine) -> None:
        with pytest.raises(RemoteProtocolError, match=r"^Server disconnected without sending a response\.$"):
            engine.receive_data(b"")


HEAD_CUTS: dict[str, Feeding] = {
    "whole": lambda data: [data],
    "in two": lambda data: cut_at(data, [len(data) // 2]),
    "by reads of 64 KiB": lambda data: cut_at(data, range(0, len(data), 64 * 1024)),
    "before the last byte of the head": lambda data: cut_at(data, [data.rindex(b"\r\n\r\n") + 3]),
    "after the head": lambda data: cut_at(data, [data.rindex(b"\r\n\r\n") + 4]),
    "bytewise at the end of the head": lambda data: cut_at(data, range(data.rindex(b"\r\n\r\n") - 50, len(data))),
}


def response_of_size(size: int, *, start: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5") -> bytes:
    """Return a head of `size` bytes, made of lines of various lengths."""
    filler = b"".join(b"\r\nX-%d: %s" % (index, b"v" * (index * 37 % 900)) for index in range(1, 400))
    room = size - len(start) - len(b"\r\n\r\n")
    filler = filler[: filler.rindex(b"\r\n", 0, room - 4)]
    last = b"\r\nY:" + b"y" * (room - len(filler) - 4)
    return start + filler + last + b"\r\n\r\n"


@pytest.mark.field(29)
class TestHeadLimit:
    @pytest.fixture(params=list(HEAD_CUTS.values()), ids=list(HEAD_CUTS))
    def cut(self, request: pytest.FixtureRequest) -> Feeding:
        feeding: Feeding = request.param
        return feeding

    @pytest.mark.parametrize("size", [HEAD_LIMIT - 1, HEAD_LIMIT])
    def test_a_head_up_to_the_limit_is_accepted(self, cut: Feeding, size: int) -> None:
        wire = response_of_size(size)
        assert len(wire) == size
        events = receive(sent(), cut(wire + b"hello"))
        assert len(events) == 2

    @pytest.mark.parametrize("size", [HEAD_LIMIT + 1, HEAD_LIMIT + 1024])
    def test_a_larger_head_is_refused(self, cut: Feeding, size: int) -> None:
        wire = response_of_size(size)
        assert len(wire) == size
        assert refused(sent(), cut(wire + b"hello")) == "Receive buffer too long"

    def test_a_large_body_after_a_small_head_does_not_count(self) -> None:
        wire = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * HEAD_LIMIT) + b"x" * (2 * HEAD_LIMIT)
        assert receive(sent(), [wire])[1] == b"x" * (2 * HEAD_LIMIT)

    def test_interim_heads_count(self, cut: Feeding) -> None:
        hints = response_of_size(HEAD_LIMIT // 2, start=b"HTTP/1.1 103 Early Hints")
        final = response_of_size(HEAD_LIMIT // 2)
        assert len(receive(sent(), cut(hints + final + b"hello"))) == 3
        final = response_of_size(HEAD_LIMIT // 2 + 1)
        assert refused(sent(), cut(hints + final + b"hello")) == "Receive buffer too long"


@pytest.mark.parametrize("line_end", [b"XX", b"\r\r", b"\n\r", b"2\r"])
def test_a_chunk_without_its_line_end_is_refused(line_end: bytes) -> None:
    """Intermediaries would read the rest differently (GHSA-vqfr-h8mv-ghfj)."""
    engine = Engine(HEAD_LIMIT)
    engine.start_request(b"GET", b"/", [(b"Host", b"localhost")])
    engine.end_body()
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    engine.receive_data(head + b"5\r\nhello" + line_end + b"0\r\n\r\n")
    events = iter(engine.next_event, END_OF_MESSAGE)
    with pytest.raises(RemoteProtocolError, match="malformed chunk footer"):
        list(events)
