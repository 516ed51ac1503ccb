"""The sending half of the engine: requests on the wire, and requests that are refused."""

import pytest
from httpcore_h11._bodies import body_parts
from httpcore_h11._engine import Engine
from httpcore_models import LocalProtocolError
from httpcore_test_support.exchanges import HEAD_LIMIT

HOST = (b"Host", b"localhost")
CHUNKED = (b"Transfer-Encoding", b"chunked")
PART_SIZE = 64 * 1024


def length(size: int) -> tuple[bytes, bytes]:
    return (b"Content-Length", b"%d" % size)


@pytest.fixture
def engine() -> Engine:
    return Engine(HEAD_LIMIT)


class TestHead:
    def test_the_head_is_sent_as_given(self, engine: Engine) -> None:
        headers = [HOST, (b"x-LOWER-upper", b"a  b"), (b"X-Twice", b"1"), (b"X-Twice", b"2"), (b"X-Empty", b"")]
        assert engine.start_request(b"PURGE", b"/a%20b?q=%00", headers) == (
            b"PURGE /a%20b?q=%00 HTTP/1.1\r\n"
            b"Host: localhost\r\nx-LOWER-upper: a  b\r\nX-Twice: 1\r\nX-Twice: 2\r\nX-Empty: \r\n\r\n"
        )

    @pytest.mark.parametrize("target", [b"*", b"localhost:443", b"http://localhost/path"])
    def test_every_form_of_target_is_sent(self, engine: Engine, target: bytes) -> None:
        assert engine.start_request(b"OPTIONS", target, [HOST]).startswith(b"OPTIONS " + target + b" HTTP/1.1\r\n")

    @pytest.mark.parametrize("method", [b"", b"GE T", b"GET\r", b"GET\n", b"GET\0", b"GET:", b"G\xc9T"])
    def test_a_method_other_than_a_token_is_refused(self, engine: Engine, method: bytes) -> None:
        with pytest.raises(LocalProtocolError):
            engine.start_request(method, b"/", [HOST])

    @pytest.mark.parametrize("target", [b"", b"/ ", b"/a b", b"/\r", b"/\n", b"/\r\nX: y", b"/\0", b"/\x7f"])
    def test_a_target_with_blanks_or_controls_is_refused(self, engine: Engine, target: bytes) -> None:
        with pytest.raises(LocalProtocolError):
            engine.start_request(b"GET", target, [HOST])

    @pytest.mark.parametrize("name", [b"", b"X Y", b"X:", b"X\r", b"X\n", b"X\0", b"X\r\nY", b"X/Y", b"\xc9"])
    def test_a_header_name_other_than_a_token_is_refused(self, engine: Engine, name: bytes) -> None:
        with pytest.raises(LocalProtocolError):
            engine.start_request(b"GET", b"/", [HOST, (name, b"value")])

    @pytest.mark.parametrize("value", [b"a\rb", b"a\nb", b"a\r\nY: z", b"a\0b", b"a\r\n b", b"\r\n"])
    def test_a_header_value_cannot_end_its_line(self, engine: Engine, value: bytes) -> None:
        with pytest.raises(LocalProtocolError):
            engine.start_request(b"GET", b"/", [HOST, (b"X", value)])

    @pytest.mark.field(28)
    @pytest.mark.parametrize("value", [b"blank ", b"tab\t", b" leading", b" "])
    def test_a_header_value_with_blanks_around_it_is_refused(self, engine: Engine, value: bytes) -> None:
        with pytest.raises(LocalProtocolError):
            engine.start_request(b"GET", b"/", [HOST, (b"X", value)])

    @pytest.mark.parametrize(
        "headers",
        [
            [],
            [HOST, HOST],
            [HOST, (b"Content-Length", b"-1")],
            [HOST, (b"Content-Length", b"1, 2")],
            [HOST, (b"Content-Length", b"9" * 5000)],
            [HOST, (b"Transfer-Encoding", b"gzip, chunked")],
        ],
        ids=["no host", "two hosts", "negative length", "two lengths", "endless length", "unknown coding"],
    )
    def test_ambiguous_headers_are_refused(self, engine: Engine, headers: list[tuple[bytes, bytes]]) -> None:
        with pytest.raises(LocalProtocolError):
            engine.start_request(b"POST", b"/", headers)


