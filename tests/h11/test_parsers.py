"""Both parsers agree on plain messages, on known tricks, and on messages with one byte changed, cut anywhere."""

from typing import Any

import pytest
from httpcore_h11._engine import Engine
from httpcore_h11._events import END_OF_MESSAGE
from httpcore_test_support.exchanges import bytewise, cut_at
from httpcore_test_support.h11_parsers import (
    HOST,
    H11Engine,
    Headers,
    Step,
    assert_parsers_agree,
    exchange,
    transcript,
    with_odd_bytes,
)
from httpcore_test_support.messages import COMMON, TRICKS, response

METHODS = (b"GET", b"HEAD", b"CONNECT", b"head")


@pytest.mark.usefixtures("no_h11")
@pytest.mark.parametrize("name", COMMON)
def test_plain_exchanges_do_not_need_h11(name: str) -> None:
    method, wire = COMMON[name]
    for pieces in ([wire], cut_at(wire, [1, 20, len(wire) // 2, len(wire) - 1])):
        outcomes = transcript(Engine(100_000), exchange(pieces, method))
        assert any(END_OF_MESSAGE in events for events in outcomes if isinstance(events, list))


@pytest.mark.usefixtures("no_h11")
@pytest.mark.parametrize("framing", [(b"Content-Length", b"6"), (b"Transfer-Encoding", b"chunked")])
def test_a_plain_upload_does_not_need_h11(framing: tuple[bytes, bytes]) -> None:
    start: Step = ("start", b"POST", b"/", [HOST, framing, (b"Expect", b"100-continue")])
    steps: list[Step] = [start, ("send", b"abc"), ("send", b"def"), ("end",), ("receive", COMMON["Caddy"][1])]
    assert transcript(Engine(100_000), steps)[-1] is True


@pytest.mark.parametrize("name", COMMON)
def test_plain_responses_cut_in_two(name: str) -> None:
    method, wire = COMMON[name]
    places = range(len(wire)) if len(wire) < 1000 else [*range(200), 65_536, *range(len(wire) - 20, len(wire))]
    for position in places:
        assert_parsers_agree(exchange(cut_at(wire, [position]), method))


@pytest.mark.parametrize("name", [name for name in COMMON if not name.startswith("large")])
def test_plain_responses_that_end_early(name: str) -> None:
    method, wire = COMMON[name]
    for end in range(len(wire)):
        assert_parsers_agree(exchange(cut_at(wire[:end], []), method))
        assert_parsers_agree(exchange(bytewise(wire[:end]), method))


@pytest.mark.parametrize("name", TRICKS)
def test_tricks_cut_in_two(name: str) -> None:
    for position in range(len(TRICKS[name])):
        assert_parsers_agree(exchange(cut_at(TRICKS[name], [position])))


@pytest.mark.parametrize("name", TRICKS)
def test_tricks_cut_in_three(name: str) -> None:
    for position in range(len(TRICKS[name])):
        assert_parsers_agree(exchange(cut_at(TRICKS[name], [position, position + 1])))


@pytest.mark.parametrize("name", TRICKS)
def test_tricks_for_every_method(name: str) -> None:
    for method in METHODS:
        assert_parsers_agree(exchange([TRICKS[name]], method))
        assert_parsers_agree(exchange(bytewise(TRICKS[name]), method))


@pytest.mark.parametrize("name", TRICKS)
def test_tricks_that_end_early(name: str) -> None:
    for end in range(len(TRICKS[name])):
        assert_parsers_agree(exchange([TRICKS[name][:end]]))


@pytest.mark.parametrize("name", [*COMMON, *TRICKS])
def test_a_whole_response_seen_together_with_the_end_of_stream(name: str) -> None:
    method, wire = COMMON.get(name) or (b"GET", TRICKS[name])
    start, end, *_ = exchange([], method)
    assert_parsers_agree([start, ("look", wire), end, ("receive", b"")])


@pytest.mark.parametrize("name", TRICKS)
def test_tricks_after_a_plain_response(name: str) -> None:
    again: list[Step] = [("next cycle",)]
    for wire in [wire for name, (_, wire) in COMMON.items() if not name.startswith("large")]:
        first = exchange([wire])[:-1]
        assert_parsers_agree([*first, *again, *exchange([TRICKS[name]])])


@pytest.mark.parametrize(
    "wire",
    [
        response(b"X-a: b c", b"Content-Length: 3", b"Connection: close", body=b"abc"),
        response(b"Connection: keep-alive", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n"),
    ],
    ids=["length", "chunked"],
)
def test_any_byte_changed_in_a_response(wire: bytes) -> None:
    for changed in with_odd_bytes(wire):
        assert_parsers_agree(exchange([changed]))


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        (b"GET", b"/a?b", [(b"Host", b"a b"), (b"X", b"")]),
        (b"POST", b"*", [(b"X-y", b"z"), (b"content-length", b"5"), (b"HOST", b"a"), (b"Connection", b"close")]),
        (b"POST", b"/", [HOST, (b"Transfer-Encoding", b"chunked"), (b"Connection", b"keep-alive")]),
        (b"GET", b"/", [HOST, (b"Connection", b"Upgrade"), (b"Upgrade", b"h2c")]),
    ],
    ids=["plain", "length", "chunked", "upgrade"],
)
def test_any_byte_changed_in_a_request(method: bytes, target: bytes, headers: Headers) -> None:
    def agree(method: bytes, target: bytes, headers: Headers) -> None:
        receive = exchange([COMMON["IIS, closing"][1]])[2:]
        assert_parsers_agree([("start", method, target, headers), ("send", b"hello"), ("end",), *receive])

    for changed in with_odd_bytes(method):
        agree(changed, target, headers)
    for changed in with_odd_bytes(target):
        agree(method, changed, headers)
    for place, (name, value) in enumerate(headers):
        for changed in with_odd_bytes(name):
            agree(method, target, [*headers[:place], (changed, value), *headers[place + 1 :]])
        for changed in with_odd_bytes(value):
            agree(method, target, [*headers[:place], (name, changed), *headers[place + 1 :]])


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"X", b"y")],
        [HOST, HOST],
        [(b"X", b"y"), HOST],
        [HOST, (b"Content-Length", b"5"), (b"Content-Length", b"5")],
        [HOST, (b"Content-Length", b"5"), (b"Content-Length", b"6")],
        [HOST, (b"Content-Length", b"5, 5")],
        [HOST, (b"Content-Length", b"0" * 20)],
        [HOST, (b"Content-Length", b"0" * 21)],
        [HOST, (b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")],
        [HOST, (b"Transfer-Encoding", b"Chunked")],
        [HOST, (b"Transfer-Encoding", b"gzip")],
        [HOST, (b"Connection", b"te, close")],
        [HOST, (b"Connection", b"close"), (b"Connection", b"te")],
        [HOST, (b"X\nY", b"z")],
        [HOST, (b"X", b"y\nZ: z")],
        [HOST, (b"X", b"y\nz"), (b"", b"")],
        [HOST, (b"X: y", b"z")],
    ],
)
def test_odd_request_headers(headers: Headers) -> None:
    receive = exchange([COMMON["Caddy"][1]])[2:]
    for method in (b"GET", b"HEAD", b"POST", b"CONNECT", b"PURGE", b"head"):
        for body in (b"", b"hell", b"hello", b"hello!"):
            steps: list[Step] = [("start", method, b"/", headers), ("send", body), ("end",), *receive]
            assert_parsers_agree(steps)


