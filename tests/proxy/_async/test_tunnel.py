"""Tunnels through HTTP proxies, over sockets to scripted proxies, which misbehave as real ones rarely do."""

import gc
from typing import Any

import pytest
from httpcore_models import (
    URL,
    AutoBackend,
    ConnectError,
    ConnectTimeout,
    Origin,
    ProxyError,
    ReadTimeout,
    Request,
)
from httpcore_models.network import AsyncDialler, AsyncDirectDialler
from httpcore_proxy import AsyncTLSDialler, AsyncTunnelDialler
from httpcore_proxy._async import tunnel
from httpcore_test_support.backends import AsyncUnhurriedBackend
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.recording import AsyncRecordingBackend
from httpcore_test_support.scripted import Script, ScriptedServer, scripted_server
from httpcore_test_support.sockets import refusing_port
from httpcore_test_support.steps import abort, close, hold, receive_until, send, send_bytewise
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

ORIGIN = Origin(b"https", b"example.com", 443)
PROXY = Origin(b"http", b"proxy.local", 8080)
REQUEST = Request("GET", "https://example.com/")
ESTABLISHED = b"HTTP/1.1 200 OK\r\n\r\n"
TIMEOUT = 10.0
CONNECT = b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nAccept: */*\r\n"


class Clock:
    """Replaces the `time` module. Each call advances the time."""

    now = 1000.0

    def monotonic(self) -> float:
        self.now += 0.25
        return self.now


def direct() -> AsyncDialler:
    return AsyncDirectDialler(AutoBackend())


def through(server: ScriptedServer, *headers: tuple[bytes, bytes]) -> AsyncTunnelDialler:
    return AsyncTunnelDialler(direct(), URL(server.url).origin, headers)


def after_the_request(*steps: Any) -> Script:
    return [receive_until(b"\r\n\r\n"), *steps]


async def refusal(*steps: Any) -> ProxyError:
    """Return the error when a proxy refuses the tunnel with `steps`; check that the connection to it is closed."""
    with scripted_server(after_the_request(*steps)) as server:
        with pytest.raises(ProxyError) as caught:
            await through(server).dial(ORIGIN, REQUEST, TIMEOUT)
        await async_wait_until(lambda: not server.open_connections)
    return caught.value


class TestTunnel:
    async def test_bytes_go_both_ways(self) -> None:
        with scripted_server(after_the_request(send(ESTABLISHED), receive_until(b"ping"), send(b"pong"))) as server:
            stream = await through(server, (b"X-Proxy", b"1")).dial(ORIGIN, REQUEST, TIMEOUT)
            await stream.write(b"ping", TIMEOUT)
            assert await stream.read(100, TIMEOUT) == b"pong"
            await stream.aclose()
            assert server.connections[0].received == CONNECT + b"X-Proxy: 1\r\n\r\nping"

    async def test_bytes_that_arrive_with_the_response_belong_to_the_tunnel(self) -> None:
        with scripted_server(after_the_request(send(ESTABLISHED + b"early, "), hold())) as server:
            stream = await through(server).dial(ORIGIN, REQUEST, TIMEOUT)
            assert await stream.read(100, TIMEOUT) == b"early, "
            with pytest.raises(ReadTimeout):
                await stream.read(100, 0.0)
            await stream.aclose()

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 201 Created\r\n\r\n",
            b"HTTP/1.0 200 Connection established\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nX: y\r\nContent-Length: 5\r\n\r\n",
            b"HTTP/1.0 200 OK\r\nTransfer-Encoding: gzip,\r\n chunked\r\nX: y\r\n\r\n",
            b"HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 204 OK\r\nTransfer-Encoding: identity\r\n\r\n",
        ],
    )
    @pytest.mark.fault("N6")
    async def test_successful_responses(self, answer: bytes) -> None:
        """Framing headers of a successful response to CONNECT mean nothing (RFC 9110 section 9.3.6)."""
        with scripted_server(after_the_request(send_bytewise(answer), receive_until(b"ping"), send(b"pong"))) as server:
            stream = await through(server).dial(ORIGIN, REQUEST, TIMEOUT)
            await stream.write(b"ping", TIMEOUT)
            assert await stream.read(100, TIMEOUT) == b"pong"
            await stream.aclose()

    async def test_a_proxy_that_is_down(self) -> None:
        with refusing_port() as port:
            dialler = AsyncTunnelDialler(direct(), Origin(b"http", b"127.0.0.1", port))
            with pytest.raises(ConnectError):
                await dialler.dial(ORIGIN, REQUEST, TIMEOUT)

    async def test_describe_reports_the_connection_to_the_proxy(self) -> None:
        dialler = AsyncTunnelDialler(direct(), PROXY)
        assert dialler.describe(ORIGIN, 1.5)["host"] == "proxy.local"
        assert AsyncTLSDialler(direct(), None).describe(PROXY, 1.5)["host"] == "proxy.local"  # type: ignore[arg-type]


@pytest.mark.fault("S19")
async def test_bytes_before_the_tls_handshake_are_refused(certificates: Certificates) -> None:
    with scripted_server(after_the_request(send(ESTABLISHED + b"early"), hold())) as server:
        stream = await through(server).dial(ORIGIN, REQUEST, TIMEOUT)
        with pytest.raises(ConnectError, match=r"^5 bytes were received before the TLS handshake began$"):
            await stream.start_tls(certificates.client_context(), "example.com", TIMEOUT)
        await async_wait_until(lambda: not server.open_connections)


@pytest.mark.fault("P2")
@pytest.mark.filterwarnings("error::ResourceWarning")
async def test_the_tunnel_outlives_the_response() -> None:
    with scripted_server(after_the_request(send(ESTABLISHED), receive_until(b"ping"), send(b"pong"))) as server:
        stream = await through(server).dial(ORIGIN, REQUEST, TIMEOUT)
        gc.collect()
        await stream.write(b"ping", TIMEOUT)
        assert await stream.read(100, TIMEOUT) == b"pong"
        await stream.aclose()


@pytest.mark.field(63)
class TestRefusals:
    async def test_status_headers_and_body(self) -> None:
        head = b"HTTP/1.1 407 Authentication Required\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 9\r\n\r\n"
        error = await refusal(send(head + b"who's you"))
        where = f"(CONNECT to {ORIGIN} through the proxy http://127.0.0.1:{_port(error)})"
        assert str(error) == f"407 Authentication Required {where}"
        assert (error.status, error.body) == (407, b"who's you")
        assert (b"Proxy-Authenticate", b"Negotiate") in error.headers

    @pytest.mark.parametrize(
        ("response", "body"),
        [
            (
                b"HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno \r\n3\r\nway\r\n0\r\n\r\n",
                b"no way",
            ),
            (b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n", b""),
        ],
    )
    async def test_other_responses(self, response: bytes, body: bytes) -> None:
        error = await refusal(send(response))
        assert (error.status, error.body) == (int(response[9:12]), body)

    async def test_a_body_up_to_the_end_of_stream(self) -> None:
        error = await refusal(send(b"HTTP/1.1 403 Forbidden\r\n\r\nnot here"), close())
        assert (error.status, error.body) == (403, b"not here")

    async def test_a_body_that_is_cut_off(self) -> None:
        error = await refusal(send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nnot h"), close())
        assert (error.status, error.body) == (403, b"not h")

    async def test_a_body_that_stalls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tunnel, "_REFUSAL_TIMEOUT", 0.05)
        error = await refusal(send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nnot h"), hold())
        assert (error.status, error.body) == (403, b"not h")

    async def test_a_long_body_is_truncated(self) -> None:
        size = 10_000_000
        head = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n" % size
        error = await refusal(send(head + b"x" * size))
        assert (error.status, error.body) == (403, b"x" * tunnel._REFUSAL_SIZE)

    async def test_a_server_that_is_not_a_proxy(self) -> None:
        error = await refusal(send(b"\x15\x03\x01\x00\x02\x02\x46"), hold())
        assert str(error).endswith(f"(CONNECT to {ORIGIN} through the proxy http://127.0.0.1:{_port(error)})")
        assert (error.status, error.headers, error.body) == (None, [], b"")

    @pytest.mark.parametrize("end", [close(), abort()], ids=["EOF", "reset"])
    @pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 O"])
    async def test_a_proxy_that_closes_the_connection(self, begun: bytes, end: Any) -> None:
        error = await refusal(send_bytewise(begun), end)
        assert f"CONNECT to {ORIGIN}" in str(error)


def _port(error: ProxyError) -> str:
    return str(error).rpartition(":")[2].rstrip(")")


class TestTimeouts:
    @pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 O"])
    async def test_a_silent_proxy(self, begun: bytes) -> None:
        request = Request("GET", "https://example.com/", extensions={"timeout": {"read": TIMEOUT, "write": TIMEOUT}})
        with scripted_server(after_the_request(send(begun), hold())) as server:
            message = rf"^CONNECT to {ORIGIN} through the proxy {server.url} timed out after 0.1 seconds$"
            dialler = AsyncDirectDialler(AsyncUnhurriedBackend())
            with pytest.raises(ConnectTimeout, match=message):
                await AsyncTunnelDialler(dialler, URL(server.url).origin).dial(ORIGIN, request, 0.1)
            await async_wait_until(lambda: not server.open_connections)

    async def test_one_time_limit_for_all_reads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy that sends a byte now and then gets no more time."""
        monkeypatch.setattr("httpcore_models.deadline.time", Clock())
        backend = AsyncRecordingBackend([ESTABLISHED[index : index + 1] for index in range(len(ESTABLISHED))])
        dialler = AsyncTunnelDialler(AsyncDirectDialler(backend), PROXY)
        with pytest.raises(ConnectTimeout):
            await dialler.dial(ORIGIN, REQUEST, 2.0)
        [stream] = backend.streams
        limits = {limit for _, limit in stream.timeouts}
        assert limits == {1.75, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25}
        assert stream.closed

    async def test_without_a_connect_timeout_read_and_write_timeouts_apply(self) -> None:
        request = Request("GET", "https://example.com/", extensions={"timeout": {"read": 2.0, "write": 3.0}})
        backend = AsyncRecordingBackend([ESTABLISHED])
        await AsyncTunnelDialler(AsyncDirectDialler(backend), PROXY).dial(ORIGIN, request, None)
        assert backend.streams[0].timeouts == {("write", 3.0), ("read", 2.0)}

    async def test_a_proxy_that_does_not_read(self) -> None:
        class StuckBackend(AsyncRecordingBackend):
            async def connect_tcp(self, *args: Any, **kwargs: Any) -> Any:
                stream = await super().connect_tcp(*args, **kwargs)
                stream.write = stuck  # type: ignore[method-assign]
                return stream

        for timeout, expected in ((1.0, "ConnectTimeout"), (None, "WriteTimeout")):
            backend = StuckBackend([])
            with pytest.raises(Exception, match=r"timed out|stuck") as caught:
                await AsyncTunnelDialler(AsyncDirectDialler(backend), PROXY).dial(ORIGIN, REQUEST, timeout)
            assert type(caught.value).__name__ == expected
            assert backend.streams[0].closed


async def stuck(buffer: bytes, timeout: float | None = None) -> None:
    from httpcore_models import WriteTimeout

    raise WriteTimeout("stuck")


class TestTLS:
    async def test_a_tunnel_over_tls(self, certificates: Certificates) -> None:
        script = after_the_request(send(ESTABLISHED), receive_until(b"ping"), send(b"pong"))
        with scripted_server(script, tls=certificates.server_context(alpn=["h2", "http/1.1"])) as server:
            tls = AsyncTLSDialler(direct(), certificates.client_context())
            stream = await AsyncTunnelDialler(tls, URL(server.url).origin).dial(ORIGIN, REQUEST, TIMEOUT)
            assert stream.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
            await stream.write(b"ping", TIMEOUT)
            assert await stream.read(100, TIMEOUT) == b"pong"
            await stream.aclose()

    async def test_the_certificate_is_checked_for_the_name_of_the_proxy(self, certificates: Certificates) -> None:
        request = Request("GET", "https://example.com/", extensions={"sni_hostname": "127.0.0.1"})
        with scripted_server(hold(), tls=certificates.server_context(identities=["other.org"])) as server:
            tls = AsyncTLSDialler(direct(), certificates.client_context())
            with pytest.raises(ConnectError, match=r"certificate verify failed"):
                await tls.dial(URL(server.url).origin, request, TIMEOUT)
            await async_wait_until(lambda: not server.open_connections)

    async def test_connecting_and_tls_share_one_time_limit(
        self, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("httpcore_models.deadline.time", Clock())
        backend = AsyncRecordingBackend([])
        tls = AsyncTLSDialler(AsyncDirectDialler(backend), certificates.client_context())
        await tls.dial(PROXY, REQUEST, 2.0)
        assert (backend.connects[0]["timeout"], backend.streams[0].handshakes[0]["timeout"]) == (2.0, 1.75)
        assert backend.streams[0].handshakes[0]["server_hostname"] == "proxy.local"

    async def test_the_handshake_names_the_whole_limit(self, certificates: Certificates) -> None:
        with scripted_server(hold()) as server:
            tls = AsyncTLSDialler(AsyncDirectDialler(AutoBackend()), certificates.client_context())
            with pytest.raises(ConnectTimeout, match=r"^The handshake operation timed out after 0\.05 seconds \("):
                await tls.dial(URL(server.url).origin, REQUEST, 0.05)

    async def test_no_time_left_for_tls(self, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("httpcore_models.deadline.time", Clock())
        backend = AsyncRecordingBackend([])
        tls = AsyncTLSDialler(AsyncDirectDialler(backend), certificates.client_context())
        with pytest.raises(ConnectTimeout, match=r"^TLS with the proxy http://proxy\.local:8080 timed out after 0\.2"):
            await tls.dial(PROXY, REQUEST, 0.2)
        assert backend.streams[0].closed
