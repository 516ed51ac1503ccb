"""Private attributes of a connection that tests of other programs patch."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from httpcore_h11 import HTTP11Connection
from httpcore_models import MockStream, Origin

VALUES = {
    "_network_stream": MockStream([]),
    "_state": None,
    "_state_lock": None,
    "_request_count": 7,
    "_expire_at": 7.0,
    "_keepalive_expiry": 7.0,
}


@pytest.mark.parametrize("name", VALUES)
def test_a_patched_attribute_gets_its_value_back(name: str) -> None:
    connection: Any = HTTP11Connection(Origin(b"http", b"a.example", 80), MockStream([]))
    before = getattr(connection, name)
    with mock.patch.object(connection, name, VALUES[name]):
        assert getattr(connection, name) is VALUES[name]
    assert getattr(connection, name) is before
