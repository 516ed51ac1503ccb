"""The peers tell what a client sent in the same way however quickly it went."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest

from .peers.proxies import greet
from .peers.wire import Conn, Gone
from .scenarios import Scenario


def _no_context(protocols: list[str]) -> ssl.SSLContext:
    raise AssertionError("no TLS here")


def test_a_client_that_has_gone_when_the_proxy_answers_has_sent_nothing_to_the_origin() -> None:
    client, server = socket.socketpair()
    with server:
        client.sendall(b"CONNECT localhost:1 HTTP/1.1\r\n\r\n")
        client.close()
        conn = Conn(server, threading.Event())
        with pytest.raises(Gone):
            greet(conn, Scenario("ok", "get", tls=True, route="http proxy"), _no_context, first=True)
    assert (conn.preludes, bytes(conn.received)) == ([b"CONNECT localhost:1 HTTP/1.1\r\n\r\n"], b"")
