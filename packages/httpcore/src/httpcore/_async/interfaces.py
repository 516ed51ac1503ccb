"""Alias of 1.0's module path: the interfaces of connections are in `httpcore_models`."""

from typing import Any

from httpcore_models import AsyncConnectionInterface as AsyncConnectionInterface
from httpcore_models import AsyncRequestInterface as AsyncRequestInterface

from .._lazy import legacy_name


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
