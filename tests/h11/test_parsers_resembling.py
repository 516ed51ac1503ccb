"""Both parsers agree on messages that repeat, nearly repeat, or begin like the last one on the connection."""

from itertools import permutations, product

import pytest
from httpcore_h11._engine import Engine
from httpcore_h11._events import END_OF_MESSAGE
from httpcore_test_support.exchanges import HEAD_LIMIT, bytewise
from httpcore_test_support.h11_parsers import HOST, Step, assert_parsers_agree, exchange, transcript, with_odd_bytes
from httpcore_test_support.messages import response

AGAIN: list[Step] = [("next cycle",)]

HEADS = {
    "plain": (b"Date: 1", b"X: 1", b"Content-Length: 5"),
    "another value": (b"Date: 2", b"X: 1", b"Content-Length: 5"),
    "other values": (b"Date: 22", b"X: ", b"Content-Length: 5"),
    "another name": (b"Date: 1", b"Y: 1", b"Content-Length: 5"),
    "another order": (b"X: 1", b"Date: 1", b"Content-Length: 5"),
    "another length": (b"Date: 1", b"X: 1", b"Content-Length: 4"),
    "one field less": (b"Date: 1", b"Content-Length: 5"),
    "one field more": (b"Date: 1", b"X: 1", b"Y: 1", b"Content-Length: 5"),
    "one field more at the end": (b"Date: 1", b"X: 1", b"Content-Length: 5", b"Y: 1"),
    "no length": (b"Date: 1", b"X: 1", b"Y: 1"),
    "two lengths": (b"Date: 1", b"Content-Length: 5", b"Content-Length: 5"),
    "chunked": (b"Date: 1", b"X: 1", b"Transfer-Encoding: chunked"),
    "length and chunked": (b"Date: 1", b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    "close": (b"Date: 1", b"Connection: close", b"Content-Length: 5"),
    "keep-alive": (b"Date: 1", b"Connection: keep-alive", b"Content-Length: 5"),
    "a folded line": (b"Date: 1", b" X: 1", b"Content-Length: 5"),
    "a blank before the colon": (b"Date: 1", b"X : 1", b"Content-Length: 5"),
    "no colon": (b"Date: 1", b"X", b"Content-Length: 5"),
    "nothing": (),
}
PLAIN = (
    "plain",
    "another value",
    "other values",
    "another name",
    "one field less",
    "one field more",
    "plain",
    "one field more at the end",
)


def body(name: str) -> bytes:
    return b"5\r\nhello\r\n0\r\n\r\n" if "chunked" in name else b"hello"


@pytest.mark.parametrize("names", [*permutations(HEADS, 2)], ids=" after ".join)
def test_heads_that_resemble_the_last(names: tuple[str, str]) -> None:
    for first_status, status in product((b"HTTP/1.1 200 OK", b"HTTP/1.1 201 OK", b"HTTP/1.1 204 OK"), repeat=2):
        second, first = names
        before = response(*HEADS[first], status=first_status, body=b"" if b"204" in first_status else body(first))
        wire = response(*HEADS[second], status=status, body=body(second))
        for pieces in ([wire], bytewise(wire)):
            assert_parsers_agree([*exchange([before])[:-1], *AGAIN, *exchange(pieces)])


@pytest.mark.usefixtures("no_h11")
def test_plain_heads_that_resemble_the_last_do_not_need_h11() -> None:
    steps: list[Step] = []
    for status, name in product((b"HTTP/1.1 200 OK", b"HTTP/1.1 404 Not Found"), PLAIN):
        steps += [*exchange([response(*HEADS[name], status=status, body=b"hello")])[:-1], *AGAIN]
    outcomes = transcript(Engine(HEAD_LIMIT), steps)
    assert sum(END_OF_MESSAGE in events for events in outcomes if isinstance(events, list)) == 2 * len(PLAIN)


def test_odd_bytes_in_a_head_like_the_last() -> None:
    before = response(b"X: y", b"Content-Length: 0")
    for wire in with_odd_bytes(before):
        assert_parsers_agree([*exchange([before])[:-1], *AGAIN, *exchange([wire])])


def test_odd_bytes_in_a_request_like_the_last() -> None:
    plain = [*exchange([response(b"Content-Length: 0")], headers=[(b"X", b"y z")], target=b"/ab")[:-1], *AGAIN]
    for name in with_odd_bytes(b"X"):
        assert_parsers_agree([*plain, *exchange([], headers=[(name, b"y z")], target=b"/ab")])
    for value in with_odd_bytes(b"y z"):
        assert_parsers_agree([*plain, *exchange([], headers=[(b"X", value)], target=b"/ab")])
    for target in with_odd_bytes(b"/ab"):
        assert_parsers_agree([*plain, *exchange([], headers=[(b"X", b"y z")], target=target)])
    for method in with_odd_bytes(b"GET"):
        assert_parsers_agree([*plain, *exchange([], method, headers=[(b"X", b"y z")], target=b"/ab")])
    for headers in ([], [HOST], [(b"X", b"y z")] * 2, [(b"x", b"y z")], [(b"X", b"y z"), (b"Content-Length", b"3")]):
        assert_parsers_agree([*plain, *exchange([], headers=headers, target=b"/ab")])
