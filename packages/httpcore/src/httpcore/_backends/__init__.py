"""Where 1.0 kept the network backends."""

from typing import Any

from .._extras import find


def __getattr__(name: str) -> Any:
    return find(__name__, name)
