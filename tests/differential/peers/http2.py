"""Peers that speak HTTP/2, more or less."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress

from hpack import HPACKError
from httpcore_test_support.h2_frames import (
    continuation,
    data,
    frame,
    goaway,
    headers,
    ping,
    push_promise,
    rst_stream,
    settings,
    window_update,
)

from .frames import Talk
from .http11 import BODY, LIMIT
from .wire import Conn, Gone

__all__ = ["EVERY_CONNECTION", "HTTP2", "serve_http2"]

HTTP2: dict[str, Callable[[Conn], None]] = {}
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, REFUSED, CANCEL, COMPRESSION_ERROR, CALM = 0, 1, 2, 7, 8, 9, 11
MAX_STREAMS, WINDOW, TABLE = 3, 4, 1
LENGTH = (b"content-length", b"30")


def ok(stream: int, bodiless: bool = False) -> bytes:
    """Return a whole answer."""
    if bodiless:
        return headers(stream, 200, LENGTH, end_stream=True)
    return headers(stream, 200, LENGTH) + data(stream, BODY, end_stream=True)


def refusal(stream: int) -> bytes:
    """Return a whole answer to an upload that is not wanted."""
    return headers(stream, 413, (b"content-length", b"2")) + data(stream, b"no", end_stream=True)


def serve(talk: Talk) -> None:
    """Answer requests as a good server does."""
    while True:
        stream = talk.request()
        talk.send(ok(stream, talk.is_head(stream)))


def serve_http2(conn: Conn) -> None:
    """Do so on a new connection."""
    serve(Talk(conn))


def answers(
    name: str, make: Callable[[int], list[bytes]], then: str = "serve", *, early: bool = False, pause: float = 0
) -> None:
    """Add a peer that answers its first request with what `make` returns, and goes on as `then` says."""

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


# Good answers.
answers("ok", lambda stream: [ok(stream)])
answers("ok late", lambda stream: [b"", ok(stream)], pause=LIMIT / 2)
answers("byte by byte", lambda stream: [bytes([byte]) for byte in ok(stream)])
answers("103 first", lambda stream: [headers(stream, 103, (b"link", b"</a>")), ok(stream)], pause=0.05)
answers("100 first", lambda stream: [headers(stream, 100) + ok(stream)])
answers("trailers", lambda s: [headers(s) + data(s, BODY) + headers(s, None, (b"x-sum", b"1"), end_stream=True)])
answers("no length", lambda s: [headers(s) + data(s, BODY) + data(s, b"", end_stream=True)])
answers("padded", lambda s: [headers(s, padding=9) + data(s, BODY, padding=200, end_stream=True)])
answers("204", lambda stream: [headers(stream, 204, end_stream=True)])
answers("large", lambda s: [headers(s), *[data(s, bytes(16_000)) for _ in range(4)], data(s, b"", end_stream=True)])
answers("ping first", lambda stream: [ping() + ok(stream)])
answers("unknown frame", lambda stream: [frame(0x77, 0, 0, b"what") + ok(stream)])
answers("many fields", lambda s: [headers(s, 200, *[(b"x-%d" % n, b"v" * 50) for n in range(90)], end_stream=True)])
answers("empty field", lambda s: [headers(s, 200, (b"x", b""), (b"y", b" a "), end_stream=True)])
answers("settings between", lambda s: [headers(s) + settings({TABLE: 100}) + data(s, BODY, end_stream=True)])
answers("same table size twice", lambda s: [settings({TABLE: 8192}) + settings({TABLE: 8192}) + ok(s)])

# Wrong answers.
answers("data for 204", lambda s: [headers(s, 204) + data(s, BODY, end_stream=True)])
answers("data for 304", lambda s: [headers(s, 304) + data(s, BODY, end_stream=True)])
answers("data for head", lambda s: [headers(s, 200, LENGTH) + data(s, BODY, end_stream=True)])
answers("body too short", lambda s: [headers(s, 200, LENGTH) + data(s, b"short", end_stream=True)])
answers("body too long", lambda s: [headers(s, 200, LENGTH) + data(s, BODY + b"long", end_stream=True)])
answers("upper case field", lambda s: [headers(s, 200, (b"X-Upper", b"1"), end_stream=True)])
answers("connection field", lambda s: [headers(s, 200, (b"connection", b"close"), end_stream=True)])
answers("no status", lambda s: [headers(s, None, (b"x", b"1"), end_stream=True)])
answers("bad status", lambda s: [headers(s, b"abc", end_stream=True)])
answers("data first", lambda s: [data(s, BODY, end_stream=True)])
answers("data after end", lambda s: [ok(s) + data(s, b"POISON")])
answers("push", lambda s: [push_promise(s, 2) + ok(s)])
answers("frame too large", lambda s: [headers(s) + data(s, bytes(20_000), end_stream=True)])
answers("window overflow", lambda s: [window_update(0, 2**31 - 1) + ok(s)])
answers("stray continuation", lambda s: [continuation(s, b"", True)])
answers("noise", lambda s: [bytes(range(200, 256))], "close")
answers("http 1.1", lambda s: [b"HTTP/1.1 400 Bad Request\r\n\r\n"], "close")
answers("bad block", lambda s: [frame(1, 4, s, b"\xff\xff\xff\xff\xff\xff")])

# Ends.
answers("closes after request", lambda s: [], "close")
answers("resets after request", lambda s: [], "reset")
answers("closes after one", lambda s: [ok(s)], "close")
answers("closes in the body", lambda s: [headers(s) + data(s, BODY)], "close")
answers("drops in the body", lambda s: [headers(s) + data(s, BODY)], "drop")
answers("resets in the body", lambda s: [headers(s) + data(s, BODY), b""], "reset", pause=0.05)
answers("goaway then closes", lambda s: [goaway(0)], "close")
answers("goaway then waits", lambda s: [goaway(0)], "pump")
answers("goaway then answers", lambda s: [goaway(s), ok(s)], "pump", pause=0.05)
answers("goaway after one", lambda s: [ok(s) + goaway(s)], "close")
answers("goaway after one waits", lambda s: [ok(s) + goaway(s)], "pump")
answers("goaway error", lambda s: [goaway(s, INTERNAL_ERROR)], "close")
answers("goaway calm", lambda s: [goaway(0, CALM, b"too_many_pings")], "close")
answers("goaway in the body", lambda s: [headers(s) + data(s, BODY) + goaway(s), data(s, BODY, end_stream=True)])
answers("rst refused", lambda s: [rst_stream(s, REFUSED)])
answers("rst cancel", lambda s: [rst_stream(s, CANCEL)])
answers("rst internal", lambda s: [rst_stream(s, INTERNAL_ERROR)])
answers("rst in the body", lambda s: [headers(s) + data(s, BODY) + rst_stream(s, INTERNAL_ERROR)])
answers("rst no error in the body", lambda s: [headers(s) + data(s, BODY) + rst_stream(s, NO_ERROR)])
answers("rst after the end", lambda s: [ok(s) + rst_stream(s, NO_ERROR)])
answers("closes after 103", lambda s: [headers(s, 103)], "close")

# Silence.
answers("never", lambda s: [], "pump")
answers("silent in the body", lambda s: [headers(s) + data(s, BODY)], "pump")
answers("pings only", lambda s: [ping() for _ in range(12)], "pump", pause=LIMIT / 4)
answers("drips", lambda s: [headers(s), *[data(s, b"x")] * 10, data(s, b"", end_stream=True)], pause=LIMIT / 2)

# Answers before the request has ended.
answers("early 413 and reset", lambda s: [refusal(s) + rst_stream(s, NO_ERROR)], early=True)
answers("early 413", lambda s: [refusal(s)], "wait", early=True)
answers("early 413 head", lambda s: [headers(s, 413)], "wait", early=True)
answers("early 413 closes", lambda s: [refusal(s)], "close", early=True)
answers("early rst", lambda s: [rst_stream(s, CANCEL)], early=True)
answers("early goaway", lambda s: [goaway(0)], "close", early=True)
answers("early 200 stops reading", lambda s: [headers(s)], "wait", early=True)
answers("stops reading", lambda s: [], "wait", early=True)


@peer
def h2_early_whole_200_then_reads(conn: Conn) -> None:
    """The answer ends before the request does, and nothing is reset."""
    talk = Talk(conn)
    stream = talk.head()
    talk.send(ok(stream))
    talk.request()
    serve(talk)


@peer
def h2_early_200_then_reads(conn: Conn) -> None:
    talk = Talk(conn)
    stream = talk.head()
    talk.send(headers(stream))
    talk.request()
    talk.send(data(stream, BODY, end_stream=True))
    serve(talk)


@peer
def h2_refuses_three(conn: Conn) -> None:
    talk = Talk(conn)
    for _ in range(3):
        talk.send(rst_stream(talk.request(), REFUSED))
    serve(talk)


@peer
def h2_refuses_all(conn: Conn) -> None:
    talk = Talk(conn)
    while True:
        talk.send(rst_stream(talk.head(), REFUSED))


@peer
def h2_one_stream(conn: Conn) -> None:
    """One stream at a time is allowed, and more are refused."""
    talk = Talk(conn, {MAX_STREAMS: 1})
    while True:
        stream = talk.request()
        conn.pause(0.03)
        with suppress(Gone):
            talk.pump(0.01)
        for refused in talk.others(stream):
            talk.send(rst_stream(refused, REFUSED))
        talk.send(ok(stream, talk.is_head(stream)))


@peer
def h2_one_stream_late(conn: Conn) -> None:
    """One stream at a time is allowed, which the client learns late, and more are refused."""
    conn.pause(0.06)
    talk = Talk(conn, {MAX_STREAMS: 1})
    while True:
        stream = talk.request()
        conn.pause(0.02)
        with suppress(Gone):
            talk.pump(0.01)
        for refused in talk.others(stream):
            talk.send(rst_stream(refused, REFUSED))
        talk.send(ok(stream, talk.is_head(stream)))


@peer
def h2_no_streams_later(conn: Conn) -> None:
    """After the first answer no streams are allowed any more."""
    talk = Talk(conn)
    talk.send(ok(talk.request()) + settings({MAX_STREAMS: 0}))
    serve(talk)


@peer
def h2_small_window(conn: Conn) -> None:
    serve(Talk(conn, {WINDOW: 10}))


@peer
def h2_no_credit(conn: Conn) -> None:
    talk = Talk(conn, credit=False)
    serve(talk)


@peer
def h2_window_shrinks(conn: Conn) -> None:
    """It shrinks below zero in mid-upload; credit comes when the client has acknowledged that."""
    talk = Talk(conn, credit=False)
    stream = talk.head()
    while len(conn.received) < 30_000:
        talk.pump()
    acknowledged = talk.acknowledged
    talk.send(window_update(0, 10_000), settings({WINDOW: 100}))
    while talk.acknowledged == acknowledged:
        talk.pump()
    talk.send(window_update(0, 1_000_000), *[window_update(stream, 20_000) for _ in range(5)])
    talk.credit = True
    talk.send(settings({WINDOW: 65_535}))
    serve(talk)


@peer
def h2_closes_at_once(conn: Conn) -> None:
    conn.close()


@peer
def h2_close_notify_only(conn: Conn) -> None:
    talk = Talk(conn)
    conn.send_raw(conn.records(ok(talk.request())) + conn.close_notify())
    conn.wait_over()


@peer
def h2_close_notify_in_the_body(conn: Conn) -> None:
    talk = Talk(conn)
    stream = talk.request()
    conn.send_raw(conn.records(headers(stream) + data(stream, BODY)) + conn.close_notify())
    conn.wait_over()


@peer
def h2_cut_while_uploading(conn: Conn) -> None:
    """TCP ends without a close_notify while the client waits for credit."""
    talk = Talk(conn, credit=False)
    talk.head()
    while len(conn.received) < 60_000:
        talk.pump()
    conn.half_close()
    conn.wait_over()


@peer
def h2_settings_flood(conn: Conn) -> None:
    talk = Talk(conn)
    talk.request()
    while True:
        talk.send(settings({WINDOW: 65_535}) * 1_000)
        conn.pause(0.02)


@peer
def h2_settings_flood_in_large_frames(conn: Conn) -> None:
    talk = Talk(conn)
    talk.request()
    while True:
        talk.send(frame(4, 0, 0, struct.pack(">HI", WINDOW, 65_535) * 2_730) * 4)
        conn.pause(0.035)


@peer
def h2_refuses_beside(conn: Conn) -> None:
    """The first response stays open; of the others two are refused."""
    talk = Talk(conn)
    stream = talk.request()
    talk.send(headers(stream) + data(stream, BODY))
    for _ in range(2):
        talk.send(rst_stream(talk.request(), REFUSED))
    serve(talk)


@peer
def h2_allows_more_later(conn: Conn) -> None:
    talk = Talk(conn, {MAX_STREAMS: 1})
    stream = talk.request()
    talk.send(headers(stream) + data(stream, BODY))
    conn.pause(LIMIT / 3)
    talk.send(settings({MAX_STREAMS: 10}))
    serve(talk)


@peer
def h2_cut_while_one_reads(conn: Conn) -> None:
    """TCP ends without a close_notify while one request reads and another waits for credit."""
    talk = Talk(conn, credit=False)
    stream = talk.request()
    talk.send(headers(stream) + data(stream, BODY))
    talk.head()
    while len(conn.received) < 60_000:
        talk.pump()
    conn.half_close()
    conn.wait_over()


@peer
def h2_cut_and_stops_reading(conn: Conn) -> None:
    """TCP ends without a close_notify while one request reads and another waits for room to write."""
    talk = Talk(conn, {WINDOW: 2**31 - 1})
    stream = talk.request()
    talk.send(window_update(0, 2**30), headers(stream))
    talk.head()
    conn.pause(0.1)
    conn.half_close()
    conn.wait_over()


@peer
def h2_allows_more_and_goes_on(conn: Conn) -> None:
    """It does so while the first response is read."""
    talk = Talk(conn, {MAX_STREAMS: 1})
    first = talk.request()
    talk.send(headers(first) + data(first, BODY))
    conn.pause(LIMIT / 4)
    talk.send(settings({MAX_STREAMS: 10}))
    with suppress(Gone):
        conn.pause(0)
        stream = talk.request(2 * LIMIT)
        talk.send(ok(stream))
    talk.send(data(first, b"", end_stream=True))
    serve(talk)


@peer
def h2_slow_always(conn: Conn) -> None:
    talk = Talk(conn)
    while True:
        stream = talk.request()
        conn.pause(0.04)
        talk.send(ok(stream))


@peer
def h2_answers_in_mid_upload(conn: Conn) -> None:
    """The body of the first response, more than a window of it, comes when nothing of the upload is read any more."""
    talk = Talk(conn, {WINDOW: 2**31 - 1})
    stream = talk.request()
    talk.send(window_update(0, 2**30), headers(stream))
    talk.head()
    conn.pause(LIMIT / 2)
    for _ in range(220):
        talk.send(data(stream, bytes(16_000)))
    talk.send(data(stream, b"", end_stream=True))
    conn.wait_over()


@peer
def h2_answers_then_stops_reading(conn: Conn) -> None:
    talk = Talk(conn, {WINDOW: 2**31 - 1})
    talk.send(window_update(0, 2**30), ok(talk.request()))
    talk.head()
    conn.wait_over()


@peer
def h2_streams_and_stops_reading(conn: Conn) -> None:
    """It has given credit for the upload that it does not read, and goes on with a response."""
    talk = Talk(conn, {WINDOW: 2**31 - 1})
    stream = talk.request()
    talk.send(window_update(0, 2**30), headers(stream))
    talk.head()
    for _ in range(12):
        conn.pause(LIMIT / 4)
        talk.send(data(stream, b"x"))
    talk.send(data(stream, b"", end_stream=True))
    conn.wait_over()


@peer
def h2_strict_table_size(conn: Conn) -> None:
    """It says twice that its table of fields is small, and insists that the client signals it (RFC 7541, 4.2)."""
    talk = Talk(conn)
    talk.send(ok(talk.request()))
    acknowledged = talk.acknowledged
    talk.send(settings({TABLE: 100}), settings({TABLE: 100}))
    stream = talk.request()
    while talk.acknowledged < acknowledged + 2:
        talk.pump()
    talk.send(ok(stream))
    talk.limit_table(100)
    try:
        serve(talk)
    except HPACKError:
        talk.send(headers(stream + 2, 431, end_stream=True), goaway(stream + 2, COMPRESSION_ERROR))
        conn.close()


EVERY_CONNECTION = {
    "h2 never",
    "h2 refuses all",
    "h2 goaway then closes",
    "h2 stops reading",
    "h2 closes after request",
}
EVERY_CONNECTION |= {"h2 settings flood", "h2 no credit", "h2 small window"}
EVERY_CONNECTION |= {"h2 refuses three", "h2 slow always", "h2 one stream late"}
