"""Measures the pool's cost per request, by the number of connections and of waiting requests.

Run `python -m benchmarks.scale`.
The connections respond from memory, so that only the pool is measured, in microseconds of CPU time per request. If
httpcore2 is installed, its pool is measured under the same load, except at sizes where it takes too long.
"""

from __future__ import annotations

import asyncio
import importlib
import platform
import statistics
import time
from types import ModuleType
from typing import Any

CONNECTIONS = (1, 100, 1_000, 10_000)
WAITING = (0, 10, 100, 1_000)
ROUNDS = 5
PATIENCE = 20.0  # seconds for one size; larger sizes are left out after that


def main() -> None:
    """Print both tables."""
    print(
        f"Python {platform.python_version()}, {platform.machine()}; CPU microseconds per request, median of {ROUNDS}\n"
    )
    cores = [core for name in ("httpcore", "httpcore2") if (core := _imported(name)) is not None]
    table("connections in the pool, one request at a time", CONNECTIONS, cores, cost_by_connections)
    table("requests waiting for one connection", WAITING, cores, cost_by_waiting)


def table(title: str, sizes: tuple[int, ...], cores: list[ModuleType], measure: Any) -> None:
    """Measure every core at every size."""
    print(f"| {title} | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for core in cores:
        cells = []
        took = 0.0
        for size in sizes:
            if took > PATIENCE:
                cells.append("-")
                continue
            started = time.monotonic()
            cells.append(f"{measure(core, size):.1f}")
            took = time.monotonic() - started
        print(f"| {core.__name__} {core.__version__} | " + " | ".join(cells) + " |")
    print()


def cost_by_connections(core: ModuleType, size: int) -> float:
    """Measure a request with `size` idle connections, each to a different origin."""

    async def run() -> float:
        async with pool_class(core)(max_connections=size + 1) as pool:
            for number in range(size - 1):
                await pool.request("GET", f"http://host-{number}/")
            return await cost(pool, requests=20 if size >= 1000 else 500)

    return asyncio.run(run())


def cost_by_waiting(core: ModuleType, size: int) -> float:
    """Measure a request while `size` others wait for the only connection."""

    async def run() -> float:
        async with pool_class(core)(max_connections=1) as pool:
            figures = []
            requests = size + 1
            for _ in range(ROUNDS):
                before = time.process_time()
                await asyncio.gather(*(pool.request("GET", "http://example.com/") for _ in range(requests)))
                figures.append((time.process_time() - before) / requests * 1e6)
            return statistics.median(figures)

    return asyncio.run(run())


async def cost(pool: Any, requests: int) -> float:
    """Return the CPU time per request, in microseconds."""
    figures = []
    for _ in range(ROUNDS + 1):
        before = time.process_time()
        for _ in range(requests):
            await pool.request("GET", "http://example.com/")
        figures.append((time.process_time() - before) / requests * 1e6)
    return statistics.median(figures[1:])


def pool_class(core: ModuleType) -> Any:
    """Return a pool of `core` whose connections respond from memory."""

    class Connection(core.AsyncConnectionInterface):  # type: ignore[misc, name-defined]
        def __init__(self, origin: Any) -> None:
            self.origin = origin
            self.busy = False

        async def handle_async_request(self, request: Any) -> Any:
            if self.busy:
                raise core.ConnectionNotAvailable
            self.busy = True
            await asyncio.sleep(0)
            return core.Response(200, content=Body(self))

        async def aclose(self) -> None:
            pass

        def info(self) -> str:
            return "in memory"

        def can_handle_request(self, origin: Any) -> bool:
            return bool(origin == self.origin)

        def is_available(self) -> bool:
            return not self.busy

        def is_idle(self) -> bool:
            return not self.busy

        def has_expired(self) -> bool:
            return False

        def is_closed(self) -> bool:
            return False

    class Body:
        def __init__(self, connection: Connection) -> None:
            self.connection = connection

        async def __aiter__(self) -> Any:
            yield b"hello"

        async def aclose(self) -> None:
            self.connection.busy = False

    class Pool(core.AsyncConnectionPool):  # type: ignore[misc, name-defined]
        def create_connection(self, origin: Any) -> Connection:
            return Connection(origin)

    return Pool


def _imported(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


if __name__ == "__main__":
    main()
