"""A backend for time limits that end only after connecting."""

from typing import Any

from httpcore_models import AsyncNetworkStream, AutoBackend


class AsyncUnhurriedBackend(AutoBackend):
    """Connects in 10 seconds, whatever the limit is, which a busy machine may exceed with that already."""

    async def connect_tcp(self, *arguments: Any, **options: Any) -> AsyncNetworkStream:
        """Connect."""
        return await super().connect_tcp(*arguments, **{**options, "timeout": 10.0})
