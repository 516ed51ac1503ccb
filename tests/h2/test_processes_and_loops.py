"""An HTTP/2 connection outside the event loop or the process in which it was made."""

import asyncio
import ctypes
import os
import signal
from typing import Any

import pytest
from httpcore import AsyncConnectionPool, ConnectionNotAvailable, ConnectionPool, Origin, ReadError, SyncBackend
from httpcore_h2 import HTTP2Connection
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates


@pytest.fixture(params=["https", "http"])
def target(
    request: pytest.FixtureRequest, caddy: CaddyServer, certificates: Certificates
) -> tuple[str, dict[str, Any]]:
    if request.param == "https":
        return caddy.https_url, {"http2": True, "ssl_context": certificates.client_context()}
    return caddy.http_url, {"http1": False, "http2": True}


@pytest.mark.field(15)
def test_a_second_event_loop_gets_its_own_connection(target: tuple[str, dict[str, Any]]) -> None:
    url, arguments = target
    pool = AsyncConnectionPool(**arguments)

    async def get() -> int:
        return (await pool.request("GET", url + "/")).status

    assert [asyncio.run(get()), asyncio.run(get())] == [200, 200]
    assert pool.stats().opened == 2
    asyncio.run(pool.aclose())


@pytest.mark.field(20)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_process_sends_nothing_on_its_parents_connection(target: tuple[str, dict[str, Any]]) -> None:
    url, arguments = target
    with ConnectionPool(**arguments) as pool:
        assert pool.request("GET", url + "/").status == 200
        child = os.fork()
        if not child:
            # Whatever happens, the tests must not continue in this process.
            try:
                with pool:
                    works = pool.request("GET", url + "/").status == 200 and pool.stats().opened == 1
            finally:
                os._exit(0 if works else 1)
        assert os.waitpid(child, 0)[1] == 0
        # A GOAWAY of the child's would have ended the connection.
        assert pool.request("GET", url + "/").status == 200
        assert pool.stats().opened == 1


@pytest.mark.field(20)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.skipif(not hasattr(ctypes, "PyDLL"), reason="ctypes lets go of the GIL for every call")
def test_a_child_process_of_which_python_was_not_told_takes_no_stream_of_its_parent(
    target: tuple[str, dict[str, Any]],
) -> None:
    """Servers that are written in C may fork without a word to Python. Both processes would use the same stream IDs."""
    url, arguments = target
    fork = ctypes.PyDLL(None).fork
    with ConnectionPool(**arguments) as pool:
        assert pool.request("GET", url + "/").status == 200
        child = fork()
        if not child:
            try:
                works = pool.request("GET", url + "/").status == 200 and pool.stats().opened == 2
            finally:
                os._exit(0 if works else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert pool.request("GET", url + "/").status == 200


@pytest.mark.field(20)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_process_does_not_reset_the_streams_of_its_parent(target: tuple[str, dict[str, Any]]) -> None:
    url, arguments = target
    with ConnectionPool(**arguments) as pool, pool.stream("GET", url + "/50mb.bin") as response:
        child = os.fork()
        if not child:
            try:
                response.close()
            finally:
                os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert len(response.read()) == 50_000_000


@pytest.mark.field(20)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_process_neither_reads_nor_drops_its_parents_response(target: tuple[str, dict[str, Any]]) -> None:
    """Not even if a thread that does not exist in the child holds the lock."""
    url, arguments = target
    with ConnectionPool(**arguments) as pool, pool.stream("GET", url + "/50mb.bin") as response:
        connection: Any = pool.connections[0]
        inner = connection._connection
        inner._shared.lock.acquire()
        child = os.fork()
        if child:
            inner._shared.lock.release()
        else:
            works = False
            try:
                with pytest.raises(ConnectionNotAvailable, match="another process"):
                    inner.request("GET", url + "/")
                body = response.stream
                with pytest.raises(ReadError, match="another process"):
                    next(body)  # type: ignore[call-overload]
                body.__del__()  # type: ignore[union-attr]
                works = True
            finally:
                os._exit(0 if works else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert len(response.read()) == 50_000_000


@pytest.mark.field(20)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.skipif(not hasattr(ctypes, "PyDLL"), reason="ctypes lets go of the GIL for every call")
def test_a_child_process_of_which_python_was_not_told_leaves_the_response_to_its_parent(
    target: tuple[str, dict[str, Any]],
) -> None:
    """It neither reads the rest of the response, nor ends the connection when it closes what it has of it."""
    url, arguments = target
    fork = ctypes.PyDLL(None).fork
    with ConnectionPool(**arguments) as pool:
        with pool.stream("GET", url + "/50mb.bin") as response:
            child = fork()
            if not child:
                works = False
                try:
                    with pytest.raises(ReadError, match="another process"):
                        response.read()
                    pool.close()
                    works = True
                finally:
                    os._exit(0 if works else 1)
            assert os.waitpid(child, 0)[1] == 0
            assert len(response.read()) == 50_000_000
        assert pool.request("GET", url + "/").status == 200
        assert pool.stats().opened == 1


@pytest.mark.field(20)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_process_does_not_read_what_its_parent_has_requested(target: tuple[str, dict[str, Any]]) -> None:
    """Not even if the fork comes between a request and its response."""
    url, arguments = target
    parent, child = os.getpid(), 0

    def trace(name: str, info: dict[str, Any]) -> None:
        nonlocal child
        if name == "http2.send_request_body.complete":
            child = os.fork()
            if child:
                # The child is alone with what arrives.
                assert os.waitpid(child, 0)[1] == 0

    with ConnectionPool(**arguments) as pool:
        assert pool.request("GET", url + "/").status == 200
        try:
            response = pool.request("GET", url + "/50mb.bin", extensions={"trace": trace, "timeout": {"read": 5}})
        except BaseException as exc:
            if os.getpid() != parent:
                os._exit(0 if isinstance(exc, ReadError) and "another process" in str(exc) else 1)
            raise
        if os.getpid() != parent:
            os._exit(1)
        assert child
        assert len(response.content) == 50_000_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_process_may_ask_while_a_thread_of_its_parent_was_at_work(caddy: CaddyServer) -> None:
    stream = SyncBackend().connect_tcp("127.0.0.1", caddy.http_port, timeout=5.0)
    with HTTP2Connection(Origin(b"http", b"127.0.0.1", caddy.http_port), stream) as connection:
        connection.request("GET", caddy.http_url + "/")
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