@pytest.mark.parametrize("limit", [10, 40, 60, 100])
def test_the_limit_of_a_head(limit: int) -> None:
    for size in range(80):
        wire = response(b"X: " + b"x" * size, b"Content-Length: 5", body=b"hello")
        for pieces in ([wire], bytewise(wire), cut_at(wire, [limit]), cut_at(wire, [limit + 1])):
            assert_parsers_agree(exchange(pieces), limit)


@pytest.mark.parametrize(
    "request_head",
    [
        ("GET", "/", [("Host", "localhost"), ("X", "y")]),
        (b"GET", "/", [HOST]),
        (b"GET", b"/", [HOST, (b"X", "y")]),
        (b"GET", b"/", [HOST, ("X", b"y")]),
        (b"GET", b"/", [HOST, (bytearray(b"X"), bytearray(b"y"))]),
        (b"GET", b"/", [list(HOST)]),
    ],
)
def test_request_heads_of_other_types(request_head: Any) -> None:
    steps: list[Step] = [("start", *request_head), ("end",), *exchange([COMMON["Caddy"][1]])[2:]]
    assert_parsers_agree(steps)


@pytest.mark.parametrize("headers", [[(*HOST, b"more")], [HOST, None], [b"Host", b"localhost"], [HOST, (b"X", 1)]])
def test_headers_other_than_pairs_of_bytes(headers: Any) -> None:
    errors = []
    for engine in (Engine(1000), H11Engine(1000)):
        with pytest.raises((TypeError, ValueError)) as caught:
            engine.start_request(b"GET", b"/", headers)
        errors.append((caught.type, str(caught.value)))
    assert errors[0] == errors[1]


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_other_bytes_like_objects_are_received(kind: Any) -> None:
    method, wire = COMMON["nginx, chunked"]
    steps = exchange([kind(wire[:100]), kind(wire[100:])], method)
    assert transcript(Engine(1000), steps) == transcript(Engine(1000), exchange([wire[:100], wire[100:]]))