class TestBody:
    def test_a_body_of_known_length_is_sent_unchanged(self, engine: Engine) -> None:
        engine.start_request(b"POST", b"/", [HOST, length(7)])
        assert [engine.send_body(b"abc"), engine.send_body(b"defg"), engine.end_body()] == [b"abc", b"defg", b""]

    def test_a_chunked_body_is_sent_in_chunks(self, engine: Engine) -> None:
        engine.start_request(b"POST", b"/", [HOST, CHUNKED])
        sent = [engine.send_body(b"x" * 16), engine.send_body(b"y"), engine.end_body()]
        assert sent == [b"10\r\n" + b"x" * 16 + b"\r\n", b"1\r\ny\r\n", b"0\r\n\r\n"]

    def test_a_part_may_be_any_buffer(self, engine: Engine) -> None:
        engine.start_request(b"POST", b"/", [HOST, CHUNKED])
        assert engine.send_body(memoryview(b"abcdef")[2:5]) == b"3\r\ncde\r\n"

    def test_a_request_without_a_body_needs_no_framing(self, engine: Engine) -> None:
        engine.start_request(b"GET", b"/", [HOST])
        assert engine.end_body() == b""

    @pytest.mark.field(24)
    def test_a_body_longer_than_declared_is_refused(self, engine: Engine) -> None:
        engine.start_request(b"POST", b"/", [HOST, length(3)])
        engine.send_body(b"ab")
        with pytest.raises(LocalProtocolError, match="Too much data for declared Content-Length"):
            engine.send_body(b"cd")

    @pytest.mark.field(24)
    def test_a_body_shorter_than_declared_is_refused(self, engine: Engine) -> None:
        engine.start_request(b"POST", b"/", [HOST, length(3)])
        engine.send_body(b"ab")
        with pytest.raises(LocalProtocolError, match="Too little data for declared Content-Length"):
            engine.end_body()

    def test_a_body_without_framing_is_refused(self, engine: Engine) -> None:
        engine.start_request(b"POST", b"/", [HOST])
        with pytest.raises(LocalProtocolError):
            engine.send_body(b"x")

    def test_a_body_before_the_head_is_refused(self, engine: Engine) -> None:
        with pytest.raises(LocalProtocolError):
            engine.send_body(b"x")

    def test_a_second_request_before_the_next_cycle_is_refused(self, engine: Engine) -> None:
        engine.start_request(b"GET", b"/", [HOST])
        engine.end_body()
        with pytest.raises(LocalProtocolError):
            engine.start_request(b"GET", b"/", [HOST])


class TestParts:
    def test_a_small_piece_is_one_part(self) -> None:
        chunk = b"x" * PART_SIZE
        ((part, rest),) = body_parts(chunk)
        assert isinstance(part, memoryview)
        assert part.obj is chunk
        assert part == chunk
        assert not rest

    def test_an_empty_piece_has_no_parts(self) -> None:
        assert list(body_parts(b"")) == []

    def test_a_large_piece_is_cut_without_a_copy(self) -> None:
        chunk = bytes(range(256)) * 640 + b"end"
        parts = [part for part, _ in body_parts(chunk)]
        assert [rest for _, rest in body_parts(chunk)] == [len(chunk) - PART_SIZE, len(chunk) - 2 * PART_SIZE, 0]
        assert [len(part) for part in parts] == [PART_SIZE, PART_SIZE, len(chunk) - 2 * PART_SIZE]
        assert b"".join(parts) == chunk
        assert all(isinstance(part, memoryview) and part.obj is chunk for part in parts)


@pytest.mark.upgrade("4.7")
class TestLargePiecesInChunks:
    """The parts of one piece are one chunk, as in 1.0.9."""

    HEADERS = ((b"Host", b"localhost"), (b"Transfer-Encoding", b"chunked"))

    def test_a_piece_is_a_chunk(self) -> None:
        engine = Engine(1000)
        engine.start_request(b"POST", b"/", list(self.HEADERS))
        sent = [engine.send_body(b"ab", 3), engine.send_body(b"cd", 1), engine.send_body(b"e"), engine.send_body(b"f")]
        assert sent == [b"5\r\nab", b"cd", b"e\r\n", b"1\r\nf\r\n"]
        assert engine.end_body() == b"0\r\n\r\n"

    def test_h11_takes_over_within_a_piece(self) -> None:
        engine = Engine(1000)
        engine.start_request(b"POST", b"/", list(self.HEADERS))
        assert engine.send_body(b"ab", 3) == b"5\r\nab"
        # Only h11 accepts the head of this response.
        engine.receive_data(b"HTTP/1.1 200 OK\r\nfolded: a\r\n b\r\nContent-Length: 0\r\n\r\n")
        assert engine.response_started()
        assert engine._sender is not None
        assert [engine.send_body(b"cd", 1), engine.send_body(b"e")] == [b"cd", b"e\r\n"]
        assert engine.send_body(b"f") == b"1\r\nf\r\n"
        assert engine.end_body() == b"0\r\n\r\n"


