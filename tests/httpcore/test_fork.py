"""A process is forked while another of its threads uses what all connections share."""

import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from httpcore import (
    URL,
    ConnectError,
    ConnectionNotAvailable,
    ConnectionPool,
    HTTPConnection,
    NetworkStream,
    Proxy,
    ReadError,
    RemoteProtocolError,
    SyncBackend,
    WriteError,
    _ssl,
)
from httpcore_models.network._tls import alpn
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.http2_peer import answering, http2_script
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import receive_request, send, start_tls
from httpcore_test_support.waiting import wait_until

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def held_elsewhere(lock: Any) -> Iterator[None]:
    """Hold `lock` in another thread, which does not exist in a child process."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            done.wait(30.0)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10.0)
    try:
        yield
    finally:
        done.set()
        thread.join()


def child_ends_well(function: Any) -> bool:
    """Return whether `function()` returns true in a child process and does not hang."""
    child = os.fork()
    if not child:
        works = False
        watchdog = threading.Timer(10.0, os._exit, [2])
        watchdog.start()
        try:
            works = function()
        finally:
            os._exit(0 if works else 1)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.fault("P11")
@pytest.mark.parametrize("module", [_ssl, alpn], ids=["context", "offer"])
def test_https_in_the_child(module: Any, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ssl, "default_ssl_context", certificates.client_context)
    _ssl._context_offering.cache_clear()
    lock = _ssl._making.lock if module is _ssl else alpn._lock
    try:
        with scripted_server([receive_request(), send(OK)], tls=certificates.server_context()) as server:

            def get() -> bool:
                with ConnectionPool() as pool:
                    return pool.request("GET", server.url).content == b"ok"

            with held_elsewhere(lock):
                assert child_ends_well(get)
            assert get()
    finally:
        _ssl._context_offering.cache_clear()


LOCKS: dict[str, Any] = {
    "connecting": lambda connection, stream: connection._connecting.lock,
    "HTTP/1.1": lambda connection, stream: connection._established._lifecycle.state_lock,
    "HTTP/2": lambda connection, stream: connection._established._shared.lock,
    "TLS": lambda connection, stream: stream._lock,
}


@pytest.mark.fault("P11")
@pytest.mark.parametrize("which", LOCKS)
def test_a_lock_of_a_connection(which: str, certificates: Certificates) -> None:
    """A child that closes the connections of its parent, and opens others, finds no lock of them locked for ever."""
    http2 = which == "HTTP/2"
    context = certificates.server_context()
    context.set_alpn_protocols(["h2" if http2 else "http/1.1"])
    script: Any = http2_script(answering) if http2 else [receive_request(), send(OK)]
    with (
        scripted_server(script, tls=context) as server,
        ConnectionPool(certificates.client_context(), http2=http2) as pool,
    ):
        response = pool.request("GET", server.url)
        [connection] = pool.connections
        lock = LOCKS[which](connection, response.extensions["network_stream"])

        def get() -> bool:
            connection.close()
            return pool.request("GET", server.url).status == 200

        with held_elsewhere(lock):
            assert child_ends_well(get)


@pytest.mark.fault("P11")
def test_a_connection_that_another_thread_was_opening() -> None:
    """The child opens it itself: that thread, for which other requests waited in the parent, does not exist there."""
    dialling, done = threading.Event(), threading.Event()

    class Backend(SyncBackend):
        def connect_tcp(self, *args: Any, **kwargs: Any) -> NetworkStream:
            if threading.current_thread() is not threading.main_thread():
                dialling.set()
                done.wait(30.0)
            return super().connect_tcp(*args, **kwargs)

    with scripted_server([receive_request(), send(OK)]) as server:
        url = URL(server.url)
        connection = HTTPConnection(url.origin, network_backend=Backend())
        threads = [threading.Thread(target=suppressed, args=(connection, server.url)) for _ in range(2)]
        for thread in threads:
            thread.start()
        dialling.wait(10.0)
        wait_until(lambda: len(connection._connecting._followers) == 1)
        try:
            assert child_ends_well(lambda: connection.request("GET", server.url).status == 200)
        finally:
            done.set()
            for thread in threads:
                thread.join()
            connection.close()


def suppressed(connection: HTTPConnection, url: str) -> None:
    """Send a request, which may find the connection busy, or closed after the request of another thread."""
    with suppress(ConnectionNotAvailable, RemoteProtocolError):
        connection.request("GET", url)


@pytest.mark.fault("P11")
def test_fork_waits_for_a_context_that_another_thread_creates(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the child would wait for ever for a module that this thread was importing."""
    begun, made = threading.Event(), threading.Event()

    def make() -> ssl.SSLContext:
        begun.set()
        made.wait(0.1)  # it is not set meanwhile
        made.set()
        return certificates.client_context()

    monkeypatch.setattr(_ssl, "default_ssl_context", make)
    _ssl._context_offering.cache_clear()
    thread = threading.Thread(target=_ssl.shared_ssl_context, args=((),))
    try:
        thread.start()
        begun.wait(10.0)
        assert child_ends_well(made.is_set)
        thread.join()
        assert child_ends_well(lambda: _ssl.shared_ssl_context(()) is not None)
    finally:
        _ssl._context_offering.cache_clear()


