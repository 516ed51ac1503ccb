"""A connection in another process, and in another event loop, than its own."""

import ctypes
import os
import signal
from typing import Any

import anyio
import pytest
from httpcore_h3 import AsyncHTTP3Connection, HTTP3Connection
from httpcore_models import AutoBackend, ConnectionNotAvailable, Origin, ReadError, Request, SyncBackend
from httpcore_test_support.asyncs import BACKENDS, run_async
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.h3_server import Peer, answering, h3_server, waiting_head

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork() here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_sends_nothing(certificates: Certificates) -> None:
    with h3_server(certificates, waiting_head) as server:
        stream = SyncBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
        origin = Origin(b"https", b"localhost", server.port)
        with HTTP3Connection(origin, stream, certificates.client_context()) as connection:
            with connection.stream("GET", server.url + "/", extensions=TIMEOUTS) as response:
                child = os.fork()
                if not child:
                    code = 1
                    try:
                        with pytest.raises(ConnectionNotAvailable, match="another process"):
                            connection.request("GET", server.url + "/", extensions=TIMEOUTS)
                        with pytest.raises(ReadError, match="another process"):
                            response.read()
                        response.close()
                        connection.close()
                        assert connection.is_closed()
                        code = 0
                    finally:
                        os._exit(code)
                assert os.waitpid(child, 0)[1] == 0
                server.call(lambda: server.peers[0].send(0, b"\x00\x05after", True))
                assert response.read() == b"after"
            assert server.peers[0].closed is None
            server.handler = answering
            assert connection.request("GET", server.url + "/", extensions=TIMEOUTS).content == b"hello"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork() here")
@pytest.mark.skipif(not hasattr(ctypes, "PyDLL"), reason="ctypes lets go of the GIL for every call")
def test_a_child_process_of_which_python_was_not_told_sends_nothing(certificates: Certificates) -> None:
    """Servers that are written in C may fork without a word to Python. Both processes would use the same keys."""
    fork = ctypes.PyDLL(None).fork
    with h3_server(certificates, waiting_head) as server:
        stream = SyncBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
        origin = Origin(b"https", b"localhost", server.port)
        with HTTP3Connection(origin, stream, certificates.client_context()) as connection:
            with connection.stream("GET", server.url + "/", extensions=TIMEOUTS) as response:
                child = fork()
                if not child:
                    code = 1
                    try:
                        with pytest.raises(ConnectionNotAvailable, match="another process"):
                            connection.request("GET", server.url + "/", extensions=TIMEOUTS)
                        with pytest.raises(ReadError, match="another process"):
                            response.read()
                        response.close()
                        code = 0
                    finally:
                        os._exit(code)
                assert os.waitpid(child, 0)[1] == 0
                assert server.request(0).stopped is None
                server.call(lambda: server.peers[0].send(0, b"\x00\x05after", True))
                assert response.read() == b"after"
            assert server.peers[0].closed is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork() here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_may_ask_while_a_thread_of_its_parent_was_at_work(certificates: Certificates) -> None:
    with h3_server(certificates, answering) as server:
        stream = SyncBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
        origin = Origin(b"https", b"localhost", server.port)
        with HTTP3Connection(origin, stream, certificates.client_context()) as connection:
            connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            # What another thread of the parent does when it sends or receives.
            with connection._shared.lock:
                child = os.fork()
                if not child:
                    code = 1
                    try:
                        signal.alarm(10)
                        code = 0 if connection.has_expired() else 1
                    finally:
                        os._exit(code)
            assert os.waitpid(child, 0)[1] == 0
            assert not connection.has_expired()


@pytest.mark.parametrize("backend", BACKENDS)
def test_another_event_loop_cannot_use_a_connection(certificates: Certificates, backend: str) -> None:
    with h3_server(certificates) as server:
        kept: list[AsyncHTTP3Connection] = []

        async def connect() -> None:
            stream = await AutoBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
            origin = Origin(b"https", b"localhost", server.port)
            connection = AsyncHTTP3Connection(origin, stream, certificates.client_context())
            response = await connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert response.content == b"hello"
            kept.append(connection)

        async def use() -> None:
            assert not kept[0].is_available()
            with pytest.raises(ConnectionNotAvailable, match="another event loop"):
                await kept[0].request("GET", server.url + "/", extensions=TIMEOUTS)
            await kept[0].aclose()
            assert kept[0].is_closed()

        run_async(backend, connect)
        run_async(backend, use)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_response_may_be_closed_in_another_event_loop(certificates: Certificates, backend: str) -> None:
    """Also one that came before the server had got all of the request: the other loop does not wait for that."""

    def answering_at_once(peer: Peer, stream_id: int) -> None:
        peer.respond(stream_id)
        if stream_id:
            peer.flush()
            server.deaf = True

    with h3_server(certificates, answering_at_once) as server:
        kept: list[Any] = []

        async def request() -> None:
            stream = await AutoBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
            origin = Origin(b"https", b"localhost", server.port)
            connection = AsyncHTTP3Connection(origin, stream, certificates.client_context())
            await connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            headers = {"Host": "localhost", "Content-Length": "9000"}
            upload = Request("POST", server.url + "/", headers=headers, content=bytes(9_000), extensions=TIMEOUTS)
            kept[:] = connection, await connection.handle_async_request(upload)

        async def close() -> None:
            await kept[1].aclose()
            assert kept[0]._engine.usable
            await kept[0].aclose()

        run_async(backend, request)
        run_async(backend, close)


@pytest.mark.parametrize("backend", BACKENDS)
def test_many_tasks_share_a_connection(certificates: Certificates, backend: str) -> None:
    with h3_server(certificates) as server:

        async def main() -> None:
            stream = await AutoBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
            origin = Origin(b"https", b"localhost", server.port)
            async with AsyncHTTP3Connection(origin, stream, certificates.client_context()) as connection:

                async def request() -> None:
                    response = await connection.request("GET", server.url + "/", extensions=TIMEOUTS)
                    assert response.content == b"hello"

                # More at a time than the server allows streams.
                for _ in range(4):
                    async with anyio.create_task_group() as tasks:
                        for _ in range(130):
                            tasks.start_soon(request)
                shared = connection._shared
                assert (shared.waiting, shared.woken, shared.queue, shared.senders) == ({}, set(), {}, set())
                assert not connection._engine.streams

        run_async(backend, main)
