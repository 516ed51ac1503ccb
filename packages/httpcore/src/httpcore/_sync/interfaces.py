# Generated from ../_async/interfaces.py by tools/make_sync.py: edit that file, then run it.
"""Alias of 1.0's module path: the interfaces of connections are in `httpcore_models`."""

from typing import Any

from httpcore_models import ConnectionInterface as ConnectionInterface
from httpcore_models import RequestInterface as RequestInterface

from .._lazy import legacy_name


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
