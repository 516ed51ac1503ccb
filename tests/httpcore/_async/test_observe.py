"""What a pool and its connections tell the `observe` callback of a request, and the response extension `connection`."""

import logging
import ssl
from typing import Any

import pytest
from httpcore import (
    AsyncConnectionInterface,
    AsyncConnectionPool,
    AsyncHTTP11Connection,
    AsyncHTTPConnection,
    AsyncMockBackend,
    ConnectError,
    ConnectionInfo,
    Origin,
    PoolTimeout,
    Proxy,
    ReadError,
    RemoteProtocolError,
    Request,
    Response,
    UnsupportedProtocol,
)
from httpcore_models import AsyncNetworkStream
from httpcore_test_support import h2_frames
from httpcore_test_support._async.connections import AsyncForeignConnection
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.sockets import refusing_port
from httpcore_test_support.steps import close, receive_exactly, receive_request, receive_until, send, start_tls
from httpcore_test_support.waiting import async_at_once, async_wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
OWN_FACTS = ("pool.", "connection.wait.", "connection.opened", "retry", "resend", "request.failed")


class Observer(list[tuple[str, dict[str, Any]]]):
    """Collects the facts that this package tells, without trace events and the facts of other packages."""

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event.startswith(OWN_FACTS):
            self.append((event, info))

    @property
    def names(self) -> list[str]:
        return [event for event, _ in self]

    def info(self, name: str) -> dict[str, Any]:
        [info] = [info for event, info in self if event == name]
        return info

    @property
    def extensions(self) -> dict[str, Any]:
        return {"observe": self, "timeout": {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}}


def answer(connection: Connection) -> None:
    while True:
        connection.receive_request()
        connection.send(OK)


async def test_a_new_connection_and_a_reused_one() -> None:
    with scripted_server(answer) as server:
        async with AsyncConnectionPool() as pool:
            first, second = Observer(), Observer()
            response = await pool.request("GET", server.url, extensions=first.extensions)
            info = response.extensions["connection"]
            assert first == [
                (
                    "pool.assigned",
                    {
                        "connection_id": info.id,
                        "connection": None,
                        "reused": False,
                        "idle_for": None,
                        "requests_before": 0,
                    },
                ),
                ("connection.opened", {"connection": info}),
            ]
            response = await pool.request("GET", server.url, extensions=second.extensions)
            assert response.extensions["connection"] is info
            assigned = second.info("pool.assigned")
            assert assigned.pop("idle_for") >= 0.0
            assert assigned == {"connection_id": info.id, "connection": info, "reused": True, "requests_before": 1}
            assert second.names == ["pool.assigned"]
            peer = ("127.0.0.1", server.port)
            assert info == ConnectionInfo(
                info.id, server.url, info.local_address, peer, "HTTP/1.1", None, None, None, ()
            )
    assert info.local_address is not None
    assert info.local_address[0] == "127.0.0.1"


async def test_no_observer() -> None:
    with scripted_server(answer) as server:
        async with AsyncConnectionPool() as pool:
            for _ in range(2):
                assert (await pool.request("GET", server.url, extensions={"observe": None})).status == 200


@pytest.mark.parametrize("event", ["pool.assigned", "connection.opened"])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
async def test_what_the_observer_raises_ends_the_request(event: str, error: type[BaseException]) -> None:
    with scripted_server(answer) as server:
        async with AsyncConnectionPool() as pool:

            def observe(name: str, info: dict[str, Any]) -> None:
                if name == event:
                    raise error("observer")

            with pytest.raises(error, match="observer"):
                await pool.request("GET", server.url, extensions={"observe": observe})
            assert pool.stats()[:4] == (0, 0, 0, 0)
            assert (await pool.request("GET", server.url)).status == 200
        await async_wait_until(lambda: not server.open_connections)


async def test_waiting_for_room_and_failing() -> None:
    with scripted_server(answer) as server:
        async with AsyncConnectionPool(max_connections=1) as pool:
            observer = Observer()
            async with pool.stream("GET", server.url):
                with pytest.raises(PoolTimeout) as failure:
                    await pool.request("GET", server.url, extensions={"observe": observer, "timeout": {"pool": 0.0}})
            assert observer == [("request.failed", {"exception": failure.value})]


async def test_a_handed_over_connection_was_not_idle() -> None:
    observer = Observer()
    with scripted_server(answer) as server:
        async with AsyncConnectionPool(max_connections=1) as pool:
            await pool.request("GET", server.url)
            response = await pool.handle_async_request(Request("GET", server.url, headers={"Host": "localhost"}))

            async def release() -> None:
                await response.aread()
                await response.aclose()

            async def get() -> None:
                await pool.request("GET", server.url, extensions=observer.extensions)

            await async_at_once(get, release)
    assigned = observer.info("pool.assigned")
    assert (assigned["reused"], assigned["requests_before"]) == (True, 2)
    assert assigned["idle_for"] < 10.0, "counted from the last request"


