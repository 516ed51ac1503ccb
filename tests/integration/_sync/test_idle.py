# Generated from ../_async/test_idle.py by tools/make_sync.py: edit that file, then run it.
"""Real servers that close idle connections between two requests."""

import os
import socket
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from httpcore import ConnectionPool
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.hypercorn import HypercornServer
from httpcore_test_support.nginx import NginxServer
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio

TIMEOUTS = {"timeout": {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}}
CLOSE_WAIT = 8  # the state of TCP in which the peer has closed, and this side has not
CLOSE_NOTIFY = b"\x17\x03\x03\x00\x13"  # how the record with it begins in TLS 1.3: nothing else is as short


def closed_by_the_peer(stream: Any) -> bool:
    """Whether the end has arrived, without taking anything from the socket; hypercorn keeps TCP open after TLS."""
    with socket.socket(fileno=os.dup(stream.get_extra_info("socket").fileno())) as sock:
        state: int = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        with suppress(BlockingIOError):
            return state == CLOSE_WAIT or CLOSE_NOTIFY in sock.recv(10_000, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    return False


@pytest.mark.fault("S7", "P22")
@pytest.mark.parametrize("kind", ["HTTP/1.1", "HTTP/1.1 over TLS", "HTTP/2", "HTTP/2 over TLS"])
@pytest.mark.parametrize("server", ["impatient_nginx", "impatient_hypercorn"])
def test_a_connection_that_the_server_has_closed_is_not_used(
    request: pytest.FixtureRequest, certificates: Certificates, server: str, kind: str
) -> None:
    running: HypercornServer | NginxServer = request.getfixturevalue(server)
    url, arguments = running.http_url, {"http1": "HTTP/1.1" in kind, "http2": "HTTP/2" in kind}
    if "TLS" in kind:
        url, arguments = running.https_url, {**arguments, "ssl_context": certificates.client_context()}
    elif "HTTP/2" in kind and isinstance(running, NginxServer):
        url = running.h2c_url
    with ConnectionPool(**arguments) as pool:
        first = pool.request("POST", url + "/echo", content=b"text", extensions=TIMEOUTS)
        # The event loop does not see it, since it does not run meanwhile.
        wait_until(partial(closed_by_the_peer, first.extensions["network_stream"]))
        second = pool.request("POST", url + "/echo", content=b"text", extensions=TIMEOUTS)
        assert (first.status, second.status, pool.stats().opened) == (200, 200, 2)
