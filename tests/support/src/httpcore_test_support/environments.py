"""Fresh virtual environments, with what is under test installed as users install it."""

from __future__ import annotations

import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from .commands import run

__all__ = ["Environment"]


class Environment:
    """A virtual environment in `folder` with `requirements`, for which the files in `dist` are preferred."""

    def __init__(self, folder: Path, dist: Path, requirements: Sequence[str]) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        self.python = str(folder / "bin" / "python")
        self._pip = [sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check"]
        run([*self._pip, "install", "-q", "--find-links", str(dist), *requirements])

    def distributions(self) -> dict[str, str]:
        """The names and versions of what is installed."""
        lines = run([*self._pip, "list", "--format=freeze"]).splitlines()
        pairs = (line.split("==") for line in lines)
        return {name.replace("_", "-").lower(): version for name, version in pairs}

    def run(self, program: str, *arguments: str) -> str:
        """Run a program, isolated from this environment; a failure or a warning of its fails the test."""
        return run([self.python, "-I", "-W", "error", "-c", program, *arguments])
