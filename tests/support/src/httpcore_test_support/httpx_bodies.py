"""Reading the bodies of httpx responses: its async methods have names of their own."""

from __future__ import annotations

import httpx

__all__ = ["async_lines", "async_parts", "lines", "parts"]


async def async_lines(response: httpx.Response) -> list[str]:
    """Return the lines of a body as they arrive."""
    return [line async for line in response.aiter_lines()]


def lines(response: httpx.Response) -> list[str]:
    """Return the lines of a body as they arrive."""
    return list(response.iter_lines())


async def async_parts(response: httpx.Response, size: int | None = None) -> list[bytes]:
    """Return the parts of a body, as they arrive or all of one `size`."""
    return [part async for part in response.aiter_bytes(size)]


def parts(response: httpx.Response, size: int | None = None) -> list[bytes]:
    """Return the parts of a body, as they arrive or all of one `size`."""
    return list(response.iter_bytes(size))
