"""The extra information of network streams of responses, as measured on 1.0.9 with every backend."""

from __future__ import annotations

import socket
import threading
from typing import Any

import anyio
import httpcore
import pytest

pytest.importorskip("trustme")
pytest.importorskip("uvloop")

from .failing_peers import HOST, Handler, client_context, encrypted, listening, server_context
from .failure_players import BACKENDS, run_async
from .failure_scenes import OK

ANSWER = OK + b"Content-Length: 2\r\n\r\nok"

# Of 1.0.9, but on asyncio and uvloop: the sockets of their transports do less than this one, and nothing else.
SOCKETS = {
    "sync": {"http": "socket.socket", "https": "ssl.SSLSocket"},
    "asyncio": dict.fromkeys(("http", "https"), "socket.socket"),
    "uvloop": dict.fromkeys(("http", "https"), "socket.socket"),
    "trio": dict.fromkeys(("http", "https"), "trio._socket._SocketType"),
}
TLS = {"sync": "_ssl._SSLSocket", "asyncio": "ssl.SSLObject", "uvloop": "ssl.SSLObject", "trio": "ssl.SSLObject"}

# What the sockets of transports have in name only, on Linux.
NOWHERE = ("getsockbyname", "ioctl", "share")


def answer(sock: socket.socket, over: threading.Event) -> None:
    while sock.recv(65536):
        sock.sendall(ANSWER)


def through_a_tunnel(handler: Handler) -> Handler:
    def proxy(sock: socket.socket, over: threading.Event) -> None:
        sock.recv(65536)
        sock.sendall(OK + b"\r\n")
        handler(sock, over)

    return proxy


def kind(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def told(stream: Any) -> dict[str, Any]:
    values = {name: stream.get_extra_info(name) for name in ("client_addr", "server_addr", "is_readable", "nonsense")}
    sock = stream.get_extra_info("socket")
    values["lowat"] = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
    values["nodelay"] = bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    values["names"] = (sock.getsockname(), sock.getpeername())
    assert stream.get_extra_info("socket") is sock
    return values | {"socket": kind(sock), "ssl_object": kind(stream.get_extra_info("ssl_object"))}


async def asked(url: str, options: dict[str, Any]) -> dict[str, Any]:
    async with httpcore.AsyncConnectionPool(**options) as pool, pool.stream("GET", url) as response:
        await response.aread()
        return told(response.extensions["network_stream"])


@pytest.mark.upgrade("5.1")
@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxied"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_extra_info_of_a_stream(backend: str, scheme: str, proxied: bool) -> None:
    handler = answer if scheme == "http" else encrypted(server_context(), answer)
    if proxied and scheme == "https":
        handler = through_a_tunnel(handler)
    with listening(handler) as port:
        options: dict[str, Any] = {"ssl_context": client_context()}
        url = f"{scheme}://{HOST}:{port}/"
        if proxied:
            options["proxy"] = httpcore.Proxy(f"http://{HOST}:{port}")
            url = f"{scheme}://localhost/"
        if backend == "sync":
            with httpcore.ConnectionPool(**options) as pool, pool.stream("GET", url) as response:
                response.read()
                values = told(response.extensions["network_stream"])
        else:
            values = run_async(backend, asked, url, options)
    client, server = values["names"]
    assert server == (HOST, port)
    assert values == {
        "names": (client, server),
        "client_addr": client,
        "server_addr": server,
        "is_readable": False,
        "nonsense": None,
        "socket": SOCKETS[backend][scheme],
        "ssl_object": TLS[backend] if scheme == "https" else "builtins.NoneType",
        "lowat": 16384 if backend == "trio" else 0,
        "nodelay": True,
    }


@pytest.mark.upgrade("5.1")
def test_options_of_the_caller_override_those_of_trio() -> None:
    option = (socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 4096)
    with listening(answer) as port:
        values = run_async("trio", asked, f"http://{HOST}:{port}/", {"socket_options": [option]})
    assert values["lowat"] == 4096


@pytest.mark.upgrade("5.1")
def test_sockets_on_trio_have_async_methods() -> None:
    async def receive(url: str) -> bytes:
        async with httpcore.AsyncConnectionPool() as pool, pool.stream("GET", url) as response:
            await response.aread()
            sock = response.extensions["network_stream"].get_extra_info("socket")
            await sock.send(b"more")
            with anyio.fail_after(10):
                received: bytes = await sock.recv(65536)
                return received

    with listening(answer) as port:
        assert run_async("trio", receive, f"http://{HOST}:{port}/") == ANSWER


@pytest.mark.upgrade("5.1")
@pytest.mark.parametrize("backend", ["asyncio", "uvloop"])
def test_sockets_on_asyncio_do_all_that_those_of_its_transports_do(backend: str) -> None:
    async def names(url: str) -> set[str]:
        async with httpcore.AsyncConnectionPool() as pool, pool.stream("GET", url) as response:
            await response.aread()
            stream = response.extensions["network_stream"]
            transport = stream._stream._transport.get_extra_info("socket")
            here = dir(stream.get_extra_info("socket"))
            return {name for name in dir(transport) if not name.startswith("_")} - {*here, *NOWHERE}

    with listening(answer) as port:
        assert run_async(backend, names, f"http://{HOST}:{port}/") == set()
