"""Records what requests through httpcore and httpx did, and shows where the time went."""

import importlib
from typing import TYPE_CHECKING, Any

from ._async.pool import AsyncRecordedPool
from ._compact import RecordedError
from ._har import har, write_har
from ._phases import Phases
from ._record import RequestRecord
from ._recorder import Recorder
from ._sync.pool import RecordedPool

if TYPE_CHECKING:
    from ._waterfall import Waterfall, print_waterfall

__all__ = [
    "Recorder",
    "RequestRecord",
    "har",
    "write_har",
    "Phases",
    "RecordedError",
    "RecordedPool",
    "AsyncRecordedPool",
    "Waterfall",
    "print_waterfall",
]

__version__ = "0.1.0"

# Loaded when they are used: they import rich.
_LAZY = {"Waterfall": "_waterfall", "print_waterfall": "_waterfall"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("_"))})
