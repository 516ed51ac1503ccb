"""Shells in async form; the sync twin beside this folder is generated from it."""

from typing import Any


def __getattr__(name: str) -> Any:
    from .._legacy import find

    return find(__name__, name)
