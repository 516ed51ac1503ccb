"""Measures one run of one workload, in the process of the client.

A run first warms up, to open its connections and warm its code, and then counts for a fixed time. Where a workload
says so, each time has a new client instead. Every response is checked. The garbage collector keeps Python's settings.
``Meter.sample``, called from another thread, ends a run that reaches its limit. If the run was still warming up,
``complete`` is false in its sample.
"""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from array import array
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import cast

from benchmarks._meter import Meter, Run, Sample, WrongAnswerError, merged, resident_size
from benchmarks._server import MEDIUM_TRANSFER_LENGTH, SHORT_TRANSFER_LENGTH
from benchmarks._startup import measure_startup
from benchmarks.clients._base import Answer, AsyncClient, Client, Opens, OpensAsync, Options, SyncClient
from benchmarks.workloads import WORKLOADS, Workload

# Runs a coroutine function so many times at once.
_Together = Callable[[Callable[[], Awaitable[None]], int], Awaitable[None]]


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
        return _measure_sync(workload, client, options, run, meter)
    assert client.asyncio is not None
    if workload.kind == "memory":
        return asyncio.run(_measure_memory(workload, client.asyncio, options))
    if workload.kind == "trio":
        # Not for the other workloads, whose memory is measured.
        import trio

        return trio.run(_measure_async, workload, client.asyncio, options, run, meter, _with_trio)
    return asyncio.run(_measure_async(workload, client.asyncio, options, run, meter, _with_asyncio))


def _options(run: Run, workload: Workload) -> Options:
    path = {"get": "/small", "download": "/download", "upload": "/upload"}[workload.operation]
    length = workload.length_of(short=run.short)
    if workload.operation == "download":
        path += {SHORT_TRANSFER_LENGTH: "-10", MEDIUM_TRANSFER_LENGTH: "-5"}.get(length, "")
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
        http3=workload.http3,
        upload_length=length if workload.operation == "upload" else 0,
        authority=run.authority if workload.tls else None,
        negotiates=workload.start != "warm",
    )


def _check(answer: Answer, expected: Answer) -> None:
    if answer != expected:
        raise WrongAnswerError(f"status and length are {answer}, not {expected}")


def _measure_sync(workload: Workload, client: Client, options: Options, run: Run, meter: Meter) -> Sample:
    assert client.sync is not None
    if workload.start != "warm":
        return _measure_sync_anew(workload, client.sync, options, run, meter)
    shared = client.sync(options) if client.shared else None
    users = [shared or client.sync(options) for _ in range(workload.tasks)]
    expected, now = workload.expected(short=run.short), time.perf_counter

    def work(user: SyncClient, until: float, latencies: array[float]) -> None:
        call = _sync_call(workload, user)
        # At least one request each, so that every connection is open when the warm-up ends.
        start = now()
        while True:
            answer = call()
            if answer != expected:
                _check(answer, expected)
            end = now()
            latencies.append(end - start)
            start = end
            if end >= until:
                return

    def phase(seconds: float, latencies: array[float]) -> None:
        until = now() + seconds
        if len(users) == 1:
            work(users[0], until, latencies)
            return
        with ThreadPoolExecutor(len(users)) as threads:
            for done in [threads.submit(work, user, until, latencies) for user in users]:
                done.result()

    phase(run.warm_up, meter.begin())
    phase(run.seconds, meter.begin(complete=True))
    meter.sample()
    for user in dict.fromkeys(users):
        user.close()
    return meter.sample()


def _sync_call(workload: Workload, client: SyncClient) -> Callable[[], Answer]:
    return {"get": client.get, "download": client.download, "upload": client.upload}[workload.operation]


