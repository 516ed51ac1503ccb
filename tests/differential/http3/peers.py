"""More peers for both protocols, in frames of HTTP/2."""

from __future__ import annotations

from collections.abc import Callable

from httpcore_test_support.h2_frames import data, goaway, headers, rst_stream

from ..peers.frames import Talk
from ..peers.http2_basics import INTERNAL_ERROR, LENGTH, NO_ERROR, PROTOCOL_ERROR, ok, refusal, serve
from ..peers.http11 import BODY
from ..peers.wire import Conn

__all__ = ["MORE"]

MORE: dict[str, Callable[[Conn], None]] = {}


def answers(name: str, make: Callable[[int], list[bytes]]) -> None:
    """Add a peer that answers its first request with the result of `make`."""

    def answer(conn: Conn) -> None:
        talk = Talk(conn)
        for part in make(talk.request()):
            talk.send(part)
        serve(talk)

    MORE[f"h2 {name}"] = answer


def peer(function: Callable[[Conn], None]) -> None:
    MORE[function.__name__.replace("_", " ")] = function


@peer
def h2_100_at_the_head(conn: Conn) -> None:
    talk = Talk(conn)
    while True:
        stream = talk.head()
        talk.send(headers(stream, 100))
        talk.end_of(stream)
        talk.send(ok(stream, talk.is_head(stream)))


@peer
def h2_417_at_the_head(conn: Conn) -> None:
    talk = Talk(conn)
    stream = talk.head()
    talk.send(headers(stream, 417, (b"content-length", b"2")) + data(stream, b"no", end_stream=True))
    serve(talk)


@peer
def h2_refusal_then_reads(conn: Conn) -> None:
    """The answer is a refusal, and the peer would take the rest of the upload."""
    talk = Talk(conn)
    stream = talk.head()
    talk.send(refusal(stream))
    serve(talk)


answers("304", lambda s: [headers(s, 304, LENGTH, end_stream=True)])
answers("205", lambda s: [headers(s, 205, end_stream=True)])
answers("empty", lambda s: [headers(s, 200, (b"content-length", b"0"), end_stream=True)])
answers("three 103", lambda s: [headers(s, 103) * 3 + ok(s)])
answers("101", lambda s: [headers(s, 101) + ok(s)])
answers("early hints at the end", lambda s: [headers(s, 103, end_stream=True)])
answers("two heads", lambda s: [headers(s) + headers(s) + data(s, BODY, end_stream=True)])
answers("trailers alone", lambda s: [headers(s) + headers(s, None, (b"x-sum", b"1"), end_stream=True)])
answers("status in trailers", lambda s: [headers(s) + data(s, BODY) + headers(s, 200, end_stream=True)])
answers("path in a response", lambda s: [headers(s, 200, (b":path", b"/"), end_stream=True)])
answers("two statuses", lambda s: [headers(s, 200, (b":status", b"200"), end_stream=True)])
answers("status behind a field", lambda s: [headers(s, None, (b"x", b"1"), (b":status", b"200"), end_stream=True)])
answers("short status", lambda s: [headers(s, b"20", end_stream=True)])
answers("status 999", lambda s: [headers(s, 999) + data(s, BODY, end_stream=True)])
answers("CR in a value", lambda s: [headers(s, 200, (b"x", b"a\rb"), end_stream=True)])
answers("LF in a value", lambda s: [headers(s, 200, (b"x", b"a\nb: c"), end_stream=True)])
answers("NUL in a value", lambda s: [headers(s, 200, (b"x", b"a\0b"), end_stream=True)])
answers("blank in a name", lambda s: [headers(s, 200, (b"x y", b"1"), end_stream=True)])
answers("empty name", lambda s: [headers(s, 200, (b"", b"1"), end_stream=True)])
answers("colon in a name", lambda s: [headers(s, 200, (b"x:y", b"1"), end_stream=True)])
answers("transfer encoding", lambda s: [headers(s, 200, (b"transfer-encoding", b"chunked")) + data(s, BODY, True)])
answers("latin 1 value", lambda s: [headers(s, 200, (b"x", b"\xe4\xff"), end_stream=True)])
answers("two lengths", lambda s: [headers(s, 200, LENGTH, LENGTH) + data(s, BODY, end_stream=True)])
answers("lengths that differ", lambda s: [headers(s, 200, LENGTH, (b"content-length", b"3")) + data(s, BODY, True)])
answers("bad length", lambda s: [headers(s, 200, (b"content-length", b"x")) + data(s, BODY, end_stream=True)])
answers("fields of 30 kB", lambda s: [headers(s, 200, (b"x", b"v" * 15_000), end_stream=True)])
answers("end in the head", lambda s: [headers(s, 200, LENGTH, end_stream=True)])
answers("rst no error", lambda s: [rst_stream(s, NO_ERROR)])
answers("rst protocol", lambda s: [rst_stream(s, PROTOCOL_ERROR)])
answers("rst after 103", lambda s: [headers(s, 103) + rst_stream(s, INTERNAL_ERROR)])
answers("rst of a whole response", lambda s: [ok(s) + rst_stream(s, INTERNAL_ERROR)])
answers("goaway twice", lambda s: [goaway(s + 2) + goaway(s) + ok(s)])
answers("goaway that grows", lambda s: [goaway(s) + goaway(s + 2) + ok(s)])
