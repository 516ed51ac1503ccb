"""The network on trio, for programs that choose it by name."""

from .._resolving.types import AsyncResolver
from .base import AsyncSocketBackend, require_for


class TrioBackend(AsyncSocketBackend):
    """Connects on trio. Raises `RuntimeError` if trio is missing.

    `resolver` finds the addresses of hosts, see `AsyncResolver`. The default is the system's.
    """

    _library = "trio"

    def __init__(self, *, resolver: AsyncResolver | None = None) -> None:
        super().__init__(resolver=resolver)
        require_for("TrioBackend", "trio", extra="trio")
