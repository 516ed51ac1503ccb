"""The streams of every backend, over every transport, fulfil the contract of network streams."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from httpcore_models import AnyIOBackend, AsyncNetworkBackend, AutoBackend, SyncBackend, TrioBackend
from httpcore_models.lowlevel import optional_method
from httpcore_test_support.asyncs import BACKENDS, Backend
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.conformance import (
    ASYNC_CHECKS,
    CHECKS,
    TRANSPORTS,
    AsyncCheck,
    AsyncConnect,
    Check,
    Connect,
    Transport,
    async_connector,
    connector,
)


class Combination(NamedTuple):
    """A backend on an event loop, over a transport."""

    loop: str
    backend: type[AsyncNetworkBackend]
    transport: Transport


LOOPS: list[tuple[str, type[AsyncNetworkBackend], list[str]]] = [
    ("asyncio", AnyIOBackend, list(TRANSPORTS)),
    ("asyncio", AutoBackend, ["tcp", "unix"]),  # its streams are those of the other backends
    ("uvloop", AnyIOBackend, list(TRANSPORTS)),
    ("trio", AnyIOBackend, list(TRANSPORTS)),
    ("trio", TrioBackend, list(TRANSPORTS)),
    ("trio", AutoBackend, ["tcp", "unix"]),
]

# Each optional method, and the required one in whose place it is called.
OPTIONAL = [("receive_nowait", "read"), ("write_until_readable", "write")]


def combinations() -> Iterator[object]:
    """Return every backend, on every event loop that it supports, over every transport."""
    for loop, backend, transports in LOOPS:
        for name in transports:
            yield pytest.param(Combination(loop, backend, TRANSPORTS[name]), id=f"{backend.__name__}-{loop}-{name}")


@pytest.fixture(scope="module", params=combinations())
def combination(request: pytest.FixtureRequest) -> Combination:
    value: Combination = request.param
    return value


@pytest.fixture(scope="module")
def anyio_backend(combination: Combination) -> Backend:
    return BACKENDS[combination.loop]


@pytest.fixture(scope="module")
def connect_async(combination: Combination, certificates: Certificates) -> AsyncConnect:
    return async_connector(combination.backend(), combination.transport, certificates)


@pytest.fixture(scope="module", params=TRANSPORTS)
def connect(request: pytest.FixtureRequest, certificates: Certificates) -> Connect:
    return connector(SyncBackend(), TRANSPORTS[request.param], certificates)


@pytest.mark.anyio
@pytest.mark.parametrize("check", ASYNC_CHECKS, ids=lambda check: check.__name__.removeprefix("async_check_"))
async def test_async_streams(check: AsyncCheck, connect_async: AsyncConnect) -> None:
    await check(connect_async)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_sync_streams(check: Check, connect: Connect) -> None:
    check(connect)


# A stream that defines these apart from `read()` and `write()` would still work, but without early answers to uploads.
@pytest.mark.anyio
@pytest.mark.parametrize(("name", "instead_of"), OPTIONAL)
async def test_optional_methods_of_async_streams_count(connect_async: AsyncConnect, name: str, instead_of: str) -> None:
    async with connect_async([]) as stream:
        assert optional_method(stream, name, instead_of=instead_of) is not None


@pytest.mark.parametrize(("name", "instead_of"), OPTIONAL)
def test_optional_methods_of_sync_streams_count(connect: Connect, name: str, instead_of: str) -> None:
    with connect([]) as stream:
        assert optional_method(stream, name, instead_of=instead_of) is not None
