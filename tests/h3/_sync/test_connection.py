# Generated from ../_async/test_connection.py by tools/make_sync.py: edit that file, then run it.
"""Requests over HTTP/3, against a scripted server and against Caddy."""

import gc
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpcore_h3 import HTTP3Body, HTTP3Connection, State
from httpcore_h3._codes import Code
from httpcore_h3._engine import Engine
from httpcore_h3._qh3 import QUIC
from httpcore_h3._sync import exchange
from httpcore_models import (
    URL,
    ConnectError,
    ConnectionNotAvailable,
    ConnectTimeout,
    Lease,
    LocalProtocolError,
    Origin,
    PoolTimeout,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    SyncBackend,
    WriteError,
    WriteTimeout,
)
from httpcore_models.lowlevel import is_shut_down
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.h3_dialogue import CONTROL_STREAM, OK, data, head, varint
from httpcore_test_support.h3_server import H3Server, Handler, Peer, answering, h3_server, silent, waiting_head
from httpcore_test_support.waiting import at_once, wait_until

pytestmark = pytest.mark.anyio

TIMEOUTS: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 20.0, "write": 20.0, "pool": 20.0}}
SHORT: dict[str, Any] = {"timeout": {"connect": 20.0, "read": 0.2, "write": 0.2, "pool": 0.2}}


@contextmanager
def connected(
    certificates: Certificates, handler: Handler = answering, keepalive_expiry: float | None = None, **options: Any
) -> Iterator[tuple[HTTP3Connection, H3Server]]:
    with h3_server(certificates, handler, **options) as server:
        stream = SyncBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
        origin = Origin(b"https", b"localhost", server.port)
        connection = HTTP3Connection(origin, stream, certificates.client_context(), keepalive_expiry)
        with connection:
            yield connection, server


def parts_of(size: int, count: int) -> Iterator[bytes]:
    for number in range(count):
        yield bytes([number % 256]) * size


class TestCaddy:
    @contextmanager
    def connected(self, caddy: CaddyServer, certificates: Certificates) -> Iterator[HTTP3Connection]:
        stream = SyncBackend().connect_udp("127.0.0.1", caddy.https_port, timeout=5.0)
        origin = Origin(b"https", b"127.0.0.1", caddy.https_port)
        with HTTP3Connection(origin, stream, certificates.client_context()) as connection:
            yield connection

    def test_requests_of_all_kinds(self, caddy_http3: CaddyServer, certificates: Certificates) -> None:
        url = caddy_http3.https_url
        with self.connected(caddy_http3, certificates) as connection:
            response = connection.request("GET", url + "/", extensions=TIMEOUTS)
            assert (response.status, response.content) == (200, b"Hello, world!\n")
            assert response.extensions["http_version"] == b"HTTP/3"
            assert response.extensions["stream_id"] == 0
            response = connection.request("POST", url + "/echo", content=b"x" * 200_000, extensions=TIMEOUTS)
            assert response.content == b"x" * 200_000
            response = connection.request("POST", url + "/echo", content=parts_of(7_000, 9), extensions=TIMEOUTS)
            assert response.content == b"".join([bytes([number]) * 7_000 for number in range(9)])
            response = connection.request("HEAD", url + "/small.txt", extensions=TIMEOUTS)
            assert (response.status, response.content) == (200, b"")
            response = connection.request("GET", url + "/status/204", extensions=TIMEOUTS)
            assert (response.status, response.content) == (204, b"")
            assert connection.info() == f"'https://127.0.0.1:{caddy_http3.https_port}', HTTP/3, IDLE, Request Count: 5"

    def test_uploads_that_are_given_up_give_their_streams_back(
        self, caddy_http3: CaddyServer, certificates: Certificates
    ) -> None:
        def parts() -> Iterator[bytes]:
            yield b"begun"
            raise KeyError("no more")

        url = caddy_http3.https_url + "/echo"
        with self.connected(caddy_http3, certificates) as connection:
            connection.handshake(20.0)
            limit = connection.stream_limit
            assert limit is not None
            for _ in range(limit + 1):
                with pytest.raises(KeyError):
                    connection.request("POST", url, content=parts(), extensions=TIMEOUTS)
            response = connection.request("POST", url, content=b"whole", extensions=TIMEOUTS)
            assert response.content == b"whole"

    def test_a_download(self, caddy_http3: CaddyServer, certificates: Certificates) -> None:
        with (
            self.connected(caddy_http3, certificates) as connection,
            connection.stream("GET", caddy_http3.https_url + "/1mb.bin", extensions=TIMEOUTS) as response,
        ):
            assert sum([len(part) for part in response.iter_stream()]) == 1_000_000

    def test_the_network_stream(self, caddy_http3: CaddyServer, certificates: Certificates) -> None:
        with self.connected(caddy_http3, certificates) as connection:
            response = connection.request("GET", caddy_http3.https_url + "/", extensions=TIMEOUTS)
            stream = response.extensions["network_stream"]
            assert stream.get_extra_info("server_addr") == ("127.0.0.1", caddy_http3.https_port)
            assert stream.get_extra_info("peer_certificate")[:1] == b"\x30"
            assert stream.get_extra_info("ssl_object") is None
            with pytest.raises(ReadError):
                stream.read(1)
            with pytest.raises(WriteError):
                stream.write(b"x")
            stream.close()
            assert connection.is_available()


