"""httpcore 1.0.9, which has the same name as the subject: it is in a folder of its own, which its clients import from.

What it depends on is in the environment.
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

VERSION = "1.0.9"
FOLDER = Path(__file__).resolve().parents[1] / ".cache" / "benchmarks" / f"httpcore-{VERSION}"
# For a new interpreter that is to import it.
IMPORTS = f"import sys; sys.path.insert(0, {str(FOLDER)!r}); "
_READY = FOLDER / "ready"


def install() -> None:
    """Install it, once. Without a network it stays missing, and with it its clients."""
    if _READY.exists():
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    if not subprocess.run([*pip, "--target", str(FOLDER), f"httpcore=={VERSION}"], check=False).returncode:
        _READY.touch()


def require() -> None:
    if not _READY.exists():
        raise ModuleNotFoundError(f"httpcore {VERSION} is not installed")


def load(name: str) -> ModuleType:
    """Import a library that finds this release as ``httpcore``. Only for a process that has not imported the other."""
    if str(FOLDER) not in sys.path:
        assert "httpcore" not in sys.modules
        sys.path.insert(0, str(FOLDER))
    library = importlib.import_module(name)
    assert importlib.import_module("httpcore").__version__ == VERSION
    return library
