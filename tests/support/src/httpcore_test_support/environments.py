"""Fresh virtual environments, with the packages under test installed as users install them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .commands import run

__all__ = ["Environment", "interpreter"]


def interpreter(version: str) -> str:
    """The path of that minor version of Python if it is installed, or else of the running one."""
    command = [f"python{version}", "-c", "import sys; print(sys.executable)"]
    try:  # pyenv puts all commands on the path, but only the selected versions work
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
        """The names and versions of the installed packages."""
        lines = run([*self._pip, "list", "--format=freeze"]).splitlines()
        pairs = (line.split("==") for line in lines)
        return {name.replace("_", "-").lower(): version for name, version in pairs}

    def check(self) -> None:
        """Fail if an installed package has a missing requirement."""
        run([*self._pip, "check"])

    def run(self, program: str, *arguments: str) -> str:
        """Run a program, isolated from this environment. Its failures and warnings fail the test."""
        return run([self.python, "-I", "-W", "error", "-c", program, *arguments])
