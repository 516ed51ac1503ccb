"""Classes and functions of private modules that published programs use work as in 1.0.9."""

from __future__ import annotations

import itertools
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import httpcore
import httpx
import pytest
from httpcore._async.socks_proxy import _init_socks5_connection
from httpcore._backends.mock import MockSSLObject
from httpcore._backends.sync import SyncStream, TLSinTLSStream
from httpcore._exceptions import ExceptionMapping, map_exceptions
from httpcore._models import enforce_bytes, enforce_headers, enforce_stream, enforce_url, include_request_headers
from httpcore._sync.connection import RETRIES_BACKOFF_FACTOR, exponential_backoff
from httpcore._sync.http2 import has_body_headers
from httpcore._sync.http_proxy import logger, merge_headers
from httpcore._synchronization import (
    AsyncEvent,
    AsyncLock,
    AsyncSemaphore,
    AsyncShieldCancellation,
    AsyncThreadLock,
    Event,
    Lock,
    Semaphore,
    ShieldCancellation,
    ThreadLock,
)
from httpcore._trace import Trace
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.steps import receive_request, send

pytestmark = pytest.mark.upgrade("3.5")

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
NO_AUTH = [b"\x05\x00", b"\x05\x00\x00\x01\xff\x00\x00\x01\x00\x50"]
PASSWORD = [b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01\xff\x00\x00\x01\x00\x50"]
REFUSED = [b"\x05\x00", b"\x05\x01\x00\x01\xff\x00\x00\x01\x00\x50"]


class Recorder(httpcore.AsyncMockStream):
    """Records what is written."""

    written = b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.written += buffer


def test_retries_wait_longer_and_longer() -> None:
    assert RETRIES_BACKOFF_FACTOR == 0.5
    assert list(itertools.islice(exponential_backoff(factor=0.5), 6)) == [0, 0.5, 1.0, 2.0, 4.0, 8.0]


def test_headers_are_merged() -> None:
    merged = merge_headers([(b"A", b"1"), (b"B", b"2")], [(b"a", b"9"), (b"C", b"3")])
    assert merged == [(b"B", b"2"), (b"a", b"9"), (b"C", b"3")]
    assert merge_headers(None, None) == []
    assert merge_headers([(b"a", b"1")]) == [(b"a", b"1")]
    assert logger is logging.getLogger("httpcore.proxy")


def test_exceptions_are_mapped() -> None:
    mapping: ExceptionMapping = {OSError: httpcore.ReadError}
    with pytest.raises(httpcore.ReadError, match="gone"), map_exceptions(mapping):
        raise ConnectionResetError("gone")


def test_arguments_are_checked() -> None:
    url = httpcore.URL("http://example.com:8080/")
    assert enforce_bytes("text", name="x") == b"text"
    assert enforce_url("http://example.com:8080/", name="x") == url
    assert enforce_headers({"name": "value"}, name="x") == [(b"name", b"value")]
    given: Any = [enforce_stream(None, name="x"), enforce_stream(b"body", name="x")]
    assert [list(stream) for stream in given] == [[b""], [b"body"]]
    parts = [b"body"]
    assert enforce_stream(parts, name="x") is parts
    complete = [(b"Host", b"example.com:8080"), (b"Content-Length", b"4")]
    assert include_request_headers([], url=url, content=b"body") == complete
    functions: Any = (enforce_bytes, enforce_url, enforce_headers)
    for function in functions:
        with pytest.raises(TypeError, match="x must be"):
            function(3, name="x")


@pytest.mark.parametrize(("name", "expected"), [("content-length", True), ("Transfer-Encoding", True), ("a", False)])
def test_has_body_headers(name: str, expected: bool) -> None:
    assert has_body_headers(httpcore.Request("POST", "http://a/", headers={name: "1"})) is expected


def test_a_mock_of_tls_knows_its_protocol() -> None:
    assert MockSSLObject(http2=True).selected_alpn_protocol() == "h2"
    assert MockSSLObject(http2=False).selected_alpn_protocol() == "http/1.1"


class TestTrace:
    LOGGER = logging.getLogger("httpcore.http11")

    def request(self, callback: Callable[..., Any]) -> httpcore.Request:
        return httpcore.Request("GET", "http://example.com/", extensions={"trace": callback})

    def test_a_block_is_reported(self, caplog: pytest.LogCaptureFixture) -> None:
        events: list[Any] = []
        with caplog.at_level(logging.DEBUG, "httpcore.http11"):
            with Trace("step", self.LOGGER, self.request(lambda *event: events.append(event)), {"a": 1}) as trace:
                trace.return_value = (1, 2)
            with pytest.raises(ValueError, match="bad"), Trace("step", self.LOGGER):
                raise ValueError("bad")
        assert events == [("http11.step.started", {"a": 1}), ("http11.step.complete", {"return_value": (1, 2)})]
        assert caplog.messages == [
            "step.started a=1",
            "step.complete return_value=(1, 2)",
            "step.started",
            "step.failed exception=ValueError('bad')",
        ]

    def test_without_callback_and_log_nothing_is_reported(self) -> None:
        with Trace("step", self.LOGGER, httpcore.Request("GET", "http://a/")) as trace:
            assert not trace.should_trace

    @pytest.mark.anyio
    async def test_an_async_block_is_reported(self) -> None:
        events: list[Any] = []

        async def callback(*event: Any) -> None:
            events.append(event)

        async with Trace("step", self.LOGGER, self.request(callback), {"a": 1}) as trace:
            trace.return_value = 5
        assert events == [("http11.step.started", {"a": 1}), ("http11.step.complete", {"return_value": 5})]

    @pytest.mark.anyio
    async def test_sync_blocks_need_sync_callbacks_and_async_blocks_async_ones(self) -> None:
        async def callback(*event: Any) -> None:
            raise AssertionError

        with pytest.raises(TypeError, match="synchronous interface"):
            Trace("step", self.LOGGER, self.request(callback)).__enter__()
        with pytest.raises(TypeError, match="asynchronous interface"):
            await Trace("step", self.LOGGER, self.request(lambda *event: None)).__aenter__()


class NonBlocking(AsyncSemaphore):
    """Adds a method, as a published program does."""

    def acquire_nowait(self) -> bool:
        if not self._backend:
            self.setup()
        semaphore = self._trio_semaphore if self._backend == "trio" else self._anyio_semaphore
        try:
            semaphore.acquire_nowait()
        except Exception:
            return False
        return True


@pytest.mark.anyio
class TestAsyncPrimitives:
    async def test_semaphore(self) -> None:
        semaphore = NonBlocking(2)
        await semaphore.acquire()
        assert semaphore.acquire_nowait()
        assert not semaphore.acquire_nowait()
        with anyio.move_on_after(0.01) as scope:
            await semaphore.acquire()
        assert scope.cancel_called
        await semaphore.release()
        assert semaphore.acquire_nowait()

    async def test_shield(self) -> None:
        done = False
        with anyio.CancelScope() as scope:
            scope.cancel()
            with AsyncShieldCancellation() as shield:
                assert isinstance(shield, AsyncShieldCancellation)
                await anyio.sleep(0.01)
                done = True
            await anyio.sleep(10.0)
        assert done

    async def test_event(self) -> None:
        event = AsyncEvent()
        with pytest.raises(httpcore.PoolTimeout):
            await event.wait(0.01)
        event.set()
        await event.wait(0.01)

    async def test_locks(self) -> None:
        lock = AsyncLock()
        async with lock as entered:
            assert entered is lock
        none = AsyncThreadLock()
        with none as other:
            assert other is none


class TestPrimitives:
    def test_semaphore(self) -> None:
        semaphore = Semaphore(1)
        semaphore.acquire()
        semaphore.release()
        semaphore.acquire()

    def test_event(self) -> None:
        event = Event()
        with pytest.raises(httpcore.PoolTimeout):
            event.wait(0.01)
        event.set()
        event.wait()

    def test_locks(self) -> None:
        lock = ThreadLock()
        with lock as entered:
            assert entered is lock
            assert not lock._lock.acquire(blocking=False)
        with Lock():
            pass
        with ShieldCancellation() as shield:
            assert isinstance(shield, ShieldCancellation)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("auth", "answers", "written"),
    [
        (None, NO_AUTH, b"\x05\x01\x00\x05\x01\x00\x03\x0bexample.com\x01\xbb"),
        # It may do without them, unlike in 1.0.9.
        ((b"u", b"p"), PASSWORD, b"\x05\x02\x02\x00\x01\x01u\x01p\x05\x01\x00\x03\x0bexample.com\x01\xbb"),
    ],
)
async def test_socks_negotiation(auth: tuple[bytes, bytes] | None, answers: list[bytes], written: bytes) -> None:
    stream = Recorder(list(answers))
    await _init_socks5_connection(stream, host=b"example.com", port=443, auth=auth)
    assert stream.written == written


