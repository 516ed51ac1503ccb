"""Callers that make sense with few peers only, and need their own process."""

from __future__ import annotations

import gc
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpcore

from ..alone import Finish
from ..callers import Stage
from ..clients import Client
from ..records import Interrupted
from ..worlds import settle

__all__ = ["CALLERS"]

CALLERS: dict[str, Callable[[Stage, Finish], None]] = {}


def caller(function: Callable[[Stage, Finish], None]) -> None:
    CALLERS[function.__name__.replace("_", " ").strip()] = function


def _result(stage: Stage, name: str, result: Any) -> None:
    stage.record.steps.append({"step": name, "result": result})


def _slow_shutdown() -> None:
    """Extend the time in which a TLS socket has lost its TLS object but is not yet shut down."""

    def shutdown(self: Any, how: int) -> None:
        time.sleep(0.1)
        super(socket.socket, self).shutdown(how)

    socket.socket.shutdown = shutdown  # type: ignore[method-assign]


def _beside_a_close(stage: Stage, finish: Finish, use: Callable[[], Any]) -> None:
    _slow_shutdown()

    async def close() -> None:
        await stage.world.sleep(stage.limit / 2)
        await stage.client.close()

    async def both() -> None:
        stage.client = Client(stage.world, stage.case)
        await stage.world.together(use, close)
        stage.client = Client(stage.world, stage.case)
        await finish(stage)

    stage.world.run(both)


@caller
def upload_beside_a_slow_close(stage: Stage, finish: Finish) -> None:
    async def use() -> None:
        with suppress(Exception):
            reply = await stage.client.open("POST", "/up", content=stage.body(*[b"SECRET" * 5_000] * 600, pause=0.001))
            await reply.close()

    _beside_a_close(stage, finish, use)


@caller
def download_beside_a_slow_close(stage: Stage, finish: Finish) -> None:
    """The body is nothing but zeros."""
    seen = {"dirty": False, "end": "ok"}

    async def use() -> None:
        try:
            reply = await stage.client.open("GET", "/down")
            async for part in reply.parts():
                seen["dirty"] = seen["dirty"] or any(part)
        except Exception as exc:
            seen["end"] = type(exc).__name__

    _beside_a_close(stage, finish, use)
    _result(stage, "body", "dirty" if seen["dirty"] else "clean")
    _result(stage, "end", "ok" if seen["end"] == "ok" else "error")


def _holders(token: str) -> set[str]:
    """Return the types of the objects that contain a text with `token`, except frames and their contents."""
    gc.unfreeze()
    gc.collect()
    waiting = [each for each in gc.get_objects() if type(each).__name__ not in ("cell", "frame", "function", "code")]
    seen = {id(each) for each in waiting}
    holders = set()
    while waiting:
        each = waiting.pop()
        for held in gc.get_referents(each):
            text = held.decode("latin-1") if type(held) is bytes else held if type(held) is str else ""
            if token in text:
                holders.add(type(each).__name__)
            elif type(held) is tuple and id(held) not in seen:  # which the garbage collector may not track
                seen.add(id(held))
                waiting.append(held)
    return holders


@caller
def secrets_forgotten(stage: Stage, finish: Finish) -> None:
    """Once the pool is gone, nothing in the process contains the secrets."""
    token = "Bearer-" + "t0ken" * 3

    async def use() -> None:
        stage.client = Client(stage.world, stage.case)
        fields = [(b"Authorization", token.encode()), (b"Cookie", token.encode())]
        await settle(stage.client.pool.request("GET", stage.client.url + "/", headers=fields))
        await stage.client.close()
        stage.client = None  # type: ignore[assignment]

    stage.world.run(use)
    _result(stage, "held", sorted(_holders(token)))


@caller
def connections_freed(stage: Stage, finish: Finish) -> None:
    """Connections closed by the server are freed while the pool lives on."""

    async def use() -> None:
        stage.client = Client(stage.world, stage.case, max_connections=10)
        for _ in range(6):
            await stage.exchange()
        gc.collect()
        kinds = (ssl.SSLObject, ssl.SSLSocket, httpcore.HTTP11Connection, httpcore.AsyncHTTP11Connection)
        kept = sum(isinstance(each, kinds) for each in gc.get_objects())
        _result(stage, "kept", "many" if kept > 4 else "few")
        await finish(stage)

    stage.world.run(use)


