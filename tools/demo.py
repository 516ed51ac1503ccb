"""Show httpcore at work: against a real server on the loopback interface, or with a GET of one URL.

    python tools/demo.py         sync, asyncio and trio, with httpcore and with httpx on top of it, against Caddy, and
                                 through proxies; then where the time went
    python tools/demo.py URL     one GET, and where its time went

Every result is verified. The first wrong one ends the demo with a line on stderr and exit status 1.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
from demo_jobs import CLIENTS, PROXIED_CLIENTS, TIMEOUT, DemoError, Exchange, Job, plan_jobs, plan_proxied_jobs
from demo_report import COLUMNS, print_heading, print_row
from httpcore_test_support.caddy import CaddyError, CaddyServer, caddy_server
from httpcore_test_support.certificates import issue_certificates
from httpcore_test_support.proxies import ProxyServerError, pproxy_server
from httpcore_trace import Recorder, print_waterfall

ERRORS = (
    CaddyError,
    ProxyServerError,
    OSError,
    ValueError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpx.HTTPError,
)


class Totals:
    """What all jobs did together."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._jobs = self._requests = self._connections = self._bytes = 0

    def add(self, requests: int, connections: int, received: int) -> None:
        """Count one job."""
        self._jobs += 1
        self._requests += requests
        self._connections += connections
        self._bytes += received

    def __str__(self) -> str:
        seconds = time.perf_counter() - self._began
        return (
            f"All {self._jobs} results are as expected: {self._requests:,} requests over {self._connections} "
            f"connections, {self._bytes / 1e6:,.0f} MB, in {seconds:.1f} s."
        )


def run_job(client: str, job: Job, context: SSLContext, totals: Totals) -> None:
    """Run one job in a pool of its own, print its row, and name client and job in any error."""
    exchange = Exchange(job)
    try:
        CLIENTS[client](exchange, context)
        totals.add(*exchange.finish())
    except BrokenPipeError:
        # Raised by `print`. On the network it would be an error of httpcore.
        raise
    except DemoError as error:
        exchange.abandon()
        raise DemoError(f"{client}: {error}") from None
    except ERRORS as error:
        exchange.abandon()
        raise DemoError(f"{client}: {job.name}: {describe(error)}") from error


def run_all() -> None:
    """Run every job with every client against Caddy, and show where the time of some requests went."""
    with issue_certificates() as certificates, caddy_server(certificates, http3=True) as server:
        versions = [f"{name} {importlib.metadata.version(name)}" for name in ("httpcore", "httpx")]
        print_heading(f"{', '.join(versions)}, Python {platform.python_version()}; a real Caddy on 127.0.0.1")
        print_row(*COLUMNS)
        context, totals = certificates.client_context(), Totals()
        for client in CLIENTS:
            print_heading(client)
            for job in plan_jobs(server, client):
                run_job(client, job, context, totals)
        with pproxy_server() as proxy:
            for client in PROXIED_CLIENTS:
                print_heading(f"{client}, through a real pproxy")
                for job in plan_proxied_jobs(server, proxy):
                    run_job(client, job, context, totals)
        show_waterfalls(server, context)
        print_heading(f"\n{totals}")


def show_waterfalls(server: CaddyServer, context: SSLContext) -> None:
    """Show the phases of one request with a body, and several requests at once, some of which have to wait."""
    recorder = Recorder()
    with recorder.pool(httpcore.ConnectionPool(ssl_context=context)) as pool:
        pool.request("POST", f"{server.https_url}/echo", content=bytes(1_000_000))
    print_heading("\nWhere the time of one request went")
    print_waterfall(recorder)
    recorder.clear()
    paths = ["/1mb.bin", *["/small.txt"] * 4, "/1mb.bin"]
    shown: dict[str, dict[str, Any]] = {
        "six requests at once, over two connections": {},
        "the same, over HTTP/2": {"http2": True},
        "the same, over HTTP/3": {"http1": False, "http3": True},
    }
    for title, versions in shown.items():
        wrapped = httpcore.ConnectionPool(ssl_context=context, max_connections=2, **versions)
        with recorder.pool(wrapped) as pool, ThreadPoolExecutor(len(paths)) as executor:
            for future in [executor.submit(pool.request, "GET", server.https_url + path) for path in paths]:
                future.result()
        print_heading(f"\nWhere the time went: {title}")
        print_waterfall(recorder)
        recorder.clear()


def get_url(url: str, timeout: float) -> None:
    """GET one URL and show the response and the phases of the request."""
    check_url(url)
    recorder = Recorder()
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    size = 0
    try:
        with (
            recorder.pool(httpcore.ConnectionPool(http2=True)) as pool,
            pool.stream("GET", url, extensions={"timeout": timeouts}) as response,
        ):
            for chunk in response.iter_stream():
                size += len(chunk)
    finally:
        print_waterfall(recorder)
    print(f"{size:,} bytes")


def check_url(url: str) -> None:
    """Refuse text that is not a URL. httpcore itself refuses unsupported schemes."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise DemoError(f"malformed URL: {error}") from None
    if not url.isascii() or not url.isprintable() or " " in url:
        raise DemoError("malformed URL: it has characters other than visible ASCII")
    if not parts.scheme:
        raise DemoError("malformed URL: it has no scheme, such as https://")
    if parts.scheme in ("http", "https") and not parts.hostname:
        raise DemoError("malformed URL: it has no host")


def describe(error: BaseException) -> str:
    """Return an error as one line that begins with its type."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def is_interrupt(error: BaseException) -> bool:
    """Whether this is an interrupt, possibly inside a task group's exception group."""
    return isinstance(error, KeyboardInterrupt) or any(map(is_interrupt, getattr(error, "exceptions", ())))


def parse_timeout(text: str) -> float:
    """Return a positive number of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return seconds


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="See httpcore work: against a real server, or with one GET of a URL.")
    parser.add_argument("url", nargs="?", metavar="URL", help="what to GET; without it, a local Caddy is used")
    parser.add_argument(
        "--timeout", type=parse_timeout, default=TIMEOUT, metavar="SECONDS", help="for each step of the GET of a URL"
    )
    return parser.parse_args()


def main() -> int:
    """Run the demo and return its exit status."""
    arguments = parse_arguments()
    # Termination must stop Caddy too. asyncio and trio know how to end on an interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        if arguments.url is None:
            run_all()
        else:
            get_url(arguments.url, arguments.timeout)
    except BrokenPipeError:
        # Nobody reads stdout any more, so Python must not flush it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except ERRORS as error:
        print(f"demo: {describe(error)}", file=sys.stderr)  # the URL, which may have a password, was shown without
        return 1
    except BaseException as error:
        if not is_interrupt(error):
            raise
        print("demo: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main())
