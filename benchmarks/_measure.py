"""Measures one run of one workload, in the process of the client.

A run first warms up, to open its connections and warm its code, and then counts for a fixed time. Every response is
checked. The garbage collector keeps Python's settings. ``Meter.sample``, called from another thread, ends a run that
reaches its limit. If the run was still warming up, ``complete`` is false in its sample.
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import os
import time
import tracemalloc
from array import array
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks._server import TRANSFER_LENGTH
from benchmarks._startup import measure_startup
from benchmarks.clients._base import Answer, AsyncClient, Client, Options, SyncClient
from benchmarks.workloads import WORKLOADS, Workload

# `complete` tells whether the other numbers count.
Sample = dict[str, float]


@dataclass(frozen=True)
class Run:
    """One measurement, which gets a process of its own. Times are in seconds.

    ``limit`` is how much longer the run may take to finish the requests that it started.
    """

    client: str
    workload: str
    connections: int
    host: str
    port: int
    tls_port: int
    authority: str
    warm_up: float
    seconds: float
    limit: float
    timeout: float | None = None
    core: int | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Run:
        values: dict[str, Any] = json.loads(text)
        return cls(**values)


class WrongAnswerError(Exception):
    """The status or the length of a response is not what the server sent."""


class Meter:
    """Reads the clocks of this process and of the server from ``begin`` to ``sample``."""

    def __init__(self, run: Run) -> None:
        self._address = run.host, run.port
        self.begin()

    def begin(self, *, complete: bool = False) -> array[float]:
        """Start measuring. The caller adds latencies to the returned array.

        Memory is measured from the warm-up on, because the first transfer already needs all of it.
        """
        if not complete:
            _forget_peak()
            self._resident = _resident_size()
        self._complete = complete
        self._sample: Sample | None = None
        self._latencies = array("d")
        self._server = self._server_stats()
        self._delay = _run_delay()
        self._cpu = time.process_time()
        self._wall = time.perf_counter()
        return self._latencies

    def sample(self) -> Sample:
        """Return what was measured up to the first call, so that closing the client is excluded."""
        if self._sample is None:
            self._sample = self._read()
        return self._sample

    def _read(self) -> Sample:
        seconds = time.perf_counter() - self._wall
        cpu = time.process_time() - self._cpu
        delay = _run_delay() - self._delay
        server = self._server_stats()
        count = len(self._latencies)
        ordered = sorted(self._latencies) or [seconds]
        return {
            "complete": self._complete and count > 0,
            "requests": count,
            "seconds": seconds,
            "rate": count / seconds,
            "cpu_per_request": cpu / max(count, 1),
            "memory_growth": _peak_resident_size() - self._resident,
            "p50": ordered[len(ordered) // 2],
            "p99": ordered[len(ordered) * 99 // 100],
            "client_cpu_share": cpu / seconds,
            "client_waited_for_core_share": delay / seconds,
            "server_busy_share": (server["busy"] - self._server["busy"]) / seconds,
            "server_requests": server["requests"] - self._server["requests"],
            "server_connections": server["connections"],
        }

    def _server_stats(self) -> dict[str, float]:
        connection = http.client.HTTPConnection(*self._address, timeout=10)
        connection.request("GET", "/stats")
        stats: dict[str, float] = json.loads(connection.getresponse().read())
        connection.close()
        return stats


def _run_delay() -> float:
    """Seconds that the main thread was ready to run while another thread occupied its core."""
    with open("/proc/self/schedstat") as file:
        return int(file.read().split()[1]) / 1e9


def measure(run: Run, client: Client, meter: Meter) -> Sample:
    workload = WORKLOADS[run.workload]
    options = _options(run, workload)
    if workload.kind == "startup":
        assert client.startup is not None
        clear = replace(options, port=run.port, authority=None)
        tls = replace(options, port=run.tls_port, authority=run.authority)
        return measure_startup(client.startup, clear.url, tls.url, run.authority)
    if workload.kind == "sync":
        assert client.sync is not None
        return _measure_sync(workload, client.sync(options), run, meter)
    assert client.asyncio is not None
    if workload.kind == "memory":
        return asyncio.run(_measure_memory(workload, client.asyncio, options))
    return asyncio.run(_measure_asyncio(workload, client.asyncio, options, run, meter))


def _options(run: Run, workload: Workload) -> Options:
    path = {"get": "/small", "download": "/download", "upload": "/upload"}[workload.operation]
    if workload.new_heads:
        path = "/new-head"
    if workload.kind == "memory":
        # The server responds once all requests have arrived, so each needs a connection of its own.
        path = f"/hold/{run.connections}"
    return Options(
        run.host,
        run.tls_port if workload.tls else run.port,
        path,
        run.connections,
        run.timeout,
        workload.tunnelled,
        workload.http2,
        upload_length=TRANSFER_LENGTH if workload.operation == "upload" else 0,
        authority=run.authority if workload.tls else None,
    )


def _fail(answer: Answer, expected: Answer) -> None:
    raise WrongAnswerError(f"status and length are {answer}, not {expected}")


def _measure_sync(workload: Workload, client: SyncClient, run: Run, meter: Meter) -> Sample:
    call = {"get": client.get, "download": client.download, "upload": client.upload}[workload.operation]
    expected, now = workload.expected, time.perf_counter

    def phase(seconds: float, latencies: array[float]) -> None:
        start = now()
        until = start + seconds
        while start < until:
            answer = call()
            if answer != expected:
                _fail(answer, expected)
            end = now()
            latencies.append(end - start)
            start = end

    phase(run.warm_up, meter.begin())
    phase(run.seconds, meter.begin(complete=True))
    meter.sample()
    client.close()
    return meter.sample()


async def _measure_asyncio(
    workload: Workload, make_client: Callable[[Options], AsyncClient], options: Options, run: Run, meter: Meter
) -> Sample:
    client = make_client(options)
    call = {"get": client.get, "download": client.download, "upload": client.upload}[workload.operation]
    expected, now = workload.expected, time.perf_counter

    async def work(until: float, latencies: array[float]) -> None:
        # At least one request each, so that every connection is open when the warm-up ends.
        while True:
            start = now()
            answer = await call()
            if answer != expected:
                _fail(answer, expected)
            end = now()
            latencies.append(end - start)
            if end >= until:
                return

    async def phase(seconds: float, latencies: array[float]) -> None:
        until = now() + seconds
        await asyncio.gather(*(work(until, latencies) for _ in range(workload.tasks)))

    await phase(run.warm_up, meter.begin())
    await phase(run.seconds, meter.begin(complete=True))
    meter.sample()
    await client.close()
    return meter.sample()


async def _measure_memory(
    workload: Workload, make_client: Callable[[Options], AsyncClient], options: Options
) -> Sample:
    """Measure the growth of the resident set, then of Python's allocations: tracing itself needs memory."""

    async def work(client: AsyncClient) -> None:
        answer = await client.get()
        if answer != workload.expected:
            _fail(answer, workload.expected)

    async def growth(read: Callable[[], int]) -> float:
        client = make_client(options)
        gc.collect()
        before = read()
        await asyncio.gather(*(work(client) for _ in range(options.connections)))
        gc.collect()
        grown = (read() - before) / options.connections
        await client.close()
        return grown

    resident = await growth(_resident_size)
    tracemalloc.start()
    traced = await growth(lambda: tracemalloc.get_traced_memory()[0])
    return {"complete": True, "traced_per_connection": traced, "resident_per_connection": resident}


def _resident_size() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _peak_resident_size() -> int:
    """The peak since `_forget_peak`. That of getrusage cannot be reset, and starts with the parent's."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


def _forget_peak() -> None:
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
