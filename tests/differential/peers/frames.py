"""What a client of HTTP/2 has sent."""

from __future__ import annotations

from typing import Any


def summary(data: bytes) -> list[Any]:
    """To come."""
    return []
