"""A program that must work with every release of anyio and trio; test_anyio.py runs it.

Its arguments are the event loop, the URLs of a server, clear and over TLS, the file with its authority, and the port of
a proxy.
"""

import asyncio
import contextlib
import gc
import socket
import ssl
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpcore

LOOP, CLEAR, TLS, AUTHORITY, PROXY = sys.argv[1:]
if LOOP == "trio":
    import trio

    Backend = httpcore.TrioBackend
    move_on_after = trio.move_on_after
else:
    import anyio

    Backend = httpcore.AnyIOBackend
    move_on_after = anyio.move_on_after

LIMITS = {"timeout": {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}}
LARGE = 3_000_000


def pool(**options: Any) -> httpcore.AsyncConnectionPool:
    return httpcore.AsyncConnectionPool(ssl_context=ssl.create_default_context(cafile=AUTHORITY), **options)


def limits(**changed: float) -> dict[str, Any]:
    return {"timeout": {**LIMITS["timeout"], **changed}}


async def together(*functions: Callable[[], Awaitable[object]]) -> None:
    """Make all calls at once."""
    if LOOP == "trio":
        async with trio.open_nursery() as nursery:
            for function in functions:
                nursery.start_soon(function)
    else:
        await asyncio.gather(*(function() for function in functions))


async def cancelled(function: Callable[[], Awaitable[object]], after: float) -> None:
    """Call and cancel it, in each manner of the event loop."""
    finished = []
    with move_on_after(after):
        await function()
        finished.append(function)
    assert not finished
    if LOOP != "trio":
        task = asyncio.ensure_future(function())
        await asyncio.sleep(after)
        assert task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()


@contextlib.contextmanager
def raises(kind: type[Exception], text: str = "") -> Iterator[None]:
    message = "nothing was raised"
    try:
        yield
    except kind as exc:
        message = f"{kind.__name__}: {exc}"
    assert kind.__name__ in message, message
    assert text in message, message


async def upload() -> AsyncIterator[bytes]:
    for _ in range(LARGE // 100_000):
        yield b"x" * 100_000


async def requests(url: str, http2: bool, **options: Any) -> None:
    """Requests that wait for two connections, large bodies both ways, a limit, and what is cancelled."""
    async with pool(max_connections=2, http1=not http2, http2=http2, **options) as client:

        async def small() -> None:
            response = await client.request("GET", url + "/", extensions=LIMITS)
            assert response.content == b"Hello, world!\n"
            assert response.extensions["http_version"] == (b"HTTP/2" if http2 else b"HTTP/1.1")

        async def slow() -> None:
            await client.request("GET", url + "/slow", extensions=LIMITS)

        await together(*[small] * 10)
        response = await client.request("GET", f"{url}/bytes/{LARGE}", extensions=LIMITS)
        assert len(response.content) == LARGE
        headers = {"Content-Length": str(LARGE)}
        response = await client.request("POST", url + "/echo", headers=headers, content=upload(), extensions=LIMITS)
        assert len(response.content) == LARGE
        with raises(httpcore.ReadTimeout):
            await client.request("GET", url + "/slow", extensions=limits(read=0.05))
        await cancelled(slow, 0.05)
        # Two have the connections, two wait for them: all are cancelled.
        await cancelled(lambda: together(*[slow] * 4), 0.1)
        await small()
        async with (
            client.stream("GET", f"{url}/bytes/{LARGE}", extensions=LIMITS) as response,
            contextlib.aclosing(response.aiter_stream()) as parts,
        ):
            await parts.__anext__()
        await together(*[small] * 3)
        assert len(client.connections) <= 2, client.connections
    assert not client.connections


async def waiting_for_the_pool() -> None:
    async with pool(max_connections=1) as client:
        async with client.stream("GET", CLEAR + "/", extensions=LIMITS) as response:
            with raises(httpcore.PoolTimeout):
                await client.request("GET", CLEAR + "/", extensions=limits(pool=0.05))
            await response.aread()
        await client.request("GET", CLEAR + "/", extensions=LIMITS)


async def connecting(unused: int, deaf: int) -> None:
    async with pool() as client:
        with raises(httpcore.ConnectError, f"(127.0.0.1:{unused})"):
            await client.request("GET", f"http://127.0.0.1:{unused}/", extensions=LIMITS)
        with raises(httpcore.ConnectError, f"(localhost:{unused})"):
            await client.request("GET", f"http://localhost:{unused}/", extensions=LIMITS)
        with raises(httpcore.ConnectTimeout):
            await client.request("GET", f"http://127.0.0.1:{deaf}/", extensions=limits(connect=0.05))
        await cancelled(lambda: client.request("GET", f"http://127.0.0.1:{deaf}/", extensions=LIMITS), 0.05)
    if LOOP == "uvloop":  # it does not ask Python for addresses
        return
    # A name with several addresses, of which the last answers.
    port = httpcore.URL(CLEAR).port
    addresses = [(family, (host, port)) for family, host in ((socket.AF_INET, "127.0.0.2"), (socket.AF_INET6, "::1"))]
    with resolved_to(*addresses, (socket.AF_INET, ("127.0.0.1", port))):
        for backend in (Backend(), None):
            async with pool(network_backend=backend) as client:
                await client.request("GET", f"http://several.example:{port}/", extensions=LIMITS)


@contextlib.contextmanager
def resolved_to(*addresses: tuple[int, Any]) -> Iterator[None]:
    original = socket.getaddrinfo
    socket.getaddrinfo = lambda *arguments, **options: [  # type: ignore[assignment]
        (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for family, address in addresses
    ]
    try:
        yield
    finally:
        socket.getaddrinfo = original


async def main() -> None:
    with socket.socket() as unused, socket.socket() as deaf, socket.socket() as queued:
        unused.bind(("127.0.0.1", 0))
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        queued.connect(deaf.getsockname())
        await connecting(unused.getsockname()[1], deaf.getsockname()[1])
    await waiting_for_the_pool()
    for url in (CLEAR, TLS):
        for http2 in (False, True):
            await requests(url, http2)
            for scheme in ("http", "socks5"):
                if (scheme, url, http2) != ("http", CLEAR, True):  # forwarded, which is HTTP/1.1
                    await requests(url, http2, proxy=httpcore.Proxy(f"{scheme}://127.0.0.1:{PROXY}"))


if __name__ == "__main__":
    unraisable: list[object] = []
    sys.unraisablehook = unraisable.append
    if LOOP == "trio":
        trio.run(main)
    elif LOOP == "uvloop":
        import uvloop

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of uvloop, about policies of event loops
            loop = uvloop.new_event_loop()
        loop.run_until_complete(main())
        loop.close()
    else:
        asyncio.run(main())
    gc.collect()
    assert not unraisable, unraisable
