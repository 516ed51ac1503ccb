"""The tool that runs the tests and holds the coverage: it runs all, and what fails anywhere fails the run."""

from __future__ import annotations

import fnmatch
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]

# Calls the tool, and returns its exit code and the commands that it ran.
Run = Callable[..., tuple[int, list[tuple[str, ...]]]]


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("suite", ROOT / "tools" / "suite.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "suite", module)  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(suite: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the tool, with exit codes of `coverage` for commands that contain a word."""

    def run(*arguments: str, **codes: int) -> tuple[int, list[tuple[str, ...]]]:
        commands: list[tuple[str, ...]] = []

        def coverage(*command: str) -> int:
            commands.append(command)
            return next((code for word, code in codes.items() if word in " ".join(command)), 0)

        monkeypatch.setattr(suite, "coverage", coverage)
        return suite.main(arguments), commands

    return run


def test_every_package_has_a_floor(suite: ModuleType) -> None:
    floors = [floor for part in suite.FLOORS.values() for floor in part]
    assert {path.name for path in (ROOT / "packages").iterdir()} <= {floor.name for floor in floors}
    sources = [str(path) for path in ROOT.glob("packages/*/src/**/*.py")]
    for floor in floors:
        assert 90 <= floor.percent <= 100, floor
        assert fnmatch.filter(sources, floor.files), floor


def test_every_part_has_tests(suite: ModuleType) -> None:
    for part in suite.FLOORS:
        assert any((ROOT / "tests" / part).glob("test_*.py")), part


def test_every_test_runs_once(run: Run) -> None:
    code, commands = run("-x")
    assert code == 0
    tests = [command for command in commands if command[0] == "run"]
    parts = [command[command.index("pytest") + 1 :] for command in tests]
    assert all(part[-1] == "-x" for part in parts)
    *packages, others = parts
    assert {f"--ignore={part[0]}" for part in packages} == set(others[1:-1])
    assert others[0] == "tests"


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("pytest tests/h11", "failed: the tests of h11\n"),
        ("ignore=", "failed: the tests of others\n"),
        ("include=*/httpcore_proxy", "below its floor of"),
        ("combine", "below its floor: everything\n"),
    ],
)
def test_a_failure_anywhere_fails_the_run_at_its_end(
    run: Run, capsys: pytest.CaptureFixture[str], word: str, text: str
) -> None:
    code, commands = run(**{word: 1})
    assert code == 1
    assert capsys.readouterr().err.startswith(text)
    assert "combine" in [command[0] for command in commands]


@pytest.mark.parametrize(("version", "is_held"), [((3, 11), True), ((3, 10), False), ((3, 14), False)])
def test_floors_are_held_on_the_python_they_were_measured_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], is_held: bool
) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, 0))
    reports = [command for command in run()[1] if command[0] == "report"]
    floors = {option for command in reports for option in command if option.startswith("--fail-under=")}
    assert ("--fail-under=97" in floors, "--fail-under=0" in floors) == (is_held, not is_held)


def test_arguments_may_deselect_the_tests_of_a_package(run: Run) -> None:
    assert run("-k", "something", run=5)[0] == 0
