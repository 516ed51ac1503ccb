"""Callers that create their own pool."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import httpcore

from ..callers import Stage
from ..clients import Client
from ..worlds import settle

__all__ = ["CALLERS"]

CALLERS: dict[str, Callable[[Stage], Any]] = {}


def caller(function: Callable[[Stage], Any]) -> None:
    CALLERS[function.__name__.replace("_", " ").strip()] = function


async def _made(stage: Stage, name: str, **options: Callable[[], Any]) -> bool:
    """Recreate the client as a step, which also creates the options."""

    async def make() -> None:
        await stage.client.close()
        stage.client = Client(stage.world, stage.case, **{key: value() for key, value in options.items()})

    await stage.step(name, make)
    return "error" not in stage.record.steps[-1]


@caller
async def proxy_with_an_odd_scheme(stage: Stage) -> None:
    for scheme in ("sock5", "ftp"):
        url = f"{scheme}://127.0.0.1:{stage.case['port']}"
        refused = False
        try:
            await stage.client.close()
            stage.client = Client(stage.world, stage.case, proxy=httpcore.Proxy(url))
        except ValueError as exc:
            refused = "socks5" in str(exc)
        stage.record.steps.append({"step": scheme, "result": "refused" if refused else "taken"})
        if not refused:
            await stage.exchange()
    stage.client = Client(stage.world, stage.case)


@caller
async def proxy_with_credentials_in_its_url(stage: Stage) -> None:
    url = f"http://user:se%63ret@127.0.0.1:{stage.case['port']}"
    if await _made(stage, "pool", proxy=lambda: httpcore.Proxy(url)):
        shown = repr(httpcore.Proxy(url)) + repr(stage.client.pool)
        stage.record.steps.append({"step": "shown", "result": "secret" in shown or "se%63ret" in shown})
        await stage.exchange()


@caller
async def traced_through_a_proxy(stage: Stage) -> None:
    """The proxy has credentials; a trace callback sees requests."""
    url = f"http://127.0.0.1:{stage.case['port']}"
    seen: set[str] = set()

    def look(name: str, info: dict[str, Any]) -> None:
        for shown in info.values():
            for field, value in getattr(shown, "headers", None) or ():
                if field.lower() == b"proxy-authorization":
                    seen.add(value.decode())

    async def look_async(name: str, info: dict[str, Any]) -> None:
        look(name, info)

    await _made(stage, "pool", proxy=lambda: httpcore.Proxy(url, auth=("user", "secret")))
    await stage.exchange(trace=look_async if stage.world.asynchronous else look)
    result = "shown" if any(value.startswith("Basic ") for value in seen) else "hidden"
    stage.record.steps.append({"step": "credentials", "result": result})


@caller
async def path_of_a_socket(stage: Stage) -> None:
    await _made(stage, "pool", uds=lambda: pathlib.Path("/nowhere/socket"))
    await stage.exchange()


@caller
async def socket_without_a_limit(stage: Stage) -> None:
    """After 101 the user owns the socket, and reads what arrives after the limit of the request."""
    reply = await stage.open(headers=[(b"Connection", b"Upgrade"), (b"Upgrade", b"x")])
    assert reply is not None
    sock = reply.response.extensions["network_stream"].get_extra_info("socket")

    async def read() -> bytes:
        sock.settimeout(None)
        data: bytes = sock.recv(100)
        return data

    await stage.step("read socket", read)
    await stage.close(reply)


@caller
async def shared_context(stage: Stage) -> None:
    """An HTTP/1.1 pool connects while an HTTP/2 pool is connecting; they share one TLS context."""
    context = stage.client._context()
    case = {**stage.case, "http2": False}
    one = Client(stage.world, case, ssl_context=context)
    two = Client(stage.world, {**case, "http2": True}, ssl_context=context)
    two.options = {}
    versions: dict[str, Any] = {}

    async def use(name: str, client: Client, **options: Any) -> None:
        try:
            reply = await client.open("GET", stage.path(), **options)
            versions[name] = reply.head()["version"]
            await reply.read()
            await reply.close()
        except Exception as exc:
            versions[name] = type(exc).__name__

    def look(name: str, info: dict[str, Any]) -> None:
        if name == "connection.start_tls.started" and not stage.world.asynchronous:
            import time

            time.sleep(0.1)

    async def look_async(name: str, info: dict[str, Any]) -> None:
        if name == "connection.start_tls.started":
            await stage.world.sleep(0.1)

    async def second() -> None:
        await stage.world.sleep(0.05)
        await use("two", two)

    traced = {"trace": look_async if stage.world.asynchronous else look}
    await stage.world.together(lambda: use("one", one, **traced), second)
    await one.close()
    await two.close()
    stage.record.steps.append({"step": "versions", "result": dict(sorted(versions.items()))})


ODD: dict[str, tuple[str, Callable[[Stage], Any]]] = {}


def odd(name: str, argument: str) -> Callable[[Callable[[Stage], Any]], None]:
    def add(function: Callable[[Stage], Any]) -> None:
        ODD[name] = argument, function

    return add


def _request(stage: Stage, **options: Any) -> Any:
    request = httpcore.Request("GET", stage.client.url + "/odd", **options)
    pool = stage.client.pool
    return (pool.handle_async_request if stage.world.asynchronous else pool.handle_request)(request)


@odd("timeout 5", "timeout")
def _timeout(stage: Stage) -> Any:
    return _request(stage, extensions={"timeout": 5})


@odd("headers of numbers", "header")
def _headers(stage: Stage) -> Any:
    return _request(stage, headers=[(b"Host", b"x"), (b"X", 5)])


@odd("content 5", "content")
def _content(stage: Stage) -> Any:
    return _request(stage, headers=[(b"Host", b"x")], content=5)


@odd("proxy without a scheme", "url")
def _proxy(stage: Stage) -> Any:
    return httpcore.Proxy("127.0.0.1:3128")


@odd("ssl_context True", "ssl_context")
def _context(stage: Stage) -> Any:
    return httpcore.ConnectionPool(ssl_context=True)  # type: ignore[arg-type]


@odd("no connections", "max_connections")
def _none(stage: Stage) -> Any:
    return httpcore.ConnectionPool(max_connections=0)


@odd("port 99999", "port")
def _port(stage: Stage) -> Any:
    url = httpcore.URL(scheme=b"http", host=b"127.0.0.1", port=99_999, target=b"/")
    request = httpcore.Request("GET", url, headers=[(b"Host", b"x")])
    pool = stage.client.pool
    return (pool.handle_async_request if stage.world.asynchronous else pool.handle_request)(request)


@caller
async def odd_arguments(stage: Stage) -> None:
    """Each is accepted, or refused by an error that names the argument."""
    for name, (argument, function) in ODD.items():
        result = "taken"
        try:
            reply = await settle(function(stage))
            if isinstance(reply, httpcore.Response):
                close: Callable[[], Any] = reply.aclose if stage.world.asynchronous else reply.close
                await settle(close())
        except Exception as exc:
            result = "named" if argument in str(exc).lower() or argument in str(exc) else f"{type(exc).__name__}: {exc}"
        stage.record.steps.append({"step": name, "result": result})
