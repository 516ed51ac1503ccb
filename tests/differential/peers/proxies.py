"""The way to the origin: correct and faulty proxies, with the origin behind them."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from ..scenarios import Scenario
from .wire import Conn

__all__ = ["PROXIES", "greet"]

# What a proxy does in place of its answer to CONNECT. It gets the first connection.
PROXIES: dict[str, Callable[[Conn], None]] = {}


def refusal(name: str, answer: bytes, then: str = "close") -> None:
    def refuse(conn: Conn) -> None:
        conn.send(answer)
        if then == "wait":
            conn.wait_over()
        elif then == "go on":
            return
        else:
            getattr(conn, then)()
            conn.wait_over()

    PROXIES[name] = refuse


BODY = b"Content-Length: 6\r\n\r\nrefuse"
refusal("proxy 407", b"HTTP/1.1 407 Authenticate\r\nProxy-Authenticate: Basic\r\n" + BODY)
refusal("proxy 403 waits", b"HTTP/1.1 403 Forbidden\r\n" + BODY, "wait")
refusal("proxy 500", b"HTTP/1.1 500 \r\n" + BODY)
refusal("proxy closes", b"", "close")
refusal("proxy resets", b"", "reset")
refusal("proxy silent", b"", "wait")
refusal("proxy 100 first", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "go on")
refusal("proxy odd length", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "go on")
refusal("proxy odd encoding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "go on")
refusal("proxy wrong length", b"HTTP/1.1 200 OK\r\nContent-Length: x5\r\n\r\n", "go on")
refusal("proxy wrong encoding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "go on")
refusal("proxy http 1.0", b"HTTP/1.0 200 Connection established\r\n\r\n", "go on")
refusal("proxy 204", b"HTTP/1.1 204 Tunnel\r\n\r\n", "go on")
refusal("proxy noise", b"SSH-2.0-proxy\r\n\r\n", "close")
refusal("proxy half a head", b"HTTP/1.1 200 OK\r\nX: ", "close")
refusal("proxy bytes behind", b"HTTP/1.1 200 OK\r\n\r\nPOISON", "go on")

SOCKS = {
    "socks refuses": b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00",
    "socks unknown code": b"\x05\x55\x00\x01\x00\x00\x00\x00\x00\x00",
    "socks bound name": b"\x05\x00\x00\x03\x04name\x00\x00",
    "socks bound ipv6": b"\x05\x00\x00\x04" + bytes(18),
    "socks cut reply": b"\x05\x00\x00",
    "socks wrong version": b"\x04\x00\x00\x01" + bytes(6),
    "socks split reply": b"",
    "socks no method": b"",
    "socks other method": b"",
    "socks closes": b"",
    "socks silent": b"",
    "socks auth refused": b"",
    "socks auth not wanted": b"",
    "socks auth version": b"",
}


def greet(conn: Conn, scenario: Scenario, contexts: Callable[[list[str]], ssl.SSLContext], first: bool) -> None:
    """Play the proxy, if there is one; afterwards the connection is the origin's."""
    try:
        if scenario.route.startswith("socks"):
            _socks(conn, scenario.peer if first else "")
        elif scenario.route != "direct":
            _http(conn, scenario, contexts, first)
    finally:
        # The origin's part begins here, also for a client that is gone before it has read the answer of the proxy.
        del conn.received[: conn.started]
        conn.started = 0


def _http(conn: Conn, scenario: Scenario, contexts: Callable[[list[str]], ssl.SSLContext], first: bool) -> None:
    if scenario.route == "https proxy":
        conn.start_tls(contexts(["http/1.1"]))
    if scenario.tls:
        conn.preludes.append(conn.head())
        if first and scenario.peer in PROXIES:
            PROXIES[scenario.peer](conn)
        else:
            conn.send(b"HTTP/1.1 200 Connection established\r\n\r\n")


def _take(conn: Conn, number: int) -> bytes:
    while len(conn.received) < conn.started + number:
        conn.receive()
    taken = bytes(conn.received[conn.started : conn.started + number])
    conn.started += number
    return taken


def _socks(conn: Conn, peer: str) -> None:
    version, count = _take(conn, 2)
    methods = _take(conn, count)
    if peer in SOCKS:  # elsewhere the offered methods would hide other differences
        conn.preludes.append(bytes([version, count]) + methods)
    if peer in ("socks closes", "socks silent"):
        if peer == "socks closes":
            conn.close()
        conn.wait_over()
    wanted = 2 if 2 in methods and peer != "socks auth not wanted" else 0
    wanted = {"socks no method": 255, "socks other method": 1}.get(peer, wanted)
    conn.send(bytes([5, wanted]))
    if wanted == 2:
        _authenticate(conn, peer)
    request = _take(conn, 4)
    if request[3] == 1:
        request += _take(conn, 6)
    elif request[3] == 3:
        request += (length := _take(conn, 1)) + _take(conn, length[0] + 2)
    else:
        request += _take(conn, 18)
    conn.preludes.append(request[:-2])
    if peer == "socks split reply":
        conn.send(b"\x05\x00\x00")
        conn.pause(0.05)
        conn.send(b"\x01" + bytes(6))
        return
    conn.send(SOCKS.get(peer) or b"\x05\x00\x00\x01" + bytes(6))
    if peer in ("socks refuses", "socks unknown code", "socks cut reply", "socks wrong version"):
        conn.close()


def _authenticate(conn: Conn, peer: str) -> None:
    head = _take(conn, 2)
    user = _take(conn, head[1])
    length = _take(conn, 1)
    conn.preludes.append(head + user + length + _take(conn, length[0]))
    if peer == "socks auth refused":
        conn.send(b"\x01\x01")
        conn.close()
        conn.wait_over()
    conn.send(b"\x05\x00" if peer == "socks auth version" else b"\x01\x00")
