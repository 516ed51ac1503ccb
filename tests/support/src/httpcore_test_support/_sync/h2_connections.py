# Generated from ../_async/h2_connections.py by tools/make_sync.py: edit that file, then run it.
"""HTTP/2 connections to scripted servers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from httpcore_h2 import HTTP2Connection
from httpcore_models import Origin, SyncBackend

from ..scripted import Script, ScriptedServer, scripted_server

__all__ = ["connected"]


@contextmanager
def connected(script: Script, **options: Any) -> Iterator[tuple[HTTP2Connection, ScriptedServer]]:
    """Yield a connection with `options`, and the server that follows `script`; close the connection at the end.

    If the test succeeds, raise what the script has raised.
    """
    with scripted_server(script) as server:
        stream = SyncBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0)
        with HTTP2Connection(Origin(b"http", b"127.0.0.1", server.port), stream, **options) as connection:
            yield connection, server
        server.raise_failures()