def test_many_requests_one_after_the_other(certificates: Certificates) -> None:
    with connected(certificates) as (connection, server):
        # More than the server allows at first.
        for _ in range(250):
            response = connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert response.content == b"hello"
        assert connection.stream_limit == 100
        assert connection.request_capacity > 50
        connection.assume_stream_limit(1)


def test_a_connection_that_is_reused_fires_no_timer_for_acknowledgements(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They leave with the next request."""
    with connected(certificates) as (connection, server):
        connection.request("GET", server.url + "/", extensions=TIMEOUTS)
        engine = connection._engine
        server.call(lambda: server.peers[0].quic.send_ping(1))
        wait_until(lambda: connection.has_expired() or engine.quic.is_acknowledging)
        wait_until(lambda: engine.timer <= time.monotonic())
        calls: list[float] = []
        monkeypatch.setattr(engine, "handle_timer", lambda now: calls.append(now) or [])
        assert not connection.has_expired()
        assert calls == []
        monkeypatch.setattr(QUIC, "is_acknowledging", False)
        assert not connection.has_expired()
        assert len(calls) == 1


@pytest.mark.parametrize("known_length", [True, False])
def test_a_success_that_comes_early_does_not_cut_an_upload(certificates: Certificates, known_length: bool) -> None:
    """Not even if the response is complete: the server goes on to read (RFC 9114 section 4.1)."""

    def handler(peer: Peer, stream_id: int) -> None:
        if len(peer.requests[stream_id].data) > 10_000:
            peer.respond(stream_id)

    with connected(certificates, handler) as (connection, server):
        content = bytes(1_000_000) if known_length else parts_of(50_000, 20)
        response = connection.request("POST", server.url + "/", content=content, extensions=TIMEOUTS)
        assert response.content == b"hello"
        wait_until(lambda: server.request(0).ended)
        assert len(server.request(0).body) == 1_000_000


def test_a_complete_success_is_returned_even_if_the_rest_of_the_upload_cannot_be_sent(
    certificates: Certificates,
) -> None:
    def handler(peer: Peer, stream_id: int) -> None:
        peer.respond(stream_id)
        if stream_id:
            peer.flush()
            server.deaf = True

    def parts() -> Iterator[bytes]:
        yield bytes(1000)
        wait_until(lambda: server.deaf)
        yield bytes(100_000)

    with connected(certificates, handler) as (connection, server):
        connection.request("GET", server.url + "/", extensions=TIMEOUTS)
        limits = {"timeout": {"read": 5.0, "write": 0.1}}
        response = connection.request("POST", server.url + "/", content=parts(), extensions=limits)
        assert response.content == b"hello"


def test_the_limit_of_a_request_holds_for_the_rest_of_an_upload_that_was_answered_early(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path breaks after the response."""

    def handler(peer: Peer, stream_id: int) -> None:
        peer.respond(stream_id)
        peer.flush()
        server.deaf = True

    monkeypatch.setattr(exchange, "TEARDOWN_TIMEOUT", 60.0)
    with connected(certificates, handler) as (connection, server):
        extensions = {"timeout": {**TIMEOUTS["timeout"], "total": 0.5}}
        response = connection.request("POST", server.url + "/", content=bytes(60_000), extensions=extensions)
        assert response.content == b"hello"
        assert connection.is_idle()


def test_an_upload_that_is_answered_at_its_end_waits_for_nothing_else(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may acknowledge the end of the upload later than it answers."""
    asked: list[object] = []
    monkeypatch.setattr(Engine, "is_delivered", lambda engine, stream: asked.append(stream))
    with connected(certificates) as (connection, server):
        response = connection.request("POST", server.url + "/", content=b"abc", extensions=TIMEOUTS)
        assert response.content == b"hello"
    assert asked == []


def test_trailers_and_interim_responses(certificates: Certificates) -> None:
    def handler(peer: Peer, stream_id: int) -> None:
        peer.send(stream_id, head([(b":status", b"103")]) + head(OK) + data(b"abc") + head([(b"t", b"1")]), True)

    events: list[tuple[str, Any]] = []

    def trace(name: str, info: dict[str, Any]) -> None:
        events.append((name, info))

    with connected(certificates, handler) as (connection, server):
        response = connection.request("GET", server.url + "/", extensions={**TIMEOUTS, "trace": trace})
        assert response.content == b"abc"
        assert response.extensions["trailing_headers"] == [(b"t", b"1")]
    assert [name for name, _ in events] == [
        "http3.handshake.started",
        "http3.handshake.complete",
        "http3.send_request_headers.started",
        "http3.send_request_headers.complete",
        "http3.send_request_body.started",
        "http3.send_request_body.complete",
        "http3.receive_response_headers.started",
        "http3.receive_informational_response.started",
        "http3.receive_informational_response.complete",
        "http3.receive_response_headers.complete",
        "http3.receive_response_body.started",
        "http3.receive_response_body.complete",
        "http3.response_closed.started",
        "http3.response_closed.complete",
    ]


class TestHandshake:
    def test_a_closed_port(self, certificates: Certificates) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        stream = SyncBackend().connect_udp("127.0.0.1", port, timeout=5.0)
        origin = Origin(b"https", b"localhost", port)
        with HTTP3Connection(origin, stream, certificates.client_context()) as connection:
            with pytest.raises(ConnectError):
                connection.handshake(20.0)
            assert not connection.is_available()

    def test_a_server_that_does_not_answer(self, certificates: Certificates) -> None:
        with connected(certificates) as (connection, server):
            server.deaf = True
            with pytest.raises(ConnectTimeout, match=r"Connect timed out after 0\.2 seconds \(https://localhost"):
                connection.handshake(0.2)

    def test_a_certificate_for_another_name(self, certificates: Certificates) -> None:
        with h3_server(certificates) as server:
            stream = SyncBackend().connect_udp("127.0.0.1", server.port, timeout=5.0)
            context = certificates.client_context()
            origin = Origin(b"https", b"localhost", server.port)
            with HTTP3Connection(origin, stream, context, server_hostname="other.example") as connection:
                with pytest.raises(
                    ConnectError, match=r"TLS alert 42: .* \(other\.example via https://localhost:\d+\)"
                ):
                    connection.request("GET", server.url + "/", extensions=TIMEOUTS)

    def test_another_protocol(self, certificates: Certificates) -> None:
        with connected(certificates, alpn=["h3-29"]) as (connection, _):
            with pytest.raises(ConnectError, match="ALPN"):
                connection.handshake(20.0)

    def test_a_context_that_cannot_be_honoured(self, certificates: Certificates) -> None:
        with connected(certificates) as (connection, _):
            context = certificates.client_context()
            context.maximum_version = context.minimum_version
            with pytest.raises(ValueError, match=r"rules out TLS 1\.3"):
                HTTP3Connection(Origin(b"https", b"localhost", 1), connection._network_stream, context)

    def test_a_lost_datagram_is_sent_again(self, certificates: Certificates) -> None:
        with connected(certificates) as (connection, server):
            connection.handshake(20.0)
            connection.handshake(20.0)
            server.deaf = True
            stream = connection._network_stream
            send = stream.send

            def lose_the_first(*arguments: Any) -> None:
                send(*arguments)
                wait_until(lambda: server.call(lambda: True))
                server.deaf = False
                stream.send = send  # type: ignore[method-assign]

            stream.send = lose_the_first  # type: ignore[method-assign]
            response = connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert response.content == b"hello"


class TestRefusals:
    def test_another_origin(self, certificates: Certificates) -> None:
        with connected(certificates) as (connection, _):
            assert not connection.can_handle_request(Origin(b"https", b"other", 443))
            with pytest.raises(RuntimeError, match="on connection to"):
                connection.request("GET", "https://other/")

    def test_connect(self, certificates: Certificates) -> None:
        with connected(certificates) as (connection, server):
            assert connection.can_handle_request(Origin(b"https", b"localhost", server.port))
            with pytest.raises(LocalProtocolError, match="CONNECT"):
                connection.request("CONNECT", server.url + "/")

    def test_a_body_of_the_wrong_kind(self, certificates: Certificates) -> None:
        with connected(certificates) as (connection, server):
            request = Request("POST", URL(server.url + "/"), headers={"Host": "localhost", "Content-Length": "1"})
            request.stream = 5  # type: ignore[assignment]
            with pytest.raises(TypeError, match="content must be bytes or an iterable of bytes"):
                connection.handle_request(request)
            assert connection.is_idle()

    def test_too_little_and_too_much_body(self, certificates: Certificates) -> None:
        with connected(certificates) as (connection, server):
            for content in (parts_of(1, 1), parts_of(4, 1)):
                with pytest.raises(LocalProtocolError, match="data for declared Content-Length"):
                    connection.request(
                        "POST", server.url + "/", headers={"Content-Length": "3"}, content=content, extensions=TIMEOUTS
                    )
            assert connection.is_idle()
            response = connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert response.content == b"hello"


class TestTimeouts:
    def test_a_read_timeout_ends_one_stream(self, certificates: Certificates) -> None:
        def handler(peer: Peer, stream_id: int) -> None:
            if stream_id:
                answering(peer, stream_id)

        with connected(certificates, handler) as (connection, server):
            connection.handshake(20.0)
            with pytest.raises(ReadTimeout, match=r"The read operation timed out after 0\.2 seconds \(https://local"):
                connection.request("GET", server.url + "/", extensions=SHORT)
            wait_until(lambda: server.request(0).stopped == Code.REQUEST_CANCELLED)

    def test_a_response_may_take_longer_than_the_idle_timeout(self, certificates: Certificates) -> None:
        # Shorter than a few times the round trip, which a busy machine makes long, QUIC does not take it as it is.
        with connected(certificates, silent, idle_timeout=0.5) as (connection, server):
            connection.handshake(20.0)

            def ask() -> None:
                response = connection.request("GET", server.url + "/", extensions=TIMEOUTS)
                assert response.content == b"hello"

            def answer() -> None:
                wait_until(lambda: server.request(0).ended)
                SyncBackend().sleep(0.8)
                server.call(lambda: server.peers[0].respond(0))

            at_once(ask, answer)

    def test_an_upload_may_take_longer_than_the_idle_timeout(self, certificates: Certificates) -> None:
        def parts() -> Iterator[bytes]:
            for _ in range(4):
                yield b"part"
                SyncBackend().sleep(0.2)

        with connected(certificates, idle_timeout=0.5) as (connection, server):
            response = connection.request("POST", server.url + "/", content=parts(), extensions=TIMEOUTS)
            assert response.content == b"hello"
            assert server.request(0).body == b"part" * 4

    def test_no_request_is_sent_where_a_response_was_not_read_for_longer(self, certificates: Certificates) -> None:
        with (
            connected(certificates, idle_timeout=0.3) as (connection, server),
            connection.stream("GET", server.url + "/", extensions=TIMEOUTS) as response,
        ):
            SyncBackend().sleep(0.4)
            with pytest.raises(ConnectionNotAvailable, match="as long as the idle timeout"):
                connection.request("POST", server.url + "/", extensions=TIMEOUTS)
            assert not connection.is_available()
            assert response.read() == b"hello"

    def test_silence_ends_the_use_of_the_connection(self, certificates: Certificates) -> None:
        with connected(certificates, waiting_head) as (connection, server):
            with connection.stream("GET", server.url + "/", extensions=SHORT) as response:
                server.call(lambda: setattr(server, "deaf", True))
                connection._shared.catch_up()
                with pytest.raises(ReadTimeout):
                    response.read()
            assert not connection.is_available()
            with pytest.raises(ConnectionNotAvailable, match="Nothing arrived on this connection"):
                connection.request("GET", server.url + "/", extensions=SHORT)

    def test_an_upload_that_the_server_does_not_take(self, certificates: Certificates) -> None:
        with connected(certificates, silent, max_stream_data=20_000, max_data=1_000_000) as (connection, server):
            connection.handshake(20.0)
            server.deaf = True
            with pytest.raises(WriteTimeout, match=r"after 0\.2 seconds: .* does not take more data"):
                connection.request("POST", server.url + "/", content=parts_of(100_000, 30), extensions=SHORT)

    def test_one_limit_for_all(self, certificates: Certificates) -> None:
        total = {"timeout": {**TIMEOUTS["timeout"], "total": 0.3}}
        with connected(certificates, waiting_head) as (connection, server):
            connection.handshake(20.0)
            with pytest.raises(ReadTimeout, match=r"within the total limit of 0\.3 seconds"):
                connection.request("GET", server.url + "/", extensions=total)
            assert connection.is_idle()

    def test_a_body_that_waits_for_consent(self, certificates: Certificates) -> None:
        def handler(peer: Peer, stream_id: int) -> None:
            request = peer.requests[stream_id]
            if not request.body:
                peer.send(stream_id, head([(b":status", b"100")]))
            elif request.ended:
                peer.respond(stream_id, request.body)

        with connected(certificates, handler) as (connection, server):
            headers = {"Expect": "100-continue"}
            response = connection.request(
                "POST", server.url + "/", headers=headers, content=b"abc", extensions=TIMEOUTS
            )
            assert response.content == b"abc"

    def test_a_refused_body_is_not_sent(self, certificates: Certificates) -> None:
        with connected(certificates, lambda peer, stream_id: peer.respond(stream_id, status=417)) as (
            connection,
            server,
        ):
            headers = {"Expect": "100-continue"}
            response = connection.request(
                "POST", server.url + "/", headers=headers, content=b"abc", extensions=TIMEOUTS
            )
            assert response.status == 417
            assert server.request(0).body == b""


class TestStreams:
    forbidden = ""

    def test_an_early_answer_ends_the_upload(self, certificates: Certificates) -> None:
        def handler(peer: Peer, stream_id: int) -> None:
            if peer.requests[stream_id].body and stream_id not in peer.answered:
                peer.quic.stop_stream(stream_id, Code.NO_ERROR)
                peer.respond(stream_id, b"too large", status=413)

        with connected(certificates, handler) as (connection, server):
            response = connection.request(
                "POST", server.url + "/", content=parts_of(100_000, 1000), extensions=TIMEOUTS
            )
            assert (response.status, response.content) == (413, b"too large")
            assert connection.is_available()

    def test_closing_a_response_early_ends_its_stream(self, certificates: Certificates) -> None:
        with connected(certificates, waiting_head) as (connection, server):
            with connection.stream("GET", server.url + "/", extensions=TIMEOUTS) as response:
                assert isinstance(response.stream, HTTP3Body)
                assert not connection.is_idle()
            wait_until(lambda: server.request(0).stopped == Code.REQUEST_CANCELLED)
            assert connection.is_idle()
            with pytest.raises(ReadError, match="closed before"):
                response.read()

    def test_no_stream_is_left(self, certificates: Certificates) -> None:
        with connected(certificates, waiting_head) as (connection, server):
            connection.handshake(20.0)
            opened = []
            for _ in range(100):
                request = Request("GET", URL(server.url + "/"), headers={"Host": "localhost"}, extensions=TIMEOUTS)
                opened.append(connection.handle_request(request))
            assert not connection.is_available()
            with pytest.raises(PoolTimeout, match=r"no stream to .* became available \(100 in use\)"):
                connection.request("GET", server.url + "/", extensions=SHORT)
            calls: list[None] = []
            connection.on_capacity_change = lambda: calls.append(None)
            assert connection.on_capacity_change is not None
            with pytest.raises(ConnectionNotAvailable, match="allows no further stream"):
                connection.request("GET", server.url + "/", extensions=SHORT)
            for response in opened:
                response.close()
            connection.on_capacity_change = None
            server.handler = answering
            response = connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert response.content == b"hello"

    def test_a_dropped_body_ends_its_stream_and_its_lease(self, certificates: Certificates) -> None:
        class SeenLease(Lease):
            dropped = False

            def drop(self) -> None:
                self.dropped = True

            def release(self) -> None:
                pass

        with connected(certificates, waiting_head) as (connection, server):
            request = Request("GET", URL(server.url + "/"), headers={"Host": "localhost"}, extensions=TIMEOUTS)
            response = connection.handle_request(request)
            lease = SeenLease()
            response.stream.lease = lease  # type: ignore[union-attr]
            body = response.stream
            body.drop()  # type: ignore[union-attr]
            assert lease.dropped
            assert connection.is_idle()
            with pytest.raises(ReadError, match="closed before"):
                response.read()
            response.close()

    def test_a_forgotten_response_ends_its_stream(self, certificates: Certificates) -> None:
        def forget(connection: HTTP3Connection, url: str) -> None:
            request = Request("GET", URL(url), headers={"Host": "localhost"}, extensions=TIMEOUTS)
            connection.handle_request(request)
            gc.collect()

        with connected(certificates, waiting_head) as (connection, server):
            with pytest.warns(ResourceWarning, match="unclosed response to GET https://localhost"):
                forget(connection, server.url + "/")
            assert connection.is_idle()
            server.handler = answering
            response = connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert response.content == b"hello"
            wait_until(lambda: server.request(0).stopped == Code.REQUEST_CANCELLED)

    def test_a_trace_callback_that_raises(self, certificates: Certificates) -> None:
        def trace(name: str, info: dict[str, Any]) -> None:
            if name == self.forbidden:
                raise KeyError(name)

        with connected(certificates) as (connection, server):
            for self.forbidden in (
                "http3.handshake.complete",
                "http3.send_request_headers.started",
                "http3.receive_response_headers.complete",
                "http3.receive_response_body.started",
                "http3.response_closed.started",
            ):
                with pytest.raises(KeyError):
                    connection.request("GET", server.url + "/", extensions={**TIMEOUTS, "trace": trace})
                assert connection.is_idle()
                assert not connection._engine.streams
            response = connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert response.content == b"hello"

    def test_writes_that_fail(self, certificates: Certificates) -> None:
        with connected(certificates) as (connection, server):
            connection.handshake(20.0)
            stream = connection._network_stream

            def fail(*arguments: Any) -> None:
                raise WriteError("boom")

            stream.send = fail  # type: ignore[method-assign]
            with pytest.raises(WriteError, match="boom"):
                connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert not connection.is_available()

    def test_writes_that_take_too_long(self, certificates: Certificates) -> None:
        with connected(certificates) as (connection, server):
            connection.handshake(20.0)
            stream = connection._network_stream
            send = stream.send

            def wait(*arguments: Any) -> None:
                raise WriteTimeout("blocked")

            stream.send = wait  # type: ignore[method-assign]
            with pytest.raises(WriteTimeout, match=r"The write operation timed out after 0\.2 seconds"):
                connection.request("GET", server.url + "/", extensions=SHORT)
            stream.send = send  # type: ignore[method-assign]
            response = connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert response.content == b"hello"


class TestEnds:
    def test_a_goaway(self, certificates: Certificates) -> None:
        def handler(peer: Peer, stream_id: int) -> None:
            peer.send(CONTROL_STREAM, b"\x07" + varint(1) + varint(0))

        with connected(certificates, handler) as (connection, server):
            with pytest.raises(ConnectionNotAvailable, match="GOAWAY"):
                connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert connection.is_closed()
            with pytest.raises(ConnectionNotAvailable) as caught:
                connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert not is_shut_down(caught.value)

    def test_the_server_closes_an_idle_connection(self, certificates: Certificates) -> None:
        with connected(certificates) as (connection, server):
            connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert not connection.has_expired()
            server.call(lambda: server.peers[0].quic.close(error_code=Code.NO_ERROR))
            wait_until(connection.has_expired)
            assert connection.is_idle()
            assert not connection.is_available()

    def test_the_server_closes_the_connection_in_use(self, certificates: Certificates) -> None:
        def handler(peer: Peer, stream_id: int) -> None:
            peer.quic.close(error_code=Code.INTERNAL_ERROR, reason_phrase="sorry")

        with connected(certificates, handler) as (connection, server):
            with pytest.raises(RemoteProtocolError, match=r"Server disconnected \(0x102 INTERNAL_ERROR: sorry\)"):
                connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert connection.is_closed()
            assert not connection.wants_fallback

    def test_the_server_asks_for_another_version(self, certificates: Certificates) -> None:
        def handler(peer: Peer, stream_id: int) -> None:
            peer.quic.reset_stream(stream_id, Code.VERSION_FALLBACK)

        with connected(certificates, handler) as (connection, server):
            with pytest.raises(ConnectionNotAvailable, match="VERSION_FALLBACK"):
                connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert connection.wants_fallback

    def test_an_idle_connection_expires(self, certificates: Certificates) -> None:
        with connected(certificates, keepalive_expiry=0.0) as (connection, server):
            connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            wait_until(connection.has_expired)

    @pytest.mark.parametrize("count", [1, 3])
    def test_a_pause_longer_than_the_idle_timeout(self, certificates: Certificates, count: int) -> None:
        """What the server has sent meanwhile, and nobody has read, does not hide it."""
        with connected(certificates, idle_timeout=0.3) as (connection, server):
            for _ in range(count):
                connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            assert not connection.has_expired()
            SyncBackend().sleep(0.4)
            assert connection.has_expired()

    def test_acknowledgements_that_were_not_sent_do_not_hide_the_idle_timeout(
        self, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with connected(certificates) as (connection, server):
            for _ in range(3):
                connection.request("GET", server.url + "/", extensions=TIMEOUTS)
            server.deaf = True
            now = time.monotonic
            monkeypatch.setattr(time, "monotonic", lambda: now() + 60.0)
            with pytest.raises(ConnectionNotAvailable, match="idle timeout"):
                connection.request("GET", server.url + "/", extensions=TIMEOUTS)

    def test_closing_ends_requests(self, certificates: Certificates) -> None:
        with connected(certificates, waiting_head) as (connection, server):
            with connection.stream("GET", server.url + "/", extensions=TIMEOUTS) as response:
                connection.close()
                assert "CLOSED" in repr(connection)
                assert State.CLOSED.name == "CLOSED"
                with pytest.raises(ReadError, match="The connection was closed"):
                    response.read()
            wait_until(lambda: server.peers[0].closed == (Code.NO_ERROR, ""))
            connection.close()


def test_what_is_known_about_the_connection(certificates: Certificates) -> None:
    with connected(certificates) as (connection, server):
        assert connection.connection_info.cipher is None
        info = (connection.request("GET", server.url, extensions=TIMEOUTS)).extensions["connection"]
        assert (info.http_version, info.tls_version, info.alpn) == ("HTTP/3", "TLSv1.3", "h3")
        assert info.cipher in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
        assert connection.connection_info == info
