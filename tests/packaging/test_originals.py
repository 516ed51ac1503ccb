"""The original tests of httpcore 1.0.9 and httpx 0.28.1 pass on the wheels, except those named here."""

import os
import sys
import tarfile
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

import pytest
from httpcore_test_support.commands import run
from httpcore_test_support.environments import Environment


class Original(NamedTuple):
    """Requirements of its tests, options for pytest, and the tests that are expected to fail."""

    requirements: list[str]
    options: list[str]
    differences: list[str]


ORIGINALS = {
    "httpcore-1.0.9": Original(
        ["pytest-trio==0.8.0"],
        # These need httpbin, which needs old releases of much else.
        [
            "--ignore=tests/test_api.py",
            *(f"--ignore=tests/{folder}/test_integration.py" for folder in ("_async", "_sync")),
            "--deselect=tests/test_models.py::test_request",  # the repr of a request has its URL
        ],
        [
            "test_http2_connection_post_request",  # its body is longer than its Content-Length
            "test_http2_remote_max_streams_update",  # looks at a semaphore inside the connection
            # Errors name the proxy, behind the texts that these expect.
            "test_proxy_tunneling_with_403",
            "test_socks5_request_connect_failed",
            "test_socks5_request_failed_to_provide_auth",
            "test_socks5_request_incorrect_auth",
        ],
    ),
    "httpx-0.28.1": Original(
        ["httpx[brotli,cli,http2,socks,zstd]==0.28.1", "chardet==5.2.0", "trustme", "uvicorn"],
        ["-m", "not network"],
        [],
    ),
}


@pytest.fixture(scope="module")
def environments(prepare: Callable[..., Future[Environment]]) -> dict[str, Future[Environment]]:
    """All environments, created in parallel."""
    ours = ("--no-compile", "httpcore[asyncio,http2,socks,trio]", "pytest==8.4.2")
    return {name: prepare(*ours, *original.requirements) for name, original in ORIGINALS.items()}


def published(name: str, folder: Path) -> Path:
    """The folder of the sdist of a release."""
    project, _, version = name.rpartition("-")
    options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
    run([sys.executable, "-m", "pip", "download", *options, f"{project}=={version}"])
    with tarfile.open(folder / f"{name}.tar.gz") as archive:
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return folder / name


@pytest.mark.upgrade("5.3", "5.4")
@pytest.mark.parametrize("name", ORIGINALS)
def test_original_suite_passes(environments: dict[str, Future[Environment]], tmp_path: Path, name: str) -> None:
    original = ORIGINALS[name]
    source = published(name, tmp_path)
    # Its tests and settings without its source, which is installed.
    folder = tmp_path / "run"
    folder.mkdir()
    for part in ("tests", "pyproject.toml", "README.md", "CHANGELOG.md"):
        if (source / part).exists():
            (source / part).rename(folder / part)
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    expression = " and ".join(f"not {difference}" for difference in original.differences)
    options = ["-q", "-p", "no:cacheprovider", "-W", "ignore::DeprecationWarning", *original.options, "-k", expression]
    output = run([environments[name].result().python, "-m", "pytest", *options, "tests"], cwd=folder, env=variables)
    assert " passed" in output
