"""Alias of 1.0's module path: the backend for trio is in `httpcore_models.network`."""

import importlib
from typing import Any

from httpcore_models.network import TrioBackend as TrioBackend
from httpcore_models.network import TrioStreamWrapper

from .._lazy import legacy_name

TrioStream = TrioStreamWrapper


def __getattr__(name: str) -> Any:
    # Tests patch functions of the library by this path. The library may be missing.
    return importlib.import_module(name) if name == "trio" else legacy_name(__name__, name)
