"""Peers that speak HTTP/1.1, more or less. Each gets the first connection of its scenario; see `serve`."""

from __future__ import annotations

from collections.abc import Callable

from .wire import Conn

__all__ = ["BLOCKING", "EVERY_CONNECTION", "HTTP11", "SPEAK_FIRST", "serve"]

HTTP11: dict[str, Callable[[Conn], None]] = {}
# Those that behave so on every connection, so that nothing hides behind a second attempt.
EVERY_CONNECTION: set[str] = set()

# Those that do not wait for the client.
SPEAK_FIRST = {"closes at once", "h2 closes at once", "resets at once", "speaks first"}

# Those that make an upload wait.
BLOCKING = {"stops reading", "reads slowly"} | {
    f"early {name} stops reading" for name in ("100", "103", "200", "half head")
}
BLOCKING |= {
    "early 413",
    "early 413 late",
    "early 413 head",
    "h2 early 413",
    "h2 stops reading",
    "h2 early 200 stops reading",
    "h2 answers then stops reading",
    "h2 streams and stops reading",
    "h2 cut and stops reading",
    "h2 answers in mid upload",
    "resets in the second upload",
}
BODY = b"0123456789" * 3
LARGE = bytes(range(256)) * 4_000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n" + BODY
LIMIT = 0.4


def serve(conn: Conn) -> None:
    """Answer requests as a good server does, until the client closes."""
    while True:
        head = conn.request()
        conn.send(OK[: -len(BODY)] if head.startswith(b"HEAD ") else OK)


def peer(function: Callable[[Conn], None]) -> Callable[[Conn], None]:
    HTTP11[function.__name__.replace("_", " ")] = function
    return function


def answers(name: str, *parts: bytes, pause: float = 0, then: str = "serve", whole: bool = True) -> None:
    """Add a peer that answers its first request with `parts`, and continues as `then` says."""

    def answer(conn: Conn) -> None:
        if whole:
            conn.request()
        else:
            conn.head()
        for index, part in enumerate(parts):
            if index and pause:
                conn.pause(pause)
            conn.send(part)
        _then(conn, then)

    HTTP11[name] = answer


def _then(conn: Conn, then: str) -> None:
    if then == "serve":
        serve(conn)
    elif then == "wait":
        conn.wait_over()
    elif then == "pause and close":
        conn.pause(0.05)
        conn.close()
    else:
        getattr(conn, then)()


def head(*lines: bytes) -> bytes:
    return b"\r\n".join([*lines, b"", b""])


STATUS = b"HTTP/1.1 200 OK"