@caller
def forked_while_a_context_is_made(stage: Stage, finish: Finish) -> None:
    """Another thread is creating the default TLS context."""
    first = ssl.SSLContext.load_verify_locations

    def slow(self: Any, *args: Any, **options: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.5)
        first(self, *args, **options)

    ssl.SSLContext.load_verify_locations = slow  # type: ignore[method-assign]
    url = f"https://127.0.0.1:{stage.case['port']}/"
    limits: dict[str, Any] = dict.fromkeys(("connect", "read", "write", "pool"), 0.4)

    def use() -> str:
        with httpcore.ConnectionPool() as pool:
            try:
                pool.request("GET", url, extensions={"timeout": limits})
            except Exception as exc:
                return type(exc).__name__
        return "ok"

    thread = threading.Thread(target=use)
    thread.start()
    time.sleep(0.2)
    child = os.fork()
    if child == 0:
        os._exit(7 if use() == "ConnectError" else 1)
    ended = 0
    deadline = time.monotonic() + 3
    while not ended and time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.02)
    if not ended:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    _result(stage, "child", os.waitstatus_to_exitcode(status) if ended else "hangs")
    thread.join()


@caller
def no_addresses(stage: Stage, finish: Finish) -> None:
    """The resolver knows the name but returns no address."""
    socket.getaddrinfo = lambda *args, **options: []

    async def use() -> None:
        stage.client = Client(stage.world, stage.case)
        stage.client.url = stage.client.url.replace("127.0.0.1", "localhost")
        await stage.exchange()
        await stage.client.close()

    stage.world.run(use)


@caller
def name_with_a_dot(stage: Stage, finish: Finish) -> None:
    resolve = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *args, **options: resolve("127.0.0.1", *args, **options)

    async def use() -> None:
        stage.client = Client(stage.world, stage.case)
        stage.client.url = stage.client.url.replace("127.0.0.1", "localhost.")
        await stage.exchange()
        await finish(stage)

    stage.world.run(use)


@caller
def fields_of_both_kinds(stage: Stage, finish: Finish) -> None:
    """Names and values are first bytes, then text; `python -bb` makes comparing them an error."""

    async def use() -> None:
        stage.client = Client(stage.world, stage.case)
        ends = []
        for kind in (bytes, str, bytes):
            fields = [(b"Host", b"x"), (b"X-One", b"1"), (b"Content-Length", b"0"), (b"Connection", b"keep-alive")]
            converted = [(kind_of(kind, name), kind_of(kind, value)) for name, value in fields]
            try:
                await settle(stage.client.pool.request("POST", stage.client.url + "/", headers=converted))
                ends.append("ok")
            except BytesWarning as exc:
                ends.append(str(exc))
        _result(stage, "ends", ends)
        await finish(stage)

    stage.world.run(use)


def kind_of(kind: type, value: bytes) -> Any:
    return value if kind is bytes else value.decode()


@caller
def interrupted_many_times(stage: Stage, finish: Finish) -> None:
    """A signal handler raises at many moments of a request; the only slot is always returned."""

    def interrupt(number: int, frame: Any) -> None:
        raise Interrupted

    def request(client: Client) -> None:
        limits = {**client.limits, "pool": 0.1}
        client.pool.request("GET", client.url + "/", headers=[(b"Host", b"x")], extensions={"timeout": limits})

    def fails(client: Client, ends: list[bool]) -> None:
        try:
            request(client)
        except Exception:
            ends.append(True)
        else:
            ends.append(False)

    signal.signal(signal.SIGALRM, interrupt)
    client = Client(stage.world, stage.case)
    request(client)
    each = 1.0  # second; the shortest time of a request
    for _ in range(30):
        began = time.perf_counter()
        request(client)
        each = min(each, time.perf_counter() - began)
    lost = []
    rounds = 300
    for number in range(rounds):
        with suppress(Interrupted, Exception):
            signal.setitimer(signal.ITIMER_REAL, each * (number + 1) / rounds)
            try:
                request(client)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        ends: list[bool] = []
        thread = threading.Thread(target=fails, args=(client, ends), daemon=True)
        thread.start()
        thread.join(0.4)
        if ends != [False]:
            lost.append(number)
            client = Client(stage.world, stage.case)
        if len(lost) > 3:
            break
    client.pool.close()
    _result(stage, "places", "lost" if lost else "back")
