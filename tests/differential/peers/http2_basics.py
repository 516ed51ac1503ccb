"""What the HTTP/2 peers share: good answers, codes, and how to add a peer."""

from __future__ import annotations

from collections.abc import Callable

from httpcore_test_support.h2_frames import data, headers

from .frames import Talk
from .http11 import BODY
from .wire import Conn

HTTP2: dict[str, Callable[[Conn], None]] = {}
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, REFUSED, CANCEL, COMPRESSION_ERROR, CALM = 0, 1, 2, 7, 8, 9, 11
MAX_STREAMS, WINDOW, TABLE = 3, 4, 1
LENGTH = (b"content-length", b"30")


def ok(stream: int, bodiless: bool = False) -> bytes:
    """Return a complete answer."""
    if bodiless:
        return headers(stream, 200, LENGTH, end_stream=True)
    return headers(stream, 200, LENGTH) + data(stream, BODY, end_stream=True)


def refusal(stream: int) -> bytes:
    """Return a complete refusal of an upload."""
    return headers(stream, 413, (b"content-length", b"2")) + data(stream, b"no", end_stream=True)


def serve(talk: Talk) -> None:
    """Answer requests as a good server does."""
    while True:
        stream = talk.request()
        talk.send(ok(stream, talk.is_head(stream)))


def serve_http2(conn: Conn) -> None:
    """Serve a new connection."""
    serve(Talk(conn))


def answers(
    name: str, make: Callable[[int], list[bytes]], then: str = "serve", *, early: bool = False, pause: float = 0
) -> None:
    """Add a peer that answers its first request with the result of `make`, and continues as `then` says."""

    def answer(conn: Conn) -> None:
        talk = Talk(conn)
        stream = talk.head() if early else talk.request()
        for index, part in enumerate(make(stream)):
            if index and pause:
                conn.pause(pause)
            talk.send(part)
        if then == "serve":
            serve(talk)
        elif then == "pump":
            while True:
                talk.pump()
        elif then == "wait":
            conn.wait_over()
        else:
            getattr(conn, then)()

    HTTP2[f"h2 {name}"] = answer


def peer(function: Callable[[Conn], None]) -> None:
    HTTP2[function.__name__.replace("_", " ")] = function
