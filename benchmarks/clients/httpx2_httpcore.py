"""httpx2 on httpcore, which takes the name of its own core."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import httpcore

from benchmarks.clients._httpx_api import client_of

if importlib.util.find_spec("httpx2") is None:
    raise ModuleNotFoundError("httpx2 is not installed", name="httpx2")


def load() -> ModuleType:
    """Import httpx2. Only for a process that has not imported it."""
    if sys.modules.get("httpcore2") is not httpcore:
        assert "httpx2" not in sys.modules
        sys.modules["httpcore2"] = httpcore
    import httpx2

    return httpx2


IMPORTS = "import sys, httpcore; sys.modules['httpcore2'] = httpcore; "
CLIENT = client_of(load, "httpx2", "httpcore", imports=IMPORTS)
