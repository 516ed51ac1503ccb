"""A real hypercorn on the loopback interface, clear and over TLS, with HTTP/1.1, HTTP/2 and perhaps HTTP/3.

Routes: /echo sends the request body back, /trailers ends its response with trailers, everything else says hello.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .certificates import Certificates
from .datagrams import listen_on_one_port

__all__ = ["HypercornServer", "hypercorn_server"]

_STOP_TIMEOUT = 10.0

_SERVE = """
import asyncio, importlib, sys
from hypercorn.asyncio import serve
from hypercorn.config import Config

clear, secure, certificate, key, module, keep_alive, datagrams = sys.argv[1:]
config = Config()
config.insecure_bind, config.bind = [f"fd://{clear}"], [f"fd://{secure}"]
config.certfile, config.keyfile = certificate, key
config.keep_alive_timeout = float(keep_alive)
config.quic_bind = [f"fd://{datagrams}"] if datagrams else []
config.loglevel = "ERROR"
asyncio.run(serve(importlib.import_module(module).app, config))
"""


@dataclass(frozen=True)
class HypercornServer:
    """A running hypercorn."""

    http_url: str
    https_url: str


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """What hypercorn serves."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    body = b""
    while (message := await receive()).get("more_body"):
        body += message["body"]
    body += message["body"]
    trailers = scope["path"] == "/trailers"
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"x-server", b"hypercorn")], "trailers": trailers}
    )
    content = body if scope["path"] == "/echo" else b"Hello from hypercorn\n"
    await send({"type": "http.response.body", "body": content})
    if trailers:
        await send({"type": "http.response.trailers", "headers": [(b"checksum", b"abc")], "more_trailers": False})


@contextmanager
def hypercorn_server(
    certificates: Certificates,
    module: str = __name__,
    folder: Path | None = None,
    *,
    keep_alive: float = 5.0,
    http3: bool = False,
) -> Iterator[HypercornServer]:
    """Run hypercorn for the length of the `with` block; it serves the `app` of a module, which may be in a `folder`.

    Connections that are idle are closed after `keep_alive` seconds. With `http3`, which needs aioquic, the port of
    HTTPS speaks HTTP/3 over UDP besides.
    """
    secure, udp = listen_on_one_port()
    with socket.create_server(("127.0.0.1", 0)) as clear, secure, udp:
        ports = [sock.getsockname()[1] for sock in (clear, secure)]
        # Requests wait in the backlog of the sockets until it is ready.
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                _SERVE,
                *(str(sock.fileno()) for sock in (clear, secure)),
                str(certificates.chain_pem),
                str(certificates.key_pem),
                module,
                str(keep_alive),
                str(udp.fileno()) if http3 else "",
            ],
            cwd=folder,
            pass_fds=(clear.fileno(), secure.fileno(), udp.fileno()),
        )
    try:
        yield HypercornServer(f"http://127.0.0.1:{ports[0]}", f"https://127.0.0.1:{ports[1]}")
    finally:
        process.terminate()
        process.wait(_STOP_TIMEOUT)
