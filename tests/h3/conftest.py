"""Fixtures of the tests of HTTP/3. Without qh3, which has no wheel for some Pythons, these tests are skipped."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from httpcore_test_support.certificates import Certificates

if TYPE_CHECKING:
    from httpcore_test_support.h3_dialogue import Dialogue


class WithoutQH3(pytest.Module):
    """A module of tests that cannot be imported."""

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        pytest.skip("qh3 is not installed", allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Have the modules of this folder collected as they are, unless qh3 is missing."""
    return None if find_spec("qh3") else WithoutQH3.from_parent(parent, path=module_path)


@pytest.fixture
def connect(certificates: Certificates) -> Callable[..., Dialogue]:
    """What makes an engine and a scripted server that have done their handshake."""
    from httpcore_test_support.h3_dialogue import Dialogue

    def connect(**options: Any) -> Dialogue:
        return Dialogue(certificates, **options)

    return connect


@pytest.fixture
def dialogue(connect: Callable[..., Dialogue]) -> Dialogue:
    """An engine and a scripted server that have done their handshake and exchanged settings."""
    return connect()
