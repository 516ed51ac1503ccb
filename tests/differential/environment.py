"""The environment with httpcore 1.0.9, made once below `.cache` at the root of the repository."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from httpcore_test_support.commands import run
from httpcore_test_support.environments import Environment

from .play import Runner

__all__ = ["green_folder", "original_python", "original_runner", "our_runner"]

CACHE = Path(__file__).parents[2] / ".cache" / "differential"
GEVENT = "gevent==26.9.0"
# Both environments have the same versions of all other packages.
BESIDE = ("anyio", "certifi", "h11", "h2", "hpack", "httpx", "hyperframe", "sniffio", "socksio", "trio", "uvloop")


def original_python() -> str:
    """Return the interpreter with 1.0.9; the environment variable HTTPCORE_ORIGINAL names an existing one.

    Without a network the test is skipped only if the environment variable HTTPCORE_OFFLINE is set.
    """
    if given := os.environ.get("HTTPCORE_ORIGINAL"):
        return given
    requirements = ["httpcore==1.0.9", *_beside()]
    key = hashlib.sha256("\n".join([sys.version, sys.executable, *requirements]).encode()).hexdigest()[:16]
    folder = CACHE / key
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        try:
            Environment(folder / "venv", CACHE, requirements)
        except AssertionError as exc:
            if os.environ.get("HTTPCORE_OFFLINE"):
                pytest.skip(f"HTTPCORE_OFFLINE is set, and the environment cannot be made: {exc}")
            raise
        (folder / "ready").touch()
    return str(folder / "venv" / "bin" / "python")


def original_runner() -> Runner:
    """Return a runner of 1.0.9. It must not see the packages that are under test."""
    return Runner(original_python(), {"PYTHONPATH": ""}, green_folder())


def our_runner() -> Runner:
    """Return a runner of what is under test."""
    return Runner(sys.executable, green=green_folder())


@functools.cache
def green_folder() -> Path | None:
    """Return a folder with gevent, for both releases, or `None` where there is no wheel of it or no network."""
    key = hashlib.sha256("\n".join([sys.version, GEVENT]).encode()).hexdigest()[:16]
    folder = CACHE / f"green-{key}"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        try:
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
            run([*pip, "install", "-q", "--only-binary", ":all:", "--target", str(folder), GEVENT])
        except AssertionError:
            return None
        (folder / "ready").touch()
    return folder


def _beside() -> list[str]:
    found = []
    for name in BESIDE:
        try:
            found.append(f"{name}=={version(name)}")
        except ImportError:  # uvloop is not there on every platform, sniffio not with every anyio
            continue
    return found
