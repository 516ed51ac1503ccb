# Generated from ../_async/backends.py by tools/make_sync.py: edit that file, then run it.
"""A backend for time limits that end only after connecting."""

from typing import Any

from httpcore_models import NetworkStream, SyncBackend


class UnhurriedBackend(SyncBackend):
    """Connects in 10 seconds, whatever the limit is, which a busy machine may exceed with that already."""

    def connect_tcp(self, *arguments: Any, **options: Any) -> NetworkStream:
        """Connect."""
        return super().connect_tcp(*arguments, **{**options, "timeout": 10.0})
