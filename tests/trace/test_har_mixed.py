"""A HAR of requests of all kinds: it validates, and its times add up to what was measured."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import httpcore
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.har import check_har
from httpcore_test_support.proxies import RealProxies
from httpcore_test_support.sockets import refusing_port
from httpcore_trace import Recorder, har

TIMEOUT = {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}
MILLISECOND = 1.0


class Stopwatch:
    """Sends requests through recorded pools, and measures them from outside."""

    def __init__(self, certificates: Certificates) -> None:
        self.recorder = Recorder()
        self.times: list[float] = []
        self._context = certificates.client_context()

    def pool(self, *, trusting: bool = True, **options: Any) -> Any:
        """A pool whose requests are recorded."""
        context = self._context if trusting else None
        return self.recorder.pool(httpcore.AsyncConnectionPool(context, **options))

    async def get(self, pool: Any, url: str, method: str = "GET", **options: Any) -> None:
        """Send one request, whatever becomes of it."""
        extensions = {"timeout": TIMEOUT, **options.pop("extensions", {})}
        began = time.perf_counter()
        try:
            await pool.request(method, url, extensions=extensions, **options)
        except (httpcore.ConnectError, httpcore.ReadTimeout):
            pass
        finally:
            self.times.append(time.perf_counter() - began)

    async def cancel(self, pool: Any, url: str, during: str) -> None:
        """Cancel a request when it reports an event."""
        with anyio.CancelScope() as scope:

            def observe(event: str, info: Mapping[str, Any]) -> None:
                if event.endswith(during):
                    scope.cancel()

            await self.get(pool, url, extensions={"observe": observe})
        assert scope.cancelled_caught


async def send_http1(watch: Stopwatch, caddy: CaddyServer) -> None:
    async with watch.pool() as pool:
        await watch.get(pool, f"{caddy.https_url}/small.txt?page=1&token=hunter2")
        await watch.get(pool, f"{caddy.https_url}/small.txt", headers={"Authorization": "Bearer hunter2"})
        await watch.get(pool, f"{caddy.https_url}/echo", "POST", content=b"x" * 100_000)
        await watch.get(pool, f"{caddy.https_url}/1mb.bin")
        await watch.get(pool, f"{caddy.http_url}/status/404")
        await watch.get(pool, f"{caddy.http_url}/small.txt", "HEAD")


async def send_http2(watch: Stopwatch, caddy: CaddyServer) -> None:
    async with watch.pool(http2=True) as pool, anyio.create_task_group() as tasks:
        for path in ("/small.txt", "/1mb.bin", "/status/500", "/small.txt"):
            tasks.start_soon(watch.get, pool, caddy.https_url + path)


async def send_proxied(watch: Stopwatch, caddy: CaddyServer, proxies: RealProxies) -> None:
    http, socks5 = (httpcore.Proxy(proxies.open.url(scheme)) for scheme in ("http", "socks5"))
    ways: tuple[tuple[str, Any, dict[str, Any]], ...] = (
        (caddy.http_url, http, {}),
        (caddy.https_url, http, {"http2": True}),
        (caddy.https_url, socks5, {}),
        (caddy.https_url, [http, socks5], {}),
    )
    for origin, proxy, options in ways:
        async with watch.pool(proxy=proxy, **options) as pool:
            await watch.get(pool, f"{origin}/small.txt")


async def send_failing(watch: Stopwatch, caddy: CaddyServer) -> None:
    async with watch.pool(retries=1) as pool:
        with refusing_port() as port:
            await watch.get(pool, f"http://127.0.0.1:{port}/")
        await watch.get(pool, f"{caddy.http_url}/slow", extensions={"timeout": {"read": 0.01}})
    async with watch.pool(trusting=False) as pool:
        await watch.get(pool, caddy.https_url)


async def send_cancelled(watch: Stopwatch, caddy: CaddyServer) -> None:
    async with watch.pool() as pool:
        await watch.cancel(pool, f"{caddy.http_url}/slow", "receive_response_headers.started")
        await watch.cancel(pool, f"{caddy.https_url}/small.txt", "start_tls.started")
    async with watch.pool(http2=True) as pool:
        await watch.cancel(pool, f"{caddy.https_url}/slow", "receive_response_headers.started")


@pytest.fixture
def elapsed() -> Callable[[Any], float]:
    """The measured time of a record, in milliseconds."""
    return lambda record: (record.ended - record.started) * 1e3


@pytest.mark.anyio
async def test_twenty_mixed_requests(
    caddy: CaddyServer, proxies: RealProxies, certificates: Certificates, elapsed: Callable[[Any], float]
) -> None:
    watch = Stopwatch(certificates)
    await send_http1(watch, caddy)
    await send_http2(watch, caddy)
    await send_proxied(watch, caddy, proxies)
    await send_failing(watch, caddy)
    await send_cancelled(watch, caddy)

    text = json.dumps(har(watch.recorder))
    entries = check_har(json.loads(text))
    records = watch.recorder.requests
    assert len(entries) == len(records) == len(watch.times) == 20
    for entry, record in zip(entries, records, strict=True):
        assert abs(entry["time"] - elapsed(record)) < MILLISECOND, entry["timings"]
    # Measured from outside, it was longer, by what the test itself did.
    assert all(
        inside <= outside * 1e3
        for inside, outside in zip(sorted(map(elapsed, records)), sorted(watch.times), strict=True)
    )

    responses = [entry["response"] for entry in entries]
    assert [response["status"] for response in responses[:6]] == [200, 200, 200, 200, 404, 200]
    assert sorted(response["status"] for response in responses[6:10]) == [200, 200, 200, 500]
    assert {response["httpVersion"] for response in responses[6:10]} == {"HTTP/2"}
    assert [response["httpVersion"] for response in responses[10:14]] == ["HTTP/1.1", "HTTP/2", "HTTP/1.1", "HTTP/1.1"]
    assert [response.get("_error", "").partition(":")[0] for response in responses] == [
        *[""] * 14,
        "ConnectError",
        "ReadTimeout",
        "ConnectError",
        *["cancelled"] * 3,
    ]
    assert entries[0]["timings"]["ssl"] > 0
    assert entries[1]["timings"]["connect"] == entries[1]["timings"]["ssl"] == -1
    assert entries[0]["connection"] == entries[1]["connection"] == entries[3]["connection"] != entries[4]["connection"]
    assert [entry["_reused"] for entry in entries[:6]] == [False, True, True, True, False, True]
    assert len({entry["connection"] for entry in entries[6:10]}) == 1
    assert [len(entry.get("_proxies", ())) for entry in entries[10:14]] == [1, 1, 1, 2]
    assert {entry["serverIPAddress"] for entry in entries[:14]} == {"127.0.0.1"}
    assert [response["bodySize"] for response in responses[:6]] == [1_000, 1_000, 100_000, 1_000_000, 11, 0]
    assert entries[2]["request"]["bodySize"] == 100_000
    assert "hunter2" not in text
    assert "page=1" in text
