"""HTTP/2 peers for uploads: credit, and answers or ends while the client sends."""

from __future__ import annotations

from httpcore_test_support.h2_frames import data, headers, settings, window_update

from .frames import Talk
from .http2_basics import WINDOW, ok, peer, serve
from .http11 import BODY, LIMIT
from .wire import Conn


@peer
def h2_early_whole_200_then_reads(conn: Conn) -> None:
    """The answer ends before the request does, and nothing is reset."""
    talk = Talk(conn)
    stream = talk.head()
    talk.send(ok(stream))
    talk.end_of(stream)
    serve(talk)


@peer
def h2_early_200_then_reads(conn: Conn) -> None:
    talk = Talk(conn)
    stream = talk.head()
    talk.send(headers(stream))
    talk.end_of(stream)
    talk.send(data(stream, BODY, end_stream=True))
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
    """It shrinks below zero during the upload; credit follows once the client has acknowledged it."""
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
def h2_cut_while_uploading(conn: Conn) -> None:
    """TCP ends without a close_notify while the client waits for credit."""
    talk = Talk(conn, credit=False)
    talk.head()
    while len(conn.received) < 60_000:
        talk.pump()
    conn.half_close()
    conn.wait_over()


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
def h2_answers_in_mid_upload(conn: Conn) -> None:
    """The first response has more than a window of body, sent once the peer no longer reads the upload."""
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
    """It has given credit for an upload that it does not read, and continues with a response."""
    talk = Talk(conn, {WINDOW: 2**31 - 1})
    stream = talk.request()
    talk.send(window_update(0, 2**30), headers(stream))
    talk.head()
    for _ in range(12):
        conn.pause(LIMIT / 4)
        talk.send(data(stream, b"x"))
    talk.send(data(stream, b"", end_stream=True))
    conn.wait_over()
