"""Where 1.0 kept the network on anyio; see `httpcore_models.network`."""

from typing import Any

from httpcore_models.network import AnyIOBackend as AnyIOBackend
from httpcore_models.network import AnyIOStreamWrapper

from .._extras import find

AnyIOStream = AnyIOStreamWrapper


def __getattr__(name: str) -> Any:
    return find(__name__, name)
