"""Where 1.0 kept the network on trio; see `httpcore_models.network`."""

from typing import Any

from httpcore_models.network import TrioBackend as TrioBackend
from httpcore_models.network import TrioStreamWrapper

from .._extras import find

TrioStream = TrioStreamWrapper


def __getattr__(name: str) -> Any:
    return find(__name__, name)
