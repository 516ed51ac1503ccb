"""What is said of a response that was dropped instead of closed."""

import warnings

from ._messages import Request


def warn_unclosed(request: Request, source: object) -> None:
    """Warn that `source`, a response to `request` or its body, was dropped without having been closed.

    For finalisers: it never raises, and names nothing that may be secret, such as the query.
    """
    url = bytes(request.url).partition(b"?")[0].decode("ascii", "backslashreplace")
    method = request.method.decode("ascii", "backslashreplace")
    warnings.warn(f"unclosed response to {method} {url}", ResourceWarning, stacklevel=2, source=source)
