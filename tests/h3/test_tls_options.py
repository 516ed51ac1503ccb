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


def without_tls_1_3(context: ssl.SSLContext) -> ssl.SSLContext:
    context.options |= ssl.OP_NO_TLSv1_3
    return context


def with_method(name: str) -> Callable[[ssl.SSLContext], ssl.SSLContext]:
    """As programs replace it to check certificates themselves."""

    def change(context: ssl.SSLContext) -> ssl.SSLContext:
        setattr(context, name, lambda *arguments, **options: None)
        return context

    return change


@pytest.mark.filterwarnings("ignore:ssl.OP_NO:DeprecationWarning")
@pytest.mark.parametrize(
    ("change", "text"),
    [
        (without_tls_1_3, "rules out TLS 1.3"),
        (with_method("wrap_bio"), "wrap_bio() of the TLS context was replaced"),
        (with_method("wrap_socket"), "wrap_socket() of the TLS context was replaced"),
        (lambda context: Subclass(ssl.PROTOCOL_TLS_CLIENT), "Subclass"),
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


def test_a_context_that_checks_nothing_can_be_honoured() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    assert tls_obstacle(context) is None


def test_the_default_contexts_can_be_honoured() -> None:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_ciphers("HIGH")
    context.set_alpn_protocols(["h2"])
    assert tls_obstacle(context) is None


def test_a_replaced_class(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """A context of the standard library stays one, and one of the replacement is none: as truststore replaces it."""
    stock, replaced = certificates.client_context(), Subclass(ssl.PROTOCOL_TLS_CLIENT)
    monkeypatch.setattr(ssl, "SSLContext", Subclass)
    assert tls_obstacle(stock) is None
    assert "Subclass" in str(tls_obstacle(replaced))


def test_a_method_that_was_replaced_in_the_class(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    context = certificates.client_context()
    monkeypatch.setattr(ssl.SSLContext, "wrap_bio", lambda self, *arguments, **options: None)
    assert "wrap_bio() of the TLS context was replaced" in str(tls_obstacle(context))


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
