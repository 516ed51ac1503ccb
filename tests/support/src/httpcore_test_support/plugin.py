"""The pytest plugin: event loops, certificates, real servers, random numbers, and a check for leaks of every test.

Mark async tests with `@pytest.mark.anyio`; each then runs on asyncio, uvloop and trio.
"""

from __future__ import annotations

import importlib.util
import os
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from . import asyncs
from .caddy import CaddyServer, caddy_server
from .certificates import Certificates, issue_certificates
from .hypercorn import HypercornServer, hypercorn_server
from .nginx import NginxServer, find_nginx, nginx_server
from .node import NodeServer, find_node, node_server
from .proxies import AUTH, RealProxies, pproxy_server, proxy_py_server
from .sockets import describe_leak, leaked_sockets, open_sockets

_SEED = "HTTPCORE_TEST_SEED"
_IMPATIENCE = 0.2  # seconds
_JOIN_TIMEOUT = 2.0
# Trio keeps idle worker threads for the next `trio.run`; they end by themselves. Old releases call them workers.
_CACHED_THREADS = ("Trio thread", "Trio worker thread")


def pytest_configure(config: pytest.Config) -> None:
    """Let our `anyio_backend` replace that of anyio's plugin: of two, the one registered last is used."""
    config.pluginmanager.register(asyncs, "httpcore-test-support-asyncs")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests on uvloop where there is none, as on PyPy."""
    if importlib.util.find_spec("uvloop") is None:
        for item in items:
            if "uvloop" in item.name:
                item.add_marker(pytest.mark.skip("uvloop is not installed"))


@pytest.fixture
def chance() -> random.Random:
    """Random numbers. The seed is in the report of a test that fails; the environment variable named there sets it."""
    seed = int(os.environ.get(_SEED) or random.randrange(2**32))
    print(f"to get the same random numbers: {_SEED}={seed}")  # pytest shows what failed tests print
    return random.Random(seed)


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    """A certificate authority, and a leaf for the loopback names."""
    with issue_certificates() as issued:
        yield issued


@pytest.fixture(scope="session")
def caddy(certificates: Certificates) -> Iterator[CaddyServer]:
    """A real Caddy that speaks HTTP/1.1 and HTTP/2, clear, over TLS and over a Unix socket."""
    with caddy_server(certificates) as server:
        yield server


@pytest.fixture(scope="session")
def caddy_http3(certificates: Certificates) -> Iterator[CaddyServer]:
    """One more Caddy for all tests, whose port of HTTPS speaks HTTP/3 too."""
    with caddy_server(certificates, http3=True) as server:
        yield server


@pytest.fixture(scope="session")
def hypercorn(certificates: Certificates) -> Iterator[HypercornServer]:
    """A real hypercorn that speaks HTTP/1.1 and HTTP/2, clear and over TLS."""
    with hypercorn_server(certificates) as server:
        yield server


@pytest.fixture(scope="session")
def hypercorn_http3(certificates: Certificates) -> Iterator[HypercornServer]:
    """A real hypercorn that speaks HTTP/3, too."""
    pytest.importorskip("aioquic")
    with hypercorn_server(certificates, http3=True) as server:
        yield server


@pytest.fixture(scope="session")
def impatient_hypercorn(certificates: Certificates) -> Iterator[HypercornServer]:
    """A real hypercorn that closes connections soon after they become idle."""
    with hypercorn_server(certificates, keep_alive=_IMPATIENCE) as server:
        yield server


@pytest.fixture(scope="session")
def nginx(certificates: Certificates) -> Iterator[NginxServer]:
    """A real nginx at its defaults: a connection carries 1,000 requests."""
    _require("nginx", find_nginx())
    with nginx_server(certificates) as server:
        yield server


@pytest.fixture(scope="session")
def restless_nginx(certificates: Certificates) -> Iterator[NginxServer]:
    """A real nginx whose connections carry 100 requests, 10 at once."""
    _require("nginx", find_nginx())
    with nginx_server(certificates, "keepalive_requests 100; http2_max_concurrent_streams 10;") as server:
        yield server


@pytest.fixture(scope="session")
def impatient_nginx(certificates: Certificates) -> Iterator[NginxServer]:
    """A real nginx that closes connections soon after they become idle."""
    _require("nginx", find_nginx())
    with nginx_server(certificates, f"keepalive_timeout {round(_IMPATIENCE * 1_000)}ms;") as server:
        yield server


@pytest.fixture(scope="session")
def node(certificates: Certificates) -> Iterator[NodeServer]:
    """A real Node that allows 10 streams at once."""
    _require("Node 18 or later", find_node())
    with node_server(certificates, max_concurrent_streams=10) as server:
        yield server


@pytest.fixture(scope="session")
def restless_node(certificates: Certificates) -> Iterator[NodeServer]:
    """A real Node that ends sessions after 40 requests, and refuses every eleventh stream.

    With every seventh, one request in a million would be refused seven times, which is an error.
    """
    _require("Node 18 or later", find_node())
    with node_server(certificates, max_concurrent_streams=20, requests_per_session=40, refuse_every=11) as server:
        yield server


def _require(name: str, found: str | None) -> None:
    if found is None:
        pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="session")
def proxies(certificates: Certificates) -> Iterator[RealProxies]:
    """Real proxies of all kinds."""
    with ExitStack() as stack:
        yield RealProxies(
            open=stack.enter_context(pproxy_server()),
            closed=stack.enter_context(pproxy_server(auth=AUTH)),
            unix=stack.enter_context(pproxy_server(unix=True)),
            http=stack.enter_context(proxy_py_server(auth=AUTH)),
            https=stack.enter_context(proxy_py_server(certificates, auth=AUTH)),
        )


@pytest.fixture(autouse=True)
def _no_leaks() -> Iterator[None]:
    """Fail a test that leaves a socket open or a thread running; fixtures of a wider scope are set up before."""
    sockets = open_sockets()
    threads = set(threading.enumerate())
    yield
    leaks = []
    new_threads = [thread for thread in threading.enumerate() if thread not in threads]
    if running := [thread.name for thread in new_threads if _outlives(thread)]:
        leaks.append(f"leaked threads: {', '.join(running)}")
    if left_open := leaked_sockets(sockets):
        leaks.append(describe_leak(left_open))
    if leaks:
        pytest.fail("; ".join(leaks), pytrace=False)


def _outlives(thread: threading.Thread) -> bool:
    if thread.name.startswith(_CACHED_THREADS):
        return False
    thread.join(_JOIN_TIMEOUT)
    return thread.is_alive()
