"""What is said of responses that nobody has closed."""

from httpcore_models import URL, Request


def unclosed(request: Request) -> str:
    """The text of the warning: method and URL, without what may be secret in it, user information and query."""
    url = request.url
    target = url.target.partition(b"?")[0]
    if target.startswith(b"/"):
        target = bytes(URL(scheme=url.scheme, host=url.host, port=url.port, target=target))
    elif b"://" in target:  # that of a request to a proxy
        scheme, _, rest = target.partition(b"://")
        authority, slash, path = rest.partition(b"/")
        target = b"%b://%b%b%b" % (scheme, authority.rpartition(b"@")[2], slash, path)
    return f"unclosed response to {request.method.decode(errors='replace')} {target.decode(errors='replace')}"