# Good answers.
answers("ok", OK)
answers("ok slowly", OK[:20], OK[20:50], OK[50:], pause=0.1)
answers("ok late", b"", OK, pause=LIMIT / 2)
answers("byte by byte", *[OK[index : index + 1] for index in range(len(OK))])
CHUNKED = head(STATUS, b"Transfer-Encoding: chunked")
answers("chunked", CHUNKED + b"5\r\n01234\r\nA;x=y\r\n5678901234\r\n0\r\n\r\n")
answers("chunked with trailers", CHUNKED + b"5\r\n01234\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n")
answers("until close", head(STATUS, b"X: y") + BODY, then="close")
answers("until close large", head(STATUS) + LARGE, then="close")
answers("until drop", head(STATUS) + BODY, then="drop")
answers("large", head(STATUS, b"Content-Length: %d" % len(LARGE)) + LARGE)
answers("large chunked", CHUNKED + (b"4000\r\n" + bytes(0x4000) + b"\r\n") * 60 + b"0\r\n\r\n")
answers("http 1.0", head(b"HTTP/1.0 200 OK", b"Content-Length: 30") + BODY, then="close")
answers("http 1.0 waits", head(b"HTTP/1.0 200 OK", b"Content-Length: 30") + BODY)
answers("http 1.0 kept", head(b"HTTP/1.0 200 OK", b"Connection: keep-alive", b"Content-Length: 30") + BODY)
answers("connection close", head(STATUS, b"Connection: close", b"Content-Length: 30") + BODY, then="close")
answers("connection close serves", head(STATUS, b"Connection: close", b"Content-Length: 30") + BODY)
answers("connection close waits", head(STATUS, b"connection: x, CLOSE", b"Content-Length: 30") + BODY, then="wait")
answers("connection close always", head(STATUS, b"Connection: close", b"Content-Length: 30") + BODY, then="close")
answers("204", head(b"HTTP/1.1 204 No Content"))
answers("204 with length", head(b"HTTP/1.1 204 No Content", b"Content-Length: 5"))
answers("304", head(b"HTTP/1.1 304 Not Modified", b"Content-Length: 500"))
answers("205", head(b"HTTP/1.1 205 Reset Content", b"Content-Length: 0"))
answers("404", head(b"HTTP/1.1 404 Not Found", b"Content-Length: 30") + BODY)
answers("500", head(b"HTTP/1.1 500", b"Content-Length: 30") + BODY)
answers("status 299", head(b"HTTP/1.1 299 ", b"Content-Length: 30") + BODY)
answers("many fields", head(STATUS, *[b"X-%d: v" % number for number in range(90)], b"Content-Length: 30") + BODY)
answers("100 first", head(b"HTTP/1.1 100 Continue") + OK)
answers("103 first", head(b"HTTP/1.1 103 Early Hints", b"Link: </a>"), OK, pause=0.05)
answers("interim many", head(b"HTTP/1.1 102 Processing") * 20 + OK)
answers("101", head(b"HTTP/1.1 101 Switching Protocols", b"Upgrade: x", b"Connection: Upgrade") + b"raw", then="wait")
answers("head of 120 kB", head(STATUS, b"X: " + b"a" * 120_000, b"Content-Length: 30") + BODY)
answers("head of 250 kB", head(STATUS, b"X: " + b"a" * 250_000, b"Content-Length: 30") + BODY)
answers("both lengths", head(STATUS, b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"5\r\n01234\r\n0\r\n\r\n")
answers("same length twice", head(STATUS, b"Content-Length: 30", b"Content-Length: 30") + BODY)
answers("length list", head(STATUS, b"Content-Length: 30, 30") + BODY)
answers("blank line first", b"\r\n" + OK)
answers("bare line feeds", OK.replace(b"\r\n", b"\n"))
answers("folded field", head(STATUS, b"X: a", b"  b", b"Content-Length: 30") + BODY)
answers("latin field", head(STATUS, b"X: \xe9\xe8", b"Content-Length: 30") + BODY)
answers("empty field", head(STATUS, b"X:", b"Y:   ", b"Content-Length: 30") + BODY)
answers("transfer encoding case", head(STATUS, b"TRANSFER-encoding: Chunked") + b"5\r\n01234\r\n0\r\n\r\n")

# Wrong answers.
answers("two lengths", head(STATUS, b"Content-Length: 30", b"Content-Length: 31") + BODY)
answers("negative length", head(STATUS, b"Content-Length: -1") + BODY)
answers("length in hex", head(STATUS, b"Content-Length: 0x1e") + BODY)
answers("gzip chunked", head(STATUS, b"Transfer-Encoding: gzip, chunked") + b"5\r\n01234\r\n0\r\n\r\n")
answers("blank before colon", head(STATUS, b"Set-Cookie : sid=secret", b"Content-Length: 30") + BODY)
answers("no colon", head(STATUS, b"nonsense", b"Content-Length: 30") + BODY)
answers("nul in field", head(STATUS, b"X: a\0b", b"Content-Length: 30") + BODY)
answers("bad status", head(b"HTTP/1.1 20 OK", b"Content-Length: 30") + BODY)
answers("status 999", head(b"HTTP/1.1 999 Odd", b"Content-Length: 30") + BODY)
answers("http 2.0", head(b"HTTP/2.0 200 OK", b"Content-Length: 30") + BODY)
answers("http lower case", head(b"http/1.1 200 OK", b"Content-Length: 30") + BODY)
answers("ssh", b"SSH-2.0-OpenSSH_9.6\r\n", then="pause and close")
answers("html", b"<html>no head</html>\r\n\r\n", then="pause and close")
answers("noise", bytes(range(200, 256)) * 30, then="pause and close")
answers("bad chunk size", CHUNKED + b"xyz\r\n01234\r\n0\r\n\r\n", then="wait")
answers("huge chunk size", CHUNKED + b"F" * 30 + b"\r\n01234", then="wait")
answers("chunk too long", CHUNKED + b"5\r\n0123456\r\n0\r\n\r\n", then="wait")
answers("bytes behind", OK + b"HTTP/1.1 200 stray\r\nContent-Length: 6\r\n\r\nPOISON")
answers("bytes behind later", OK, b"HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", pause=0.05)
answers("bytes behind 204", head(b"HTTP/1.1 204 No Content") + b"POISON")
answers("bytes behind until late", OK, OK.replace(b"0123456789", b"POISON...."), pause=0.05)

# Ends.
answers("closes after request", then="close")
answers("closes after one", OK, then="pause and close")
answers("drops after one", OK, then="drop")
answers("resets after one", OK, then="reset")
answers("resets after request", then="reset")
answers("half closes after one", OK, then="half_close")
answers("closes in the status", STATUS[:9], then="close")
answers("closes in the head", STATUS + b"\r\nX: ", then="close")
answers("resets in the head", STATUS + b"\r\nX: ", then="reset")
answers("closes in the body", OK[:-10], then="close")
answers("drops in the body", OK[:-10], then="drop")
answers("resets in the body", OK[:-10], b"", pause=0.05, then="reset")
answers("closes in a chunk", CHUNKED + b"A\r\n01234", then="close")
answers("closes between chunks", CHUNKED + b"5\r\n01234\r\n", then="close")
answers("closes before the trailers", CHUNKED + b"5\r\n01234\r\n0\r\n", then="close")
answers("resets until close", head(STATUS) + BODY, b"", pause=0.05, then="reset")
answers("closes after 100", head(b"HTTP/1.1 100 Continue"), then="close")

# Silence.
answers("never", then="wait")
answers("silent in the head", OK[:25], then="wait")
answers("silent in the body", OK[:-10], then="wait")
answers("silent between chunks", CHUNKED + b"5\r\n01234\r\n", then="wait")
answers("silent after 103", head(b"HTTP/1.1 103 Early Hints"), then="wait")
answers("silent until close", head(STATUS) + BODY, then="wait")
answers("drips", OK[:-10], *[b"x"] * 10, pause=LIMIT / 2)
answers("drips too slowly", OK[:-10], *[b"x"] * 10, pause=LIMIT * 1.5)

# Answers before the request has ended.
EARLY = head(b"HTTP/1.1 413 Too Large", b"Content-Length: 30") + BODY
answers("early 413", EARLY, then="wait", whole=False)
answers("early 413 late", b"", EARLY, pause=LIMIT / 3, then="wait", whole=False)
answers("early 413 closes", EARLY.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), then="close", whole=False)
answers("early 413 resets", EARLY, then="reset", whole=False)
answers("early 413 head", head(b"HTTP/1.1 413 Too Large", b"Content-Length: 30"), then="wait", whole=False)
answers("early 200 stops reading", OK, then="wait", whole=False)
answers("early 100 stops reading", head(b"HTTP/1.1 100 Continue"), then="wait", whole=False)
answers("early 103 stops reading", head(b"HTTP/1.1 103 Hints"), then="wait", whole=False)
answers("early half head stops reading", STATUS + b"\r\nX: ", then="wait", whole=False)
answers("stops reading", then="wait", whole=False)
answers("early close", then="close", whole=False)
answers("early reset", then="reset", whole=False)


