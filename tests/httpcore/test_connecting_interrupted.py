"""Interrupted attempts to connect: a cancellation at any point, or an exception at any instruction of a thread.

A signal handler may raise anywhere. Afterwards no lock is held, no socket is open, and the next request on the same
connection succeeds.
"""

import contextlib
import gc
import ssl
import sys
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from httpcore import (
    AsyncHTTPConnection,
    ConnectError,
    ConnectionNotAvailable,
    ConnectionPool,
    HTTPConnection,
    MockBackend,
    NetworkStream,
    Origin,
    Proxy,
    Request,
)
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.interrupting import raised_at
from httpcore_test_support.library_code import is_library_code
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.sockets import describe_leak, leaked_sockets, open_sockets
from httpcore_test_support.sweep import cancel_at
from httpcore_test_support.waiting import wait_until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LIMITS = {"timeout": {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}}


def answer(connection: Connection) -> None:
    while True:
        connection.receive_request()
        connection.send(OK)


@pytest.mark.anyio
@pytest.mark.fault("T8")
@pytest.mark.parametrize("tls", [False, True])
async def test_a_cancelled_leader_leaves_the_connection_to_the_followers(tls: bool, certificates: Certificates) -> None:
    context = certificates.client_context() if tls else None
    with scripted_server(answer, tls=certificates.server_context() if tls else None) as server:
        step, was_hit = 0, True
        served: list[bool] = []
        while was_hit:
            step += 1
            scheme = b"https" if tls else b"http"
            connection = AsyncHTTPConnection(Origin(scheme, b"127.0.0.1", server.port), ssl_context=context, http2=True)
            outcomes: list[Any] = []
            over: list[bool] = []

            async def wait(
                connection: AsyncHTTPConnection = connection,
                outcomes: list[Any] = outcomes,
                over: list[bool] = over,
            ) -> None:
                while not (connection._connecting.leader or over):
                    await anyio.lowlevel.checkpoint()
                try:
                    outcomes.append((await connection.request("GET", server.url, extensions=LIMITS)).status)
                except ConnectionNotAvailable:
                    outcomes.append(None)  # over HTTP/1.1 one at a time

            async def connect(connection: AsyncHTTPConnection = connection) -> None:
                try:
                    await connection.request("GET", server.url, extensions=LIMITS)
                except ConnectionNotAvailable:
                    return

            async with connection:
                with anyio.fail_after(10):
                    async with anyio.create_task_group() as tasks:

                        async def run(step: int = step, connect: Any = connect, over: list[bool] = over) -> None:
                            over.append(await cancel_at(step, connect))

                        for function in (run, wait, wait):
                            tasks.start_soon(function)
                [was_hit] = over
                assert len(outcomes) == 2
                # Cancelled once it is open, it is closed to the others.
                served.append(200 in outcomes)
        assert served[0]
        assert step > 2


ON_3_11 = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="instructions are those of Python 3.11")


def in_time(function: Callable[[], Any]) -> Any:
    """Call `function` in a thread, and fail if it hangs."""
    outcomes: list[Any] = []
    thread = threading.Thread(target=lambda: outcomes.append(function()), daemon=True)
    thread.start()
    thread.join(10.0)
    assert not thread.is_alive(), "the call hangs"
    return outcomes[0]


OPENING = ("httpcore._sync.connection", "httpcore._sync.connecting")
DIALLING = ("httpcore_models.network._sync.dialler", "httpcore_models.network._tls.alpn")
PROXYING = ("httpcore_proxy._sync.tunnel", "httpcore_proxy._sync.socks", "httpcore_proxy._sync.deadline_stream")


def run_interrupted(function: Callable[[], Any], step: int, *modules: str) -> bool:
    """Call `function`, raising at the point number `step` in `modules`; return whether there are so many."""
    return raised_at(step, function, lambda code: is_library_code(code, *modules))


@ON_3_11
@pytest.mark.fault("P9")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("tls", "modules"), [(False, OPENING), (False, DIALLING), (True, OPENING), (True, DIALLING)])
def test_an_exception_at_any_instruction(tls: bool, modules: tuple[str, ...], certificates: Certificates) -> None:
    context = certificates.client_context() if tls else None
    before = open_sockets()
    with scripted_server(answer, tls=certificates.server_context() if tls else None) as server:
        url = server.url
        origin = Request("GET", url).url.origin
        step, was_hit = 1, True
        while was_hit:
            connection = HTTPConnection(origin, ssl_context=context)

            def get(connection: HTTPConnection = connection) -> Any:
                try:
                    return connection.request("GET", url, extensions=LIMITS).status
                except ConnectionNotAvailable:
                    return None

            was_hit = run_interrupted(get, step, *modules)
            # Closed, where it was interrupted once it was open; else it opens now.
            assert in_time(get) in ((200, None) if was_hit else (200,)), step
            connection.close()
            del connection, get
            step += 1
        assert step > 5
        assert server.wait_closed()
    assert not leaked_sockets(before), describe_leak(leaked_sockets(before))


