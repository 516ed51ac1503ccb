"""Counts tasks and threads, to find those left over."""

from __future__ import annotations

import threading

import anyio

__all__ = ["async_running", "running"]


async def async_running() -> int:
    """Return the number of tasks, once those that are about to end have done so."""
    await anyio.wait_all_tasks_blocked()
    return len(anyio.get_running_tasks())


def running() -> int:
    """Return the number of threads."""
    return threading.active_count()
