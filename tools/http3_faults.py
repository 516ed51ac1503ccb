"""Send many requests over HTTP/3, with faults of all kinds, and show that nothing is lost: `http3_faults.py --help`.

A pool sends requests to Caddy, through a relay that loses, delays, doubles, reorders and forges datagrams, is silent,
refuses them, gives clients other ports, and leads to another server. Programs do their part: requests are cancelled,
time out, fail in the middle of their body, are closed early or forgotten; connections are closed while they are used.

Every response has to be whole, or an error of httpcore. In the end no slot, stream, socket, task or thread may be left,
and no more memory be used than before.
"""

import argparse
import collections
import faulthandler
import functools
import gc
import os
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from httpcore import AsyncConnectionPool, ConnectionPool
from httpcore._http3 import origins
from httpcore_h3 import AsyncHTTP3Connection, HTTP3Connection
from httpcore_test_support._async.detours import AsyncDetour
from httpcore_test_support._async.http3_load import AsyncLoad
from httpcore_test_support._sync.detours import Detour
from httpcore_test_support._sync.http3_load import Load
from httpcore_test_support.asyncs import BACKENDS, run_async
from httpcore_test_support.bad_weather import bad_weather
from httpcore_test_support.caddy import CaddyServer, caddy_server
from httpcore_test_support.certificates import Certificates, issue_certificates
from httpcore_test_support.datagram_relay import DatagramRelay, datagram_relay
from httpcore_test_support.sockets import open_sockets

# A run in which no request ends for so many seconds is stuck.
_STUCK = 90.0

# The requests are sent in so many portions; memory is compared from the second to the last one.
_PORTIONS = 10

# How much the process may grow meanwhile, in bytes, and how many more objects of one type there may be.
_GROWTH, _MORE_OBJECTS = 24 * 1024 * 1024, 300


