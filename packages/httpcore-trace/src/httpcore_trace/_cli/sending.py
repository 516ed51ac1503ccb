"""Sends the requests, in threads, so that the main thread is free to show progress and to be interrupted."""

import itertools
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

from .. import __version__
from .._recorder import Recorder
from .arguments import Arguments
from .summary import Summary

# How many records are kept at least, the last ones, and how many slowest ones beside them. A list of all requests has
# no more of them than that.
_MOST_KEPT = 1_000
_MOST_LISTED = 10_000
MOST_SLOWEST = 40

# How long threads have to end once their pool is closed, in seconds. Who looks a name up cannot be hurried.
_PATIENCE = 2.0


class Sending:
    """All requests of one command."""

    def __init__(self, arguments: Arguments) -> None:
        self.summary = Summary(MOST_SLOWEST)
        most = _MOST_LISTED if arguments.as_json or arguments.har is not None else _MOST_KEPT
        self.recorder = Recorder(
            max_requests=min(arguments.repeat, most), on_start=self.summary.begin, on_end=self.summary.end
        )
        self.received = 0
        """How many bytes of bodies have come. Threads add to it, so it may be a little behind."""

        self.error: Exception | None = None
        """The last error of a request."""

        self._arguments = arguments
        self._numbers = itertools.count()  # `next()` is atomic
        self._is_stopped = False
        self._threads: list[threading.Thread] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send from the beginning of the block, and end everything that goes on at its end."""
        arguments = self._arguments
        with make_pool(arguments) as pool:
            recorded = self.recorder.pool(pool)
            try:
                for _ in range(arguments.concurrency):
                    # Daemons: a second interrupt does not wait for them.
                    thread = threading.Thread(target=self._work, args=(recorded,), daemon=True)
                    self._threads.append(thread)
                    thread.start()
                yield
            finally:
                self._is_stopped = True
                pool.close()  # whoever waits for it gets an error
                for thread in self._threads:
                    if thread.is_alive():  # the last one may not have been started
                        thread.join(_PATIENCE)

    def wait(self, seconds: float) -> bool:
        """Wait for the end of all requests, but not for longer than this. Return whether they have ended."""
        for thread in self._threads:
            thread.join(seconds)
            if thread.is_alive():
                return False
        return True

    def _work(self, pool: Any) -> None:
        while not self._is_stopped and next(self._numbers) < self._arguments.repeat:
            try:
                self._send(pool)
            except Exception as error:
                self.error = error

    def _send(self, pool: Any) -> None:
        arguments = self._arguments
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), arguments.timeout)
        with pool.stream(
            arguments.method,
            arguments.url,
            headers=request_headers(arguments),
            content=arguments.data,
            extensions={"timeout": timeouts},
        ) as response:
            for chunk in response.iter_stream():
                self.received += len(chunk)


def make_pool(arguments: Arguments) -> httpcore.ConnectionPool:
    """Return the pool. Raises `ImportError` or `RuntimeError` for what is not installed."""
    context = None
    if arguments.insecure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return httpcore.ConnectionPool(
        ssl_context=context,
        proxy=arguments.proxies or None,
        max_connections=arguments.concurrency,
        http2=arguments.http2,
    )


def request_headers(arguments: Arguments) -> list[tuple[str, str]]:
    """Return the headers: those of the user, and usual ones that the user has not given."""
    given = {name.lower() for name, _ in arguments.headers}
    usual = [("User-Agent", f"httpcore-trace/{__version__}"), ("Accept", "*/*")]
    return [*((name, value) for name, value in usual if name.lower() not in given), *arguments.headers]
