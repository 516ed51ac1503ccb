"""The test support's nginx, Node and relay do what the tests with them rely on."""

import contextlib
import http.client
import socket
import time
from pathlib import Path

import pytest
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.nginx import NginxServer, find_nginx, nginx_server
from httpcore_test_support.node import NodeServer
from httpcore_test_support.processes import ServerError, serving
from httpcore_test_support.relay import delaying_relay


def fetch(url: str, body: bytes | None = None, certificates: Certificates | None = None) -> tuple[int, bytes]:
    """Send one request with the standard library's client."""
    scheme, _, host, path = url.split("/", 3)
    if scheme == "http:":
        connection = http.client.HTTPConnection(host, timeout=10)
    else:
        assert certificates
        connection = http.client.HTTPSConnection(host, timeout=10, context=certificates.client_context())
    with contextlib.closing(connection):
        connection.request("GET" if body is None else "POST", "/" + path, body)
        response = connection.getresponse()
        return response.status, response.read()


class TestNginx:
    def test_it_reads_the_whole_body(self, nginx: NginxServer, certificates: Certificates) -> None:
        for url in (nginx.http_url, nginx.https_url):
            assert fetch(url + "/", bytes(300_000), certificates) == (200, b"300000")

    def test_answers_that_come_early(self, nginx: NginxServer) -> None:
        assert fetch(nginx.http_url + "/early", bytes(300_000)) == (200, b"early")
        assert fetch(nginx.http_url + "/limited", bytes(10_000)) == (200, b"10000")
        assert fetch(nginx.http_url + "/limited", bytes(10_001))[0] == 413

    def test_a_failed_start_tells_why(self, certificates: Certificates) -> None:
        if find_nginx() is None:
            pytest.skip("nginx is not installed")
        with pytest.raises(ServerError, match=r'unknown directive "nonsense"'), nginx_server(certificates, "nonsense;"):
            pass


class TestNode:
    def test_it_reads_the_whole_body(self, node: NodeServer, certificates: Certificates) -> None:
        fetch(node.http_url + "/count")
        for url in (node.http_url, node.https_url):
            assert fetch(url + "/", bytes(300_000), certificates) == (200, b"300000")
        assert fetch(node.http_url + "/count") == (200, b"2")

    def test_answers_that_come_early(self, node: NodeServer) -> None:
        assert fetch(node.http_url + "/early", bytes(300_000)) == (200, b"early")
        assert fetch(node.http_url + "/received") == (200, b"300000")
        assert fetch(node.http_url + "/rejected", bytes(10)) == (413, b"too large")


def test_a_server_that_dies_is_an_error(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(ServerError, match=r"exit status 3.*: why$"),
        serving(["sh", "-c", "echo why; exit 3"], tmp_path, [listener]),
    ):
        pass


class TestRelay:
    def test_both_directions_take_their_time(self, nginx: NginxServer) -> None:
        with delaying_relay(int(nginx.http_url.rsplit(":", 1)[1]), 0.05) as port:
            begun = time.monotonic()
            assert fetch(f"http://127.0.0.1:{port}/", bytes(300_000)) == (200, b"300000")
            assert time.monotonic() - begun >= 0.1

    def test_relay_ends_with_its_block(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with (
                delaying_relay(listener.getsockname()[1], 0.0) as port,
                socket.create_connection(("127.0.0.1", port), timeout=10) as client,
                listener.accept()[0] as served,
            ):
                client.sendall(b"there")
                assert served.recv(10) == b"there"
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=10)
