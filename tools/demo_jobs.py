"""The rows of the demo: what each client does, and how its results are verified."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any

import anyio
import httpcore
import httpx
import trio
from demo_report import Progress, print_row
from httpcore_httpx import AsyncHTTPTransport, HTTPTransport
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.proxies import ProxyServer
from httpcore_trace import Recorder

TIMEOUT = 10.0
REUSES = 20
PATIENCE = 0.1  # seconds until a request is given up
ANSWERED = "200"


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
    at_once: bool = False
    http2: bool = False
    http3: bool = False
    progress: bool = False
    proxies: Sequence[httpcore.Proxy] = ()
    give_up: str | None = None
    """A URL that takes long: it is requested, and given up, before the request of the job."""

    @property
    def protocol(self) -> str:
        """The expected version of HTTP."""
        return "HTTP/3" if self.http3 else "HTTP/2" if self.http2 else "HTTP/1.1"

    @property
    def versions(self) -> dict[str, Any]:
        """The versions of HTTP that are allowed. HTTP/3 alone is used at once, without an offer of the server."""
        return {"http1": not self.http3, "http2": self.http2, "http3": self.http3}


class Exchange:
    """Records the requests of one job and verifies their responses."""

    def __init__(self, job: Job) -> None:
        self.recorder = Recorder()
        self.job = job
        self._ports: set[bytes] = set()
        self._received = 0
        self._lock = threading.Lock()
        self._progress = Progress(job.name, job.size) if job.progress else None
        self._began = time.perf_counter()

    def extensions(self, **timeouts: float) -> dict[str, Any]:
        """Return the extensions of a request."""
        return {"timeout": {**dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT), **timeouts}}

    def body(self, status: int, headers: Sequence[tuple[bytes, bytes]], extensions: Any) -> Body:
        """Verify the head of a response; return what verifies its body."""
        self._expect("status", 200, status)
        self._expect("protocol", self.job.protocol, extensions["http_version"].decode("ascii"))
        # The client's port as the server sees it: evidence of reuse that is independent of the client.
        with self._lock:
            self._ports.update(value for name, value in headers if name.lower() == b"x-remote-port")
        return Body(self._progress)

    def verify(self, body: Body) -> None:
        """Verify a complete body."""
        if self._progress:
            self._progress.finish(body.size)
        self._expect("bytes", self.job.size, body.size)
        self._expect("SHA-256 of the body", self.job.sha256, body.digest.hexdigest())
        with self._lock:
            self._received += body.size

    def finish(self) -> tuple[int, int, int]:
        """Verify the connections and print the row. Return the numbers of requests, connections and bytes."""
        job, milliseconds = self.job, (time.perf_counter() - self._began) * 1e3
        records = self.recorder.requests
        events = [name for record in records for _, name, _ in record.events]
        connections = sum(name.endswith((".connect_tcp.complete", ".connect_udp.complete")) for name in events)
        self._expect("bytes of all responses", job.size * job.requests, self._received)
        self._expect("requests that were recorded", job.requests + (job.give_up is not None), len(records))
        self._expect("requests that were given up", int(job.give_up is not None), sum(bool(r.error) for r in records))
        # HTTP/1.1 cannot use a connection for more after it gave a request up.
        expected = 2 if job.give_up is not None and not job.http2 else 1
        self._expect("connections that the client made", expected, connections)
        self._expect("connections that the server saw", 1, len(self._ports))
        cells = [job.name, job.protocol, ANSWERED, f"{self._received:,}", f"{milliseconds:.1f}"]
        print_row(*cells, str(len(records)), str(connections))
        return len(records), connections, self._received

    def abandon(self) -> None:
        """Remove an unfinished progress bar."""
        if self._progress:
            self._progress.clear()

    def expect_failure(self, name: str, failed: bool) -> None:
        """Verify that a request was given up."""
        self._expect(f"a request that is {name}", True, failed)

    def _expect(self, what: str, expected: object, actual: object) -> None:
        if actual != expected:
            raise DemoError(f"{self.job.name}: {what}: expected {expected}, got {actual}")


class Body:
    """What was received of one response."""

    def __init__(self, progress: Progress | None) -> None:
        self.size = 0
        self.digest = hashlib.sha256()
        self._progress = progress

    def feed(self, chunk: bytes) -> None:
        """Take the next part."""
        self.size += len(chunk)
        self.digest.update(chunk)
        if self._progress:
            self._progress.update(self.size)


def run_httpcore_sync(exchange: Exchange, context: SSLContext) -> None:
    """Send the job's requests with `httpcore.ConnectionPool`."""
    job, extensions = exchange.job, exchange.extensions()
    pool = httpcore.ConnectionPool(ssl_context=context, proxy=job.proxies, **job.versions)
    with exchange.recorder.pool(pool) as recorded:

        def send() -> None:
            with recorded.stream(job.method, job.url, content=job.content, extensions=extensions) as response:
                body = exchange.body(response.status, response.headers, response.extensions)
                for chunk in response.iter_stream():
                    body.feed(chunk)
            exchange.verify(body)

        if job.give_up:
            try:
                recorded.request("GET", job.give_up, extensions=exchange.extensions(read=PATIENCE))
            except httpcore.ReadTimeout:
                pass
            else:
                exchange.expect_failure("timed out", False)
        repeat(send, job)


