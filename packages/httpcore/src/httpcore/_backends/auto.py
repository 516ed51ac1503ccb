"""Alias of 1.0's module path: the backend for the running async library is in `_default_backends`."""

from typing import Any

from .._default_backends import AutoBackend as AutoBackend
from .._lazy import find


def __getattr__(name: str) -> Any:
    return find(__name__, name)
