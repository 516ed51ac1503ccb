"""Run all tests but those of packaging, and hold the coverage: `python tools/suite.py [ARGUMENTS OF PYTEST]`.

The tests of each package run by themselves and have to cover that package: tests of the packages above do not count.
A floor for everything together is in the root `pyproject.toml`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NO_TESTS = 5  # what pytest returns if its arguments deselect all of them

# The floors were measured on this version of Python. Others have other branches, and skip the tests that know the
# bytecode of 3.11: there the coverage is only reported.
MEASURED_ON = (3, 11)


@dataclass(frozen=True)
class Floor:
    """How much of some files their tests cover at least, in percent of lines and branches."""

    name: str
    files: str
    percent: float


# A little below what was measured. Raise a floor when the coverage rises.
FLOORS: dict[str, tuple[Floor, ...]] = {
    "models": (Floor("httpcore-models", "*/httpcore_models/*", 95.5),),
    "h11": (Floor("httpcore-h11", "*/httpcore_h11/*", 97), Floor("the HTTP/1.1 engine", "*/httpcore_h11/_*.py", 98.5)),
    "h2": (Floor("httpcore-h2", "*/httpcore_h2/*", 94), Floor("the HTTP/2 engine", "*/httpcore_h2/_*.py", 97.5)),
    "h3": (Floor("httpcore-h3", "*/httpcore_h3/*", 90), Floor("the HTTP/3 engine", "*/httpcore_h3/_*.py", 95)),
    "proxy": (
        Floor("httpcore-proxy", "*/httpcore_proxy/*", 98),
        Floor("the negotiations", "*/httpcore_proxy/_*.py", 99.5),
    ),
    "transports": (Floor("httpcore-httpx", "*/httpcore_httpx/*", 98.5),),
    "trace": (Floor("httpcore-trace", "*/httpcore_trace/*", 95),),
    "httpcore": (Floor("httpcore", "*/src/httpcore/*", 95), Floor("the pool's decisions", "*/httpcore/_pool/*", 96.5)),
}


def main(arguments: Sequence[str]) -> int:
    """Run everything, whatever fails; return the exit code."""
    folder = Path(tempfile.mkdtemp(prefix="coverage-"))
    try:
        failures = [*run_tests(folder, arguments), *check_floors(folder)]
    finally:
        shutil.rmtree(folder)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def run_tests(folder: Path, arguments: Sequence[str]) -> list[str]:
    """Run the tests, each part with a data file in `folder`; return what failed."""
    others = ["tests", *(f"--ignore=tests/{part}" for part in FLOORS)]
    failures = []
    for part, selection in [*((part, [f"tests/{part}"]) for part in FLOORS), ("others", others)]:
        print(f"== {part}", flush=True)
        pytest = ["run", f"--data-file={folder / part}", "-m", "pytest", *selection, *arguments]
        if coverage(*pytest) not in (0, NO_TESTS):
            failures.append(f"failed: the tests of {part}")
    return failures


def check_floors(folder: Path) -> list[str]:
    """Report the coverage of each package by its own tests, and of all by all; return what is below its floor."""
    failures = []
    is_held = sys.version_info[:2] == MEASURED_ON
    for part, floors in FLOORS.items():
        for floor in floors:
            print(f"== {floor.name}, covered by tests/{part}: at least {floor.percent:g} %", flush=True)
            least = floor.percent if is_held else 0
            options = (f"--data-file={folder / part}", f"--include={floor.files}", f"--fail-under={least}")
            if coverage("report", "--precision=1", *options):
                failures.append(f"below its floor of {floor.percent:g} %: {floor.name}")
    print("== everything, covered by all tests", flush=True)
    if coverage("combine", "--quiet", *map(str, sorted(folder.iterdir()))) or coverage(
        "report", *([] if is_held else ["--fail-under=0"])
    ):
        failures.append("below its floor: everything")
    return failures


def coverage(*arguments: str) -> int:
    """Run the tool of that name; return its exit code."""
    return subprocess.run([sys.executable, "-m", "coverage", *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
