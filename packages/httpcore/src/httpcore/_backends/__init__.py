"""Alias of 1.0's module path: the network backends are in `httpcore_models.network`."""

from typing import Any

from .._lazy import legacy_name


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
