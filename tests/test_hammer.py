"""Forty threads hammer shared pools: responses left early, closed by others, timed out and cancelled; nothing is lost.

Run it longer with another number of requests, above all on Pythons without the GIL:
`HTTPCORE_TEST_HAMMER=100000 hatch run pytest tests/test_hammer.py --timeout=3600`.
"""

import asyncio
import itertools
import os
import random
import threading
from collections.abc import Callable

import httpcore
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.sockets import open_sockets
from httpcore_test_support.waiting import at_once, wait_until

REQUESTS = int(os.environ.get("HTTPCORE_TEST_HAMMER") or 3_000)
THREADS = 40
LOOPS = 4  # of these threads run an event loop
TASKS = 10
SHORT = {"timeout": {"read": 0.000_1}}
PATIENT = {"timeout": {"pool": 60.0, "connect": 60.0, "read": 60.0, "write": 60.0}}
CUT = (httpcore.ReadTimeout, httpcore.ReadError, httpcore.LocalProtocolError)

Counter = Callable[[], bool]


def counter() -> Counter:
    """Return a function that returns true REQUESTS times, whoever calls it."""
    numbers = itertools.count()
    return lambda: next(numbers) < REQUESTS


def exchange(pool: httpcore.ConnectionPool, url: str, chance: random.Random) -> None:
    """Make a request in a way drawn by chance; what comes whole has to be right."""
    match chance.randrange(8):
        case 0:
            with pool.stream("GET", url + "/1mb.bin", extensions=PATIENT) as response:
                next(response.iter_stream())
        case 1:
            content = chance.randbytes(chance.randrange(50_000))
            response = pool.request("POST", url + "/echo", content=content, extensions=PATIENT)
            assert response.content == content
        case 2:
            try:
                response = pool.request("GET", url + "/small.txt", extensions=SHORT)
            except httpcore.ReadTimeout:
                return
            assert len(response.content) == 1_000
        case 3:
            with pool.stream("GET", url + "/1mb.bin", extensions=PATIENT) as response:
                closing = threading.Thread(target=response.close)
                closing.start()
                try:
                    assert len(response.read()) == 1_000_000
                except CUT:
                    pass
                finally:
                    closing.join()
        case _:
            response = pool.request("GET", url, extensions=PATIENT)
            assert (response.status, response.content) == (200, b"Hello, world!\n")


async def async_exchange(pool: httpcore.AsyncConnectionPool, url: str, chance: random.Random) -> None:
    """Make a request, which is cancelled by chance at any time."""

    async def get() -> None:
        response = await pool.request("GET", url + "/small.txt", extensions=PATIENT)
        assert len(response.content) == 1_000

    task = asyncio.ensure_future(get())
    if chance.randrange(3) == 0:
        await asyncio.sleep(chance.random() * 0.005)
        task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def run_loop(url: str, context: object, http1: bool, is_next: Counter, seed: int) -> None:
    async def work() -> None:
        async with httpcore.AsyncConnectionPool(
            ssl_context=context, http1=http1, http2=not http1, max_connections=5
        ) as pool:

            async def repeat(chance: random.Random) -> None:
                while is_next():
                    await async_exchange(pool, url, chance)

            await asyncio.gather(*(repeat(random.Random(f"{seed} {number}")) for number in range(TASKS)))
            assert pool.stats().requests_active == 0

    asyncio.run(work())


@pytest.mark.parametrize("http1", [True, False], ids=["HTTP/1.1", "HTTP/2"])
@pytest.mark.parametrize("tls", [False, True], ids=["clear", "TLS"])
def test_forty_threads(
    caddy: CaddyServer, certificates: Certificates, http1: bool, tls: bool, chance: random.Random
) -> None:
    url = caddy.https_url if tls else caddy.http_url
    context = certificates.client_context()
    is_next = counter()
    seeds = [chance.randrange(2**32) for _ in range(THREADS)]
    sockets = open_sockets()
    with httpcore.ConnectionPool(ssl_context=context, http1=http1, http2=not http1, max_connections=10) as pool:

        def repeat(seed: int) -> None:
            own = random.Random(seed)
            while is_next():
                exchange(pool, url, own)

        threads = [lambda seed=seed: repeat(seed) for seed in seeds[LOOPS:]]
        loops = [
            lambda seed=seed: run_loop(url, certificates.client_context(), http1, is_next, seed)
            for seed in seeds[:LOOPS]
        ]
        at_once(*threads, *loops)
        wait_until(lambda: pool.stats().requests_active == 0)
        assert pool.request("GET", url, extensions=PATIENT).status == 200
    wait_until(lambda: open_sockets() <= sockets)
