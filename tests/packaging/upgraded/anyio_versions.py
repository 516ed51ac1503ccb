"""httpx on asyncio, and on trio if installed, with the installed anyio: everything that waits in a different way."""

import asyncio
import contextlib
import importlib.util
import ssl
import sys
from collections.abc import Callable, Iterator

import httpcore
import httpx

clear, tls, authority = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)


@contextlib.contextmanager
def raises(kind: type[Exception]) -> Iterator[None]:
    """Fail unless the body raises `kind`."""
    try:
        yield
    except kind:
        return
    raise AssertionError


async def use(http2: bool, side_by_side: Callable, give_up: Callable) -> None:
    """Use a client as programs do: `side_by_side` awaits calls at once, `give_up` cancels one soon."""
    limits = httpx.Limits(max_connections=4)
    async with httpx.AsyncClient(http2=http2, verify=context, limits=limits, trust_env=False) as client:
        assert type(client._transport._pool) is httpcore.AsyncConnectionPool
        for url in (clear, tls):

            async def large(url: str = url) -> None:
                assert len((await client.get(url + "/1mb.bin")).content) == 1_000_000

            assert (await client.get(url + "/")).text == "Hello, world!\n"
            assert (await client.post(url + "/echo", content=bytes(1_000_000))).content == bytes(1_000_000)
            await side_by_side([large] * 20)
            with raises(httpx.ReadTimeout):
                await client.get(url + "/slow", timeout=httpx.Timeout(5.0, read=0.1))
            await give_up(lambda url=url: client.get(url + "/slow"))
            async with client.stream("GET", url + "/50mb.bin") as response:
                assert await anext(response.aiter_raw())
            assert (await client.get(url + "/")).http_version == ("HTTP/2" if http2 and url is tls else "HTTP/1.1")
        with raises(httpx.ConnectError):
            await client.get("http://127.0.0.1:1/")


def run_on_asyncio(http2: bool) -> None:
    """Use it on asyncio."""

    async def side_by_side(calls: list[Callable]) -> None:
        await asyncio.gather(*[call() for call in calls])

    async def give_up(call: Callable) -> None:
        task = asyncio.ensure_future(call())
        await asyncio.sleep(0.05)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(use(http2, side_by_side, give_up))


def run_on_trio(http2: bool) -> None:
    """Use it on trio."""
    import trio

    async def side_by_side(calls: list[Callable]) -> None:
        async with trio.open_nursery() as nursery:
            for call in calls:
                nursery.start_soon(call)

    async def give_up(call: Callable) -> None:
        with trio.move_on_after(0.05) as scope:
            await call()
        assert scope.cancelled_caught

    trio.run(use, http2, side_by_side, give_up)


for http2 in (False, True):
    run_on_asyncio(http2)
    if importlib.util.find_spec("trio"):
        run_on_trio(http2)
