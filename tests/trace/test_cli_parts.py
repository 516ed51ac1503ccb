"""Parts of the command line: what a user may do about errors."""

from __future__ import annotations

import pytest
from httpcore_trace import RecordedError
from httpcore_trace._cli.hints import hint_for


def error(name: str, message: str = "", cause: RecordedError | None = None) -> RecordedError:
    return RecordedError(f"httpcore.{name}", message, cause)


def certificate(message: str) -> RecordedError:
    return error("ConnectError", message, RecordedError("ssl.SSLCertVerificationError", message))


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (error("ConnectError", "", RecordedError("socket.gaierror", "Name or service not known")), "does not exist"),
        (error("ConnectError", "", RecordedError("ConnectionRefusedError", "")), "nothing listens"),
        (certificate("certificate verify failed: certificate has expired"), "has expired"),
        (certificate("certificate verify failed: Hostname mismatch"), "for another name"),
        (certificate("IP address mismatch, certificate is not valid for '127.0.0.1'"), "for another name"),
        (certificate("certificate verify failed: self-signed certificate"), "no authority"),
        (
            error("ConnectError", "[SSL: WRONG_VERSION_NUMBER] …: this port does not speak TLS (a:443)"),
            "try http://a/b",
        ),
        (error("ConnectTimeout", "timed out"), "--timeout"),
        (error("ConnectError", "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred"), "not speak TLS"),
        (error("ProxyError", "407 Proxy Authentication Required"), "USER:PASSWORD"),
        (error("ProxyError", "Proxy closed the connection during the SOCKS negotiation."), "USER:PASSWORD"),
    ],
)
def test_hints(failure: RecordedError, words: str) -> None:
    assert words in (hint_for(failure, "https://a/b") or "")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("certificate is not yet valid", "clock"),
        ("Hostname mismatch, certificate is not valid for 'expired.example'.", "another name"),
        ("self signed certificate in certificate chain", "no authority"),
        ("self-signed certificate", "no authority"),
        ("unable to get local issuer certificate", "no authority"),
        ("EE certificate key too weak", "is refused"),
    ],
)
def test_certificates_are_refused_for_several_reasons(reason: str, words: str) -> None:
    text = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {reason} (_ssl.c:1)"
    failure = error("ConnectError", text, RecordedError("ssl.SSLCertVerificationError", text))
    assert words in (hint_for(failure, "https://expired.example/") or "")


def test_what_does_not_speak_tls_may_be_the_proxy() -> None:
    text = "[SSL: WRONG_VERSION_NUMBER] wrong version number: this port does not speak TLS (127.0.0.1:3128)"
    for url in ("http://a/b", "https://a/b"):
        assert "a proxy or the server" in (hint_for(error("ConnectError", text), url, is_proxied=True) or "")


def test_a_proxy_that_hangs_up_says_nothing_about_the_server() -> None:
    assert hint_for(error("ReadError"), "http://a/b", is_proxied=True) is None


def test_a_refusing_proxy() -> None:
    refused = error("ConnectError", "", RecordedError("ConnectionRefusedError", ""))
    assert "the proxy" in (hint_for(refused, "http://a", is_proxied=True) or "")


@pytest.mark.parametrize("name", ["ReadError", "RemoteProtocolError"])
def test_a_server_that_hangs_up_may_speak_tls(name: str) -> None:
    assert hint_for(error(name), "http://a:443/b") == "that port may speak TLS: try https://a:443/b"
    assert hint_for(error(name), "https://a:443/b") is None


def test_a_damaged_record_is_no_sign_of_another_protocol() -> None:
    assert (
        hint_for(error("ConnectError", "[SSL: WRONG_VERSION_NUMBER] wrong version number (a:443)"), "https://a") is None
    )


def test_an_error_that_says_it_all() -> None:
    assert hint_for(error("LocalProtocolError", "Illegal header value"), "http://a") is None
