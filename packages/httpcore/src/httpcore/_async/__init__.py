"""Async code. `tools/make_sync.py` generates `../_sync` from it."""

from typing import Any

from .._lazy import legacy_name


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
