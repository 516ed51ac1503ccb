"""httpx on httpcore 1.0.9."""

from __future__ import annotations

from benchmarks import _published
from benchmarks.clients._httpx_api import client_of

_published.require()

CLIENT = client_of(
    lambda: _published.load("httpx"), "httpx", f"httpcore {_published.VERSION}", imports=_published.IMPORTS
)
