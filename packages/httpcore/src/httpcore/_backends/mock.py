"""Alias of 1.0's module path: the mocks are in `httpcore_models.network`."""

from typing import Any

from httpcore_models.network import AsyncMockBackend as AsyncMockBackend
from httpcore_models.network import AsyncMockStream as AsyncMockStream
from httpcore_models.network import MockBackend as MockBackend
from httpcore_models.network import MockSSLObject as MockSSLObject
from httpcore_models.network import MockStream as MockStream

from .._lazy import legacy_name


def __getattr__(name: str) -> Any:
    return legacy_name(__name__, name)
