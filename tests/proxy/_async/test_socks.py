"""Connections through SOCKS proxies, over sockets to scripted proxies, which misbehave as real ones rarely do."""

import socket
from typing import Any

import pytest
from httpcore_models import (
    AsyncNetworkBackend,
    AutoBackend,
    ConnectError,
    ConnectTimeout,
    Origin,
    ProxyError,
    ReadTimeout,
    Request,
)
from httpcore_models.deadline import limit_text
from httpcore_models.network import AsyncDirectDialler
from httpcore_proxy import AsyncSocksDialler, AsyncSocksProxyDialler
from httpcore_test_support.backends import AsyncUnhurriedBackend
from httpcore_test_support.recording import AsyncRecordingBackend
from httpcore_test_support.resolving import async_resolve_to
from httpcore_test_support.scripted import Script, ScriptedServer, scripted_server
from httpcore_test_support.sockets import refusing_port
from httpcore_test_support.steps import abort, close, hold, receive_exactly, send, send_bytewise
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

ORIGIN = Origin(b"https", b"example.com", 443)
REQUEST = Request("GET", "https://example.com/")
TIMEOUT = 10.0
AUTH = (b"user", b"secret")

GREETING, GREETING_WITH_AUTH = b"\x05\x01\x00", b"\x05\x02\x02\x00"
CREDENTIALS = b"\x01\x04user\x06secret"
COMMAND = b"\x05\x01\x00\x03\x0bexample.com\x01\xbb"
CONNECTED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"
SOCKS4A_COMMAND = b"\x04\x01\x01\xbb\x00\x00\x00\xff\x00example.com\x00"
SOCKS4_GRANTED = b"\x00\x5a" + bytes(6)


class Clock:
    """Replaces the `time` module. Each call advances the time."""

    now = 1000.0

    def monotonic(self) -> float:
        self.now += 0.25
        return self.now


def through(
    server: ScriptedServer, scheme: bytes = b"socks5", backend: AsyncNetworkBackend | None = None, **options: Any
) -> AsyncSocksDialler:
    proxy = Origin(scheme, b"127.0.0.1", server.port)
    return AsyncSocksDialler(AsyncSocksProxyDialler(backend or AutoBackend()), proxy, **options)


def recorded(backend: AsyncRecordingBackend, scheme: bytes = b"socks5", **options: Any) -> AsyncSocksDialler:
    return AsyncSocksDialler(AsyncSocksProxyDialler(backend), Origin(scheme, b"proxy.local", 1080), **options)


SOCKS5 = [receive_exactly(len(GREETING)), send(b"\x05\x00"), receive_exactly(len(COMMAND)), send(CONNECTED)]
BYTEWISE = [
    receive_exactly(len(GREETING_WITH_AUTH)),
    send_bytewise(b"\x05\x02"),
    receive_exactly(len(CREDENTIALS)),
    send_bytewise(b"\x01\x00"),
    receive_exactly(len(COMMAND)),
    send_bytewise(CONNECTED),
]
SOCKS4A = [receive_exactly(len(SOCKS4A_COMMAND)), send_bytewise(SOCKS4_GRANTED)]
ANSWER = [receive_exactly(4), send(b"pong")]