@pytest.mark.parametrize("name", [b"Authorization", b"proxy-authorization", b"Cookie"])
def test_an_error_does_not_quote_a_secret(name: bytes) -> None:
    engine = Engine(1000)
    with pytest.raises(LocalProtocolError) as caught:
        engine.start_request(b"GET", b"/", [(b"Host", b"localhost"), (name, b"secret\n")])
    assert str(caught.value) == "Illegal header value [secure]"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.fault("S11")
@pytest.mark.parametrize(
    "names", [(b"Content-Length", b"Transfer-Encoding"), (b"transfer-encoding", b"CONTENT-LENGTH")]
)
@pytest.mark.parametrize("parser", ["fast", "h11"])
def test_transfer_encoding_overrides_content_length(names: tuple[bytes, bytes], parser: str) -> None:
    values = {b"content-length": b"3", b"transfer-encoding": b"chunked"}
    engine = Engine(1000)
    framing = [(name, values[name.lower()]) for name in names]
    others = [(b"X", b"\xff")] if parser == "h11" else []
    head = engine.start_request(b"POST", b"/", [(b"Host", b"localhost"), *framing, *others])
    assert b"content-length" not in head.lower()
    assert head.lower().count(b"transfer-encoding: chunked\r\n") == 1
    assert engine.send_body(b"hello") == b"5\r\nhello\r\n"
    assert engine.end_body() == b"0\r\n\r\n"


class TestExpectContinue:
    EXPECT = (b"Expect", b"100-continue")

    @pytest.mark.parametrize("value", [b"100-continue", b"100-Continue", b"other, 100-CONTINUE"])
    @pytest.mark.parametrize("framing", [length(5), CHUNKED])
    @pytest.mark.parametrize("more", [[], [(b"Expect", b"100-continue")]], ids=["fast", "h11"])
    def test_the_head_is_sent_alone(
        self, engine: Engine, value: bytes, framing: tuple[bytes, bytes], more: list[tuple[bytes, bytes]]
    ) -> None:
        headers = [HOST, framing, (b"Expect", value), *more]
        head = engine.start_request(b"POST", b"/", headers, b"hello")
        assert head.endswith(b"\r\n\r\n")
        assert b"hello" not in head
        assert engine.awaits_continue
        assert engine.may_send_body() is None
        engine.receive_data(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
        assert engine.may_send_body() is None
        engine.receive_data(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert engine.may_send_body() is True
        assert not engine.awaits_continue
        assert engine.send_body(b"hello") + engine.end_body()

    @pytest.mark.parametrize(
        ("method", "headers"),
        [
            (b"GET", [HOST, EXPECT]),
            (b"POST", [HOST, EXPECT, length(0)]),
            (b"POST", [HOST, length(5)]),
            (b"POST", [HOST, length(5), (b"Expect", b"200-ok")]),
            (b"CONNECT", [HOST, EXPECT]),
        ],
    )
    def test_nothing_waits(self, engine: Engine, method: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        assert engine.start_request(method, b"localhost:1" if method == b"CONNECT" else b"/", headers)
        assert not engine.awaits_continue

    @pytest.mark.parametrize("status", [200, 417, 500])
    def test_a_final_response_ends_the_request_and_the_connection(self, engine: Engine, status: int) -> None:
        engine.start_request(b"POST", b"/", [HOST, length(5), self.EXPECT], b"hello")
        engine.receive_data(b"HTTP/1.1 %d Final\r\nContent-Length: 0\r\n\r\n" % status)
        assert engine.may_send_body() is False
        assert [type(engine.next_event()).__name__ for _ in range(2)] == ["ResponseHead", "Signal"]
        assert not engine.next_cycle()

    @pytest.mark.parametrize(("status", "wanted"), [(200, True), (413, False)])
    def test_only_an_error_counts_after_the_consent(self, engine: Engine, status: int, wanted: bool) -> None:
        engine.start_request(b"POST", b"/", [HOST, length(5), self.EXPECT])
        engine.receive_data(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 %d Final\r\nContent-Length: 0\r\n\r\n" % status)
        assert engine.may_send_body() is wanted

    def test_the_next_request_waits_again(self, engine: Engine) -> None:
        for _ in range(2):
            engine.start_request(b"POST", b"/", [HOST, length(5), self.EXPECT], b"hello")
            assert engine.awaits_continue
            engine.receive_data(b"HTTP/1.1 100 Continue\r\n\r\n")
            assert engine.may_send_body()
            engine.send_body(b"hello")
            engine.end_body()
            engine.receive_data(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            while type(engine.next_event()).__name__ != "Signal":
                pass
            assert engine.next_cycle()
