"""`Proxy`: a proxy and what it takes to use it."""

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from ._arguments import SSLContextTypes, enforce_ssl_context
from ._headers import Headers, enforce_headers
from ._url import URL, enforce_bytes, enforce_url, split_userinfo

_PROXY_SCHEMES = (b"http", b"https", b"socks4", b"socks4a", b"socks5", b"socks5h")


def _enforce_proxy_url(value: URL | bytes | str) -> tuple[URL, bytes | None]:
    """Return the URL without its user information, and the user information, if any."""
    userinfo = None
    if (isinstance(value, str) and "@" in value) or (isinstance(value, bytes) and b"@" in value):
        value, userinfo = split_userinfo(enforce_bytes(value, name="url"))
    url = URL(value) if isinstance(value, (bytes, str)) else enforce_url(value, name="url")
    # The texts show no more of the URL than its scheme: any other part may contain a password.
    if url.scheme not in _PROXY_SCHEMES or not url.host:
        schemes = ", ".join(f"{scheme.decode()}://" for scheme in _PROXY_SCHEMES)
        got = f"one with {url.scheme.decode()}://" if url.scheme and url.host else "one without scheme or host"
        raise ValueError(f"url must be that of a proxy, which begins with one of {schemes}, but got {got}.")
    return url, userinfo


class Proxy:
    """A proxy to connect through.

    The URL's scheme is `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`. If neither `auth` nor a
    `Proxy-Authorization` header is given, the percent-encoded user name and password of the URL are used.

    `auth` is a pair of user name and password. HTTP proxies get it as Basic credentials (RFC 7617), SOCKS5 proxies as
    user name and password (RFC 1929), and SOCKS4 proxies get the user name as user id. `headers` are sent to HTTP
    proxies only. `ssl_context` is for the TLS connection to an `https://` proxy; it may be a
    function, as that of a pool.

    `rdns` says who resolves the host names of origins: the proxy if true, this machine if false. By default a
    `socks5://` proxy resolves them, and this machine does so for `socks4://`, because plain SOCKS4 transmits addresses
    only. With `socks5h`, `socks4a` and HTTP proxies the proxy always resolves them, whatever `rdns` is.

    Raises `ValueError` if the URL is not that of a proxy, and `TypeError` for arguments of the wrong type.
    """

    def __init__(
        self,
        url: URL | bytes | str,
        auth: tuple[bytes | str, bytes | str] | None = None,
        headers: Any = None,
        ssl_context: SSLContextTypes | None = None,
        rdns: bool | None = None,
    ) -> None:
        self.url: URL
        self.url, userinfo = _enforce_proxy_url(url)
        self.headers: Headers = [] if headers is None else enforce_headers(headers, name="headers")
        if ssl_context is not None:
            enforce_ssl_context(ssl_context, name="ssl_context")
        self.ssl_context = ssl_context
        self.rdns = rdns
        self.auth: tuple[bytes, bytes] | None = None
        if auth is None and userinfo and not any(name.lower() == b"proxy-authorization" for name, _ in self.headers):
            name, _, password = userinfo.partition(b":")
            auth = (unquote_to_bytes(name), unquote_to_bytes(password))
        if auth is not None:
            if not isinstance(auth, Sequence) or isinstance(auth, (str, bytes, bytearray)) or len(auth) < 2:
                # The text shows no more of the value than its type: it may contain a password.
                kind = type(auth).__name__
                kind = f"{kind} of {len(auth)}" if isinstance(auth, (tuple, list)) else kind
                raise TypeError(f"auth must be a pair of user name and password, a tuple, but got {kind}.")
            username = enforce_bytes(auth[0], name="auth")
            password = enforce_bytes(auth[1], name="auth")
            credentials = base64.b64encode(b"%b:%b" % (username, password))
            self.headers = [(b"Proxy-Authorization", b"Basic %b" % credentials), *self.headers]
            self.auth = (username, password)
