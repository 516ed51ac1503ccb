"""What of an `ssl.SSLContext` holds for QUIC, and which contexts it cannot honour."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from httpcore_h3._tls.options import KeyLog, TLSOptions, tls_obstacle, tls_options
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.h3_dialogue import Dialogue

Connect = Callable[..., Dialogue]


def test_a_usual_context_can_be_honoured(certificates: Certificates, connect: Connect) -> None:
    context = certificates.client_context()
    assert tls_obstacle(context) is None
    options = tls_options(context, "localhost")
    assert (options.server_name, options.verify_mode, options.check_hostname) == ("localhost", ssl.CERT_REQUIRED, True)
    assert connect(tls=options).engine.handshake_done
    assert connect(tls=options._replace(server_name="127.0.0.1")).engine.handshake_done


class Subclass(ssl.SSLContext):
    pass


def tls12_at_most(context: ssl.SSLContext) -> ssl.SSLContext:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def with_revocation_lists(context: ssl.SSLContext) -> ssl.SSLContext:
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda context: Subclass(ssl.PROTOCOL_TLS_CLIENT), "is a Subclass"),
        (tls12_at_most, "rules out TLS 1.3"),
        (with_revocation_lists, "revocation lists"),
        (lambda context: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "no authorities"),
    ],
)
def test_contexts_that_cannot_be_honoured(
    certificates: Certificates, change: Callable[[ssl.SSLContext], ssl.SSLContext], text: str
) -> None:
    obstacle = tls_obstacle(change(certificates.client_context()))
    assert obstacle is not None
    assert text in obstacle


def test_the_certificate_is_checked(certificates: Certificates, connect: Connect) -> None:
    options = tls_options(certificates.client_context(), "other.example")
    dialogue = connect(tls=options)
    assert not dialogue.engine.handshake_done
    assert dialogue.engine.failure is not None
    assert "TLS alert 42" in dialogue.engine.failure.message
    assert connect(tls=options._replace(check_hostname=False)).engine.handshake_done
    stranger = TLSOptions("localhost", ssl.CERT_REQUIRED, True, certificates.chain_pem.read_bytes())
    assert connect(tls=stranger).engine.failure is not None


def test_no_check_at_all(connect: Connect) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    assert tls_obstacle(context) is None
    options = tls_options(context, "other.example")
    assert options.authorities == b""
    assert connect(tls=options).engine.handshake_done


def test_secrets_are_logged_where_the_context_says(
    certificates: Certificates, connect: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "keys"
    context = certificates.client_context()
    context.keylog_filename = str(path)
    assert connect(tls=tls_options(context, "localhost")).engine.handshake_done
    assert "CLIENT_TRAFFIC_SECRET_0" in path.read_text()
    log = KeyLog(str(tmp_path / "missing" / "keys"))
    assert log.write("x") == 1
    log.flush()
