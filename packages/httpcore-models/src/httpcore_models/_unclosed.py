"""The warning about a response that was dropped instead of closed."""

import warnings

from ._request import Request
from ._url import url_without_secrets


def warn_unclosed(request: Request, source: object) -> None:
    """Warn that `source`, the body of a response to `request`, was not closed.

    This raises if warnings are errors, so it has to be the caller's last action.
    """
    warnings.warn(_text(request), ResourceWarning, stacklevel=3, source=source)


def _text(request: Request) -> str:
    return f"unclosed response to {request.method.decode(errors='replace')} {url_without_secrets(request.url)}"
