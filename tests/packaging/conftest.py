"""The distributions, built once."""

import concurrent.futures
import sys
from pathlib import Path

import pytest
from httpcore_test_support.commands import run

PACKAGES = Path(__file__).parents[2] / "packages"


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdists and wheels of all packages; the wheels are built from the sdists."""
    folder = tmp_path_factory.mktemp("dist")

    def build(package: Path) -> None:
        run([sys.executable, "-m", "build", "--outdir", str(folder), str(package)])

    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        list(executor.map(build, PACKAGES.iterdir()))
    return folder
