"""Transports for httpx on the pools of httpcore."""

try:
    import httpx as _httpx  # noqa: F401
except ModuleNotFoundError as _exc:
    if _exc.name != "httpx":
        raise
    _text = f"{_exc.msg}. Use 'pip install httpcore-httpx[httpx]'."
    raise ModuleNotFoundError(_text, name=_exc.name, path=_exc.path) from _exc

from ._async.mounts import async_mounts_from_environment
from ._async.transport import AsyncHTTPTransport
from ._sync.mounts import mounts_from_environment
from ._sync.transport import HTTPTransport

__all__ = [
    "AsyncHTTPTransport",
    "HTTPTransport",
    "async_mounts_from_environment",
    "mounts_from_environment",
]

# Tracebacks and reprs name what users import.
for _object in (AsyncHTTPTransport, HTTPTransport, async_mounts_from_environment, mounts_from_environment):
    _object.__module__ = __name__.removesuffix("._httpx")
del _object
