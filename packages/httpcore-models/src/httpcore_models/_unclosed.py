"""What is said of a response that was dropped instead of closed."""

import warnings

from ._request import Request
from ._url import URL


def warn_unclosed(request: Request, source: object) -> None:
    """Warn that `source`, the body of a response to `request` or what stands for it, was not closed.

    Where warnings are errors, it raises: nothing may come after it.
    """
    warnings.warn(_text(request), ResourceWarning, stacklevel=3, source=source)


def _text(request: Request) -> str:
    """Method and URL, without what may be secret in it: user information and query."""
    url = request.url
    target = url.target.partition(b"?")[0]
    if target.startswith(b"/"):
        target = bytes(URL(scheme=url.scheme, host=url.host, port=url.port, target=target))
    elif b"://" in target:  # that of a request to a proxy
        scheme, _, rest = target.partition(b"://")
        authority, slash, path = rest.partition(b"/")
        target = b"%b://%b%b%b" % (scheme, authority.rpartition(b"@")[2], slash, path)
    return f"unclosed response to {request.method.decode(errors='replace')} {target.decode(errors='replace')}"
