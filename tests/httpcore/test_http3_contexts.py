"""Which contexts for TLS can be honoured over QUIC, and which say that a connection is verified."""

import ssl
from collections.abc import Callable
from typing import Any

import pytest
from httpcore import default_ssl_context
from httpcore._http3.contexts import reason_against, verifies
from httpcore_test_support.certificates import Certificates


class Subclass(ssl.SSLContext):
    """As programs make one to check certificates themselves."""


def unverified(context: ssl.SSLContext) -> None:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE


def with_keys(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_ciphers("HIGH")
    context.set_alpn_protocols(["h2"])


def at_most(version: ssl.TLSVersion) -> Callable[[ssl.SSLContext], None]:
    def change(context: ssl.SSLContext) -> None:
        context.maximum_version = version

    return change


def without_tls_1_3(context: ssl.SSLContext) -> None:
    context.options |= ssl.OP_NO_TLSv1_3


def with_flag(flag: int) -> Callable[[Any], None]:
    def change(context: Any) -> None:
        context.verify_flags |= flag

    return change


def with_method(name: str) -> Callable[[Any], None]:
    return lambda context: setattr(context, name, lambda *arguments, **options: None)


@pytest.mark.parametrize("change", [lambda context: None, unverified, with_keys, at_most(ssl.TLSVersion.TLSv1_3)])
def test_contexts_that_can_be_honoured(certificates: Certificates, change: Callable[[Any], None]) -> None:
    for context in (certificates.client_context(), default_ssl_context(), ssl.create_default_context()):
        change(context)
        assert reason_against(context) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (at_most(ssl.TLSVersion.TLSv1_2), "TLS 1.3"),
        (without_tls_1_3, "TLS 1.3"),
        (with_flag(ssl.VERIFY_CRL_CHECK_LEAF), "revoked"),
        (with_flag(ssl.VERIFY_CRL_CHECK_CHAIN), "revoked"),
        (with_method("wrap_bio"), r"wrap_bio\(\) was replaced"),
        (with_method("wrap_socket"), r"wrap_socket\(\) was replaced"),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.OP_NO:DeprecationWarning")
def test_contexts_that_cannot_be_honoured(
    certificates: Certificates, change: Callable[[Any], None], reason: str
) -> None:
    context = certificates.client_context()
    change(context)
    with pytest.raises(ValueError, match=reason):
        raise ValueError(reason_against(context))


def test_a_context_without_authorities() -> None:
    assert "no CA certificates" in str(reason_against(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))


def test_other_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Subclass" in str(reason_against(Subclass(ssl.PROTOCOL_TLS_CLIENT)))
    assert "object" in str(reason_against(object()))
    context = Subclass(ssl.PROTOCOL_TLS_CLIENT)
    monkeypatch.setattr(ssl, "SSLContext", Subclass)  # as truststore does
    assert "Subclass" in str(reason_against(context))


def test_a_method_that_was_replaced_in_the_class(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    context = certificates.client_context()
    monkeypatch.setattr(ssl.SSLContext, "wrap_bio", lambda self, *arguments, **options: None)
    assert "wrap_bio() was replaced" in str(reason_against(context))


def test_what_is_verified(certificates: Certificates) -> None:
    context = certificates.client_context()
    assert verifies(context)
    context.check_hostname = False
    assert not verifies(context)
    context.verify_mode = ssl.CERT_NONE
    assert not verifies(context)
