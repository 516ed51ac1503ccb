"""Transports for httpx on the pools of httpcore. Those for httpx2 are in `httpcore_httpx.httpx2`.

Importing this module imports neither: the names below load those for httpx when they are used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._httpx import AsyncHTTPTransport, HTTPTransport, async_mounts_from_environment, mounts_from_environment

__all__ = [
    "AsyncHTTPTransport",
    "HTTPTransport",
    "async_mounts_from_environment",
    "mounts_from_environment",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _httpx

    value = globals()[name] = getattr(_httpx, name)
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("_"))})
