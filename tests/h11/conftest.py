"""Fixtures of the tests of the engine."""

import pytest
from httpcore_h11 import _engine


@pytest.fixture
def no_h11(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if the fast parser declines a message."""

    def refuse(*_: object) -> None:
        pytest.fail("the fast parser has declined")

    monkeypatch.setattr(_engine, "H11Fallback", refuse)