@peer
def early_200_then_reads(conn: Conn) -> None:
    """The head arrives at once, the body with the end of the request."""
    conn.head(peek=True)
    conn.send(head(STATUS, b"Content-Length: 30"))
    conn.request()
    conn.send(BODY)
    serve(conn)


@peer
def early_whole_200_then_reads(conn: Conn) -> None:
    conn.head(peek=True)
    conn.send(OK)
    conn.request()
    serve(conn)


@peer
def early_half_head_then_reads(conn: Conn) -> None:
    conn.head(peek=True)
    conn.send(OK[:20])
    conn.request()
    conn.send(OK[20:])
    serve(conn)


@peer
def early_413_then_reads(conn: Conn) -> None:
    conn.head(peek=True)
    conn.send(EARLY)
    conn.request()
    serve(conn)


@peer
def talks_late_after_101(conn: Conn) -> None:
    conn.request()
    conn.send(head(b"HTTP/1.1 101 Switching Protocols", b"Upgrade: x", b"Connection: Upgrade"))
    conn.pause(LIMIT * 1.5)
    conn.send(b"late")
    conn.wait_over()


@peer
def reads_slowly(conn: Conn) -> None:
    conn.head()
    for _ in range(3):
        conn.pause(LIMIT / 2)
        conn.receive()
    while conn.receive(0.2):
        pass


@peer
def closes_at_once(conn: Conn) -> None:
    conn.close()


@peer
def resets_at_once(conn: Conn) -> None:
    conn.reset()


@peer
def speaks_first(conn: Conn) -> None:
    conn.send(OK.replace(b"0123456789", b"POISON...."))
    serve(conn)


@peer
def closes_after_two(conn: Conn) -> None:
    for _ in range(2):
        conn.request()
        conn.send(OK)
    conn.close()


@peer
def second_request_closes(conn: Conn) -> None:
    conn.request()
    conn.send(OK)
    conn.request()
    conn.close()


@peer
def second_request_resets(conn: Conn) -> None:
    conn.request()
    conn.send(OK)
    conn.head()
    conn.reset()


@peer
def resets_in_the_second_upload(conn: Conn) -> None:
    conn.request()
    conn.send(OK)
    conn.head()
    conn.pause(0.05)
    conn.reset()


@peer
def second_request_half_answered(conn: Conn) -> None:
    conn.request()
    conn.send(OK)
    conn.request()
    conn.send(OK[:10])
    conn.close()


@peer
def streams_for_ever(conn: Conn) -> None:
    conn.request()
    conn.send(head(STATUS))
    while True:
        conn.send(bytes(16_384))
        conn.pause(0.002)


@peer
def streams_slowly_with_length(conn: Conn) -> None:
    conn.request()
    conn.send(head(STATUS, b"Content-Length: 1000000"))
    while True:
        conn.send(bytes(1_000))
        conn.pause(0.02)


EVERY_CONNECTION |= {
    "never",
    "stops reading",
    "closes after request",
    "closes after one",
    "streams for ever",
    "early 413",
    "closes at once",
    "until close",
    "ok late",
    "connection close always",
}
