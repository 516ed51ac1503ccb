"""The network on asyncio and trio, for programs that choose anyio by name."""

from .._resolving.types import AsyncResolver
from .base import AsyncSocketBackend, require_for


class AnyIOBackend(AsyncSocketBackend):
    """Connects on asyncio or trio, whichever runs. Raises `RuntimeError` if anyio is missing.

    `resolver` finds the addresses of hosts, see `AsyncResolver`. The default is the system's.
    """

    _library = "anyio"

    def __init__(self, *, resolver: AsyncResolver | None = None) -> None:
        super().__init__(resolver=resolver)
        require_for("AnyIOBackend", "anyio", extra="asyncio")
