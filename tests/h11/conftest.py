"""What the tests of the two parsers share."""

import pytest
from httpcore_h11 import _engine


@pytest.fixture
def no_h11(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be left to h11."""

    def refuse(*_: object) -> None:
        pytest.fail("the fast parser has declined")

    monkeypatch.setattr(_engine, "H11Fallback", refuse)
