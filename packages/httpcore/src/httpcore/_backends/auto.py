"""Where 1.0 kept the backend that chooses by itself; see `httpcore_models.network`."""

from typing import Any

from .._default_backends import AutoBackend as AutoBackend
from .._extras import find


def __getattr__(name: str) -> Any:
    return find(__name__, name)
