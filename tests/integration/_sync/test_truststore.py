# Generated from ../_async/test_truststore.py by tools/make_sync.py: edit that file, then run it.
"""truststore: the authorities of the operating system, which `SSL_CERT_FILE` replaces on Linux."""

import ssl
import sys

import pytest
from httpcore import ConnectError, ConnectionPool
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates

truststore = pytest.importorskip("truststore", reason="truststore is not installed")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="The authorities of this system cannot be chosen by a test"),
]


@pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])
def test_a_server_of_an_authority_of_the_system_is_trusted(
    http2: bool, caddy: CaddyServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority_pem))
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with ConnectionPool(ssl_context=context, http2=http2) as pool:
        response = pool.request("GET", caddy.https_url + "/")
        again = pool.request("GET", caddy.https_url + "/")
    assert (response.status, again.status) == (200, 200)
    assert response.extensions["http_version"] == (b"HTTP/2" if http2 else b"HTTP/1.1")


def test_a_server_of_another_authority_is_refused(caddy: CaddyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with ConnectionPool(ssl_context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as pool:
        with pytest.raises(ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            pool.request("GET", caddy.https_url + "/")