@pytest.mark.anyio
async def test_socks_refusal() -> None:
    with pytest.raises(httpcore.ProxyError, match="Proxy Server could not connect: General SOCKS server failure"):
        await _init_socks5_connection(Recorder(list(REFUSED)), host=b"example.com", port=443)


def test_tls_goes_inside_tls(certificates: Certificates) -> None:
    def serve(connection: Connection) -> None:
        connection.start_tls(certificates.server_context())
        assert connection.receive_exactly(4) == b"ping"
        connection.send(b"pong")

    with scripted_server(serve) as server, socket.create_connection(("127.0.0.1", server.port)) as sock:
        stream = TLSinTLSStream(sock, certificates.client_context(), "localhost", 5.0)
        stream.write(b"ping", 5.0)
        assert stream.read(4, 5.0) == b"pong"
        assert isinstance(stream.get_extra_info("ssl_object"), (ssl.SSLObject, ssl.SSLSocket))
        stream.close()


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the URL of a server that receives requests and never responds."""
    with scripted_server([receive_request()]) as server:
        yield server.url


@pytest.mark.upgrade("3.3", "3.4")
class TestBelowHttpx:
    def test_shutting_a_socket_down_ends_a_blocked_read(self, silent: str) -> None:
        asked = threading.Event()
        with httpx.Client(event_hooks={"request": [lambda request: asked.set()]}) as client:
            pool: Any = client._transport._pool  # type: ignore[attr-defined]
            errors: list[BaseException] = []

            def get() -> None:
                try:
                    client.get(silent, timeout=30.0)
                except httpx.TransportError as exc:
                    errors.append(exc)

            thread = threading.Thread(target=get)
            thread.start()
            assert asked.wait(10.0)
            while not (pool._connections and pool._connections[0]._connection):
                thread.join(0.01)
            for connection in pool._connections:
                sock = connection._connection._network_stream._sock
                assert isinstance(sock, socket.socket)
                sock.shutdown(socket.SHUT_RDWR)
            thread.join(10.0)
            assert not thread.is_alive()
            assert isinstance(errors[0], (httpx.ReadError, httpx.RemoteProtocolError))
            assert pool._requests == []

    def test_a_response_leads_to_its_connection(self) -> None:
        with (
            scripted_server([receive_request(), send(ANSWER)]) as server,
            httpx.Client() as client,
            client.stream("GET", server.url) as response,
        ):
            stream: Any = response.stream
            connection = stream._stream._httpcore_stream._stream._connection
            assert isinstance(connection, httpcore.HTTP11Connection)
            assert isinstance(connection._network_stream, SyncStream)
            assert connection._network_stream._sock.fileno() > 0
            assert connection is client._transport._pool._connections[0]._connection  # type: ignore[attr-defined]

    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.anyio
    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_the_sockets_of_a_pool_on_asyncio(self, certificates: Certificates, scheme: str) -> None:
        tls = certificates.server_context() if scheme == "https" else None
        with scripted_server([receive_request(), send(ANSWER)], tls=tls) as server:
            context: Any = certificates.client_context()
            async with httpx.AsyncClient(verify=context) as client:
                await client.get(server.url)
                pool: Any = client._transport._pool  # type: ignore[attr-defined]
                [connection] = pool._connections
                stream = connection._connection._network_stream._stream
                holder = getattr(stream, "transport_stream", None) or stream
                assert holder._transport._sock.fileno() == stream.get_extra_info("socket").fileno()

    @pytest.mark.upgrade("3.2")
    def test_a_request_leads_to_its_connection(self) -> None:
        with scripted_server([receive_request(), send(ANSWER)]) as server, httpx.Client() as client:
            pool: Any = client._transport._pool  # type: ignore[attr-defined]
            with (
                client.stream("GET", server.url, extensions={"call": 1}),
                client.stream("GET", server.url, extensions={"call": 2}),
            ):
                calls = {request.request.extensions["call"]: request.connection for request in pool._requests}
                assert list(calls) == [1, 2]
                assert list(calls.values()) == pool._connections
                calls[2]._connection._network_stream._sock.shutdown(socket.SHUT_RDWR)

    @pytest.mark.upgrade("3.2")
    def test_clients_of_sdks_count_their_requests(self) -> None:
        def answer(connection: Connection) -> None:
            while True:
                connection.receive_request()
                connection.send(ANSWER)

        with scripted_server(answer) as server, httpx.Client() as client:

            def open_connections() -> int:
                transport: Any = client._transport
                return len(transport._pool._requests)

            assert client.get(server.url).text == "hello"
            assert open_connections() == 0
            with client.stream("GET", server.url) as response:
                assert open_connections() == 1
                response.read()
                assert open_connections() == 0
