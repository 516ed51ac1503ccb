# Generated from ../_async/test_http3_promises.py by tools/make_sync.py: edit that file, then run it.
"""What holds for every version of HTTP holds over HTTP/3: early ends of uploads, repeats, dropped responses, time.

The peers are Caddy, hypercorn, and aioquic, another implementation than the one of the client.
"""

import gc
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("qh3")

from httpcore import (
    URL,
    ConnectError,
    ConnectionNotAvailable,
    ConnectionPool,
    ConnectTimeout,
    LocalProtocolError,
    NetworkError,
    PoolTimeout,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    WriteTimeout,
)
from httpcore_test_support._sync.detours import Detour
from httpcore_test_support.aioquic_server import aioquic_server
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.datagram_relay import Path, datagram_relay
from httpcore_test_support.h3_server import Peer, h3_server
from httpcore_test_support.hypercorn import HypercornServer
from httpcore_test_support.waiting import at_once, wait_until

pytestmark = pytest.mark.anyio

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}
PART = bytes(50_000)
LARGE = 20_000_000


def pool_for(certificates: Certificates, **options: Any) -> ConnectionPool:
    return ConnectionPool(certificates.client_context(), http1=False, http3=True, **options)


def parts(size: int, sent: list[int]) -> Iterator[bytes]:
    for _ in range(0, size, len(PART)):
        yield PART
        sent.append(len(PART))


def get(pool: ConnectionPool, url: str, /, **limits: float) -> bytes:
    extensions = {"timeout": {**TIMEOUTS["timeout"], **limits}}
    return (pool.request("GET", url, extensions=extensions)).content


class TestUploads:
    @pytest.mark.parametrize(("path", "status"), [("/status/413", 413), ("/status/302", 302), ("/", 200)])
    def test_the_server_ends_an_upload(
        self, caddy_http3: CaddyServer, certificates: Certificates, path: str, status: int
    ) -> None:
        """By a final status of 300 or above, or by STOP_SENDING, which Caddy sends with the 200 of a handler."""
        sent: list[int] = []
        with pool_for(certificates) as pool:
            response = pool.request(
                "POST", caddy_http3.https_url + path, content=parts(LARGE, sent), extensions=TIMEOUTS
            )
            assert response.status == status
            assert response.content
            assert sum(sent) < LARGE
            assert get(pool, caddy_http3.https_url + "/") == b"Hello, world!\n"
            assert pool.stats().opened == 1

    def test_another_server_ends_an_upload(self, certificates: Certificates) -> None:
        sent: list[int] = []
        with aioquic_server(certificates) as server:
            with pool_for(certificates) as pool:
                response = pool.request(
                    "POST", server.url + "/refused", content=parts(LARGE, sent), extensions=TIMEOUTS
                )
                assert (response.status, response.content) == (413, b"too large")
                assert sum(sent) < LARGE
                assert get(pool, server.url) == b"hello"
                assert server.connections == 1

    def test_a_whole_body_arrives(self, caddy_http3: CaddyServer, certificates: Certificates) -> None:
        sent: list[int] = []
        with aioquic_server(certificates) as server:
            with pool_for(certificates) as pool:
                for url in (caddy_http3.https_url, server.url):
                    response = pool.request("POST", url + "/echo", content=parts(500_000, sent), extensions=TIMEOUTS)
                    assert response.content == bytes(500_000)
        assert sum(sent) == 1_000_000

    def test_the_end_of_the_connection_ends_an_upload(
        self, caddy_http3: CaddyServer, certificates: Certificates
    ) -> None:
        with datagram_relay(caddy_http3.https_port) as relay:
            sent: list[int] = []

            def body() -> Iterator[bytes]:
                for _ in range(0, LARGE, len(PART)):
                    relay.refuse(sum(sent) > 1_000_000)
                    yield PART
                    sent.append(len(PART))

            with pool_for(certificates, network_backend=Detour(relay.port)) as pool:
                with pytest.raises(NetworkError):
                    pool.request("POST", caddy_http3.https_url + "/echo", content=body(), extensions=TIMEOUTS)
                assert sum(sent) < LARGE
                assert pool.stats().requests_active == 0

    def test_a_body_that_is_too_short_is_no_request(self, caddy_http3: CaddyServer, certificates: Certificates) -> None:
        with pool_for(certificates) as pool:
            with pytest.raises(LocalProtocolError):
                pool.request(
                    "POST",
                    caddy_http3.https_url + "/echo",
                    headers={"Content-Length": "100001"},
                    content=parts(100_000, []),
                    extensions=TIMEOUTS,
                )
            assert get(pool, caddy_http3.https_url + "/") == b"Hello, world!\n"
            assert pool.stats().opened == 1