async def test_retries_of_connecting() -> None:
    observer = Observer()
    with refusing_port() as port:
        async with AsyncConnectionPool(retries=1) as pool:
            with pytest.raises(ConnectError) as failure:
                await pool.request("GET", f"http://127.0.0.1:{port}", extensions=observer.extensions)
    retry = observer.info("retry")
    assert (retry["attempt"], retry["delay"]) == (1, 0.0)
    assert isinstance(retry["cause"], ConnectError)
    assert observer.names == ["pool.assigned", "retry", "request.failed"]
    assert observer.info("request.failed") == {"exception": failure.value}


async def test_a_request_is_sent_again_over_another_connection() -> None:
    observer = Observer()
    # The server closes the connection only after it has got the second request.
    with scripted_server([receive_request(), send(OK), receive_request(), close()]) as server:
        async with AsyncConnectionPool() as pool:
            first = await pool.request("GET", server.url)
            response = await pool.request("GET", server.url, extensions=observer.extensions)
    assert observer.names == ["pool.assigned", "resend", "pool.assigned", "connection.opened"]
    ids = [info["connection_id"] for event, info in observer if event == "pool.assigned"]
    assert ids == [first.extensions["connection"].id, response.extensions["connection"].id]
    resend = observer.info("resend")
    assert resend["reason"] == "closed before a response"
    assert isinstance(resend["cause"], RemoteProtocolError)


