"""Requests over loopback to a server of the standard library: for platforms where the test servers do not run."""

import asyncio
import http.server
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpcore
import pytest

BODY = bytes(range(256)) * 4096

Run = Callable[[Callable[[], Awaitable[None]]], Any]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET with `BODY`, and POST with what was sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(BODY)

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Be silent."""


class Server(http.server.ThreadingHTTPServer):
    """Does not print the errors that cancelled requests cause."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@pytest.fixture
def url() -> Iterator[str]:
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_threads(url: str) -> None:
    with httpcore.ConnectionPool(max_connections=2) as pool:

        def exchange() -> None:
            for _ in range(5):
                assert pool.request("GET", url).content == BODY
                assert pool.request("POST", url, content=BODY).content == BODY

        threads = [threading.Thread(target=exchange) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stats = pool.stats()
        assert (stats.requests_active, stats.requests_queued) == (0, 0)
        with pytest.raises(httpcore.ConnectError):
            pool.request("GET", "http://127.0.0.1:1/")


def run_on_trio(function: Callable[[], Awaitable[None]]) -> None:
    pytest.importorskip("trio").run(function)


def run_on_asyncio(function: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(function())  # type: ignore[arg-type]


@pytest.mark.parametrize("run", [run_on_asyncio, run_on_trio], ids=["asyncio", "trio"])
def test_tasks(url: str, run: Run) -> None:
    anyio = pytest.importorskip("anyio")

    async def main() -> None:
        async with httpcore.AsyncConnectionPool(max_connections=2) as pool:

            async def exchange() -> None:
                for _ in range(5):
                    assert (await pool.request("GET", url)).content == BODY
                    assert (await pool.request("POST", url, content=BODY)).content == BODY

            async with anyio.create_task_group() as tasks:
                for _ in range(4):
                    tasks.start_soon(exchange)
            with anyio.move_on_after(0.001):
                await pool.request("GET", url)
            stats = pool.stats()
            assert (stats.requests_active, stats.requests_queued) == (0, 0)
            with pytest.raises(httpcore.ConnectError):
                await pool.request("GET", "http://127.0.0.1:1/")

    run(main)
