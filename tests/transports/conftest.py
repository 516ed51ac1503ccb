"""The transports for httpx, and those for httpx2: every test runs with both."""

import importlib
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Form:
    """A client library and its transports, as modules."""

    httpx: Any
    transports: Any

    def client(self, *, limits: Any = None, timeout: Any = None, mounts: Any = None, **options: Any) -> Any:
        """A sync client on a transport with these options. By default it has one connection and no pool timeout."""
        transport = self.transports.HTTPTransport(**self._options(limits, options))
        return self.httpx.Client(transport=transport, timeout=self._timeout(timeout), mounts=mounts, trust_env=False)

    def async_client(self, *, limits: Any = None, timeout: Any = None, mounts: Any = None, **options: Any) -> Any:
        """The async form of `client()`."""
        transport = self.transports.AsyncHTTPTransport(**self._options(limits, options))
        timeout = self._timeout(timeout)
        return self.httpx.AsyncClient(transport=transport, timeout=timeout, mounts=mounts, trust_env=False)

    def _options(self, limits: Any, options: dict[str, Any]) -> dict[str, Any]:
        return {"verify": False, "limits": limits or self.httpx.Limits(max_connections=1), **options}

    def _timeout(self, timeout: Any) -> Any:
        return self.httpx.Timeout(10.0, pool=0.0) if timeout is None else timeout


@pytest.fixture(params=["httpx", "httpx2"])
def form(request: pytest.FixtureRequest) -> Form:
    library = pytest.importorskip(request.param)
    name = {"httpx": "httpcore_httpx", "httpx2": "httpcore_httpx.httpx2"}[request.param]
    return Form(library, importlib.import_module(name))
