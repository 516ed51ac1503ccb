"""HTTP/2 connections and event loops: other loops, cancelled tasks, busy loops."""

import array
import asyncio
import fcntl
import socket
import termios
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import pytest
from httpcore_h2 import AsyncHTTP2Connection, HTTP2Connection
from httpcore_models import (
    URL,
    AutoBackend,
    ConnectionNotAvailable,
    NetworkStream,
    Origin,
    ReadError,
    Request,
    Response,
    SyncBackend,
)
from httpcore_test_support import h2_frames
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.scripted import Script, ScriptedServer, scripted_server
from hyperframe.frame import HeadersFrame

TIMEOUTS = {"timeout": {"read": 20.0, "write": 20.0, "pool": 20.0}}


@pytest.fixture(params=["clear", "tls"])
def certificates_or_none(request: pytest.FixtureRequest, certificates: Certificates) -> Certificates | None:
    return certificates if request.param == "tls" else None


@contextmanager
def serving(script: Script, certificates: Certificates | None = None) -> Iterator[ScriptedServer]:
    server_tls = None
    if certificates is not None:
        server_tls = certificates.server_context()
        server_tls.set_alpn_protocols(["h2"])
    with scripted_server(script, tls=server_tls) as server:
        yield server
        server.raise_failures()


async def connect(server: ScriptedServer, certificates: Certificates | None = None) -> AsyncHTTP2Connection:
    stream: Any = await AutoBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0)
    if certificates is not None:
        client_tls = certificates.client_context()
        client_tls.set_alpn_protocols(["h2"])
        stream = await stream.start_tls(client_tls, "127.0.0.1", 5.0)
    return AsyncHTTP2Connection(Origin(server.url.encode().split(b":")[0], b"127.0.0.1", server.port), stream)


def connect_sync(server: ScriptedServer, certificates: Certificates | None = None) -> HTTP2Connection:
    stream: NetworkStream = SyncBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0)
    if certificates is not None:
        client_tls = certificates.client_context()
        client_tls.set_alpn_protocols(["h2"])
        stream = stream.start_tls(client_tls, "127.0.0.1", 5.0)
    return HTTP2Connection(Origin(server.url.encode().split(b":")[0], b"127.0.0.1", server.port), stream)


@asynccontextmanager
async def connected(
    script: Script, certificates: Certificates | None = None
) -> AsyncIterator[tuple[AsyncHTTP2Connection, ScriptedServer]]:
    with serving(script, certificates) as server:
        async with await connect(server, certificates) as connection:
            yield connection, server


def half(peer: Http2Peer) -> None:
    """Send half of the first response, and answer all other requests."""
    stream_id = peer.request()
    peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"half"))
    answering(peer)


@pytest.mark.fault("P14")
@pytest.mark.filterwarnings("ignore:unclosed (transport|<socket):ResourceWarning")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_second_event_loop(certificates_or_none: Certificates | None, backend: str) -> None:
    """The first event loop still has an open response."""
    with serving(http2_script(half), certificates_or_none) as server:

        async def first() -> tuple[AsyncHTTP2Connection, Response]:
            connection = await connect(server, certificates_or_none)
            request = Request("GET", URL(server.url + "/"), headers={"Host": "localhost"}, extensions=TIMEOUTS)
            response: Response = await connection.handle_async_request(request)
            return connection, response

        async def second() -> None:
            assert not connection.is_available()
            assert not connection.is_idle()
            with pytest.raises(ConnectionNotAvailable, match="belongs to another event loop"):
                await connection.request("GET", server.url, extensions=TIMEOUTS)
            await response.aclose()
            await connection.aclose()
            assert connection.is_closed()

        connection, response = anyio.run(first, backend=backend)
        anyio.run(second, backend=backend)
        assert server.wait_closed()


@pytest.mark.fault("P14")
@pytest.mark.filterwarnings("ignore:unclosed (transport|<socket):ResourceWarning")
def test_reading_in_a_second_event_loop() -> None:
    with serving(http2_script(half)) as server:

        async def first() -> tuple[AsyncHTTP2Connection, Response]:
            connection = await connect(server)
            request = Request("GET", URL(server.url + "/"), headers={"Host": "localhost"}, extensions=TIMEOUTS)
            response: Response = await connection.handle_async_request(request)
            return connection, response

        async def second() -> None:
            body: Any = response.stream
            # What has arrived can still be read.
            with pytest.raises(ReadError):
                await body.aread()
            await response.aclose()
            await connection.aclose()

        connection, response = asyncio.run(first())
        asyncio.run(second())
        assert server.wait_closed()


@pytest.mark.fault("P13")
def test_a_native_cancel_during_the_goaway() -> None:
    """A task's own cancel() goes through every shield."""

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.settings({4: 2**31 - 1}), h2_frames.window_update(0, 2**30))
        peer.next(HeadersFrame)
        peer.connection.hold()

    async def main() -> None:
        with serving(http2_script(script)) as server:
            connection = await connect(server)
            # Nothing is sent or received any more.
            upload = asyncio.create_task(connection.request("POST", server.url, content=bytes(50_000_000)))
            while connection._shared.writer.holder is None or not connection._engine.requests:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.1)
            upload.cancel()
            while not upload.done():
                await asyncio.sleep(0)
                upload.cancel()
            closing = asyncio.create_task(connection.aclose())
            for _ in range(5):
                await asyncio.sleep(0)
                closing.cancel()
            await asyncio.wait([closing])
            assert connection.is_closed()
            assert server.wait_closed()

    asyncio.run(main())


