"""The defaults that network base classes provide for a user's own classes: the same as in httpcore 1.0.9."""

import asyncio
import time
from typing import Any

import pytest
from httpcore_models import (
    AsyncMockBackend,
    AsyncMockStream,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    MockBackend,
    MockStream,
    NetworkBackend,
    NetworkStream,
)

pytestmark = pytest.mark.upgrade("4.5")

ARGUMENTS: dict[str, Any] = {
    "connect_tcp": ("example.org", 80),
    "connect_unix_socket": ("path",),
    "read": (1,),
    "write": (b"data",),
    "start_tls": (None,),
}


def call(thing: Any, name: str, *arguments: Any) -> Any:
    result = getattr(thing, name)(*arguments or ARGUMENTS.get(name, ()))
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


def test_sync_backend_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    NetworkBackend().sleep(0.25)
    assert slept == [0.25]


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        (AsyncNetworkBackend(), "sleep"),
        *((kind(), name) for kind in (NetworkBackend, AsyncNetworkBackend) for name in list(ARGUMENTS)[:2]),
        *((kind(), name) for kind in (NetworkStream, AsyncNetworkStream) for name in list(ARGUMENTS)[2:]),
        (NetworkStream(), "close"),
        (AsyncNetworkStream(), "aclose"),
    ],
)
def test_other_methods_raise_not_implemented_error(thing: Any, name: str) -> None:
    with pytest.raises(NotImplementedError):
        call(thing, name, *((0.1,) if name == "sleep" else ()))


@pytest.mark.parametrize("kind", [NetworkStream, AsyncNetworkStream])
def test_stream_has_no_extra_info(kind: Any) -> None:
    assert kind().get_extra_info("socket") is None


@pytest.mark.parametrize(("kind", "stream"), [(MockBackend, MockStream), (AsyncMockBackend, AsyncMockStream)])
def test_mock_backend_does_not_sleep(monkeypatch: pytest.MonkeyPatch, kind: Any, stream: Any) -> None:
    monkeypatch.setattr(time, "sleep", pytest.fail)
    backend = kind([b"data"])
    call(backend, "sleep", 10.0)
    for name in list(ARGUMENTS)[:2]:
        assert type(call(backend, name)) is stream
