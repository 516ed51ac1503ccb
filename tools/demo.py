"""Show httpcore at work: against a real server on the loopback interface, or with a GET of one URL.

    python tools/demo.py         sync, asyncio and trio, with httpcore and with httpx on top of it, against Caddy, and
                                 through proxies
    python tools/demo.py URL     one GET, with the phases of the request

Every result is verified. The first wrong one ends the demo with a line on stderr and exit status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import importlib.metadata
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
import trio
from demo_report import COLUMNS, Progress, Trace, print_heading, print_row, print_waterfall
from httpcore_test_support.caddy import CaddyError, CaddyServer, caddy_server
from httpcore_test_support.certificates import Certificates, issue_certificates
from httpcore_test_support.proxies import ProxyServer, ProxyServerError, pproxy_server

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
TIMEOUT = 10.0
REUSES = 20


class DemoError(Exception):
    """A wrong result, or unusable input."""


@dataclass(frozen=True)
class Job:
    """One row: a request, how often it is sent, and the response that is expected."""

    name: str
    method: str
    url: str
    size: int
    sha256: str
    content: bytes | None = None
    requests: int = 1
    progress: bool = False
    proxies: Sequence[httpcore.Proxy] = ()


class Exchange:
    """Records the responses of one job and verifies them."""

    def __init__(self, job: Job) -> None:
        self.trace = Trace()
        self._job = job
        self._ports: set[bytes] = set()
        self._progress = Progress(job.name, job.size) if job.progress else None
        self._began = time.perf_counter()
        self._finished = self._began
        self._reset()

    def _reset(self) -> None:
        self._size = 0
        self._digest = hashlib.sha256()

    def extensions(self, *, sync: bool) -> dict[str, Any]:
        """Return the extensions of a request."""
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT)
        return {"trace": self.trace.record if sync else self.trace.record_async, "timeout": timeout}

    def start(self, status: int, headers: Sequence[tuple[bytes, bytes]], extensions: Any) -> None:
        """Record the head of a response."""
        self.status = status
        self.protocol = extensions["http_version"].decode("ascii")
        self._expect("status", 200, status)
        self._expect("protocol", "HTTP/1.1", self.protocol)
        # The client's port as the server sees it: evidence of reuse that is independent of the client.
        self._ports.update(value for name, value in headers if name.lower() == b"x-remote-port")

    def feed(self, chunk: bytes) -> None:
        """Record a part of the body."""
        self._size += len(chunk)
        self._digest.update(chunk)
        if self._progress:
            self._progress.update(self._size)

    def finish(self) -> None:
        """Verify the complete body."""
        self._finished = time.perf_counter()
        if self._progress:
            self._progress.finish(self._size)
        self._expect("bytes", self._job.size, self._size)
        self._expect("SHA-256 of the body", self._job.sha256, self._digest.hexdigest())
        self._reset()

    def print(self) -> None:
        """Verify the connections and print the row."""
        job, milliseconds = self._job, (self._finished - self._began) * 1e3
        self._expect("connections that the server saw", 1, len(self._ports))
        self._expect("connections that the client made", 1, self.trace.connections)
        cells = [job.name, self.protocol, str(self.status), f"{job.size * job.requests:,}", f"{milliseconds:.1f}"]
        print_row(*cells, str(job.requests), str(self.trace.connections))

    def abandon(self) -> None:
        """Remove an unfinished progress bar."""
        if self._progress:
            self._progress.clear()

    def _expect(self, what: str, expected: object, actual: object) -> None:
        if actual != expected:
            raise DemoError(f"{self._job.name}: {what}: expected {expected}, got {actual}")


def run_httpcore_sync(job: Job, exchange: Exchange, context: SSLContext) -> None:
    """Send the job's requests with `httpcore.ConnectionPool`."""
    extensions = exchange.extensions(sync=True)
    with httpcore.ConnectionPool(ssl_context=context, proxy=job.proxies) as pool:
        for _ in range(job.requests):
            with pool.stream(job.method, job.url, content=job.content, extensions=extensions) as response:
                exchange.start(response.status, response.headers, response.extensions)
                for chunk in response.iter_stream():
                    exchange.feed(chunk)
            exchange.finish()


async def run_httpcore_async(job: Job, exchange: Exchange, context: SSLContext) -> None:
    """Send the job's requests with `httpcore.AsyncConnectionPool`."""
    extensions = exchange.extensions(sync=False)
    async with httpcore.AsyncConnectionPool(ssl_context=context, proxy=job.proxies) as pool:
        for _ in range(job.requests):
            async with pool.stream(job.method, job.url, content=job.content, extensions=extensions) as response:
                exchange.start(response.status, response.headers, response.extensions)
                async for chunk in response.aiter_stream():
                    exchange.feed(chunk)
            exchange.finish()


def run_httpx_sync(job: Job, exchange: Exchange, context: SSLContext) -> None:
    """Send the job's requests with `httpx.Client`, which uses httpcore."""
    extensions = exchange.extensions(sync=True)
    with httpx.Client(verify=context, trust_env=False) as client:
        for _ in range(job.requests):
            with client.stream(job.method, job.url, content=job.content, extensions=extensions) as response:
                exchange.start(response.status_code, response.headers.raw, response.extensions)
                for chunk in response.iter_raw():
                    exchange.feed(chunk)
            exchange.finish()


async def run_httpx_async(job: Job, exchange: Exchange, context: SSLContext) -> None:
    """Send the job's requests with `httpx.AsyncClient`, which uses httpcore."""
    extensions = exchange.extensions(sync=False)
    async with httpx.AsyncClient(verify=context, trust_env=False) as client:
        for _ in range(job.requests):
            async with client.stream(job.method, job.url, content=job.content, extensions=extensions) as response:
                exchange.start(response.status_code, response.headers.raw, response.extensions)
                async for chunk in response.aiter_raw():
                    exchange.feed(chunk)
            exchange.finish()


