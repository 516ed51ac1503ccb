"""Requests through pools are recorded: what they were, how they ended, and where the time went."""

from typing import Any

import httpcore
import pytest
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.connections import AsyncForeignConnection
from httpcore_test_support.proxies import RealProxies
from httpcore_test_support.recording import AsyncRecordingBackend
from httpcore_test_support.waiting import async_at_once
from httpcore_trace import AsyncRecordedPool, Recorder, RequestRecord

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=secret\r\n\r\nok"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok"
URL = "http://example.com/path?a=b"


def only(recorder: Recorder) -> RequestRecord:
    """The record of the only request, which has ended and adds up."""
    (record,) = recorder.requests
    assert record.ended is not None
    assert abs(record.phases().total - record.duration) < 1e-6
    return record


def names(record: RequestRecord) -> list[str]:
    return [event for _, event, _ in record.events]


def recorded(recorder: Recorder, parts: list[bytes]) -> AsyncRecordedPool:
    return recorder.pool(httpcore.AsyncConnectionPool(network_backend=AsyncRecordingBackend(parts)))


class TestPools:
    async def test_a_request(self) -> None:
        recorder = Recorder()
        async with recorded(recorder, [OK]) as pool:
            headers = [(b"Authorization", b"secret"), (b"Accept", b"*/*")]
            response = await pool.request("POST", URL, headers=headers, content=b"text")
        assert response.content == b"ok"
        record = only(recorder)
        assert (record.method, record.url) == ("POST", URL)
        assert (record.status, record.reason, record.http_version) == (200, b"OK", "HTTP/1.1")
        assert record.request_headers[-3:] == [
            (b"Authorization", b"[secure]"),
            (b"Accept", b"*/*"),
            (b"Content-Length", b"4"),
        ]
        assert record.response_headers == [(b"Content-Length", b"2"), (b"Set-Cookie", b"[secure]")]
        assert record.error is None
        assert not record.cancelled
        assert names(record)[-1] == "http11.response_closed.complete"
        assert "secret" not in repr(vars(record))
        assert min(record.phases().connect, record.phases().send, record.phases().receive) >= 0

    async def test_a_streamed_response_ends_when_it_is_closed(self) -> None:
        recorder = Recorder()
        async with recorded(recorder, [OK]) as pool:
            async with pool.stream("GET", URL) as response:
                (record,) = recorder.requests
                assert (record.status, record.ended) == (200, None)
                assert await response.aread() == b"ok"
            assert record.ended is not None

    async def test_a_response_of_handle_request_ends_when_it_is_closed(self) -> None:
        recorder = Recorder()
        async with recorded(recorder, [OK]) as pool:
            request = httpcore.Request("GET", URL, headers=[(b"Host", b"example.com")])
            response = await pool.handle_async_request(request)
            (record,) = recorder.requests
            assert record.ended is None
            await response.aclose()
            assert record.ended is not None
            assert request.extensions == {}

    async def test_requests_are_in_order_of_start(self) -> None:
        recorder = Recorder()
        async with recorded(recorder, [OK, OK]) as pool:
            await pool.request("GET", URL)
            await pool.request("HEAD", URL)
        assert [record.method for record in recorder.requests] == ["GET", "HEAD"]
        assert "connection.connect_tcp.started" not in names(recorder.requests[1])
        assert recorder.requests[1].phases().connect == -1

    async def test_the_pool_itself_answers_what_else_is_asked(self) -> None:
        recorder = Recorder()
        pool = httpcore.AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK]))
        wrapped = recorder.pool(pool)
        await wrapped.request("GET", URL)
        assert wrapped.connections == pool.connections
        assert wrapped.stats() == pool.stats()
        assert repr(pool) in repr(wrapped)
        with pytest.raises(AttributeError):
            _ = wrapped.nothing
        await wrapped.aclose()
        assert pool.connections == []

    async def test_the_programs_own_observer_gets_the_events_too(self) -> None:
        recorder = Recorder()
        events: list[str] = []
        extensions: dict[str, Any] = {"observe": lambda event, info: events.append(event)}
        async with recorded(recorder, [OK]) as pool:
            await pool.request("GET", URL, extensions=extensions)
        assert events == names(only(recorder))
        assert list(extensions) == ["observe"]

    async def test_what_the_programs_own_observer_raises_ends_the_request(self) -> None:
        def fail(event: str, info: dict[str, Any]) -> None:
            raise LookupError(event)

        recorder = Recorder()
        async with recorded(recorder, [OK]) as pool:
            with pytest.raises(LookupError):
                await pool.request("GET", URL, extensions={"observe": fail})
        error = only(recorder).error
        assert error is not None
        assert error.type == "LookupError"

    async def test_a_connection_without_a_pool(self) -> None:
        recorder = Recorder()
        origin = httpcore.URL(URL).origin
        connection = httpcore.AsyncHTTPConnection(origin, network_backend=AsyncRecordingBackend([OK]))
        async with recorder.pool(connection) as wrapped:
            await wrapped.request("GET", URL)
        assert only(recorder).status == 200

    async def test_a_connection_that_reports_nothing(self) -> None:
        recorder = Recorder()
        await recorder.pool(AsyncForeignConnection(httpcore.URL(URL).origin)).request("GET", URL)
        record = only(recorder)
        assert (record.method, record.url, record.status, record.events) == ("GET", URL, 200, [])
        assert record.phases().unexplained == record.duration


