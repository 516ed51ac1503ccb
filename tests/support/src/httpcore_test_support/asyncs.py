"""The event loops that every async test runs on, and a way to run a coroutine function on one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import pytest

Result = TypeVar("Result")
Backend = tuple[str, dict[str, Any]]

BACKENDS: dict[str, Backend] = {
    "asyncio": ("asyncio", {"use_uvloop": False}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}


@pytest.fixture(scope="module", params=[pytest.param(value, id=name) for name, value in BACKENDS.items()])
def anyio_backend(request: pytest.FixtureRequest) -> Backend:
    """Run every async test once per event loop."""
    backend: Backend = request.param
    return backend


def run_async(backend: str, function: Callable[..., Awaitable[Result]], *arguments: Any) -> Result:
    """Run `function` on a backend of `BACKENDS`, for tests that cannot be coroutines themselves."""
    name, options = BACKENDS[backend]
    return anyio.run(function, *arguments, backend=name, backend_options=options)
