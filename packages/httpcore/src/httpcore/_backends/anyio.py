"""Where 1.0 kept the network on anyio; see `httpcore_models.network`."""

import importlib
from typing import Any

from httpcore_models.network import AnyIOBackend as AnyIOBackend
from httpcore_models.network import AnyIOStreamWrapper

from .._extras import find

AnyIOStream = AnyIOStreamWrapper


def __getattr__(name: str) -> Any:
    # Tests patch its functions by this path, and the library need not be there.
    return importlib.import_module(name) if name == "anyio" else find(__name__, name)