class TestFailures:
    async def test_a_failed_request(self) -> None:
        recorder = Recorder()
        pool = httpcore.AsyncConnectionPool(network_backend=AsyncRecordingBackend(httpcore.ConnectError("refused")))
        async with recorder.pool(pool) as wrapped:
            with pytest.raises(httpcore.ConnectError):
                await wrapped.request("GET", URL)
            with pytest.raises(httpcore.ConnectError):
                async with wrapped.stream("GET", URL):
                    pass
            with pytest.raises(httpcore.ConnectError):
                await wrapped.handle_async_request(httpcore.Request("GET", URL))
        assert len(recorder.requests) == 3
        for record in recorder.requests:
            assert record.ended is not None
            assert record.error is not None
            assert (record.error.type, record.error.message) == ("httpcore.ConnectError", "refused")
            assert not record.cancelled

    async def test_a_body_that_is_cut(self) -> None:
        recorder = Recorder()
        async with recorded(recorder, [CUT]) as pool:
            with pytest.raises(httpcore.RemoteProtocolError):
                await pool.request("GET", URL)
        record = only(recorder)
        assert record.status == 200
        assert record.error is not None
        assert record.error.name == "RemoteProtocolError"

    async def test_what_the_program_raises_is_no_failure_of_the_request(self) -> None:
        recorder = Recorder()
        async with recorded(recorder, [OK]) as pool:
            with pytest.raises(LookupError):
                async with pool.stream("GET", URL):
                    raise LookupError
        assert only(recorder).error is None

    async def test_a_wrong_argument(self) -> None:
        recorder = Recorder()
        async with recorded(recorder, [OK]) as pool:
            with pytest.raises(httpcore.UnsupportedProtocol):
                await pool.request("GET", "ftp://example.com/")
            with pytest.raises(TypeError):
                await pool.request("GET", URL, headers=[1])
            with pytest.raises(TypeError):
                await pool.request(None, None)  # type: ignore[arg-type]
        assert [str(record.error).partition(":")[0] for record in recorder.requests] == [
            "UnsupportedProtocol",
            "TypeError",
            "TypeError",
        ]


class TestServers:
    @pytest.mark.parametrize("http2", [False, True])
    async def test_tls(self, caddy: CaddyServer, certificates: Certificates, http2: bool) -> None:
        recorder = Recorder()
        pool = httpcore.AsyncConnectionPool(ssl_context=certificates.client_context(), http2=http2)
        async with recorder.pool(pool) as wrapped:
            await wrapped.request("GET", f"{caddy.https_url}/small.txt")
            await wrapped.request("GET", f"{caddy.https_url}/small.txt")
        for record in recorder.requests:
            assert record.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            assert record.ended is not None
            assert abs(record.phases().total - record.duration) < 1e-6
        assert [record.reused for record in recorder.requests] == [False, True]
        info, other = (record.connection for record in recorder.requests)
        assert info is not None
        assert info is other
        assert (info.id, info.http_version) == (recorder.requests[1].connection_id, record.http_version)
        assert recorder.requests[0].received_bytes
        first, second = (record.phases() for record in recorder.requests)
        assert min(first.connect, first.ssl, first.send, first.wait, first.receive, first.unexplained) >= 0
        assert (second.connect, second.ssl) == (-1, -1)

    async def test_many_at_once(self, caddy: CaddyServer, certificates: Certificates) -> None:
        recorder = Recorder()
        pool = httpcore.AsyncConnectionPool(ssl_context=certificates.client_context(), http2=True)
        async with recorder.pool(pool) as wrapped:
            await async_at_once(*[lambda: wrapped.request("GET", f"{caddy.https_url}/small.txt")] * 20)
        assert len(recorder.requests) == 20
        for record in recorder.requests:
            assert (record.status, record.http_version) == (200, "HTTP/2")
            assert record.connection is not None
            # Threads that find no connection at the same moment may make several.
            assert record.connection_id == record.connection.id
            assert record.ended is not None
            assert abs(record.phases().total - record.duration) < 1e-6

    @pytest.mark.parametrize("scheme", ["http", "socks5"])
    async def test_a_proxy(
        self, caddy: CaddyServer, certificates: Certificates, proxies: RealProxies, scheme: str
    ) -> None:
        recorder = Recorder()
        proxy = httpcore.Proxy(proxies.open.url(scheme))
        context = certificates.client_context()
        async with recorder.pool(httpcore.AsyncConnectionPool(ssl_context=context, proxy=proxy)) as pool:
            await pool.request("GET", f"{caddy.https_url}/small.txt")
            await pool.request("GET", f"{caddy.http_url}/small.txt")
        tunnelled, forwarded = recorder.requests
        assert (tunnelled.method, tunnelled.url) == ("GET", f"{caddy.https_url}/small.txt")
        assert (forwarded.method, forwarded.url) == ("GET", f"{caddy.http_url}/small.txt")
        assert (tunnelled.status, forwarded.status) == (200, 200)
        assert min(tunnelled.phases().connect, tunnelled.phases().ssl) >= 0

    async def test_a_proxy_that_refuses(self, caddy: CaddyServer, proxies: RealProxies) -> None:
        recorder = Recorder()
        proxy = httpcore.Proxy(proxies.closed.url("http"))
        async with recorder.pool(httpcore.AsyncConnectionPool(proxy=proxy)) as pool:
            with pytest.raises(httpcore.ProxyError):
                await pool.request("GET", f"{caddy.https_url}/small.txt")
        record = only(recorder)
        assert (record.method, record.status) == ("GET", None)
        assert record.error is not None
        assert record.error.name == "ProxyError"
