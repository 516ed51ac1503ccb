"""The distributions, built once, and environments with them, made two at a time."""

import concurrent.futures
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest
from httpcore_test_support.commands import run
from httpcore_test_support.environments import Environment

PACKAGES = Path(__file__).parents[2] / "packages"

# For the environments of test_ecosystem.py and test_upgraded.py.
collect_ignore = ["ecosystem", "upgraded"]

# Starts to install requirements into a fresh environment, which is the result of what it returns.
Prepare: TypeAlias = Callable[..., "concurrent.futures.Future[Environment]"]


@pytest.fixture(scope="session")
def executor() -> Iterator[concurrent.futures.Executor]:
    """Two threads: installing keeps a processor busy."""
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory, executor: concurrent.futures.Executor) -> Path:
    """A folder with the sdists and wheels of all packages; the wheels are built from the sdists."""
    folder = tmp_path_factory.mktemp("dist")

    def build(package: Path) -> None:
        run([sys.executable, "-m", "build", "--outdir", str(folder), str(package)])

    list(executor.map(build, PACKAGES.iterdir()))
    return folder


@pytest.fixture(scope="session")
def prepare(tmp_path_factory: pytest.TempPathFactory, dist: Path, executor: concurrent.futures.Executor) -> Prepare:
    def start(
        *requirements: str, python: str = sys.executable, before: Sequence[str] = ()
    ) -> concurrent.futures.Future[Environment]:
        folder = tmp_path_factory.mktemp("environment") / "venv"
        return executor.submit(Environment, folder, dist, requirements, python, before=before)

    return start
