# Generated from ../_async/__init__.py by tools/make_sync.py: edit that file, then run it.
"""The twin of `../_async` for threads."""

from typing import Any

from .._lazy import legacy_name


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
