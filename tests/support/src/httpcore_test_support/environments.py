"""Fresh virtual environments, with what is under test installed as users install it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .commands import run

__all__ = ["Environment", "interpreter"]


def interpreter(version: str) -> str:
    """The path of that minor version of Python where it is installed, else of the one that runs this."""
    command = [f"python{version}", "-c", "import sys; print(sys.executable)"]
    try:  # pyenv has the command in the path, but it only works for a version that is chosen
        found = subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, "PYENV_VERSION": version}
        )
    except (OSError, subprocess.CalledProcessError):
        return sys.executable
    return found.stdout.strip()


class Environment:
    """A virtual environment in `folder` with `requirements`, for which the files in `dist` are preferred.

    Those of `before` are installed first, without the files in `dist`: what is there already when users upgrade.
    """

    def __init__(
        self,
        folder: Path,
        dist: Path,
        requirements: Sequence[str],
        python: str = sys.executable,
        *,
        before: Sequence[str] = (),
    ) -> None:
        run([python, "-m", "venv", "--without-pip", str(folder)])
        self.python = str(folder / "bin" / "python")
        self._pip = [sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check"]
        self.before: dict[str, str] = {}
        if before:
            run([*self._pip, "install", "-q", *before])
            self.before = self.distributions()
        run([*self._pip, "install", "-q", "--find-links", str(dist), *requirements])

    def distributions(self) -> dict[str, str]:
        """The names and versions of what is installed."""
        lines = run([*self._pip, "list", "--format=freeze"]).splitlines()
        pairs = (line.split("==") for line in lines)
        return {name.replace("_", "-").lower(): version for name, version in pairs}

    def check(self) -> None:
        """Fail if something that is installed needs what is not."""
        run([*self._pip, "check"])

    def run(self, program: str, *arguments: str) -> str:
        """Run a program, isolated from this environment; a failure or a warning of its fails the test."""
        return run([self.python, "-I", "-W", "error", "-c", program, *arguments])
