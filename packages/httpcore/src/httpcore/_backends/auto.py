"""Alias of 1.0's module path: the backend for the running async library is in `_default_backends`."""

from typing import Any

from .._default_backends import AutoBackend as AutoBackend
from .._lazy import legacy_name


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
