"""The compared clients: each module without a leading underscore is one, and defines ``CLIENT``."""

from __future__ import annotations

import importlib
import pkgutil

from benchmarks.clients._base import Client


def names() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]


def load(name: str) -> Client | None:
    """Import a client; return ``None`` if its package is not installed."""
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as exc:
        if exc.name is not None and exc.name.startswith("benchmarks"):
            raise
        return None
    client: Client = module.CLIENT
    return client
