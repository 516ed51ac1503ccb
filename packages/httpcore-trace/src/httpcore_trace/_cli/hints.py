"""What a user may do about an error."""

from collections.abc import Iterator

from .._compact import RecordedError

_TIMEOUTS = "the server, or the way to it, is slow or dead; --timeout SECONDS waits longer"


def hint_for(error: RecordedError, url: str, is_proxied: bool = False) -> str | None:
    """Return a hint for the error of a request to `url`, or `None` if there is nothing to add to its text."""
    chain = list(_chain(error))
    names = {link.name for link in chain}
    texts = " ".join(link.message for link in chain)
    if "gaierror" in names:
        return "the name does not exist, or the resolver cannot be reached: check its spelling and the network"
    if "ConnectionRefusedError" in names:
        return f"nothing listens on that port: check {'the proxy' if is_proxied else 'host and port'}, and a firewall"
    if "SSLCertVerificationError" in names:
        return _certificate_hint(texts)
    if "does not speak TLS" in texts:
        if is_proxied:  # the text has the address of the proxy even if it is about the server behind that
            return "a proxy or the server does not speak TLS: check the schemes of their URLs"
        return f"try http://{url.partition('://')[2]}"
    if "UNEXPECTED_EOF" in texts:
        return "that port may not speak TLS, or not for this name"
    if error.name.endswith("Timeout"):
        return _TIMEOUTS
    if error.name == "ProxyError" and ("407" in error.message or "closed the connection during" in error.message):
        return "the proxy may want to know who you are: --proxy SCHEME://USER:PASSWORD@HOST:PORT"
    if (
        url.startswith("http://")
        and not is_proxied
        and error.name in ("ReadError", "RemoteProtocolError")
        and "HTTP/2" not in texts
    ):
        return f"that port may speak TLS: try https://{url.partition('://')[2]}"
    return None


def _chain(error: RecordedError | None) -> Iterator[RecordedError]:
    while error is not None:
        yield error
        error = error.cause


# In the words of OpenSSL, old and new.
_NO_AUTHORITY = ("self-signed certificate", "self signed certificate", "issuer certificate", "the first certificate")


def _certificate_hint(texts: str) -> str:
    if "has expired" in texts:
        return "the certificate has expired, or the clock here is wrong; --insecure goes on regardless"
    if "not yet valid" in texts:
        return "the certificate is for later, or the clock here is wrong; --insecure goes on regardless"
    if "mismatch" in texts.lower() or "not valid for" in texts:
        return "the certificate is for another name; --insecure goes on regardless"
    if any(words in texts for words in _NO_AUTHORITY):
        return (
            "no authority that is trusted here has signed the certificate: SSL_CERT_FILE=FILE trusts others, "
            "--insecure goes on regardless"
        )
    return "the certificate is refused; --insecure goes on regardless"
