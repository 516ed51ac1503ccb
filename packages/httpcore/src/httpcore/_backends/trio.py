"""Where 1.0 kept the network on trio; see `httpcore_models.network`."""

import importlib
from typing import Any

from httpcore_models.network import TrioBackend as TrioBackend
from httpcore_models.network import TrioStreamWrapper

from .._extras import find

TrioStream = TrioStreamWrapper


def __getattr__(name: str) -> Any:
    # Tests patch its functions by this path, and the library need not be there.
    return importlib.import_module(name) if name == "trio" else find(__name__, name)
