"""The package: top-level functions, public names, and the default TLS context."""

from __future__ import annotations

import os
import runpy
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import certifi
import httpcore
import pytest
from httpcore import _fork
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import receive_request, send

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SCRIPT = [receive_request(), send(OK)]


class TestTopLevelFunctions:
    def test_request_reads_the_body(self) -> None:
        with scripted_server(SCRIPT) as server:
            response = httpcore.request(
                "POST",
                server.url + "/path",
                headers={"X-Header": "value"},
                content=b"body",
                extensions={"timeout": {"read": 10.0}},
            )
            assert (response.status, response.content) == (200, b"ok")
            assert server.wait_closed()
            received = server.connections[0].received
        assert received.startswith(b"POST /path HTTP/1.1\r\n")
        assert b"\r\nX-Header: value\r\n" in received
        assert received.endswith(b"\r\n\r\nbody")

    def test_stream_does_not_read_the_body(self) -> None:
        with scripted_server(SCRIPT) as server:
            with httpcore.stream("PUT", server.url, headers=[("X-Header", "value")], content=b"body") as response:
                with pytest.raises(RuntimeError, match="streaming response"):
                    _ = response.content
                assert b"".join(response.iter_stream()) == b"ok"
            assert server.wait_closed()
            received = server.connections[0].received
        assert received.startswith(b"PUT / HTTP/1.1\r\n")
        assert b"\r\nX-Header: value\r\n" in received
        assert received.endswith(b"\r\n\r\nbody")

    def test_each_call_opens_and_closes_a_connection(self) -> None:
        with scripted_server([*SCRIPT, *SCRIPT]) as server:
            for count in (1, 3):
                httpcore.request("GET", server.url)
                assert server.wait_closed()
                assert len(server.connections) == count
                with httpcore.stream("GET", server.url) as response:
                    assert response.status == 200
                assert server.wait_closed()
                assert len(server.connections) == count + 1

    def test_extensions_are_passed_on(self) -> None:
        events: list[str] = []

        def trace(name: str, info: dict[str, Any]) -> None:
            events.append(name)

        with scripted_server(SCRIPT) as server:
            extensions = {"trace": trace}
            with httpcore.stream("GET", server.url, extensions=extensions) as response:
                response.read()
        assert events[0] == "connection.connect_tcp.started"

    @pytest.mark.parametrize("function", [httpcore.request, httpcore.stream])
    def test_timeouts_are_an_extension_not_an_argument(self, function: Any) -> None:
        with pytest.raises(TypeError, match="timeout"):
            function("GET", "http://example.com/", timeout=5.0)


class TestNames:
    @pytest.mark.parametrize("name", ["SyncConnectionPool", "SyncHTTPProxy", "SyncHTTPConnection", "Client"])
    def test_names_that_do_not_exist(self, name: str) -> None:
        assert not hasattr(httpcore, name)

    @pytest.mark.parametrize("name", httpcore.__all__)
    def test_all_public_names_exist(self, name: str) -> None:
        assert hasattr(httpcore, name)

    def test_the_version_is_a_string(self) -> None:
        assert httpcore.__version__.count(".") == 2


class TestHTTP2:
    @pytest.mark.parametrize(
        ("scheme", "http1", "available"),
        [(b"https", True, True), (b"wss", True, True), (b"http", True, False), (b"http", False, True)],
    )
    @pytest.mark.parametrize("connection", [httpcore.HTTPConnection, httpcore.AsyncHTTPConnection])
    def test_a_new_connection_is_available_if_it_may_speak_http_2(
        self, connection: Any, scheme: bytes, http1: bool, available: bool
    ) -> None:
        new = connection(httpcore.Origin(scheme, b"example.com", 443), http1=http1, http2=True)
        assert new.is_available() == available


class TestDefaultContext:
    def test_it_trusts_the_bundle_of_certifi(self) -> None:
        context = httpcore.default_ssl_context()
        assert isinstance(context, ssl.SSLContext)
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        bundle = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        bundle.load_verify_locations(certifi.where())
        authorities = {certificate["serialNumber"] for certificate in bundle.get_ca_certs()}
        assert authorities <= {certificate["serialNumber"] for certificate in context.get_ca_certs()}

    def test_each_call_returns_a_new_one(self) -> None:
        assert httpcore.default_ssl_context() is not httpcore.default_ssl_context()

    @pytest.mark.upgrade("4.8")
    @pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", None])
    def test_trust_env_of_httpx2(
        self, monkeypatch: pytest.MonkeyPatch, certificates: Certificates, tmp_path: Path, name: str | None
    ) -> None:
        for other in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(other, raising=False)
        usual = {"cert_store": httpcore.default_ssl_context().cert_store_stats()}
        file = tmp_path / "ca.pem"
        file.write_text(ssl.DER_cert_to_PEM_cert(certificates.client_context().get_ca_certs(binary_form=True)[0]))
        if name is not None:
            monkeypatch.setenv(name, str(file if name == "SSL_CERT_FILE" else tmp_path))
        counted = httpcore.default_ssl_context(_trust_env=True).cert_store_stats()["x509_ca"]
        assert counted == {"SSL_CERT_FILE": 1, "SSL_CERT_DIR": 0, None: usual["cert_store"]["x509_ca"]}[name]
        assert httpcore.default_ssl_context(_trust_env=False).cert_store_stats()["x509_ca"] > 1


def test_the_package_can_be_imported_without_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "register_at_fork")
    runpy.run_path(str(_fork.__file__))["register_for_fork"](httpcore.ConnectionPool()._shared)


@pytest.mark.fault("N9")
@pytest.mark.parametrize("name", ["a.example.org", b"a.example.org", "b.example.org"])
def test_names_of_bytes_and_of_text_are_never_compared(name: str | bytes) -> None:
    program = (
        "import httpcore; pool = httpcore.ConnectionPool(network_backend=httpcore.MockBackend([]))\n"
        f"try: pool.request('GET', 'https://b.example.org', extensions={{'sni_hostname': {name!r}}})\n"
        "except httpcore.RemoteProtocolError: pass"
    )
    subprocess.run([sys.executable, "-bb", "-W", "error", "-c", program], check=True)