@ON_3_11
@pytest.mark.fault("P9")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_an_exception_at_any_instruction_of_a_proxied_connection(scheme: str) -> None:
    def proxy(connection: Connection) -> None:
        if scheme == "http":
            connection.receive_until(b"\r\n\r\n")
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            connection.receive_exactly(3)
            connection.send(b"\x05\x00")
            connection.receive_exactly(18)
            connection.send(b"\x05\x00\x00\x01" + bytes(6))
        answer(connection)

    before = open_sockets()
    with scripted_server(proxy) as server:
        step, was_hit = 1, True
        while was_hit:
            with ConnectionPool(proxy=Proxy(f"{scheme}://127.0.0.1:{server.port}"), max_connections=1) as pool:

                def get(pool: ConnectionPool = pool) -> Any:
                    return pool.request("GET", "ws://example.com/", extensions=LIMITS).status

                was_hit = run_interrupted(get, step, *PROXYING)
                assert in_time(get) == 200, step
            step += 1
        assert step > 10
        assert server.wait_closed()
    assert not leaked_sockets(before), describe_leak(leaked_sockets(before))
    gc.collect()


class HeldBackend(MockBackend):
    """Connects once another request follows, or connects itself."""

    def __init__(self, fails: bool) -> None:
        super().__init__([OK, OK])
        self.fails = fails
        self.may_connect: Callable[[], Any] = lambda: False
        self.released = threading.Event()

    def connect_tcp(self, *args: Any, **kwargs: Any) -> NetworkStream:
        wait_until(lambda: self.released.is_set() or self.may_connect())
        self.released.set()
        if self.fails:
            raise ConnectError("no")
        return super().connect_tcp(*args, **kwargs)


def open_interrupted_while_another_waits(step: int, fails: bool) -> bool:
    backend = HeldBackend(fails)
    connection = HTTPConnection(Origin(b"http", b"example.com", 80), network_backend=backend)
    backend.may_connect = lambda: connection._connecting._followers
    outcomes: list[Any] = []

    def wait() -> None:
        wait_until(lambda: connection._connecting.leader or backend.released.is_set())
        try:
            outcomes.append(connection.request("GET", "http://example.com/").status)
        except (ConnectError, ConnectionNotAvailable) as exc:
            outcomes.append(type(exc))

    def connect() -> None:
        with contextlib.suppress(ConnectError, ConnectionNotAvailable):
            connection.request("GET", "http://example.com/")

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    was_hit = run_interrupted(connect, step, *OPENING)
    backend.released.set()
    thread.join(10.0)
    assert outcomes, step
    assert outcomes[0] in ((ConnectError,) if fails else (200, ConnectionNotAvailable)), step
    assert not connection._connecting._followers
    assert connection._connecting.leader is None
    return was_hit


@ON_3_11
@pytest.mark.fault("P9", "T8")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("fails", [False, True])
def test_followers_of_an_interrupted_leader(fails: bool) -> None:
    step = 1
    while open_interrupted_while_another_waits(step, fails):
        step += 1
    assert step > 10


@pytest.mark.fault("T8", "T10")
def test_many_threads_open_and_close(certificates: Certificates) -> None:
    """No thread hangs, and nothing stays open."""
    context: ssl.SSLContext = certificates.client_context()
    with scripted_server(answer, tls=certificates.server_context()) as server:
        origin = Request("GET", server.url).url.origin
        for number in range(20):
            connection = HTTPConnection(origin, ssl_context=context, http2=True)
            outcomes: list[Any] = []

            def get(connection: HTTPConnection = connection, outcomes: list[Any] = outcomes) -> None:
                try:
                    outcomes.append(connection.request("GET", server.url, extensions=LIMITS).status)
                except Exception as exc:
                    outcomes.append(type(exc).__name__)

            threads = [threading.Thread(target=get) for _ in range(5)]
            closer = threading.Timer(0.0005 * number, connection.close)
            for thread in (*threads, closer):
                thread.start()
            for thread in (*threads, closer):
                thread.join(10.0)
                assert not thread.is_alive()
            connection.close()
            assert len(outcomes) == 5
            assert set(outcomes) <= {200, "ConnectError", "ConnectionNotAvailable", "ReadError", "WriteError"}, outcomes
        assert server.wait_closed()
