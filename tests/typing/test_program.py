"""What users write passes the type checkers, and what they should not write does not."""

import sys
from pathlib import Path

import pytest
from httpcore_test_support.commands import run

PROGRAM = str(Path(__file__).with_name("program.py"))


@pytest.mark.parametrize(
    "checker",
    [["mypy", "--strict", "--config-file=", "--cache-dir"], ["pyright", "--pythonpath", sys.executable]],
    ids=["mypy", "pyright"],
)
def test_a_typed_program_of_a_user(tmp_path: Path, checker: list[str]) -> None:
    arguments = [str(tmp_path)] if checker[-1] == "--cache-dir" else []
    run([sys.executable, "-m", *checker, *arguments, PROGRAM], cwd=tmp_path)
