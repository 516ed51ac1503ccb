# Generated from ../_async/test_refusals.py by tools/make_sync.py: edit that file, then run it.
"""Servers that end connections and refuse streams: no request is lost, and none is processed twice."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from httpcore import ConnectionPool
from httpcore_test_support.bodies import PartsInMemory
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.nginx import NginxServer
from httpcore_test_support.node import NodeServer
from httpcore_test_support.relay import delaying_relay
from httpcore_test_support.waiting import at_once

pytestmark = pytest.mark.anyio

TIMEOUTS = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 30.0}}
TASKS = 50

Work = Callable[[], Any]


@pytest.fixture(params=["restless_nginx", "restless_node"])
def restless(request: pytest.FixtureRequest) -> NginxServer | NodeServer:
    """Servers whose connections carry a few dozen requests, and only a few at once."""
    server: NginxServer | NodeServer = request.getfixturevalue(request.param)
    return server


def sizes(work: Work, times: int) -> set[int]:
    """Repeat a request in many threads; return the sizes of the bodies, as reported by the server."""
    told: list[int] = []

    def repeat() -> None:
        for _ in range(times):
            response = work()
            assert (response.status if hasattr(response, "status") else response.status_code) == 200
            told.append(int(response.content or b"0"))

    at_once(*[repeat] * TASKS)
    assert len(told) == TASKS * times
    return set(told)


@pytest.mark.fault("P3")
@pytest.mark.parametrize(
    ("method", "content", "size"),
    [
        ("GET", None, 0),
        ("POST", b"x" * 3_000, 3_000),
        ("POST", PartsInMemory(b"x" * 1_000, b"y" * 2_000), 3_000),
    ],
    ids=["GET", "bytes", "parts"],
)
def test_no_request_is_lost(
    restless: NginxServer | NodeServer, certificates: Certificates, method: str, content: Any, size: int
) -> None:
    with ConnectionPool(http2=True, ssl_context=certificates.client_context()) as pool:

        def work() -> Any:
            return pool.request(method, restless.https_url + "/", content=content, extensions=TIMEOUTS)

        if isinstance(restless, NodeServer):
            pool.request("GET", restless.https_url + "/count", extensions=TIMEOUTS)
        assert sizes(work, 20) == {size}
        if isinstance(restless, NodeServer):
            count = pool.request("GET", restless.https_url + "/count", extensions=TIMEOUTS)
            assert int(count.content) == TASKS * 20


@pytest.mark.fault("P4")
@pytest.mark.parametrize(
    "options", [{"content": b"x" * 3_000}, {"files": {"file": b"x" * 3_000}}], ids=["bytes", "file"]
)
def test_no_request_of_httpx_is_lost(
    restless: NginxServer | NodeServer, certificates: Certificates, options: dict[str, Any]
) -> None:
    context = certificates.client_context()
    with httpx.Client(http2=True, verify=context, trust_env=False, timeout=20.0) as client:

        def work() -> Any:
            return client.post(restless.https_url + "/", **options)

        (size,) = sizes(work, 10)
        assert size >= 3_000


@pytest.mark.fault("P3", "P4")
def test_posts_of_httpx_at_the_defaults_of_nginx(nginx: NginxServer, certificates: Certificates) -> None:
    """After 1,000 requests nginx ends the connection."""
    context = certificates.client_context()
    with httpx.Client(http2=True, verify=context, trust_env=False, timeout=20.0) as client:

        def work() -> Any:
            return client.post(nginx.https_url + "/", content=b"x" * 100)

        assert sizes(work, 24) == {100}


@pytest.mark.fault("P3")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_request_is_lost_when_nginx_reloads(nginx: NginxServer, certificates: Certificates, method: str) -> None:
    """Each time nginx reloads its configuration, the old process ends all connections gracefully."""
    done: list[int] = []
    with ConnectionPool(http2=True, ssl_context=certificates.client_context()) as pool:

        def repeat() -> None:
            while pool.stats().opened < 4:
                response = pool.request(method, nginx.https_url + "/", content=b"text", extensions=TIMEOUTS)
                assert (response.status, response.content) == (200, b"4")
                done.append(response.status)
                if len(done) % 300 == 100:
                    nginx.reload()

        at_once(*[repeat] * TASKS)


@pytest.mark.fault("P5")
@pytest.mark.parametrize("tls", [False, True], ids=["clear", "TLS"])
def test_many_at_once_on_a_long_path(node: NodeServer, certificates: Certificates, tls: bool) -> None:
    """The server allows ten streams. The client learns this after its first requests."""
    url = node.https_url if tls else node.h2c_url
    arguments: dict[str, Any] = {"ssl_context": certificates.client_context()} if tls else {"http1": False}
    with delaying_relay(int(url.rsplit(":", 1)[1]), 0.03) as port:
        with ConnectionPool(http2=True, **arguments) as pool:

            def get() -> int:
                url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/"
                return (pool.request("GET", url, extensions=TIMEOUTS)).status

            assert at_once(*[get] * 100) == [200] * 100
