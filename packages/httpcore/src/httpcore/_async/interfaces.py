"""Alias of 1.0's module path: the interfaces of connections are in `httpcore_models`."""

from typing import Any

from httpcore_models import AsyncConnectionInterface as AsyncConnectionInterface
from httpcore_models import AsyncRequestInterface as AsyncRequestInterface

from .._lazy import find


def __getattr__(name: str) -> Any:
    return find(__name__, name)
