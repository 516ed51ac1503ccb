"""The test support itself: Caddy and the scripted server."""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import socket
import ssl
import threading
from datetime import datetime, timezone
from pathlib import Path

import pytest
from httpcore_test_support import steps
from httpcore_test_support.caddy import CaddyError, CaddyServer, caddy_server
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, PeerClosedError, Step, scripted_server

REQUEST = b"POST /path HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def fetch(
    port: int, path: str, body: bytes | None = None, context: ssl.SSLContext | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    """Send one request with the standard library's client."""
    if context is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    else:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    try:
        connection.request("GET" if body is None else "POST", path, body)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def read_all(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65_536), b""))


class TestCaddy:
    @pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
    def test_echo_returns_the_body(self, caddy: CaddyServer, certificates: Certificates, tls: bool) -> None:
        body = bytes(range(256)) * 1_000 + b"{http.request.uri} {{now}}"
        port = caddy.https_port if tls else caddy.http_port
        response, echoed = fetch(port, "/echo", body, certificates.client_context() if tls else None)
        assert (response.status, response.headers["X-Method"], echoed) == (200, "POST", body)

    @pytest.mark.parametrize("path", ["/small.txt", "/1mb.bin", "/50mb.bin"])
    def test_files_are_served_whole(self, caddy: CaddyServer, path: str) -> None:
        response, content = fetch(caddy.http_port, path)
        expected = caddy.files[path]
        assert int(response.headers["Content-Length"]) == expected.size == len(content)
        assert hashlib.sha256(content).hexdigest() == expected.sha256

    @pytest.mark.parametrize(
        ("path", "status", "size"),
        [
            ("/", 200, 14),
            ("/bytes/0", 200, 0),
            ("/bytes/12345", 200, 12_345),
            ("/status/204", 204, 0),
            ("/status/404", 404, 11),
            ("/redirect", 302, 0),
            ("/missing", 404, 0),
        ],
    )
    def test_status_and_size(self, caddy: CaddyServer, path: str, status: int, size: int) -> None:
        response, content = fetch(caddy.http_port, path)
        assert (response.status, len(content)) == (status, size)

    def test_chunked_has_no_length(self, caddy: CaddyServer) -> None:
        response, content = fetch(caddy.http_port, "/chunked")
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in response.headers
        assert hashlib.sha256(content).hexdigest() == caddy.files["/1mb.bin"].sha256

    def test_headers(self, caddy: CaddyServer) -> None:
        response, _ = fetch(caddy.http_port, "/headers")
        assert response.headers.get_all("X-Repeated") == ["one", "two"]
        assert response.headers["X-Empty"] == ""
        response, _ = fetch(caddy.http_port, "/close")
        assert response.headers["Connection"] == "close"

    def test_early_hints_come_before_the_response(self, caddy: CaddyServer) -> None:
        with socket.create_connection(("127.0.0.1", caddy.http_port), timeout=10) as client:
            client.sendall(b"GET /early-hints HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            received = read_all(client)
        assert received.startswith(b"HTTP/1.1 103 Early Hints\r\n")
        assert received.count(b"HTTP/1.1 200 OK\r\n") == 1

    def test_slow_sends_nothing_at_first(self, caddy: CaddyServer) -> None:
        with socket.create_connection(("127.0.0.1", caddy.http_port), timeout=0.1) as client:
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            with pytest.raises(TimeoutError):
                client.recv(1)
            client.settimeout(10)
            assert read_all(client).endswith(b"\r\n\r\nslow\n")

    def test_unix_socket(self, caddy: CaddyServer) -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(caddy.unix_socket)
            client.sendall(b"GET /inspect HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert read_all(client).endswith(b"GET /inspect HTTP/1.1 localhost\n")

    @pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
    def test_alpn(self, caddy: CaddyServer, certificates: Certificates, protocol: str) -> None:
        context = certificates.client_context()
        context.set_alpn_protocols([protocol])
        with (
            socket.create_connection(("127.0.0.1", caddy.https_port), timeout=10) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as client,
        ):
            assert client.selected_alpn_protocol() == protocol

    def test_untrusting_client_refuses_the_certificate(self, caddy: CaddyServer) -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            fetch(caddy.https_port, "/", context=ssl.create_default_context())

    def test_is_stopped_even_if_the_block_fails(self, certificates: Certificates) -> None:
        used = []
        with pytest.raises(ssl.SSLCertVerificationError), caddy_server(certificates) as server:  # noqa: PT012
            used.append(server)
            fetch(server.https_port, "/", context=ssl.create_default_context())
        (server,) = used
        with pytest.raises(ConnectionRefusedError):
            fetch(server.http_port, "/")
        assert not Path(server.unix_socket).exists()

    def test_start_failure_tells_why(self, certificates: Certificates, tmp_path: Path) -> None:
        broken = dataclasses.replace(certificates, key_pem=tmp_path / "absent.pem")
        with pytest.raises(CaddyError, match=r"absent\.pem"), caddy_server(broken):
            pass


class TestCertificates:
    def test_other_identity_and_expiry_are_refused(self, certificates: Certificates) -> None:
        past = datetime(2020, 1, 1, tzinfo=timezone.utc)
        for context, reason in (
            (certificates.server_context(identities=["other.test"]), "mismatch"),
            (certificates.server_context(not_after=past), "expired"),
        ):
            with scripted_server([], tls=context) as server:
                with pytest.raises(ssl.SSLCertVerificationError, match=reason):
                    fetch(server.port, "/", context=certificates.client_context())
                assert server.wait_closed()
                assert isinstance(server.connections[0].error, ssl.SSLError)


class TestScriptedServer:
    @pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
    def test_records_and_answers(self, certificates: Certificates, tls: bool) -> None:
        script = [steps.receive_request(), steps.send(RESPONSE)]
        with scripted_server(script, tls=certificates.server_context() if tls else None) as server:
            response, content = fetch(server.port, "/", b"body", certificates.client_context() if tls else None)
            assert (response.status, content) == (200, b"ok")
            assert server.url == f"{'https' if tls else 'http'}://127.0.0.1:{server.port}"
            assert server.wait_closed()
            assert server.connections[0].received.endswith(b"\r\n\r\nbody")
            assert server.connections[0].error is None

    def test_unix_socket(self) -> None:
        with scripted_server([steps.receive_exactly(2), steps.send(b"pong")], unix=True) as server:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(server.unix_socket)
                client.sendall(b"hi")
                assert client.recv(10) == b"pong"
            assert server.wait_closed()

    @pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
    def test_every_piece_arrives_in_a_read_of_its_own(self, unix: bool) -> None:
        sent = threading.Event()
        script = [steps.send_bytewise(b"abcdef"), steps.notify(sent), steps.close()]
        with (
            scripted_server(script, unix=unix) as server,
            socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as client,
        ):
            client.connect(server.unix_socket if unix else ("127.0.0.1", server.port))
            assert not sent.wait(0.1)
            reads = list(iter(lambda: client.recv(100), b""))
        assert reads == [b"a", b"b", b"c", b"d", b"e", b"f"]

    def test_chunked_request(self) -> None:
        body = b"4\r\nbody\r\n3;extension=1\r\nend\r\n0\r\n\r\n"
        head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        requests = []
        with scripted_server(lambda connection: requests.append(connection.receive_request())) as server:
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.sendall(head + body + b"next")
            assert server.wait_closed()
        assert requests == [head + body]

    def test_receive_until_a_predicate_holds(self) -> None:
        with (
            scripted_server([steps.receive_until(lambda data: len(data) >= 3), steps.send(b"!")]) as server,
            socket.create_connection(("127.0.0.1", server.port), timeout=10) as client,
        ):
            client.sendall(b"12")
            assert server.wait_connections(1)
            client.sendall(b"3")
            assert client.recv(1) == b"!"

    def test_abort_resets_the_connection(self) -> None:
        with (
            scripted_server([steps.receive_until(b"x"), steps.abort()]) as server,
            socket.create_connection(("127.0.0.1", server.port), timeout=10) as client,
        ):
            client.sendall(b"x")
            with pytest.raises(ConnectionResetError):
                client.recv(1)

    @pytest.mark.parametrize("close_notify", [True, False])
    def test_tls_close_with_and_without_notice(self, certificates: Certificates, close_notify: bool) -> None:
        script = [steps.receive_until(b"x"), steps.close(close_notify=close_notify)]
        context = certificates.client_context()
        with (
            scripted_server(script, tls=certificates.server_context()) as server,
            socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw,
            context.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False) as client,
        ):
            client.sendall(b"x")
            if close_notify:
                assert client.recv(1) == b""
            else:
                with pytest.raises(ssl.SSLEOFError):
                    client.recv(1)

    def test_hold_stops_reading_until_the_client_closes(self) -> None:
        with scripted_server(steps.hold(), receive_buffer=4_096) as server:
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.settimeout(0.1)
                with pytest.raises(TimeoutError):
                    client.sendall(bytes(50_000_000))
                assert server.open_connections == 1
            assert server.wait_closed()

    def test_wait_and_notify(self) -> None:
        go, done = threading.Event(), threading.Event()
        with (
            scripted_server([steps.wait(go), steps.send(b"1"), steps.notify(done)]) as server,
            socket.create_connection(("127.0.0.1", server.port), timeout=10) as client,
        ):
            assert not done.is_set()
            go.set()
            assert client.recv(1) == b"1"
            assert done.wait(10)

    def test_scripts_by_connection(self) -> None:
        script = steps.by_connection([steps.send(b"1"), steps.close()], [steps.send(b"2"), steps.close()])
        answers = []
        with scripted_server(script) as server:
            for _ in range(3):
                with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
                    answers.append(read_all(client))
        assert answers == [b"1", b"2", b"2"]

    @pytest.mark.parametrize("end", [steps.shutdown_write(), steps.send(RESPONSE)], ids=["end of stream", "response"])
    @pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
    def test_counts_what_the_client_left_open(self, certificates: Certificates, tls: bool, end: Step) -> None:
        context = certificates.server_context() if tls else None
        with scripted_server([steps.receive_request(), end], tls=context) as server:
            client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            if tls:
                client = certificates.client_context().wrap_socket(client, server_hostname="localhost")
            client.sendall(REQUEST)
            client.recv(100)
            assert not server.wait_closed(timeout=0.05)
            assert server.open_connections == 1
            client.close()
            assert server.wait_closed()
            assert server.open_connections == 0

    def test_early_close_of_the_client_is_recorded(self) -> None:
        with scripted_server(steps.receive_request()) as server:
            socket.create_connection(("127.0.0.1", server.port)).close()
            assert server.wait_closed()
            assert isinstance(server.connections[0].error, PeerClosedError)

    def test_a_failing_script_fails_the_test(self) -> None:
        def script(connection: Connection) -> None:
            assert connection.receive_until(b"\n") == b"expected\n"

        def use() -> None:
            with (
                scripted_server(script) as server,
                socket.create_connection(("127.0.0.1", server.port), timeout=10) as client,
            ):
                client.sendall(b"other\n")
                client.recv(1)

        with pytest.raises(AssertionError, match="expected"):
            use()

    @pytest.mark.parametrize("step", [steps.receive_exactly(1), steps.hold(), steps.wait(threading.Event())])
    @pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
    def test_closing_the_server_ends_every_thread(self, certificates: Certificates, tls: bool, step: Step) -> None:
        before = set(threading.enumerate())
        with scripted_server(step, tls=certificates.server_context() if tls else None) as server:
            client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            if tls:
                client = certificates.client_context().wrap_socket(client, server_hostname="localhost")
            assert server.wait_connections(1)
        client.close()
        assert set(threading.enumerate()) == before