EVENTS = [
    "connection.connect_tcp.complete",
    "http11.send_request_headers.started",
    "http11.send_request_body.started",
    "http11.receive_response_headers.started",
    "http11.receive_response_body.started",
    "connection.connect_tcp.complete",
    "connect.attempt.complete",
    "connection.start_tls.started",
    "connection.start_tls.complete",
    "connection.opened",
    "http2.send_connection_init.started",
    "http2.send_request_headers.started",
    "http2.send_request_body.started",
    "http2.receive_remote_settings.complete",
]


# Those that only observers get.
FACTS = ("connect.attempt.complete", "connection.opened")


def forking(event: str) -> tuple[Any, list[int]]:
    """Return a callback for traces and observers that forks at `event`, and a list that is not empty in the child."""
    children: list[int] = []

    def trace(name: str, info: Any) -> None:
        if name == event and not children:
            children.append(os.fork())

    return trace, children


def end_child(children: list[int], *, well: bool) -> None:
    """End the process if it is the child, or check that the child has ended well if this is the parent."""
    assert children
    if not children[0]:
        os._exit(0 if well else 1)
    assert os.waitpid(children[0], 0)[1] == 0


@pytest.mark.parametrize("event", EVENTS)
def test_a_callback_that_forks(event: str, certificates: Certificates) -> None:
    """The parent goes on. The child, which would write to the same connection, does not."""
    http2, tls = event.startswith("http2"), event.startswith("connection.start_tls")
    trace, children = forking(event)
    kind = "observe" if event in FACTS else "trace"
    script: Any = http2_script(answering) if http2 else [receive_request(), send(OK)]
    with scripted_server(script, tls=certificates.server_context() if tls else None) as server:
        pool = ConnectionPool(http1=not http2, http2=http2, ssl_context=certificates.client_context())
        with pool:
            failed = False
            try:
                content = pool.request("POST", server.url, content=b"x" * 10, extensions={kind: trace}).content
            except (ConnectError, ReadError, WriteError) as exc:
                failed = "belongs to another process" in str(exc)
            except BaseException:
                if children and not children[0]:
                    os._exit(1)
                raise
            end_child(children, well=failed)
            assert content in (b"ok", b"hello")


@pytest.mark.parametrize("http2", [False, True])
def test_a_body_that_forks(http2: bool) -> None:
    children: list[int] = []

    def body() -> Iterator[bytes]:
        yield b"begin"
        children.append(os.fork())
        yield b"end"

    script: Any = http2_script(answering) if http2 else [receive_request(), send(OK)]
    with scripted_server(script) as server, ConnectionPool(http1=not http2, http2=http2) as pool:
        failed = False
        try:
            content = pool.request("POST", server.url, content=body()).content
        except WriteError as exc:
            failed = "belongs to another process" in str(exc)
        except BaseException:
            if children and not children[0]:
                os._exit(1)
            raise
        end_child(children, well=failed)
        assert content in (b"ok", b"hello")


@pytest.mark.parametrize("event", ["connection.connect_tcp.complete", "proxy.hop.complete"])
def test_a_callback_that_forks_on_the_way_through_a_proxy(event: str, certificates: Certificates) -> None:
    """The child sends nothing over the connection to the proxy."""
    callback, children = forking(event)
    script = [
        receive_request(),
        send(b"HTTP/1.1 200 OK\r\n\r\n"),
        start_tls(certificates.server_context()),
        receive_request(),
        send(OK),
    ]
    context = certificates.client_context()
    with scripted_server(script) as server, ConnectionPool(proxy=Proxy(server.url), ssl_context=context) as pool:
        failed = False
        try:
            content = pool.request("GET", "https://localhost/", extensions={"observe": callback}).content
        except ConnectError as exc:
            failed = "belongs to another process" in str(exc)
        except BaseException:
            if children and not children[0]:
                os._exit(1)
            raise
        end_child(children, well=failed)
        assert content == b"ok"
