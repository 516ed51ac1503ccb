"""What an observer may be."""

from typing import Any

import pytest
from httpcore_models.lowlevel import observe


def test_coroutine_functions_are_refused() -> None:
    async def observer(event: str, info: dict[str, Any]) -> None:
        raise AssertionError("never awaited")

    with pytest.raises(TypeError, match="`observe` extension should be a normal function"):
        observe(observer, "event", {})
