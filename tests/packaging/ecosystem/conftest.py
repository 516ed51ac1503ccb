"""The servers that the tests use, besides the Caddy of the test support."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.hypercorn import HypercornServer, hypercorn_server
from httpcore_test_support.proxies import AUTH, ProxyServer, pproxy_server


@pytest.fixture(scope="session")
def services(certificates: Certificates) -> Iterator[HypercornServer]:
    """A hypercorn that serves what is in `services.py`."""
    with hypercorn_server(certificates, "services", Path(__file__).parent) as server:
        yield server


@pytest.fixture(scope="session")
def proxy() -> Iterator[ProxyServer]:
    """A pproxy that requires `AUTH`."""
    with pproxy_server(auth=AUTH) as server:
        yield server
