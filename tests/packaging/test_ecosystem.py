"""Published packages built on httpcore work on it, as the tests in `ecosystem/` show.

Those run in environments with the wheels and what is in `ecosystem/*.txt`, each file in a process of its own, since
many of these packages replace functions of others.
"""

import itertools
import os
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest
from httpcore_test_support.commands import run
from httpcore_test_support.environments import Environment

TESTS = Path(__file__).parent / "ecosystem"
SUPPORT = Path(__file__).parents[1] / "support"

# httpx2, on which some of these stand, needs Python 3.11.
TRANSPORTS = ("transports_alias", "transports_mocks", "transports_sdks", "transports_websockets")

# The requirements, and which tests there are for them.
AREAS = {
    "direct": ("hishel_pools", "vcrpy", "vcrpy_pools"),  # first, since its environment is made sooner
    "green": ("green",),
    **({"transports": TRANSPORTS} if sys.version_info >= (3, 11) else {}),
    "current": (
        "anthropic",
        "guards",
        "hishel",
        "httpx",
        "httpx_socks",
        "httpx_sse",
        "httpx_ws",
        "openai",
        "opentelemetry",
        "pytest_httpx",
        "respx",
        "sentry",
        "vcrpy",
    ),
}
CASES = [(name, area) for name, areas in AREAS.items() for area in areas]


@pytest.fixture(scope="module")
def environments(prepare: Callable[..., Future[Environment]]) -> dict[str, Future[Environment]]:
    """All environments, created in parallel."""
    # Compiling everything that is installed would take half of the time.
    options = ("--no-compile", "httpcore[asyncio,http2,socks,trio]", "httpcore-httpx", str(SUPPORT), "-r")
    return {name: prepare(*options, str(TESTS / f"{name}.txt")) for name in AREAS}


@pytest.fixture(scope="module")
def runs(
    environments: dict[str, Future[Environment]], executor: Executor, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Future[str]]:
    """Runs of all tests, in parallel, each once its environment is ready."""
    # Only what is installed.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def start(name: str, area: str) -> Future[str]:
        options = ("-q", f"--basetemp={tmp_path_factory.mktemp(area) / 'base'}", f"test_{area}.py")

        def finish() -> str:
            return run([environments[name].result().python, "-m", "pytest", *options], cwd=TESTS, env=variables)

        return executor.submit(finish)

    return {(name, area): start(name, area) for name, area in CASES}


@pytest.mark.parametrize("name", AREAS)
def test_the_wheels_are_installed(environments: dict[str, Future[Environment]], dist: Path, name: str) -> None:
    wheels = dict(path.name.replace("_", "-").split("-py3")[0].rsplit("-", 1) for path in dist.glob("*.whl"))
    installed = environments[name].result().distributions()
    ours = {name: version for name, version in installed.items() if name in wheels}
    assert len(ours) == 6  # without the pieces that are asked for by name only
    assert ours.items() <= wheels.items()


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_published_package_works(runs: dict[tuple[str, str], Future[str]], case: tuple[str, str]) -> None:
    runs[case].result()


def test_all_tests_are_run() -> None:
    tested = {*TRANSPORTS, *itertools.chain.from_iterable(AREAS.values())}
    assert {path.stem.removeprefix("test_") for path in TESTS.glob("test_*.py")} == tested
