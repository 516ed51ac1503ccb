"""Peers that speak HTTP/2, more or less. `http2_answers` and `http2_uploads` have more of them."""

from __future__ import annotations

import struct
from contextlib import suppress

from hpack import HPACKError
from httpcore_test_support.h2_frames import data, frame, goaway, headers, rst_stream, settings

from . import http2_answers, http2_uploads  # noqa: F401  # they add their peers
from .frames import Talk
from .http2_basics import COMPRESSION_ERROR, HTTP2, MAX_STREAMS, REFUSED, TABLE, WINDOW, ok, peer, serve, serve_http2
from .http11 import BODY, LIMIT
from .wire import Conn, Gone

__all__ = ["EVERY_CONNECTION", "HTTP2", "serve_http2"]


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
    """After the first answer no more streams are allowed."""
    talk = Talk(conn)
    talk.send(ok(talk.request()) + settings({MAX_STREAMS: 0}))
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
    """The first response stays open; two of the others are refused."""
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
def h2_allows_more_and_goes_on(conn: Conn) -> None:
    """It allows more while the first response is being read."""
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
def h2_strict_table_size(conn: Conn) -> None:
    """It twice announces a small header table, and insists that the client confirms it (RFC 7541, section 4.2)."""
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
