"""httpcore 1.0.9, the release that the subject replaces."""

from __future__ import annotations

from benchmarks import _published
from benchmarks.clients._core_api import client_of

_published.require()

CLIENT = client_of(
    lambda: _published.load("httpcore"),
    "httpcore",
    f"httpcore {_published.VERSION}",
    folder=_published.FOLDER,
    imports=_published.IMPORTS,
)
