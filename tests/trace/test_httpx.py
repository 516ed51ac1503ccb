"""Hooks that record the requests of clients of httpx and httpx2."""

from typing import Any

import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_trace import Recorder


@pytest.fixture(params=["httpx", "httpcore_httpx", "httpcore_httpx.httpx2"])
def client(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Classes of clients with arguments: on httpx's own transport, and on those of httpcore-httpx."""
    library = pytest.importorskip("httpx2" if request.param.endswith("2") else "httpx")
    if request.param == "httpx":
        return {"sync": library.Client, "async": library.AsyncClient}
    transports = pytest.importorskip(request.param)
    return {
        "sync": lambda **options: library.Client(transport=transports.HTTPTransport(), **options),
        "async": lambda **options: library.AsyncClient(transport=transports.AsyncHTTPTransport(), **options),
    }


def check(recorder: Recorder, caddy: CaddyServer) -> None:
    assert [(record.method, record.url, record.status) for record in recorder.requests] == [
        ("GET", f"{caddy.http_url}/redirect", 302),
        ("GET", f"{caddy.http_url}/small.txt", 200),
    ]
    for record in recorder.requests:
        assert record.ended is not None
        assert (b"Authorization", b"[secure]") in record.request_headers
        assert abs(record.phases().total - record.duration) < 1e-6
    assert [record.reused for record in recorder.requests] == [False, True]
    assert [record.phases().connect == -1 for record in recorder.requests] == [False, True]


def test_a_client(client: dict[str, Any], caddy: CaddyServer) -> None:
    recorder = Recorder()
    hooks = {"request": [recorder.httpx_request_hook]}
    with client["sync"](event_hooks=hooks, follow_redirects=True, auth=("user", "secret")) as session:
        assert session.get(f"{caddy.http_url}/redirect").status_code == 200
    check(recorder, caddy)


@pytest.mark.anyio
async def test_an_async_client(client: dict[str, Any], caddy: CaddyServer) -> None:
    recorder = Recorder()
    hooks = {"request": [recorder.httpx_async_request_hook]}
    async with client["async"](event_hooks=hooks, follow_redirects=True, auth=("user", "secret")) as session:
        assert (await session.get(f"{caddy.http_url}/redirect")).status_code == 200
    check(recorder, caddy)
