"""Peers that break TLS: instead of a handshake, between records, at the end."""

from __future__ import annotations

from collections.abc import Callable

from .http11 import BODY, OK, STATUS, head, serve
from .wire import Conn

__all__ = ["BEFORE", "EVERY_CONNECTION", "TLS"]

# What happens in place of the handshake, or before it.
BEFORE: dict[str, Callable[[Conn], None]] = {}
TLS: dict[str, Callable[[Conn], None]] = {}
UNTIL_CLOSE = head(STATUS) + BODY


def before(function: Callable[[Conn], None]) -> None:
    BEFORE[function.__name__.replace("_", " ")] = function


def peer(function: Callable[[Conn], None]) -> None:
    TLS[function.__name__.replace("_", " ")] = function


@before
def handshake_never(conn: Conn) -> None:
    conn.wait_over()


@before
def handshake_reset(conn: Conn) -> None:
    conn.receive()
    conn.reset()


@before
def handshake_closed(conn: Conn) -> None:
    conn.receive()
    conn.drop()


@before
def handshake_answered_in_clear(conn: Conn) -> None:
    conn.receive()
    conn.send_raw(b"HTTP/1.1 400 You speak TLS\r\n\r\n")
    conn.drop()


@before
def handshake_late(conn: Conn) -> None:
    conn.pause(0.2)


def until(name: str, end: Callable[[Conn], None], answer: bytes = UNTIL_CLOSE, behind: bytes = b"") -> None:
    """Add a peer that answers and then ends; the records of both are sent together."""

    def behave(conn: Conn) -> None:
        conn.request()
        conn.send_raw(conn.records(answer) + conn.close_notify() + behind)
        end(conn)

    TLS[name] = behave


def _cut(conn: Conn) -> None:
    conn.half_close()


until("close notify only", lambda conn: conn.wait_over())
until("close notify then idle", lambda conn: conn.wait_over(), OK)
until("close notify in the body", lambda conn: conn.wait_over(), OK[:-10])
until("close notify then bytes", lambda conn: conn.wait_over(), behind=bytes(100_000))
until("close notify then reset", lambda conn: conn.reset())


@peer
def cut_without_close_notify(conn: Conn) -> None:
    """A body without a length ends with only a FIN."""
    conn.request()
    conn.send(UNTIL_CLOSE)
    conn.half_close()
    conn.wait_over()


@peer
def cut_in_a_record(conn: Conn) -> None:
    conn.request()
    conn.send_raw(conn.records(UNTIL_CLOSE) + conn.records(BODY)[:-5])
    conn.half_close()
    conn.wait_over()


@peer
def reset_after_a_record(conn: Conn) -> None:
    conn.request()
    conn.send(UNTIL_CLOSE)
    conn.pause(0.05)
    conn.reset()


@peer
def damaged_record(conn: Conn) -> None:
    conn.request()
    good, bad = conn.records(UNTIL_CLOSE), bytearray(conn.records(BODY))
    bad[-3] ^= 1
    conn.send_raw(good + bytes(bad))
    conn.half_close()
    conn.wait_over()


@peer
def damaged_record_with_length(conn: Conn) -> None:
    conn.request()
    good, bad = conn.records(OK[:-10]), bytearray(conn.records(OK[-10:]))
    bad[-3] ^= 1
    conn.send_raw(good + bytes(bad))
    conn.half_close()
    conn.wait_over()


@peer
def damaged_records_in_the_midst(conn: Conn) -> None:
    """A body without a length: after a part was read, a good record and damaged ones arrive together."""
    conn.request()
    conn.send(head(STATUS, b"Connection: close") + b"x" * 30_000)
    conn.pause(0.1)
    good, bad = conn.records(b"y" * 16_384), b""
    for _ in range(3):
        record = bytearray(conn.records(b"z" * 16_384))
        record[100] ^= 1
        bad += record
    conn.send_raw(good + bad)
    conn.half_close()
    conn.wait_over()


@peer
def close_notify_and_bytes_in_the_midst(conn: Conn) -> None:
    """After the end of TLS comes more than a record of other bytes, all in one segment."""
    conn.request()
    conn.send(head(STATUS, b"Content-Length: 1000000") + b"x" * 60_000)
    conn.pause(0.1)
    conn.send_raw(conn.records(b"y" * 100) + conn.close_notify() + bytes(60_000))
    conn.wait_over()


@peer
def early_half_record_then_reads(conn: Conn) -> None:
    conn.head(peek=True)
    record = conn.records(OK)
    conn.send_raw(record[:20])
    conn.request()
    conn.send_raw(record[20:])
    serve(conn)


@peer
def fatal_alert(conn: Conn) -> None:
    conn.request()
    conn.send_raw(conn.records(UNTIL_CLOSE) + conn.alert())
    conn.half_close()
    conn.wait_over()


@peer
def record_drips(conn: Conn) -> None:
    """The bytes of a record arrive one by one, each within the limit."""
    conn.request()
    record = conn.records(OK)
    for index in range(20):
        conn.send_raw(record[index : index + 1])
        conn.pause(0.15)
    conn.send_raw(record[20:])
    serve(conn)


EVERY_CONNECTION = {"handshake never", "handshake reset", "close notify only"}
