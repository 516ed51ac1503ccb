"""When TCP takes the place of HTTP/3, and what is left of attempts that are given up. Over a made-up HTTP/3."""

import logging
import socket
from typing import Any

import pytest
from httpcore import (
    AutoBackend,
    ConnectError,
)
from httpcore._http3 import origins
from httpcore_test_support._async.fake_http3 import async_install_fake
from httpcore_test_support._async.http3_offers import get, pool_for
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.http3_offers import Server, pool_origin, said, serving
from httpcore_test_support.sockets import no_leaked_sockets
from httpcore_test_support.waiting import async_at_once

pytestmark = pytest.mark.anyio


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class of the made-up connections."""
    return async_install_fake(monkeypatch)


@pytest.fixture
def server(certificates: Certificates) -> Any:
    with no_leaked_sockets(), serving(certificates) as server:
        yield server


class TestFallback:
    async def test_a_silent_port(
        self,
        certificates: Certificates,
        server: Server,
        fake: Any,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """After the head start TCP is used, and then at once."""
        caplog.set_level(logging.DEBUG, logger="httpcore.http3")
        monkeypatch.setattr(origins, "_HEAD_START", 0.02)
        server.silent = True
        async with pool_for(certificates) as pool:
            assert [await get(pool, server) for _ in range(3)] == [b"tcp"] * 3
            assert server.said_hello == 1
            assert pool.stats().http3 == {"opened": 0, "fell_back": 1, "broken": 1}
            origin = pool_origin(server)
            assert said(caplog)[0].startswith(f"HTTP/3 with {origin} did not work, TCP is used: The read op")
            assert said(caplog)[1:] == [f"HTTP/3 with {origin} is broken for the next 300 seconds"]
            server.silent = False
            pool._http3.origins._failures.clear()  # type: ignore[union-attr]  # five minutes later
            assert await get(pool, server) == b"h3"
            assert pool.stats().http3 == {"opened": 1, "fell_back": 1, "broken": 0}

    async def test_a_closed_port(self, certificates: Certificates, server: Server, fake: Any) -> None:
        server.udp.connect(("127.0.0.1", 9))  # so that nobody else can send to it
        async with pool_for(certificates) as pool:
            assert [await get(pool, server) for _ in range(3)] == [b"tcp"] * 3
            assert pool.stats().http3 == {"opened": 0, "fell_back": 1, "broken": 1}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anyone:
            anyone.connect(("127.0.0.1", 9))
            # Back to normal, so that the thread can be stopped.
        server.udp.connect(("0.0.0.0", 0))

    @pytest.mark.parametrize("limit", ["connect", "total"])
    async def test_the_time_for_connecting_is_shared(
        self, certificates: Certificates, server: Server, fake: Any, monkeypatch: pytest.MonkeyPatch, limit: str
    ) -> None:
        """TCP gets what QUIC leaves: half of it at least."""
        server.silent = True
        limits: list[Any] = []

        class AsyncRecorder(AutoBackend):
            async def connect_tcp(self, *arguments: Any, **options: Any) -> Any:
                limits.append(options["timeout"])
                return await super().connect_tcp(*arguments, **options)

            async def connect_udp(self, *arguments: Any, **options: Any) -> Any:
                limits.append(options["timeout"])
                return await super().connect_udp(*arguments, **options)

        monkeypatch.setattr(origins, "_HEAD_START", 100.0)
        async with pool_for(certificates, network_backend=AsyncRecorder()) as pool:
            for _ in range(2):
                assert await get(pool, server, timeout={limit: 0.5}) == b"tcp"
        assert limits[:2] == [pytest.approx(0.5, abs=0.1), pytest.approx(0.25, abs=0.1)]
        assert 0 < limits[2] < 0.3

    async def test_a_backend_may_say_that_it_cannot(
        self, certificates: Certificates, server: Server, fake: Any
    ) -> None:
        class AsyncUnable(AutoBackend):
            async def connect_udp(self, *arguments: Any, **options: Any) -> Any:
                raise NotImplementedError

        async with pool_for(certificates, network_backend=AsyncUnable()) as pool:
            assert [await get(pool, server) for _ in range(2)] == [b"tcp"] * 2
            assert pool.stats().http3 == {"opened": 0, "fell_back": 1, "broken": 1}

    async def test_other_errors_are_raised(self, certificates: Certificates, server: Server, fake: Any) -> None:
        class AsyncWrong(AutoBackend):
            async def connect_udp(self, *arguments: Any, **options: Any) -> Any:
                raise LookupError("a mistake of the program")

        async with pool_for(certificates, network_backend=AsyncWrong()) as pool:
            await get(pool, server)
            with pytest.raises(LookupError):
                await get(pool, server)
            assert pool.connections == []

    async def test_both_fail(self, certificates: Certificates, server: Server, fake: Any) -> None:
        class AsyncRefusing(AutoBackend):
            refuses = False

            async def connect_tcp(self, *arguments: Any, **options: Any) -> Any:
                if self.refuses:
                    raise ConnectError("refused")
                return await super().connect_tcp(*arguments, **options)

            async def connect_udp(self, *arguments: Any, **options: Any) -> Any:
                return await super().connect_udp(*arguments, **options)

        backend = AsyncRefusing()
        async with pool_for(certificates, network_backend=backend) as pool:
            await get(pool, server)
            server.silent = True
            backend.refuses = True
            with pytest.raises(ConnectError, match="refused"):
                await get(pool, server, timeout={"connect": 0.05})
            assert pool.connections == []

    async def test_closing_the_pool_ends_the_handshake(
        self, certificates: Certificates, server: Server, fake: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(origins, "_HEAD_START", 20.0)
        server.silent = True
        async with pool_for(certificates) as pool:
            await get(pool, server)

            async def request() -> None:
                with pytest.raises(ConnectError, match="closed while it was being opened"):
                    await get(pool, server)

            async def close() -> None:
                while not server.said_hello:
                    await AutoBackend().sleep(0.001)
                await pool.aclose()

            await async_at_once(request, close)
            assert pool.stats().http3 == {"opened": 0, "fell_back": 0, "broken": 0}


class TestCancellation:
    async def test_a_cancelled_handshake_leaves_nothing(
        self, certificates: Certificates, server: Server, fake: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And is no failure: nobody knows whether HTTP/3 would have worked."""
        monkeypatch.setattr(origins, "_HEAD_START", 20.0)
        server.silent = True

        async def trace(event: str, info: dict[str, Any]) -> None:
            if event == "http3.handshake.started":
                raise Cancelled

        async with pool_for(certificates) as pool:
            await get(pool, server)
            with no_leaked_sockets():
                with pytest.raises(Cancelled):
                    await get(pool, server, trace=trace)
                assert pool.stats().connections_active == 0
                assert pool.stats().http3 == {"opened": 0, "fell_back": 0, "broken": 0}
            server.silent = False
            assert await get(pool, server) == b"h3"


class Cancelled(BaseException):
    """As a scope or a signal handler may raise one."""
