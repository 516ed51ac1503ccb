"""Plays failures, and records each error with its causes. Also runs on httpcore 1.0.9.

`python -m contract.failure_players`, in the folder of the tests, prints what the installed httpcore raises, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import httpcore
import trio
import uvloop

from .failing_peers import PATIENCE, full, full_queue, listening
from .failure_scenes import SHORT, Scene, scenes
from .wrong_calls import wrong_calls

BACKENDS = ("sync", "asyncio", "uvloop", "trio")

# An error and its causes: the link to the previous one, class and text.
Chain = list[list[str]]


@contextlib.contextmanager
def resolver() -> Iterator[None]:
    """Resolve some names without a resolver. uvloop uses its own."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name == "name.invalid":
            raise socket.gaierror(-2, "Name or service not known")
        addresses = {"two.invalid": ["127.0.0.1", "127.0.0.2"], "localhost": ["127.0.0.1"]}.get(name, [host])
        return [info for address in addresses for info in real(address, port, *args, **kwargs)]

    socket.getaddrinfo = getaddrinfo
    try:
        yield
    finally:
        socket.getaddrinfo = real


def describe(error: BaseException, port: int = 0) -> Chain:
    """All causes of the error, hidden from tracebacks or not."""
    rows: Chain = []
    link, exc = "", error
    while True:
        text = re.sub(rf"\b{port}\b", "PORT", str(exc)) if port else str(exc)
        if text.startswith("Cancelled via cancel scope"):  # and where in which program
            text = ""
        # Which line of Python's source that was, whether a resolver has no answer or none now, where an object lies.
        text = re.sub(r"_ssl\.c:\d+", "_ssl.c:N", text)
        text = text.replace("[Errno -3] Temporary failure in name resolution", "[Errno -2] Name or service not known")
        kind = type(exc)
        module = "httpcore" if kind.__module__.startswith("httpcore") else kind.__module__
        rows.append([link, f"{module}.{kind.__qualname__}", re.sub(r"0x[0-9a-f]{6,}", "0x~", text)])
        following = exc.__cause__ or exc.__context__
        if following is None:
            return rows
        link = "cause" if exc.__cause__ else "hidden" if exc.__suppress_context__ else "context"
        exc = following


def arguments_of(scene: Scene, port: int, short: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of the pool and the request. Short limits take `short` seconds."""
    pool = dict(scene.pool)
    if scene.proxy is not None:
        pool["proxy"] = httpcore.Proxy(**{**scene.proxy, "url": scene.proxy["url"].format(port=port)})
    limits = {name: short if limit == SHORT else limit for name, limit in scene.limits.items()}
    request = {
        "method": scene.method,
        "url": scene.url.format(port=port),
        "headers": scene.headers,
        "content": scene.content,
        "extensions": {"timeout": limits, **scene.extensions},
    }
    return pool, request


def ask(pool: dict[str, Any], request: dict[str, Any], held: bool) -> None:
    with contextlib.ExitStack() as stack:
        if held:
            holder = threading.Thread(target=lambda: suppressed(client, request))
            stack.callback(lambda: holder.join(PATIENCE))
        client = stack.enter_context(httpcore.ConnectionPool(**pool))
        if held:
            holder.start()
            while not client.connections or "CONNECTING" in client.connections[0].info():
                time.sleep(0.01)
        client.request(**request)


def suppressed(client: httpcore.ConnectionPool, request: dict[str, Any]) -> None:
    with contextlib.suppress(Exception):
        client.request("GET", request["url"])


async def aask(pool: dict[str, Any], request: dict[str, Any], held: bool) -> None:
    async with httpcore.AsyncConnectionPool(**pool) as client:
        if not held:
            await client.request(**request)
            return
        failures = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.request, "GET", request["url"])
            while not client.connections or "CONNECTING" in client.connections[0].info():
                await anyio.sleep(0.01)
            try:
                await client.request(**request)
            except Exception as exc:
                failures.append(exc)
            tasks.cancel_scope.cancel()
    # Where no task group can wrap it.
    for failure in failures:
        raise failure


def run_async(backend: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call `function` on asyncio, uvloop or trio, and return what it returns."""
    if backend == "trio":
        return trio.run(function, *arguments)
    return {"asyncio": asyncio, "uvloop": uvloop}[backend].run(function(*arguments))


def play(name: str, backend: str, short: float = SHORT) -> Chain:
    """What the scene raises on this backend; an empty list if nothing. Short limits take `short` seconds."""
    scene = scenes()[name]
    with resolver(), full_queue() if scene.handler is full else listening(scene.handler) as port:
        try:
            arguments = (*arguments_of(scene, port, short), scene.held)
            if backend == "sync":
                ask(*arguments)
            else:
                run_async(backend, aask, *arguments)
        except Exception as exc:
            return describe(exc, port)
    return []


def call(name: str) -> Chain:
    """What the wrong call raises; an empty list if nothing."""
    try:
        wrong_calls()[name]()
    except Exception as exc:
        return describe(exc)
    return []


if __name__ == "__main__":
    facts: dict[str, dict[str, Chain]] = {
        name: {backend: play(name, backend) for backend in BACKENDS} for name in scenes()
    }
    facts |= {f"call: {name}": {"sync": call(name)} for name in wrong_calls()}
    json.dump(facts, sys.stdout, indent=1, sort_keys=True)
