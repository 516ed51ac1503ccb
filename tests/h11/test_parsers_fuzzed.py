"""A short run of the fuzzer, if it is installed. `hatch run soak` runs it for minutes."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

needs_atheris = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")


@needs_atheris
def test_the_fuzzer_finds_no_disagreement(tmp_path: Path) -> None:
    program = Path(__file__).with_name("fuzz_parsers.py")
    command = [sys.executable, str(program), "-runs=2000", "-seed=1", f"-artifact_prefix={tmp_path}/"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "DONE" in result.stderr
