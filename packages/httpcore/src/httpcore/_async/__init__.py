"""Async code. `tools/make_sync.py` generates `../_sync` from it."""

from typing import Any

from .._lazy import find


def __getattr__(name: str) -> Any:
    return find(__name__, name)
