"""Fixtures of the tests of HTTP/3."""

from collections.abc import Callable
from typing import Any

import pytest
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.h3_dialogue import Dialogue


@pytest.fixture
def connect(certificates: Certificates) -> Callable[..., Dialogue]:
    """What makes an engine and a scripted server that have done their handshake."""

    def connect(**options: Any) -> Dialogue:
        return Dialogue(certificates, **options)

    return connect


@pytest.fixture
def dialogue(connect: Callable[..., Dialogue]) -> Dialogue:
    """An engine and a scripted server that have done their handshake and exchanged settings."""
    return connect()
