"""The warning about a response that was dropped instead of closed."""

import warnings

from ._request import Request
from ._url import URL


def warn_unclosed(request: Request, source: object) -> None:
    """Warn that `source`, the body of a response to `request`, was not closed.

    This raises if warnings are errors, so it has to be the caller's last action.
    """
    warnings.warn(_text(request), ResourceWarning, stacklevel=3, source=source)


def _text(request: Request) -> str:
    """Return method and URL, without user information and query, which may be secret."""
    url = request.url
    target = url.target.partition(b"?")[0]
    if target.startswith(b"/"):
        target = bytes(URL(scheme=url.scheme, host=url.host, port=url.port, target=target))
    elif b"://" in target:  # the absolute form, which is sent to proxies (RFC 9112 section 3.2.2)
        scheme, _, rest = target.partition(b"://")
        authority, slash, path = rest.partition(b"/")
        target = b"%b://%b%b%b" % (scheme, authority.rpartition(b"@")[2], slash, path)
    return f"unclosed response to {request.method.decode(errors='replace')} {target.decode(errors='replace')}"
