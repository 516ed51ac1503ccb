"""Requests that are interrupted or cancelled while a connection over HTTP/3 is opened: nothing is lost after that."""

import gc
import itertools
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpcore
import pytest
from httpcore import AsyncConnectionPool, ConnectionPool, ConnectTimeout
from httpcore._http3 import origins
from httpcore_test_support._async.fake_http3 import async_fake_module
from httpcore_test_support._sync.fake_http3 import fake_module
from httpcore_test_support.asyncs import BACKENDS, run_async
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.interrupting import raised_at
from httpcore_test_support.library_code import is_library_code
from httpcore_test_support.sockets import no_leaked_sockets, open_sockets
from httpcore_test_support.waiting import at_once, wait_until

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}
OURS = ("httpcore._sync.http3_connection", "httpcore._http3", "httpcore._sync.connection", "httpcore_models.network")


class Peer:
    """Says hello over UDP, unless it is silent."""

    def __init__(self, udp: socket.socket) -> None:
        self.udp = udp
        self.url = f"https://127.0.0.1:{udp.getsockname()[1]}"
        self.silent = False
        self.said_hello = 0

    def answer(self) -> None:
        while True:
            datagram, address = self.udp.recvfrom(2048)
            if datagram == b"stop":
                return
            self.said_hello += 1
            if not self.silent:
                self.udp.sendto(b"hello", address)


@pytest.fixture
def peer() -> Iterator[Peer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        peer = Peer(udp)
        thread = threading.Thread(target=peer.answer)
        thread.start()
        try:
            yield peer
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
                stop.sendto(b"stop", udp.getsockname())
            thread.join()


@contextmanager
def offered(pool: Any, peer: Peer) -> Iterator[Any]:
    """Let the pool know that the peer offers HTTP/3."""
    port = peer.udp.getsockname()[1]
    pool._http3.origins.advertised((b"127.0.0.1", port, "127.0.0.1"), [b'h3=":%d"' % port], 0.0)
    pool._http3.origins._offers[b"127.0.0.1", port, "127.0.0.1"] = origins._Offer(float("inf"), True)
    yield pool


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = fake_module()
    monkeypatch.setitem(sys.modules, "httpcore_h3", module)
    return module.HTTP3Connection


@pytest.fixture
def async_fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = async_fake_module()
    monkeypatch.setitem(sys.modules, "httpcore_h3", module)
    return module.AsyncHTTP3Connection


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="instructions are those of Python 3.11")
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # between two frames nobody can close it
def test_an_exception_from_a_signal_handler_at_any_line(peer: Peer, fake: Any, certificates: Certificates) -> None:
    before, context = open_sockets(), certificates.client_context()
    for step in itertools.count(1):
        pool = ConnectionPool(context, http3=True, max_connections=1)
        with offered(pool, peer):

            def get(pool: ConnectionPool = pool) -> None:
                assert pool.request("GET", peer.url, extensions=TIMEOUTS).content == b"h3"

            more = raised_at(step, get, lambda code: is_library_code(code, *OURS))
            if pool.stats().requests_active:
                gc.collect()  # what a traceback refers to
            assert (pool.stats().requests_active, pool.stats().requests_queued) == (0, 0)
            get()
            pool.close()
        if not more:
            break
    assert step > 100
    fake.made.clear()
    gc.collect()
    assert open_sockets() <= before


def test_threads_share_the_attempt(
    peer: Peer, fake: Any, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the one that connects is out of time, the next one tries."""
    monkeypatch.setattr(origins, "_HEAD_START", 20.0)
    peer.silent = True
    outcomes: list[Any] = []
    with ConnectionPool(certificates.client_context(), http1=False, http3=True) as pool, offered(pool, peer):

        def hurried() -> None:
            with pytest.raises(ConnectTimeout):
                pool.request("GET", peer.url, extensions={"timeout": {"connect": 0.05}})

        def patient() -> None:
            wait_until(lambda: peer.said_hello)
            outcomes.append(pool.request("GET", peer.url, extensions=TIMEOUTS).content)

        def heal() -> None:
            wait_until(lambda: peer.said_hello == 1)
            peer.silent = False

        at_once(hurried, patient, heal)
    assert outcomes == [b"h3"]


@pytest.mark.parametrize("loop", BACKENDS)
def test_cancelled_while_connecting(
    peer: Peer, async_fake: Any, certificates: Certificates, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origins, "_HEAD_START", 20.0)

    async def run() -> None:
        async with AsyncConnectionPool(certificates.client_context(), http3=True, max_connections=1) as pool:
            with offered(pool, peer):
                for cancel_at in range(1, 8):
                    peer.silent = True
                    with no_leaked_sockets():
                        count = 0
                        with anyio.CancelScope() as scope:

                            async def trace(
                                event: str, info: Any, scope: Any = scope, cancel_at: int = cancel_at
                            ) -> None:
                                nonlocal count
                                count += 1
                                if count == cancel_at:
                                    scope.cancel()

                            async with anyio.create_task_group() as tasks:
                                tasks.start_soon(cancel_later, scope)
                                await pool.request("GET", peer.url, extensions={**TIMEOUTS, "trace": trace})
                        assert pool.stats().connections_active == 0
                        assert pool.stats().http3 == {"opened": 0, "fell_back": 0, "broken": 0}
                peer.silent = False
                assert (await pool.request("GET", peer.url, extensions=TIMEOUTS)).content == b"h3"

    async def cancel_later(scope: Any) -> None:
        await anyio.sleep(0.02)
        scope.cancel()

    run_async(loop, run)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_process_opens_connections_of_its_own(peer: Peer, fake: Any, certificates: Certificates) -> None:
    with ConnectionPool(certificates.client_context(), http3=True) as pool, offered(pool, peer):
        assert pool.request("GET", peer.url).content == b"h3"
        (connection,) = fake.made
        child = os.fork()
        if not child:
            works = False
            try:
                works = pool.request("GET", peer.url, extensions=TIMEOUTS).content == b"h3"
                works = works and len(fake.made) == 2 and connection.closed
            finally:
                os._exit(0 if works else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert not connection.closed
        connection.datagrams.send([b"hello"])
        assert connection.datagrams.receive(10.0) == (b"hello", 5)
        assert peer.said_hello == 3


def test_the_program_is_told_of_a_dropped_response(peer: Peer, fake: Any, certificates: Certificates) -> None:
    with ConnectionPool(certificates.client_context(), http3=True) as pool, offered(pool, peer):
        response: Any = pool.handle_request(httpcore.Request("GET", peer.url))

        def drop() -> None:
            nonlocal response
            response = None
            gc.collect()

        with pytest.warns(ResourceWarning, match="unclosed response"):
            drop()
        assert pool.request("GET", peer.url).content == b"h3"
        assert pool.stats().requests_active == 0
