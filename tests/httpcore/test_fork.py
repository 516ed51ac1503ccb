"""A process is forked while another of its threads uses what all connections share."""

import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpcore import ConnectionPool, _ssl
from httpcore_models.network._tls import alpn
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import receive_request, send

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
