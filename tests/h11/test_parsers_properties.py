"""Both parsers agree on all input of hypothesis: any bytes, changed and odd messages, steps in any order."""

from httpcore_test_support.exchanges import HEAD_LIMIT, cut_at
from httpcore_test_support.h11_parsers import HOST, Step, assert_parsers_agree, exchange
from httpcore_test_support.messages import COMMON, TRICKS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

parser_settings = settings(database=None, suppress_health_check=[HealthCheck.too_slow])

METHOD = st.sampled_from([b"GET", b"HEAD", b"POST", b"CONNECT", b"PURGE", b"head"])
SMALL = [wire for name, (_, wire) in COMMON.items() if not name.startswith("large")]
WIRE = st.sampled_from([*SMALL, *TRICKS.values()])

# Words of the protocol, and text that may be mistaken for them.
STATUS_LINES = [
    *[b"HTTP/1.1 200 OK"] * 8,
    b"HTTP/1.1 204 No Content",
    b"HTTP/1.1 304 Not Modified",
    b"HTTP/1.1 100 Continue",
    b"HTTP/1.1 101 Switching Protocols",
    b"HTTP/1.1 200",
    b"HTTP/1.1 200 ",
    b"HTTP/1.1 600  a ",
    b"HTTP/1.0 200 OK",
    b"http/1.1 200 OK",
    b"",
]
NAMES = [
    *[b"Content-Length", b"content-length", b"Transfer-Encoding", b"transfer-encodinG", b"Connection", b"X"] * 3,
    *[b"Content_Length", b"Content-Length ", b" Content-Length", b"Transfer-Encoding\t", b"", b"\0", b"X Y", b"Host"],
    *[b"Upgrade", b"Keep-Alive", b"Expect", b"\xe9", b"X\r", b"X\n"],
]
VALUES = [
    *[b"0", b"5", b"chunked", b"close", b"keep-alive"] * 4,
    *[b"05", b"+5", b"-5", b"5, 5", b"5,6", b"5 ", b"\t5", b"Chunked", b"chunked, chunked", b"gzip, chunked"],
    *[b"CLOSE", b"close, te", b"upgrade", b"", b" ", b"a b", b"\xff", b"\x01", b"\x7f", b"\0", b"a\rb", b"a\nb"],
    *[b"9" * 20, b"9" * 21, b"0x5", b"5_0", b"\xb2", b"100-continue"],
]
COLONS = [*[b": "] * 12, b":", b" :", b":\t", b":  ", b" ", b": : "]
LINE_ENDS = [*[b"\r\n"] * 25, b"\n", b"\r", b"\r\r\n", b" \r\n", b"\t\r\n", b"\r\n ", b"\r\n\t", b"\0\r\n"]
CHUNK_SIZES = [*[b"5", b"3", b"a", b"0"] * 4, b"05", b"A", b"+5", b"5;a=b", b"5 ", b" 5", b"", b"0x5", b"f" * 20, b"g"]
DATA = [*[b"hello", b"hello, hel", b"abc", b""] * 3, b"\r\n", b"0\r\n\r\n", b"hello!", b"\n", b"\0"]


@st.composite
def odd_messages(draw: st.DrawFn) -> bytes:
    def pick(words: list[bytes]) -> bytes:
        return draw(st.sampled_from(words))

    parts = [pick(STATUS_LINES), pick(LINE_ENDS)]
    for _ in range(draw(st.integers(0, 3))):
        parts += [pick(NAMES), pick(COLONS), pick(VALUES), pick(LINE_ENDS)]
    parts.append(pick(LINE_ENDS))
    for _ in range(draw(st.integers(0, 4))):
        parts += [pick(CHUNK_SIZES), pick(LINE_ENDS), pick(DATA), pick(LINE_ENDS)]
    parts += draw(st.lists(st.sampled_from(DATA + LINE_ENDS), max_size=2))
    return b"".join(parts)


@st.composite
def changed_messages(draw: st.DrawFn) -> bytes:
    wire = draw(WIRE)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(wire)))
        end = min(len(wire), start + draw(st.integers(0, 9)))
        words = st.sampled_from([*NAMES, *VALUES, *COLONS, *LINE_ENDS, *CHUNK_SIZES])
        wire = wire[:start] + draw(st.binary(max_size=3) | words | st.just(2 * wire[start:end])) + wire[end:]
    return wire


ANY_WIRE = WIRE | odd_messages() | changed_messages() | st.binary(max_size=80)


@st.composite
def cut_messages(draw: st.DrawFn) -> list[bytes]:
    wire = draw(ANY_WIRE)
    return cut_at(wire, draw(st.sets(st.integers(0, len(wire)), max_size=12)))


@parser_settings
@given(cut_messages(), METHOD, st.sampled_from([HEAD_LIMIT, HEAD_LIMIT, 60]))
def test_any_response(pieces: list[bytes], method: bytes, limit: int) -> None:
    assert_parsers_agree(exchange(pieces, method), limit)


@parser_settings
@given(st.lists(cut_messages(), min_size=2, max_size=4))
def test_any_responses_one_after_the_other(messages: list[list[bytes]]) -> None:
    *others, last = messages
    steps: list[Step] = []
    for pieces in others:
        steps += [*exchange(pieces)[:-1], ("next cycle",)]
    assert_parsers_agree([*steps, *exchange(last)])


FIELD = st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)) | st.tuples(
    st.binary(max_size=3), st.binary(max_size=3)
)
TARGET = st.sampled_from([*[b"/", b"/a?b", b"*", b"localhost:443"] * 3, b"", b"/ ", b"/\n", b"\xff"])


@st.composite
def any_steps(draw: st.DrawFn) -> list[Step]:
    """A request, complete or not, with receiving in between."""
    headers = draw(st.lists(FIELD, max_size=3))
    headers.insert(draw(st.integers(0, len(headers))), draw(st.sampled_from([*[HOST] * 8, (b"X", b"y")])))
    start: Step = ("start", draw(METHOD), draw(TARGET), headers)
    send = st.tuples(st.just("send"), st.sampled_from([b"", b"h", b"hello", b"hello!"]))
    sending: list[Step] = [*draw(st.lists(send, max_size=3)), ("end",), *draw(st.lists(send, max_size=1)), start]
    sending = sending[: draw(st.integers(0, len(sending)))]
    kind = st.sampled_from(["receive", "receive", "look"])
    receiving: list[Step] = [(draw(kind), piece) for piece in draw(cut_messages())]
    # h11 does not expect responses before the first request.
    steps: list[Step] = [start]
    while sending or receiving:
        first = sending if not receiving or (sending and draw(st.integers(0, 3))) else receiving
        steps.append(first.pop(0))
    return [*steps, ("receive", b"")]


@parser_settings
@given(any_steps())
def test_any_steps(steps: list[Step]) -> None:
    assert_parsers_agree(steps)
