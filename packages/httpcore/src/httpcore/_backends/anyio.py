"""Alias of 1.0's module path: the backend for anyio is in `httpcore_models.network`."""

import importlib
from typing import Any

from httpcore_models.network import AnyIOBackend as AnyIOBackend
from httpcore_models.network import AnyIOStreamWrapper

from .._lazy import legacy_name

AnyIOStream = AnyIOStreamWrapper


def __getattr__(name: str) -> Any:
    # Tests patch functions of the library by this path. The library may be missing.
    return importlib.import_module(name) if name == "anyio" else legacy_name(__name__, name)
