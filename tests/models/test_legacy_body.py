"""Private attributes of httpcore 1.0 on response bodies."""

from types import SimpleNamespace
from typing import Any

from httpcore_models.lowlevel import LegacyBody


class Body(LegacyBody):
    lease: Any = None


def test_body_is_its_own_stream() -> None:
    body = Body()
    assert body._stream is body


def test_pool_and_request_are_those_of_the_lease() -> None:
    body = Body()
    assert (body._pool, body._pool_request) == (None, None)
    body.lease = SimpleNamespace(pool="pool", pool_request="request")
    assert (body._pool, body._pool_request) == ("pool", "request")
