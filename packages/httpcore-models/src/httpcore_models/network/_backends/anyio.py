"""The network on asyncio and trio, for programs that choose anyio by name."""

from .base import AsyncSocketBackend, require_for


class AnyIOBackend(AsyncSocketBackend):
    """Connects on asyncio or trio, whichever runs. Raises `RuntimeError` if anyio is missing."""

    _library = "anyio"

    def __init__(self) -> None:
        require_for("AnyIOBackend", "anyio", extra="asyncio")
