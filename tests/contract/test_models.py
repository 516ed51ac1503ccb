"""URL, Origin, Request, Response, Proxy and the exceptions: values, representations, equality and errors."""

from __future__ import annotations

import pytest

from .measured import expected, load
from .models import observe

FACTS = load("models.json")


@pytest.mark.parametrize("entry", FACTS)
def test_models(entry: str) -> None:
    assert observe(entry) == expected("models.json", entry, FACTS[entry])