class TestRepeats:
    def test_a_rejected_request_is_repeated(self, certificates: Certificates) -> None:
        """Whatever the method (RFC 9114 section 8.1, H3_REQUEST_REJECTED), on the same connection."""
        with aioquic_server(certificates) as server:
            with pool_for(certificates) as pool:
                for method in ("GET", "POST"):
                    response = pool.request(method, server.url + "/rejected", extensions=TIMEOUTS)
                    assert (response.status, response.content) == (200, b"hello")
            assert server.requests == ["GET /rejected"] * 2 + ["POST /rejected"] * 2
            assert server.connections == 1

    def test_a_server_that_rejects_all(self, certificates: Certificates) -> None:
        """There is an end to it."""

        def reject(peer: Peer, stream_id: int) -> None:
            if peer.requests[stream_id].ended and stream_id not in peer.answered:
                peer.answered.add(stream_id)
                peer.quic.reset_stream(stream_id, 0x10B)

        with h3_server(certificates, reject) as server:
            with pool_for(certificates) as pool:
                with pytest.raises((RemoteProtocolError, ConnectionNotAvailable)):
                    get(pool, server.url)
                assert pool.stats().requests_active == 0
            assert 2 < sum(len(peer.answered) for peer in server.peers) < 9

    def test_what_died_on_a_new_connection_is_not_repeated(self, certificates: Certificates) -> None:
        """On one that was reused, it is."""

        def close(peer: Peer, stream_id: int) -> None:
            if peer.requests[stream_id].ended:
                if stream_id < first_to_close:
                    peer.respond(stream_id)
                else:
                    peer.quic.close(error_code=0x100)

        for first_to_close, connections in ((0, 1), (4, 2)):
            with h3_server(certificates, close) as server:
                with pool_for(certificates) as pool:
                    if first_to_close:
                        assert get(pool, server.url) == b"hello"
                        assert get(pool, server.url) == b"hello"
                    else:
                        with pytest.raises(RemoteProtocolError, match="Server disconnected"):
                            get(pool, server.url)
                assert len(server.peers) == connections

    def test_a_body_that_was_begun_is_not_repeated(self, certificates: Certificates) -> None:
        with aioquic_server(certificates) as server:
            with pool_for(certificates) as pool:
                with pytest.raises((RemoteProtocolError, ConnectionNotAvailable)):
                    pool.request("POST", server.url + "/rejected", content=parts(100_000, []), extensions=TIMEOUTS)
            assert server.requests == ["POST /rejected"]

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_reused_connection_that_has_died(
        self, caddy_http3: CaddyServer, certificates: Certificates, method: str
    ) -> None:
        """An idempotent request is repeated once on a new connection, another one is not."""
        with datagram_relay(caddy_http3.https_port) as relay:
            backend = Detour(relay.port)
            with pool_for(certificates, network_backend=backend) as pool:
                url = caddy_http3.https_url + "/echo"
                get(pool, url)
                relay.refuse(True)

                def trace(event: str, info: Any) -> None:
                    # The next connection finds a server.
                    if event == "http3.receive_response_headers.failed" or event.startswith("connection.connect_udp"):
                        relay.refuse(False)

                extensions = {**TIMEOUTS, "trace": trace}
                if method == "GET":
                    response = pool.request(method, url, extensions=extensions)
                    assert response.status == 200
                    assert len([name for name, _ in backend.calls if name == "udp"]) == 2
                else:
                    with pytest.raises((NetworkError, RemoteProtocolError)):
                        pool.request(method, url, extensions=extensions)
                    assert len([name for name, _ in backend.calls if name == "udp"]) == 1
                assert pool.stats().requests_active == 0


class TestDrops:
    def test_a_forgotten_response_gives_its_slot_back(
        self, caddy_http3: CaddyServer, certificates: Certificates
    ) -> None:
        url = caddy_http3.https_url

        def forget() -> None:
            request = Request("GET", URL(url + "/1mb.bin"), headers={"Host": "x"}, extensions=TIMEOUTS)
            pool.handle_request(request)
            gc.collect()

        with pool_for(certificates, max_connections=1) as pool:
            for _ in range(3):
                with pytest.warns(ResourceWarning, match="unclosed response to GET https://.*/1mb.bin"):
                    forget()
            assert pool.stats().requests_active == 0
            assert get(pool, url + "/", pool=0.0) == b"Hello, world!\n"
            assert pool.stats().opened == 1

    def test_closing_wakes_whoever_waits(self, certificates: Certificates) -> None:
        with aioquic_server(certificates) as server:
            with pool_for(certificates) as pool:
                assert get(pool, server.url) == b"hello"

                def wait() -> None:
                    with pytest.raises(NetworkError):
                        get(pool, server.url + "/slow")

                def close() -> None:
                    wait_until(lambda: len(server.requests) == 4)
                    pool.close()

                at_once(wait, wait, wait, close)
                assert pool.stats().requests_active == 0

    def test_closing_wakes_an_upload(self, certificates: Certificates) -> None:
        with aioquic_server(certificates) as server, datagram_relay(server.port) as relay:
            with pool_for(certificates, network_backend=Detour(relay.port)) as pool:
                assert get(pool, server.url) == b"hello"
                sent: list[int] = []

                def upload() -> None:
                    with pytest.raises(NetworkError):
                        pool.request("POST", server.url + "/echo", content=parts(LARGE, sent), extensions=TIMEOUTS)

                def close() -> None:
                    wait_until(lambda: sent)
                    relay.path = Path(blocked=True)
                    pool.close()

                at_once(upload, close)
                assert pool.stats().requests_active == 0


