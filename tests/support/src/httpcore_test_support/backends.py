"""A backend for time limits that end only after connecting."""

from ._async.backends import AsyncUnhurriedBackend
from ._sync.backends import UnhurriedBackend

__all__ = ["AsyncUnhurriedBackend", "UnhurriedBackend"]
