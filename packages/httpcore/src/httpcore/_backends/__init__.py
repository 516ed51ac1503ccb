"""Alias of 1.0's module path: the network backends are in `httpcore_models.network`."""

from typing import Any

from .._lazy import find


def __getattr__(name: str) -> Any:
    return find(__name__, name)
