"""Giving up a call after some time, in async code only: threads cannot be cancelled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio

__all__ = ["async_given_up_after", "given_up_after"]


async def async_given_up_after(seconds: float, function: Callable[[], Awaitable[Any]]) -> None:
    """Await `function()`, and cancel it after some seconds."""
    with anyio.move_on_after(seconds):
        await function()


def given_up_after(seconds: float, function: Callable[[], Any]) -> None:
    """Call `function()`."""
    function()