@pytest.mark.fault("P24")
@pytest.mark.anyio
class TestTasksThatAreCancelledAlready:
    async def test_a_scope(self) -> None:
        async with connected(http2_script(answering)) as (connection, server):
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
            with anyio.CancelScope() as scope:
                scope.cancel()
                await connection.request("POST", server.url, content=b"never", extensions=TIMEOUTS)
            assert scope.cancelled_caught
            assert (connection.is_idle(), connection._request_count) == (True, 1)
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).extensions["stream_id"] == 3

    async def test_an_expired_limit(self) -> None:
        async with connected(http2_script(answering)) as (connection, server):
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
            with anyio.move_on_after(0) as scope:
                await connection.request("POST", server.url, content=b"never", extensions=TIMEOUTS)
            assert scope.cancelled_caught
            assert (connection.is_idle(), connection._request_count) == (True, 1)


@pytest.mark.fault("P24")
def test_a_task_cancelled_before_its_first_turn() -> None:
    async def main() -> None:
        async with connected(http2_script(answering)) as (connection, server):
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
            for turns in range(2):
                task = asyncio.create_task(connection.request("POST", server.url, content=b"never"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
            assert (connection.is_idle(), connection._request_count) == (True, 1)

    asyncio.run(main())


def goes_away(peer: Http2Peer) -> None:
    peer.respond(peer.request())
    peer.send(h2_frames.goaway(1))
    peer.connection.close()


def closes(peer: Http2Peer) -> None:
    peer.respond(peer.request())
    peer.connection.close()


@pytest.mark.fault("P22")
@pytest.mark.parametrize("end", [goes_away, closes])
class TestIdleConnectionsThatTheServerCloses:
    """They are not used again, even if no task has had the time to notice: the operating system is asked."""

    @pytest.mark.anyio
    async def test_async(self, certificates_or_none: Certificates | None, end: Callable[[Http2Peer], None]) -> None:
        with serving(http2_script(end), certificates_or_none) as server:
            connection = await connect(server, certificates_or_none)
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
            self._let_it_arrive(connection)
            with pytest.raises(ConnectionNotAvailable):
                await connection.request("POST", server.url, content=b"once", extensions=TIMEOUTS)
            assert connection.has_expired() or connection.is_closed()
            await connection.aclose()

    def test_sync(self, certificates_or_none: Certificates | None, end: Callable[[Http2Peer], None]) -> None:
        with serving(http2_script(end), certificates_or_none) as server:
            connection = connect_sync(server, certificates_or_none)
            assert (connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
            self._let_it_arrive(connection)
            with pytest.raises(ConnectionNotAvailable):
                connection.request("POST", server.url, content=b"once", extensions=TIMEOUTS)
            assert connection.has_expired() or connection.is_closed()
            connection.close()

    @staticmethod
    def _let_it_arrive(connection: Any) -> None:
        """Wait for the end of the stream without a turn of the event loop."""
        if connection.is_closed():
            return  # it came together with the response
        sock: socket.socket = connection._network_stream.get_extra_info("socket")
        deadline = time.monotonic() + 10
        end = threading.Event()
        with socket.socket(fileno=socket.dup(sock.fileno())) as copy:
            copy.setblocking(False)
            size = 0
            while time.monotonic() < deadline:
                # While more arrives than before, it is not the end.
                try:
                    seen = len(copy.recv(65536, socket.MSG_PEEK))
                except BlockingIOError:
                    seen = -1
                except ConnectionResetError:
                    return
                if seen >= 0 and seen == size:
                    return
                size = seen
                end.wait(0.05)
        raise AssertionError("the server did not close")


def unread(file: int) -> int:
    """How many bytes have arrived on a socket."""
    size = array.array("i", [0])
    fcntl.ioctl(file, termios.FIONREAD, size)
    return size[0]


@pytest.mark.anyio
@pytest.mark.fault("P7")
async def test_data_that_arrived_while_the_loop_was_busy_is_in_time(certificates_or_none: Certificates | None) -> None:
    """For any amount of data, and whichever task reads. The connection stays usable."""
    busy, answered = threading.Event(), threading.Event()
    content = bytes(30_000)

    def script(peer: Http2Peer) -> None:
        requests = [peer.request() for _ in range(10)]
        peer.connection.wait(busy)
        for stream_id in requests:
            peer.respond(stream_id, content)
        answered.set()
        answering(peer)

    async with connected(http2_script(script), certificates_or_none) as (connection, server):
        sock = connection._network_stream.get_extra_info("socket")
        # Otherwise the rest would still be in the server's buffer.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)

        async def get() -> None:
            response = await connection.request("GET", server.url, extensions={"timeout": {"read": 1.0}})
            assert response.content == content

        async def keep_busy() -> None:
            while connection._engine.streams.open_count < 10 or connection._shared.writer.holder:
                await anyio.sleep(0)
            busy.set()
            assert answered.wait(10.0)
            while unread(sock.fileno()) < 10 * len(content):
                time.sleep(0.01)
            time.sleep(1.1)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_busy)
            for _ in range(10):
                tasks.start_soon(get)
        assert connection.is_available()


def test_a_task_that_is_cancelled_before_it_writes_leaves_the_requests_of_others_to_them() -> None:
    """They had left them to it."""

    async def main(server: ScriptedServer) -> None:
        async with await connect(server) as connection:

            async def get() -> bytes:
                return (await connection.request("GET", server.url, extensions=TIMEOUTS)).content

            assert await get() == b"hello"
            tasks = [asyncio.create_task(get()) for _ in range(4)]
            while connection._shared.writer.holder is None:
                await asyncio.sleep(0)
            tasks[0].cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert isinstance(results[0], asyncio.CancelledError)
            assert results[1:] == [b"hello"] * 3
            assert not connection._engine.requests

    with serving(http2_script(answering)) as server:
        asyncio.run(main(server))