async def test_a_failed_expectation() -> None:
    def refuse(connection: Connection) -> None:
        connection.receive_until(b"\r\n\r\n")
        connection.send(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        connection.drain()

    def take(connection: Connection) -> None:
        refuse(connection) if connection.index == 0 else answer(connection)

    observer = Observer()
    with scripted_server(take) as server:
        async with AsyncConnectionPool() as pool:
            headers = {"Expect": "100-continue"}
            response = await pool.request(
                "POST", server.url, headers=headers, content=b"body", extensions=observer.extensions
            )
    assert response.status == 200
    assert observer.info("resend") == {"reason": "expectation failed", "cause": None}


class Interruption(BaseException):
    """What is no `Exception`, such as a cancellation or an interrupt from the keyboard."""


class AsyncInterruptingBackend(AsyncMockBackend):
    """Its connections interrupt whoever reads the response: the head, or else the body."""

    def __init__(self, http2: bool, begun: bool) -> None:
        super().__init__([])
        self.http2, self.interrupted = http2, False
        head = h2_frames.headers(1) if http2 else b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
        self.received = (h2_frames.settings({}) if http2 else b"") + (head if begun else b"")

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> AsyncNetworkStream:
        return AsyncInterruptingStream(self)

    async def events_until_the_end(self, fail_at: str = "") -> list[str]:
        """Send a request, and return what is reported after the interruption, whatever the observer raises."""
        self.interrupted, events = False, []

        def observe(event: str, info: dict[str, Any]) -> None:
            if self.interrupted:
                events.append(event)
                if event == fail_at:
                    raise ValueError("of the observer")

        async with AsyncConnectionPool(http1=not self.http2, http2=self.http2, network_backend=self) as pool:
            with pytest.raises(Interruption):
                await pool.request("GET", "http://example.com/", extensions={"observe": observe})
            assert pool.stats()[:4] == (0, 0, 0, 0)
        return events


class AsyncInterruptingStream(AsyncNetworkStream):
    """Yields what was received, and interrupts the next read."""

    def __init__(self, backend: AsyncInterruptingBackend) -> None:
        self._backend = backend
        self._received = [backend.received] if backend.received else []

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._received:
            return self._received.pop()
        self._backend.interrupted = True
        raise Interruption

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    async def aclose(self) -> None:
        pass

    def get_extra_info(self, info: str) -> Any:
        return None


class TestFailures:
    """`request.failed` is the last fact about a request that has no response, whatever it failed with and when."""

    @pytest.mark.parametrize(
        ("url", "extensions"),
        [
            ("ftp://example.com/", {}),
            ("/path", {}),
            ("https://example.com/", {"sni_hostname": 1}),
            ("http:///", {}),
        ],
    )
    async def test_before_anything_else_happens(self, url: str, extensions: dict[str, Any]) -> None:
        observer = Observer()
        async with AsyncConnectionPool() as pool:
            with pytest.raises(Exception) as failure:  # noqa: PT011 - of different classes
                await pool.request("GET", url, extensions={**extensions, "observe": observer})
            assert pool.stats()[:4] == (0, 0, 0, 0)
        assert observer[-1] == ("request.failed", {"exception": failure.value})
        assert observer.names.count("request.failed") == 1

    @pytest.mark.parametrize("event", ["request.failed", "connection.connect_tcp.failed"])
    async def test_an_interruption_outlives_what_the_observer_raises(
        self, event: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        interruption = Interruption()

        class Backend(AsyncMockBackend):
            async def connect_tcp(self, *args: Any, **kwargs: Any) -> AsyncNetworkStream:
                raise interruption

        def observe(name: str, info: dict[str, Any]) -> None:
            if name == event:
                raise ValueError("of the observer")

        async with AsyncConnectionPool(network_backend=Backend([])) as pool:
            with pytest.raises(Interruption) as failure:
                await pool.request("GET", "http://example.com/", extensions={"observe": observe})
        assert failure.value is interruption
        [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert record.name == "httpcore.observe"
        assert event in record.getMessage()
        assert record.exc_info is not None
        assert str(record.exc_info[1]) == "of the observer"

    @pytest.mark.parametrize("begun", [False, True])
    @pytest.mark.parametrize("http2", [False, True])
    async def test_an_interrupted_exchange_stays_interrupted(self, http2: bool, begun: bool) -> None:
        """Whichever event the observer fails at after that."""
        interrupting = AsyncInterruptingBackend(http2, begun)
        events = await interrupting.events_until_the_end()
        assert events[-1:] == ([] if begun else ["request.failed"]) or events[-1].endswith("response_closed.complete")
        assert len(events) > 2
        for event in events:
            assert await interrupting.events_until_the_end(fail_at=event)

    async def test_an_interruption_while_a_failed_request_ends_counts(self, caplog: pytest.LogCaptureFixture) -> None:
        """It is what is raised, so it is also what is reported."""
        interruption, reported = Interruption(), []

        class Failing(AsyncForeignConnection):
            async def handle_async_request(self, request: Request) -> Response:
                raise ReadError("gone")

            async def aclose(self) -> None:
                raise interruption

        class Pool(AsyncConnectionPool):
            def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
                return Failing(origin)

        def observe(name: str, info: dict[str, Any]) -> None:
            if name == "request.failed":
                reported.append(info["exception"])
                raise ValueError("of the observer")

        with pytest.raises(Interruption):
            await Pool().request("GET", "http://example.com/", extensions={"observe": observe})
        assert reported == [interruption]
        assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["of the observer"]

    async def test_an_error_gives_way_to_what_the_observer_raises(self) -> None:
        def observe(name: str, info: dict[str, Any]) -> None:
            if name == "request.failed":
                raise ValueError("of the observer")

        async with AsyncConnectionPool() as pool:
            with pytest.raises(ValueError, match="of the observer") as failure:
                await pool.request("GET", "ftp://example.com/", extensions={"observe": observe})
        assert isinstance(failure.value.__context__, UnsupportedProtocol)


class TestHTTP2:
    async def test_a_refused_request(self) -> None:
        def refuse_once(peer: Http2Peer) -> None:
            stream = peer.request()
            peer.send(h2_frames.rst_stream(stream, 7))
            peer.respond(peer.request())

        observer = Observer()
        with scripted_server(http2_script(refuse_once)) as server:
            async with AsyncConnectionPool(http1=False, http2=True) as pool:
                response = await pool.request("GET", server.url, extensions=observer.extensions)
        assert response.extensions["connection"].http_version == "HTTP/2"
        assert observer.names == ["pool.assigned", "connection.opened", "resend", "pool.assigned"]
        assert observer.info("resend")["reason"] == "refused by the server"

    async def test_requests_that_wait_for_the_same_connection(self) -> None:
        observers = [Observer() for _ in range(3)]
        with scripted_server(http2_script(answering)) as server:
            async with AsyncConnectionPool(http1=False, http2=True) as pool:

                async def get() -> None:
                    await pool.request("GET", server.url, extensions=observers.pop().extensions)

                kept = list(observers)
                await async_at_once(*[get] * 3)
                ids = {observer.info("pool.assigned")["connection_id"] for observer in kept}
        leaders = [observer for observer in kept if "connection.opened" in observer.names]
        assert len(leaders) == len(ids) == 1
        for observer in kept:
            # A request that comes late finds the connection open, and maybe idle.
            if observer in leaders:
                assert observer.info("pool.assigned")["idle_for"] is None
            elif "connection.wait.started" in observer.names:
                assert observer.info("pool.assigned")["idle_for"] is None
                assert observer.names == ["pool.assigned", "connection.wait.started", "connection.wait.complete"]
                assert observer.info("connection.wait.started") == {"connection_id": min(ids)}


class TestWithoutAPool:
    async def test_a_connection_to_an_origin(self) -> None:
        observer = Observer()
        with scripted_server(answer) as server:
            async with AsyncHTTPConnection(Origin(b"http", b"127.0.0.1", server.port)) as connection:
                assert connection.connection_info is None
                response = await connection.request("GET", server.url, extensions=observer.extensions)
                assert response.extensions["connection"] is connection.connection_info
        assert observer == [("connection.opened", {"connection": response.extensions["connection"]})]
        assert response.extensions["connection"].id == connection.connection_id

    async def test_a_connection_over_a_stream_of_ones_own(self) -> None:
        stream: AsyncNetworkStream = await AsyncMockBackend([OK]).connect_tcp("example.com", 80)
        origin = Origin(b"http", b"example.com", 80)
        async with AsyncHTTP11Connection(origin, stream) as connection:
            response = await connection.request("GET", "http://example.com/")
            info = response.extensions["connection"]
        assert (info.origin, info.http_version, info.peer_address) == ("http://example.com:80", "HTTP/1.1", None)


class TestWays:
    """`ConnectionInfo` over the different ways to a server."""

    @pytest.mark.parametrize("chosen", ["h2", "http/1.1"])
    async def test_tls(self, certificates: Certificates, chosen: str) -> None:
        client, context = certificates.client_context(), certificates.server_context()
        context.set_alpn_protocols([chosen])
        script = http2_script(answering) if chosen == "h2" else answer
        with scripted_server(script, tls=context) as server:
            async with AsyncConnectionPool(client, http2=True) as pool:
                response = await pool.request("GET", server.url)
                tls: ssl.SSLObject = response.extensions["network_stream"].get_extra_info("ssl_object")
                cipher = tls.cipher()
                assert cipher is not None
                expected = (tls.version(), cipher[0], chosen)
        info = response.extensions["connection"]
        assert (info.tls_version, info.cipher, info.alpn) == expected
        assert info.http_version == ("HTTP/2" if chosen == "h2" else "HTTP/1.1")

    async def test_a_unix_socket(self) -> None:
        with scripted_server(answer, unix=True) as server:
            async with AsyncConnectionPool(uds=server.unix_socket) as pool:
                response = await pool.request("GET", server.url)
            info = response.extensions["connection"]
            assert (info.peer_address, info.local_address) == (server.unix_socket, None)

    async def test_forwarding(self, certificates: Certificates) -> None:
        """The TLS with a proxy is not that with the origin."""
        with scripted_server(answer, tls=certificates.server_context()) as server:
            url = f"https://user:secret@127.0.0.1:{server.port}"
            proxy = Proxy(url, ssl_context=certificates.client_context())
            async with AsyncConnectionPool(proxy=proxy) as pool:
                response = await pool.request("GET", "http://example.com/")
            info = response.extensions["connection"]
            assert (info.origin, info.proxies) == ("http://example.com:80", (f"https://127.0.0.1:{server.port}",))
            assert (info.tls_version, info.peer_address) == (None, ("127.0.0.1", server.port))

    @pytest.mark.parametrize("scheme", ["http", "socks5"])
    async def test_tunnels(self, certificates: Certificates, scheme: str) -> None:
        if scheme == "http":
            opening = [receive_until(b"\r\n\r\n"), send(b"HTTP/1.1 200 Connection established\r\n\r\n")]
        else:
            reply = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"
            opening = [receive_exactly(3), send(b"\x05\x00"), receive_exactly(16), send(reply)]
        script = [*opening, start_tls(certificates.server_context()), answer]
        with scripted_server(script) as server:
            proxy = Proxy(f"{scheme}://127.0.0.1:{server.port}")
            async with AsyncConnectionPool(certificates.client_context(), proxy=proxy) as pool:
                response = await pool.request("GET", "https://localhost/")
            info = response.extensions["connection"]
            assert (info.origin, info.proxies) == ("https://localhost:443", (f"{scheme}://127.0.0.1:{server.port}",))
            assert info.tls_version is not None

    async def test_a_chain(self) -> None:
        opening = [receive_until(b"\r\n\r\n"), send(b"HTTP/1.1 200 Connection established\r\n\r\n")]
        with scripted_server([*opening, answer]) as server:
            proxies = [Proxy(f"http://a:b@127.0.0.1:{server.port}"), Proxy("http://c:d@other.example:3128")]
            async with AsyncConnectionPool(proxy=proxies) as pool:
                response = await pool.request("GET", "http://example.com/")
            expected = (f"http://127.0.0.1:{server.port}", "http://other.example:3128")
            assert response.extensions["connection"].proxies == expected
