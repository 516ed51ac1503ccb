"""Telling the library's own code from all other code, for tests that trace it."""

from __future__ import annotations

import functools
import importlib.util
import os
from types import CodeType

__all__ = ["LIBRARY", "is_library_code"]

LIBRARY = (
    "httpcore_models",
    "httpcore_h11",
    "httpcore_h2",
    "httpcore_proxy",
    "httpcore",
    "httpcore_httpx",
    "httpcore_trace",
)


def is_library_code(code: CodeType, *modules: str) -> bool:
    """Return whether `code` is from one of `modules`, which may be packages; without any, from the library.

    Compares real paths, so that the names of the folders above do not matter.
    """
    return code.co_filename.startswith(_paths(modules or LIBRARY))


@functools.cache
def _paths(modules: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_path(module) for module in modules)


def _path(module: str) -> str:
    """The file of a module, or the folder of a package with a separator at its end."""
    spec = importlib.util.find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    if spec.submodule_search_locations is None:
        return spec.origin
    return os.path.join(os.path.dirname(spec.origin), "")