Runner = Callable[[Job, Exchange, SSLContext], None]
CLIENTS: dict[str, Runner] = {
    "httpcore.ConnectionPool": run_httpcore_sync,
    "httpcore.AsyncConnectionPool on asyncio": lambda *arguments: asyncio.run(run_httpcore_async(*arguments)),
    "httpcore.AsyncConnectionPool on trio": lambda *arguments: trio.run(run_httpcore_async, *arguments),
    "httpx.Client": run_httpx_sync,
    "httpx.AsyncClient on asyncio": lambda *arguments: asyncio.run(run_httpx_async(*arguments)),
    "httpx.AsyncClient on trio": lambda *arguments: trio.run(run_httpx_async, *arguments),
}
PROXIED_CLIENTS = [name for name in CLIENTS if name.startswith("httpcore")]


def plan_jobs(server: CaddyServer) -> list[Job]:
    """Return the jobs for every client."""
    posted = bytes(range(256)) * 400
    echo = (len(posted), hashlib.sha256(posted).hexdigest())
    small, large = ((file.size, file.sha256) for file in (server.files["/small.txt"], server.files["/50mb.bin"]))
    jobs = []
    for scheme, origin in (("http", server.http_url), ("https", server.https_url)):
        jobs.append(Job(f"GET {scheme}", "GET", f"{origin}/small.txt", *small))
        jobs.append(Job(f"POST {scheme}", "POST", f"{origin}/echo", *echo, content=posted))
    jobs.append(Job(f"GET https, {REUSES} times", "GET", f"{server.https_url}/small.txt", *small, requests=REUSES))
    jobs.append(Job("GET https, streamed", "GET", f"{server.https_url}/50mb.bin", *large, progress=True))
    return jobs


def plan_proxied_jobs(server: CaddyServer, proxy: ProxyServer) -> list[Job]:
    """Return jobs through a proxy that speaks several protocols, and through a chain of two."""
    small = (server.files["/small.txt"].size, server.files["/small.txt"].sha256)
    http, socks4, socks5 = (httpcore.Proxy(proxy.url(scheme)) for scheme in ("http", "socks4", "socks5"))
    ways = (
        ("GET http, forwarded", server.http_url, [http]),
        ("GET https, CONNECT", server.https_url, [http]),
        ("GET https, SOCKS4", server.https_url, [socks4]),
        ("GET https, SOCKS5", server.https_url, [socks5]),
        ("GET https, 2 proxies", server.https_url, [http, socks5]),
    )
    return [Job(name, "GET", f"{origin}/small.txt", *small, requests=2, proxies=way) for name, origin, way in ways]


def run_job(client: str, job: Job, context: SSLContext) -> Exchange:
    """Run one job in a pool of its own, print its row, and name client and job in any error."""
    exchange = Exchange(job)
    try:
        CLIENTS[client](job, exchange, context)
        exchange.print()
    except BrokenPipeError:
        # Raised by `print`. On the network it would be an error of httpcore.
        raise
    except DemoError as error:
        exchange.abandon()
        raise DemoError(f"{client}: {error}") from None
    except ERRORS as error:
        exchange.abandon()
        raise DemoError(f"{client}: {job.name}: {describe(error)}") from error
    return exchange


def run_all() -> None:
    """Run every job with every client against Caddy, and show the phases of one request."""
    with issue_certificates() as certificates, caddy_server(certificates) as server:
        versions = [f"{name} {importlib.metadata.version(name)}" for name in ("httpcore", "httpx")]
        print_heading(f"{', '.join(versions)}, Python {platform.python_version()}; a real Caddy on 127.0.0.1")
        print_row(*COLUMNS)
        for client in CLIENTS:
            print_heading(client)
            for job in plan_jobs(server):
                run_job(client, job, certificates.client_context())
        with pproxy_server() as proxy:
            for client in PROXIED_CLIENTS:
                print_heading(f"{client}, through a real pproxy")
                for job in plan_proxied_jobs(server, proxy):
                    run_job(client, job, certificates.client_context())
        show_phases(server, certificates)


def show_phases(server: CaddyServer, certificates: Certificates) -> None:
    """Show the phases of one request with a body, on a new connection."""
    content = bytes(1_000_000)
    sha256 = hashlib.sha256(content).hexdigest()
    job = Job("POST https, 1 MB", "POST", f"{server.https_url}/echo", len(content), sha256, content=content)
    print_heading("The phases of one request")
    exchange = run_job("httpcore.ConnectionPool", job, certificates.client_context())
    print_waterfall(exchange.trace.phases)


def get_url(url: str, timeout: float) -> None:
    """GET one URL and show the response and the phases of the request."""
    check_url(url)
    trace = Trace()
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    size = 0
    began = time.perf_counter()
    with httpcore.ConnectionPool() as pool:
        with pool.stream("GET", url, extensions={"trace": trace.record, "timeout": timeouts}) as response:
            for chunk in response.iter_stream():
                size += len(chunk)
        milliseconds = (time.perf_counter() - began) * 1e3
    protocol = response.extensions["http_version"].decode("ascii")
    print_row(*COLUMNS)
    print_row("GET", protocol, str(response.status), f"{size:,}", f"{milliseconds:.1f}", "1", str(trace.connections))
    print_waterfall(trace.phases)


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
        where = "" if arguments.url is None else f"{arguments.url}: "
        print(f"demo: {where}{describe(error)}", file=sys.stderr)
        return 1
    except BaseException as error:
        if not is_interrupt(error):
            raise
        print("demo: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main())
