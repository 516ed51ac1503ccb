"""The network on trio, for programs that choose it by name."""

from .base import AsyncSocketBackend, require_for


class TrioBackend(AsyncSocketBackend):
    """Connects on trio. Raises `RuntimeError` if trio is missing."""

    _library = "trio"

    def __init__(self) -> None:
        require_for("TrioBackend", "trio", extra="trio")