def _measure_sync_anew(
    workload: Workload, make_client: Callable[[Options], SyncClient], options: Options, run: Run, meter: Meter
) -> Sample:
    """Measure the same with new clients. Only the requests count, without making the client."""
    expected, samples = workload.expected(short=run.short), list[Sample]()
    if workload.start == "cold":
        # For its code to be loaded.
        client = make_client(options)
        cast(Opens, client).open()
        client.close()
    until = time.perf_counter() + run.seconds
    while not samples or time.perf_counter() < until:
        client = make_client(options)
        if workload.start == "open":
            cast(Opens, client).open()
        call = _sync_call(workload, client)
        latencies = meter.begin(complete=True)
        start = time.perf_counter()
        answer = call()
        latencies.append(time.perf_counter() - start)
        samples.append(meter.sample())
        _check(answer, expected)
        client.close()
    return {**merged(samples), "length": workload.length_of(short=run.short)}


async def _with_asyncio(function: Callable[[], Awaitable[None]], count: int) -> None:
    await asyncio.gather(*(function() for _ in range(count)))


async def _with_trio(function: Callable[[], Awaitable[None]], count: int) -> None:
    import trio

    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(function)


def _async_call(workload: Workload, client: AsyncClient) -> Callable[[], Awaitable[Answer]]:
    return {"get": client.get, "download": client.download, "upload": client.upload}[workload.operation]


async def _measure_async(
    workload: Workload,
    make_client: Callable[[Options], AsyncClient],
    options: Options,
    run: Run,
    meter: Meter,
    together: _Together,
) -> Sample:
    if workload.start != "warm":
        return await _measure_async_anew(workload, make_client, options, run, meter, together)
    client = make_client(options)
    call = _async_call(workload, client)
    expected, now = workload.expected(short=run.short), time.perf_counter

    async def phase(seconds: float, latencies: array[float]) -> None:
        until = now() + seconds

        async def work() -> None:
            # At least one request each, so that every connection is open when the warm-up ends.
            while True:
                start = now()
                answer = await call()
                if answer != expected:
                    _check(answer, expected)
                end = now()
                latencies.append(end - start)
                if end >= until:
                    return

        await together(work, workload.tasks)

    await phase(run.warm_up, meter.begin())
    await phase(run.seconds, meter.begin(complete=True))
    meter.sample()
    await client.close()
    return meter.sample()


async def _measure_async_anew(
    workload: Workload,
    make_client: Callable[[Options], AsyncClient],
    options: Options,
    run: Run,
    meter: Meter,
    together: _Together,
) -> Sample:
    """Measure the same with new clients. Only the requests count, without making the client."""
    expected, samples = workload.expected(short=run.short), list[Sample]()

    async def once(client: AsyncClient) -> Sample:
        call = _async_call(workload, client)
        latencies = meter.begin(complete=True)

        async def work() -> None:
            start = time.perf_counter()
            answer = await call()
            latencies.append(time.perf_counter() - start)
            _check(answer, expected)

        await together(work, workload.tasks)
        return meter.sample()

    if workload.start == "cold":
        # For its code to be loaded.
        client = make_client(options)
        await cast(OpensAsync, client).open()
        await client.close()
    until = time.perf_counter() + run.seconds
    while not samples or time.perf_counter() < until:
        client = make_client(options)
        if workload.start == "open":
            await cast(OpensAsync, client).open()
        samples.append(await once(client))
        await client.close()
    return {**merged(samples), "length": workload.length_of(short=run.short)}


async def _measure_memory(
    workload: Workload, make_client: Callable[[Options], AsyncClient], options: Options
) -> Sample:
    """Measure the growth of the resident set, then of Python's allocations: tracing itself needs memory."""
    expected = workload.expected()

    async def work(client: AsyncClient) -> None:
        _check(await client.get(), expected)

    async def growth(read: Callable[[], int]) -> float:
        client = make_client(options)
        gc.collect()
        before = read()
        await asyncio.gather(*(work(client) for _ in range(options.connections)))
        gc.collect()
        grown = (read() - before) / options.connections
        await client.close()
        return grown

    resident = await growth(resident_size)
    tracemalloc.start()
    traced = await growth(lambda: tracemalloc.get_traced_memory()[0])
    return {"complete": True, "traced_per_connection": traced, "resident_per_connection": resident}
