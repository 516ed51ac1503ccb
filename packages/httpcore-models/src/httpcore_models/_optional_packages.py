"""Imports of optional packages."""

from types import ModuleType


def require(module: str, message: str) -> ModuleType:
    """Import and return `module`. Raises `RuntimeError` with `message` if it is not installed."""
    try:
        return __import__(module)
    except ImportError as exc:
        raise RuntimeError(message) from exc