class TestTime:
    def test_a_timeout_is_named_after_what_was_waited_for(self, certificates: Certificates) -> None:
        with aioquic_server(certificates) as server, datagram_relay(server.port) as relay:
            backend = Detour(relay.port)
            with pool_for(certificates, network_backend=backend, max_connections=1) as pool:
                assert get(pool, server.url) == b"hello"
                with pytest.raises(ReadTimeout, match=r"The read operation timed out after 0\.05 seconds"):
                    get(pool, server.url + "/slow", read=0.05)
                with pytest.raises(ReadTimeout, match=r"within the total limit of 0\.1 seconds"):
                    get(pool, server.url + "/slow", total=0.1)
                assert get(pool, server.url) == b"hello"
                relay.path = Path(blocked=True)
                with pytest.raises(WriteTimeout, match="does not take more data"):
                    pool.request(
                        "POST",
                        server.url + "/echo",
                        content=parts(LARGE, []),
                        extensions={"timeout": {"write": 0.1}},
                    )
            with pool_for(certificates, network_backend=backend) as pool:
                with pytest.raises(ConnectTimeout):
                    get(pool, server.url, connect=0.05)

    def test_the_pool_timeout(self, certificates: Certificates) -> None:
        with aioquic_server(certificates) as server, aioquic_server(certificates) as other:
            with pool_for(certificates, max_connections=1) as pool:
                assert get(pool, server.url) == b"hello"

                def occupy() -> None:
                    with pytest.raises(ReadTimeout):
                        get(pool, server.url + "/slow", read=0.5)

                def wait() -> None:
                    wait_until(lambda: len(server.requests) == 2)
                    with pytest.raises(PoolTimeout):
                        get(pool, other.url, pool=0.05)

                at_once(occupy, wait)


class TestHypercorn:
    def test_requests_of_all_kinds(self, hypercorn_http3: HypercornServer, certificates: Certificates) -> None:
        url = hypercorn_http3.https_url
        with ConnectionPool(certificates.client_context(), http3=True) as pool:
            get(pool, url)  # over TCP, with the offer
            pool.close()
            response = pool.request("GET", url, extensions=TIMEOUTS)
            assert response.extensions["http_version"] == b"HTTP/3"
            assert response.content == b"Hello from hypercorn\n"
            response = pool.request("POST", url + "/echo", content=parts(500_000, []), extensions=TIMEOUTS)
            assert response.content == bytes(500_000)
            with pool.stream("POST", url + "/echo", content=PART * 20, extensions=TIMEOUTS) as given_up:
                assert given_up.status == 200
            at_once(*[lambda: get(pool, url)] * 20)
            assert pool.stats().http3 == {"opened": 1, "fell_back": 0, "broken": 0}
            assert pool.stats().requests_active == 0


class TestHandshakes:
    def test_retry(self, certificates: Certificates) -> None:
        """RFC 9000 section 8.1.2."""
        with aioquic_server(certificates, retry=True) as server:
            with pool_for(certificates) as pool:
                assert get(pool, server.url) == b"hello"
            assert server.connections == 1

    def test_a_version_that_is_not_spoken(self, certificates: Certificates) -> None:
        """RFC 9000 section 6: the server offers others, of which there is none in common."""
        with aioquic_server(certificates, versions=[0x1A2A3A4A]) as server:
            with pool_for(certificates) as pool:
                with pytest.raises(ConnectError):
                    get(pool, server.url)
            assert server.connections == 0

    def test_a_server_that_has_lost_its_state(self, caddy_http3: CaddyServer, certificates: Certificates) -> None:
        """As after a restart: the request on the old connection fails, at the read timeout at the latest."""
        with aioquic_server(certificates) as before, datagram_relay(before.port) as relay:
            with pool_for(certificates, network_backend=Detour(relay.port)) as pool:
                assert get(pool, before.url) == b"hello"
                relay.lead_to(caddy_http3.https_port)
                with pytest.raises((ReadTimeout, NetworkError, RemoteProtocolError)):
                    get(pool, before.url, read=0.2)
                assert get(pool, before.url) == b"Hello, world!\n"
                assert pool.stats().opened == 2

    def test_a_server_that_says_that_it_has_lost_its_state(self, certificates: Certificates) -> None:
        """By a stateless reset (RFC 9000 section 10.3): the connection is over at once."""
        with h3_server(certificates) as server:
            with pool_for(certificates) as pool:
                for connections in (1, 2, 3):
                    assert get(pool, server.url) == b"hello"
                    assert len(server.peers) == connections
                    server.call(server.forget)