async def run_httpcore_async(exchange: Exchange, context: SSLContext) -> None:
    """Send the job's requests with `httpcore.AsyncConnectionPool`."""
    job, extensions = exchange.job, exchange.extensions()
    pool = httpcore.AsyncConnectionPool(ssl_context=context, proxy=job.proxies, **job.versions)
    async with exchange.recorder.pool(pool) as recorded:

        async def send() -> None:
            async with recorded.stream(job.method, job.url, content=job.content, extensions=extensions) as response:
                body = exchange.body(response.status, response.headers, response.extensions)
                async for chunk in response.aiter_stream():
                    body.feed(chunk)
            exchange.verify(body)

        if job.give_up:
            with anyio.move_on_after(PATIENCE) as scope:
                await recorded.request("GET", job.give_up, extensions=extensions)
            exchange.expect_failure("cancelled", scope.cancelled_caught and exchange.recorder.requests[0].cancelled)
        await async_repeat(send, job)


def run_httpx_sync(exchange: Exchange, context: SSLContext) -> None:
    """Send the job's requests with `httpx.Client`, which uses httpcore."""
    job, hooks = exchange.job, {"request": [exchange.recorder.httpx_request_hook]}
    # httpx has no switch for HTTP/3: its transport has.
    transport = HTTPTransport(verify=context, **job.versions) if job.http3 else None
    options: dict[str, Any] = {"http2": job.http2, "timeout": TIMEOUT, "event_hooks": hooks, "transport": transport}
    with httpx.Client(verify=context, trust_env=False, **options) as client:

        def send() -> None:
            with client.stream(job.method, job.url, content=job.content) as response:
                body = exchange.body(response.status_code, response.headers.raw, response.extensions)
                for chunk in response.iter_raw():
                    body.feed(chunk)
            exchange.verify(body)

        if job.give_up:
            try:
                client.get(job.give_up, timeout=httpx.Timeout(TIMEOUT, read=PATIENCE))
            except httpx.ReadTimeout:
                pass
            else:
                exchange.expect_failure("timed out", False)
        repeat(send, job)


async def run_httpx_async(exchange: Exchange, context: SSLContext) -> None:
    """Send the job's requests with `httpx.AsyncClient`, which uses httpcore."""
    job, hooks = exchange.job, {"request": [exchange.recorder.httpx_async_request_hook]}
    transport = AsyncHTTPTransport(verify=context, **job.versions) if job.http3 else None
    options: dict[str, Any] = {"http2": job.http2, "timeout": TIMEOUT, "event_hooks": hooks, "transport": transport}
    async with httpx.AsyncClient(verify=context, trust_env=False, **options) as client:

        async def send() -> None:
            async with client.stream(job.method, job.url, content=job.content) as response:
                body = exchange.body(response.status_code, response.headers.raw, response.extensions)
                async for chunk in response.aiter_raw():
                    body.feed(chunk)
            exchange.verify(body)

        if job.give_up:
            with anyio.move_on_after(PATIENCE) as scope:
                await client.get(job.give_up)
            exchange.expect_failure("cancelled", scope.cancelled_caught and exchange.recorder.requests[0].cancelled)
        await async_repeat(send, job)


def repeat(send: Callable[[], None], job: Job) -> None:
    """Send the requests of a job, one by one or all at once."""
    if job.at_once:
        with ThreadPoolExecutor(job.requests) as executor:
            for future in [executor.submit(send) for _ in range(job.requests)]:
                future.result()
    else:
        for _ in range(job.requests):
            send()