class TestConnection:
    @pytest.mark.parametrize(
        ("script", "scheme", "auth", "sent"),
        [
            pytest.param(SOCKS5, b"socks5", None, GREETING + COMMAND, id="SOCKS5"),
            pytest.param(
                BYTEWISE,
                b"socks5h",
                AUTH,
                GREETING_WITH_AUTH + CREDENTIALS + COMMAND,
                id="SOCKS5 with auth, bytewise",
                marks=pytest.mark.field(66),
            ),
            pytest.param(SOCKS4A, b"socks4a", None, SOCKS4A_COMMAND, id="SOCKS4a"),
        ],
    )
    async def test_bytes_go_both_ways(self, script: Script, scheme: bytes, auth: Any, sent: bytes) -> None:
        with scripted_server([*script, *ANSWER]) as server:  # type: ignore[misc]
            stream = await through(server, scheme, auth=auth).dial(ORIGIN, REQUEST, TIMEOUT)
            await stream.write(b"ping", TIMEOUT)
            assert await stream.read(100, TIMEOUT) == b"pong"
            await stream.aclose()
            assert server.connections[0].received == sent + b"ping"

    async def test_bytes_that_arrive_with_the_reply_belong_to_the_connection(self) -> None:
        with scripted_server([*SOCKS5[:-1], send(CONNECTED + b"early"), hold()]) as server:
            stream = await through(server).dial(ORIGIN, REQUEST, TIMEOUT)
            assert await stream.read(100, TIMEOUT) == b"early"
            await stream.aclose()

    async def test_a_proxy_that_is_down(self) -> None:
        with refusing_port() as port:
            dialler = AsyncSocksDialler(AsyncDirectDialler(AutoBackend()), Origin(b"socks5", b"127.0.0.1", port))
            with pytest.raises(ConnectError):
                await dialler.dial(ORIGIN, REQUEST, TIMEOUT)

    async def test_an_origin_that_socks_cannot_express(self) -> None:
        """The error is raised before connecting to the proxy."""
        backend = AsyncRecordingBackend([])
        with pytest.raises(ProxyError, match=r"^SOCKS4 cannot connect to IPv6"):
            await recorded(backend, b"socks4").dial(Origin(b"https", b"::1", 443), REQUEST, TIMEOUT)
        assert backend.connects == []


class TestRefusals:
    @pytest.mark.parametrize(
        "script",
        [
            pytest.param([receive_exactly(3), close()], id="EOF"),
            pytest.param([receive_exactly(3), send(b"\x05"), close()], id="EOF in the method"),
            pytest.param([*SOCKS5[:-1], send(CONNECTED[:5]), close()], id="EOF in the reply"),
            pytest.param([receive_exactly(3), abort()], id="reset"),
            pytest.param([receive_exactly(3), send(b"HTTP/1.1 400 Bad Request\r\n\r\n")], id="HTTP"),
            pytest.param([receive_exactly(3), send(b"\x05\xff")], id="no method"),
            pytest.param([*SOCKS5[:-1], send(b"\x05\x01")], id="refused"),
        ],
    )
    @pytest.mark.field(66)
    async def test_every_refusal_closes_the_connection(self, script: Script) -> None:
        with scripted_server(script) as server:
            with pytest.raises(ProxyError) as caught:
                await through(server).dial(ORIGIN, REQUEST, TIMEOUT)
            await async_wait_until(lambda: not server.open_connections)
        assert (caught.value.status, caught.value.headers, caught.value.body) == (None, [], b"")

    async def test_refused_credentials(self) -> None:
        with scripted_server([receive_exactly(4), send(b"\x05\x02"), receive_exactly(13), send(b"\x01\x01")]) as server:
            with pytest.raises(ProxyError) as caught:
                await through(server, auth=AUTH).dial(ORIGIN, REQUEST, TIMEOUT)
            assert str(caught.value) == (
                f"Invalid username/password (SOCKS5 to {ORIGIN} through the proxy socks5://127.0.0.1:{server.port})"
            )
            await async_wait_until(lambda: not server.open_connections)