@dataclass
class Run:
    """What a run needs, and what it has found."""

    arguments: argparse.Namespace
    certificates: Certificates
    caddy: CaddyServer
    servers: list[int]
    relay: DatagramRelay
    chance: random.Random
    large: bytes
    wrong: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    objects: list[collections.Counter[str]] = field(default_factory=list)
    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    errors: collections.Counter[str] = field(default_factory=collections.Counter)

    @contextmanager
    def portions(self) -> Iterator[Iterator[int]]:
        """Yield how many requests each worker sends, portion by portion."""
        with ExitStack() as stack:
            if not self.arguments.calm:
                stack.enter_context(bad_weather(self.relay, self.servers, self.chance))
            yield iter([self.arguments.requests // _PORTIONS // self.arguments.workers] * _PORTIONS)

    def options(self) -> dict[str, Any]:
        """Return the arguments of the pool."""
        fallback: bool = self.arguments.fallback
        return {
            "http3": True,
            "http1": fallback,
            "max_connections": 6,
            "ssl_context": self.certificates.client_context(),
        }

    @contextmanager
    def watched(self, loads: list[Any]) -> Iterator[None]:
        """End the process with a traceback of all threads when no request ends any more."""
        over = threading.Event()

        def watch() -> None:
            seen = -1
            while not over.wait(1.0):
                if (ended := sum(load.ended for load in loads)) != seen:
                    seen = ended
                    faulthandler.dump_traceback_later(_STUCK, exit=True)

        thread = threading.Thread(target=watch, name="watch")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def take_stock(self, loads: list[Any], pool: Any, number: int) -> None:
        """Note what there is after a portion: memory, objects, and what went wrong."""
        for load in loads:
            self.outcomes.update(load.outcomes)
            self.errors.update(load.errors)
            self.wrong += load.wrong
            load.outcomes.clear()
            load.errors.clear()
            load.wrong.clear()
        self.wrong += _left_in(pool)
        for _ in range(3):
            gc.collect()
        with open("/proc/self/statm", encoding="ascii") as file:
            self.sizes.append(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        kinds = collections.Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())
        self.objects.append(kinds)
        print(
            f"{number + 1}/{_PORTIONS}: {sum(self.outcomes.values())} outcomes, {self.sizes[-1] // 1024} KiB, "
            f"{sum(kinds.values())} objects, {len(open_sockets())} sockets, {len(self.wrong)} wrong, {pool.stats()}",
            flush=True,
        )

    def check_growth(self) -> None:
        """Compare the memory after the second portion with that after the last."""
        if self.sizes[-1] - self.sizes[1] > _GROWTH:
            self.wrong.append(f"memory: {self.sizes}")
        more = self.objects[-1] - self.objects[1]
        self.wrong += [f"objects: {count} more {kind}" for kind, count in more.items() if count > _MORE_OBJECTS]


def _left_in(pool: Any) -> list[str]:
    """Return what requests have left in a pool that has none."""
    stats = pool.stats()
    left = []
    if (stats.requests_active, stats.requests_queued, stats.connections_active) != (0, 0, 0):
        left.append(f"slots: {stats}")
    for each in gc.get_objects():
        if type(each) not in (HTTP3Connection, AsyncHTTP3Connection):
            continue
        shared, engine = each._shared, each._engine
        remains = (shared.waiting, shared.woken, shared.queue, shared.senders, shared.arriving)
        if any((*remains, engine.streams, engine.requests, shared._reading, shared._writing)):
            left.append(f"{each!r}: {remains}, {engine.streams}, {engine.requests}")
    return left


def _in_threads(run: Run) -> None:
    pool = ConnectionPool(network_backend=Detour(run.relay.port), **run.options())
    with pool, run.portions() as portions:
        loads = [_new_load(Load, run, pool) for _ in range(run.arguments.workers)]
        for number, count in enumerate(portions):
            threads = [threading.Thread(target=load.run, args=(count,), daemon=True) for load in loads]
            with run.watched(loads):
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            gc.collect()
            run.take_stock(loads, pool, number)


async def _in_tasks(run: Run) -> None:
    before = len(anyio.get_running_tasks())
    async with AsyncConnectionPool(network_backend=AsyncDetour(run.relay.port), **run.options()) as pool:
        with run.portions() as portions:
            loads = [_new_load(AsyncLoad, run, pool) for _ in range(run.arguments.workers)]
            for number, count in enumerate(portions):
                with run.watched(loads):
                    async with anyio.create_task_group() as tasks:
                        for load in loads:
                            tasks.start_soon(load.run, count)
                gc.collect()
                await anyio.wait_all_tasks_blocked()
                if len(anyio.get_running_tasks()) > before:
                    run.wrong.append(f"tasks: {anyio.get_running_tasks()}")
                run.take_stock(loads, pool, number)


def _new_load(kind: Any, run: Run, pool: Any) -> Any:
    load = kind(pool, run.caddy.https_url, random.Random(run.chance.random()), run.large)
    load.calm = run.arguments.calm
    return load


def _check_nothing_left(run: Run, call: Callable[[], object]) -> None:
    sockets, threads = len(open_sockets()) - run.relay.sockets, set(threading.enumerate())
    call()
    gc.collect()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and set(threading.enumerate()) > threads:
        time.sleep(0.01)
    if len(open_sockets()) - run.relay.sockets > sockets:
        run.wrong.append(f"sockets: {len(open_sockets())} instead of {sockets}, {run.relay.sockets} of the relay")
    left = [each.name for each in threading.enumerate() if each not in threads]
    run.wrong += [f"thread: {name}" for name in left if not name.startswith("Trio")]


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("requests", type=int, nargs="?", default=10_000, help="how many, by default 10,000")
    parser.add_argument("--on", default="sync", choices=["sync", *BACKENDS])
    parser.add_argument("--workers", type=int, default=16, help="threads or tasks")
    parser.add_argument("--fallback", action="store_true", help="allow TCP where HTTP/3 does not work")
    parser.add_argument("--calm", action="store_true", help="without faults, to compare")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Send the requests; return the exit code."""
    parsed = _parse(arguments)
    print(f"seed {parsed.seed}", flush=True)
    warnings.simplefilter("ignore", ResourceWarning)  # of the responses that are forgotten
    faulthandler.dump_traceback_later(_STUCK, exit=True)
    chance = random.Random(parsed.seed)
    origins._BROKEN_FOR = 0.05
    origins._MOST_DOUBLINGS = 1
    with ExitStack() as stack:
        certificates = stack.enter_context(issue_certificates())
        first, second = [stack.enter_context(caddy_server(certificates, http3=True)) for _ in range(2)]
        relay = stack.enter_context(datagram_relay(first.https_port, chance=random.Random(parsed.seed)))
        with ConnectionPool(certificates.client_context()) as pool:
            large = pool.request("GET", first.https_url + "/1mb.bin").content
        run = Run(parsed, certificates, first, [first.https_port, second.https_port], relay, chance, large)
        began = time.monotonic(), time.process_time()
        call = functools.partial(_in_threads, run)
        if parsed.on != "sync":
            call = functools.partial(run_async, parsed.on, functools.partial(_in_tasks, run))
        _check_nothing_left(run, call)
        run.check_growth()
        print(f"{time.monotonic() - began[0]:.1f} s, {time.process_time() - began[1]:.1f} s of CPU with the relay")
        print("\n".join(f"{count:9} {name}" for name, count in sorted(run.outcomes.items())))
        print("\n".join(f"{count:9} {text}" for text, count in run.errors.most_common(60)))
        print(f"the path: {dict(relay.seen)}")
    faulthandler.cancel_dump_traceback_later()
    print("\n".join(run.wrong[:50]) or "nothing is left, and nothing went wrong")
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