async def async_repeat(send: Callable[[], Any], job: Job) -> None:
    """Do the same with tasks."""
    if job.at_once:
        async with anyio.create_task_group() as group:
            for _ in range(job.requests):
                group.start_soon(send)
    else:
        for _ in range(job.requests):
            await send()


Runner = Callable[[Exchange, SSLContext], None]
CLIENTS: dict[str, Runner] = {
    "httpcore.ConnectionPool": run_httpcore_sync,
    "httpcore.AsyncConnectionPool on asyncio": lambda *arguments: asyncio.run(run_httpcore_async(*arguments)),
    "httpcore.AsyncConnectionPool on trio": lambda *arguments: trio.run(run_httpcore_async, *arguments),
    "httpx.Client": run_httpx_sync,
    "httpx.AsyncClient on asyncio": lambda *arguments: asyncio.run(run_httpx_async(*arguments)),
    "httpx.AsyncClient on trio": lambda *arguments: trio.run(run_httpx_async, *arguments),
}
PROXIED_CLIENTS = [name for name in CLIENTS if name.startswith("httpcore")]


def plan_jobs(server: CaddyServer, client: str) -> list[Job]:
    """Return the jobs for a client."""
    posted = bytes(range(256)) * 400
    echo = (len(posted), hashlib.sha256(posted).hexdigest())
    small, large = ((file.size, file.sha256) for file in (server.files["/small.txt"], server.files["/50mb.bin"]))
    http, https = f"{server.http_url}/small.txt", f"{server.https_url}/small.txt"
    # The first use imports modules: it gets a row of its own, so that no other is slow because of it.
    jobs = [Job("GET, first use", "GET", https, *small, http2=True)]
    for scheme, origin in (("http", server.http_url), ("https", server.https_url)):
        jobs.append(Job(f"GET {scheme}", "GET", f"{origin}/small.txt", *small))
        jobs.append(Job(f"POST {scheme}", "POST", f"{origin}/echo", *echo, content=posted))
    jobs.append(Job(f"GET https, {REUSES} times", "GET", https, *small, requests=REUSES))
    jobs.append(Job(f"GET https, {REUSES} times", "GET", https, *small, requests=REUSES, http2=True))
    jobs.append(Job(f"GET https, {REUSES} at once", "GET", https, *small, requests=REUSES, at_once=True, http2=True))
    if not (sys.platform == "win32" and client.endswith("asyncio")):  # its event loop there cannot watch sockets
        for at_once, times in ((False, f"{REUSES} times"), (True, f"{REUSES} at once")):
            name = f"GET https, {times}"
            jobs.append(Job(name, "GET", https, *small, requests=REUSES, at_once=at_once, http3=True))
    given_up = "timed out" if client in ("httpcore.ConnectionPool", "httpx.Client") else "cancelled"
    for origin, url, http2 in ((server.http_url, http, False), (server.https_url, https, True)):
        jobs.append(Job(f"{given_up}, then GET", "GET", url, *small, http2=http2, give_up=f"{origin}/slow"))
    jobs.append(Job("GET https, streamed", "GET", f"{server.https_url}/50mb.bin", *large, progress=True))
    return jobs


def plan_proxied_jobs(server: CaddyServer, proxy: ProxyServer) -> list[Job]:
    """Return jobs through a proxy that speaks several protocols, and through a chain of two."""
    small = (server.files["/small.txt"].size, server.files["/small.txt"].sha256)
    http, socks4, socks5 = (httpcore.Proxy(proxy.url(scheme)) for scheme in ("http", "socks4", "socks5"))
    ways = (
        ("GET, first use", server.https_url, [socks5], False),
        ("GET http, forwarded", server.http_url, [http], False),
        ("GET https, CONNECT", server.https_url, [http], False),
        ("GET https, CONNECT", server.https_url, [http], True),
        ("GET https, SOCKS4", server.https_url, [socks4], False),
        ("GET https, SOCKS5", server.https_url, [socks5], False),
        ("GET https, 2 proxies", server.https_url, [http, socks5], False),
    )
    return [
        Job(name, "GET", f"{origin}/small.txt", *small, requests=2, proxies=way, http2=http2)
        for name, origin, way, http2 in ways
    ]