class TestTimeouts:
    @pytest.mark.field(65)
    @pytest.mark.parametrize(
        "script", [[hold()], [*SOCKS5[:-1], hold()], [*SOCKS5[:-1], send(CONNECTED[:5]), hold()]], ids=range(3)
    )
    async def test_a_silent_proxy(self, script: Script) -> None:
        request = Request("GET", "https://example.com/", extensions={"timeout": {"read": TIMEOUT, "write": TIMEOUT}})
        with scripted_server(script) as server:
            message = rf"^SOCKS5 to {ORIGIN} through the proxy socks5://127.0.0.1:{server.port} timed out after 0.1 s"
            with pytest.raises(ConnectTimeout, match=message):
                await through(server, backend=AsyncUnhurriedBackend()).dial(ORIGIN, request, 0.1)
            await async_wait_until(lambda: not server.open_connections)

    @pytest.mark.field(65)
    async def test_one_time_limit_for_all_reads_and_writes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy that sends a byte now and then gets no more time."""
        monkeypatch.setattr("httpcore_models.deadline.time", Clock())
        replies = b"\x05\x00" + CONNECTED
        backend = AsyncRecordingBackend([replies[index : index + 1] for index in range(len(replies))])
        with pytest.raises(ConnectTimeout):
            await recorded(backend).dial(ORIGIN, REQUEST, 2.0)
        [stream] = backend.streams
        assert {limit for _, limit in stream.timeouts} == {1.75, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25}
        assert stream.closed

    @pytest.mark.field(65)
    async def test_without_a_connect_timeout_read_and_write_timeouts_apply(self) -> None:
        request = Request("GET", "https://example.com/", extensions={"timeout": {"read": 0.05, "write": 3.0}})
        with scripted_server(hold()) as server:
            with pytest.raises(ReadTimeout):
                await through(server).dial(ORIGIN, request, None)
            await async_wait_until(lambda: not server.open_connections)


IPV4 = (socket.AF_INET, ("10.0.0.1", 0))
IPV6 = (socket.AF_INET6, ("fe80::1%eth0", 0, 0, 1))


@pytest.mark.field(68)
class TestNames:
    @pytest.mark.parametrize(
        ("scheme", "rdns"), [(b"socks5", None), (b"socks5", True), (b"socks5h", False), (b"socks4", True)]
    )
    async def test_the_proxy_resolves_names(
        self, scheme: bytes, rdns: bool | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async_resolve_to(monkeypatch, OSError("must not be called"))
        backend = AsyncRecordingBackend([b"\x05\x00", CONNECTED] if scheme != b"socks4" else [SOCKS4_GRANTED])
        await recorded(backend, scheme, rdns=rdns).dial(ORIGIN, REQUEST, 1.5)
        assert b"example.com" in backend.streams[0].written
        assert backend.connects[0]["timeout"] == 1.5

    @pytest.mark.parametrize(
        ("scheme", "rdns", "answers", "address"),
        [
            (b"socks5", False, [IPV4, IPV6], b"\x01\x0a\x00\x00\x01\x01\xbb"),
            (b"socks5", False, [IPV6, IPV4], b"\x04\xfe\x80" + bytes(13) + b"\x01\x01\xbb"),
            (b"socks4", None, [IPV6, IPV4], b"\x01\xbb\x0a\x00\x00\x01\x00"),
            (b"socks4", False, [IPV4], b"\x01\xbb\x0a\x00\x00\x01\x00"),
        ],
    )
    async def test_this_machine_resolves_names(
        self, scheme: bytes, rdns: bool | None, answers: Any, address: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async_resolve_to(monkeypatch, *answers)
        backend = AsyncRecordingBackend([b"\x05\x00", CONNECTED] if scheme == b"socks5" else [SOCKS4_GRANTED])
        await recorded(backend, scheme, rdns=rdns).dial(ORIGIN, REQUEST, None)
        assert backend.streams[0].written.endswith(address)
        assert b"example" not in backend.streams[0].written

    async def test_resolving_counts_towards_the_connect_timeout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("httpcore_models.deadline.time", Clock())
        async_resolve_to(monkeypatch, IPV4)
        backend = AsyncRecordingBackend([b"\x05\x00", CONNECTED])
        await recorded(backend, rdns=False).dial(ORIGIN, REQUEST, 10.0)
        limit = backend.connects[0]["timeout"]
        assert 9.0 < limit < 10.0
        assert limit_text(limit) == "after 10 seconds"  # what the error of a backend names

    @pytest.mark.parametrize(
        ("scheme", "answer", "message"),
        [
            (b"socks5", OSError("no such name"), r"^no such name \(example\.com\)$"),
            pytest.param(
                b"socks5", None, r"^The name resolves to no address \(example\.com\)$", marks=pytest.mark.fault("N17")
            ),
            pytest.param(
                b"socks4", None, r"^The name resolves to no address \(example\.com\)$", marks=pytest.mark.fault("N17")
            ),
            (b"socks4", IPV6, r"^SOCKS4 connects to IPv4 addresses only, and the name has none \(example\.com\)$"),
        ],
    )
    async def test_names_without_an_address(
        self, scheme: bytes, answer: Any, message: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async_resolve_to(monkeypatch, *([] if answer is None else [answer]))
        backend = AsyncRecordingBackend([])
        with pytest.raises(ConnectError, match=message):
            await recorded(backend, scheme, rdns=False).dial(ORIGIN, REQUEST, None)
        assert backend.connects == []

    @pytest.mark.fault("N17")
    @pytest.mark.parametrize("failure", [b"\x05\x04", b""], ids=["refused", "EOF"])
    async def test_addresses_are_tried_in_turn(self, failure: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        async_resolve_to(monkeypatch, IPV6, IPV4, IPV6)
        backend = AsyncRecordingBackend([b"\x05\x00", failure], [b"\x05\x00", CONNECTED])
        await recorded(backend, rdns=False).dial(ORIGIN, REQUEST, None)
        first, second = backend.streams
        assert first.written.endswith(b"\x04\xfe\x80" + bytes(13) + b"\x01\x01\xbb")
        assert second.written.endswith(b"\x01\x0a\x00\x00\x01\x01\xbb")
        assert (first.closed, second.closed) == (1, 0)

    @pytest.mark.fault("N17", "N18")
    async def test_all_addresses_fail(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async_resolve_to(monkeypatch, IPV6, IPV4)
        backend = AsyncRecordingBackend([b"\x05\x00", b"\x05\x04"], [b"\x05\x00", b"\x05\x05"])
        with pytest.raises(ProxyError) as caught:
            await recorded(backend, rdns=False).dial(ORIGIN, REQUEST, None)
        assert str(caught.value) == (
            "Proxy Server could not connect: Host unreachable.; Proxy Server could not connect: Connection refused. "
            f"(SOCKS5 to {ORIGIN} through the proxy socks5://proxy.local:1080)"
        )
        assert [stream.closed for stream in backend.streams] == [1, 1]

    @pytest.mark.fault("N17")
    async def test_failures_not_about_an_address_are_not_retried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async_resolve_to(monkeypatch, IPV6, IPV4)
        backend = AsyncRecordingBackend([b"\x05\x02", b"\x01\x01"])
        with pytest.raises(ProxyError, match=r"^Invalid username/password \("):
            await recorded(backend, rdns=False, auth=AUTH).dial(ORIGIN, REQUEST, None)
        assert len(backend.streams) == 1

    @pytest.mark.parametrize(
        ("host", "address"),
        [(b"10.0.0.1", b"\x01\x0a\x00\x00\x01"), (b"fe80::1%25eth0", b"\x04\xfe\x80" + bytes(13) + b"\x01")],
    )
    async def test_addresses_are_not_resolved(
        self, host: bytes, address: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async_resolve_to(monkeypatch, OSError("must not be called"))
        backend = AsyncRecordingBackend([b"\x05\x00", CONNECTED])
        await recorded(backend, rdns=False).dial(Origin(b"https", host, 443), REQUEST, None)
        assert backend.streams[0].written.endswith(address + b"\x01\xbb")


class TestTrace:
    async def test_connecting_is_traced_as_a_part_of_socks(self) -> None:
        dialler = AsyncSocksProxyDialler(AutoBackend(), local_address="127.0.0.1")
        proxy = Origin(b"socks5", b"proxy.local", 1080)
        expected = {"host": "proxy.local", "port": 1080, "timeout": 1.5}
        assert dialler.describe(proxy, 1.5) == AsyncSocksDialler(dialler, proxy).describe(ORIGIN, 1.5) == expected
        unix = AsyncSocksProxyDialler(AutoBackend(), uds="/path")
        assert unix.describe(proxy, 1.5) == {"path": "/path", "timeout": 1.5}

    @pytest.mark.field(70)
    @pytest.mark.parametrize("scheme", [b"socks5", b"socks4a"])
    async def test_traces_hide_credentials(self, scheme: bytes, caplog: pytest.LogCaptureFixture) -> None:
        events: list[str] = []

        async def trace(name: str, info: dict[str, Any]) -> None:
            events.append(f"{name} {info!r}")

        replies = [b"\x05\x02", b"\x01\x00", CONNECTED] if scheme == b"socks5" else [SOCKS4_GRANTED]
        request = Request("GET", "https://example.com/", extensions={"trace": trace})
        with caplog.at_level("DEBUG", "httpcore"):
            await recorded(AsyncRecordingBackend(replies), scheme, auth=AUTH).dial(ORIGIN, request, None)
        version = "4" if scheme == b"socks4a" else "5"
        names = ["connect_tcp.started", "connect_tcp.complete"]
        names += [f"setup_socks{version}_connection.started", f"setup_socks{version}_connection.complete"]
        assert [event.split()[0] for event in events] == [f"socks.{name}" for name in names]
        assert [message.split()[0] for message in caplog.messages] == names
        for text in [*events, *caplog.messages]:
            assert "secret" not in text
            assert "user" not in text
        assert "[secure]" in events[2]
