"""Releases of anyio in use, down to those that 1.0.9 supported, with matching releases of trio."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.commands import run
from httpcore_test_support.environments import Environment
from httpcore_test_support.proxies import pproxy_server

PROGRAM = Path(__file__).parent / "every_anyio.py"

# No extras are asked for: what is installed stays, as with `pip install --upgrade httpcore`.
PACKAGES = ("--no-compile", "httpcore[http2,socks]", "uvloop")
RELEASES = {
    "3.0": ("anyio==3.0.0", "trio"),
    "3.7": ("anyio==3.7.1", "trio"),  # the last that many programs pinned
    "4.0": ("anyio==4.0.0", "trio"),
    "newest": ("anyio", "trio"),
    "none": ("trio",),
}
LOOPS = ("asyncio", "uvloop", "trio")
CASES = [(release, loop) for release in RELEASES for loop in LOOPS if release != "none" or loop == "trio"]


@pytest.fixture(scope="module")
def environments(prepare: Callable[..., Future[Environment]]) -> dict[str, Future[Environment]]:
    """All environments, created in parallel."""
    return {name: prepare(*PACKAGES, *requirements) for name, requirements in RELEASES.items()}


@pytest.fixture(scope="module")
def runs(
    environments: dict[str, Future[Environment]], executor: Executor, caddy: CaddyServer, certificates: Certificates
) -> Iterator[dict[tuple[str, str], Future[str]]]:
    """Runs of the program, in parallel, each once its environment is ready."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with pproxy_server() as proxy:

        def start(release: str, loop: str) -> str:
            arguments = (loop, caddy.http_url, caddy.https_url, str(certificates.authority_pem), str(proxy.port))
            python = environments[release].result().python
            return run([python, "-W", "error", str(PROGRAM), *arguments], env=variables)

        yield {case: executor.submit(start, *case) for case in CASES}


@pytest.mark.upgrade("1.2")
@pytest.mark.parametrize("release", RELEASES)
def test_the_release_is_installed(environments: dict[str, Future[Environment]], release: str) -> None:
    version = environments[release].result().distributions().get("anyio", "none")
    assert version.startswith(release) or (release == "newest" and int(version.partition(".")[0]) >= 4)


@pytest.mark.upgrade("1.2")
@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_requests_work(runs: dict[tuple[str, str], Future[str]], case: tuple[str, str]) -> None:
    runs[case].result()
