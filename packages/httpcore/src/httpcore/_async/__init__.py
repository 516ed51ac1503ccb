"""Shells in async form; the sync twin beside this folder is generated from it."""

from typing import Any

from .._extras import find


def __getattr__(name: str) -> Any:
    return find(__name__, name)
