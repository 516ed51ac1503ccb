"""HTTP/2 connections to scripted servers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from httpcore_h2 import AsyncHTTP2Connection
from httpcore_models import AutoBackend, Origin

from ..scripted import Script, ScriptedServer, scripted_server

__all__ = ["async_connected"]


@asynccontextmanager
async def async_connected(script: Script, **options: Any) -> AsyncIterator[tuple[AsyncHTTP2Connection, ScriptedServer]]:
    """Yield a connection with `options`, and the server that follows `script`; close the connection at the end.

    If the test succeeds, raise what the script has raised.
    """
    with scripted_server(script) as server:
        stream = await AutoBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0)
        async with AsyncHTTP2Connection(Origin(b"http", b"127.0.0.1", server.port), stream, **options) as connection:
            yield connection, server
        server.raise_failures()
