"""The requests that an HTTP proxy receives: forwarded ones and CONNECT (RFC 9112 sections 3.2.2 and 3.2.3)."""

import functools
from typing import Any, TypeAlias

from httpcore_models import URL, Origin, Request
from httpcore_models.lowlevel import Observer, bracketed, without_zone

# What traces show instead of credentials.
HIDDEN = b"[secure]"

Headers: TypeAlias = list[tuple[bytes, bytes]]


def forwarded_request(request: Request, proxy: Origin, proxy_headers: Headers) -> Request:
    """Return the request to send to `proxy`, for the proxy to forward `request`.

    Headers of the request replace `proxy_headers` of the same name. Two extensions are left out: `sni_hostname`, which
    concerns TLS with an origin, and `target`, which is in the URL of `request` already.
    """
    extensions = {name: value for name, value in request.extensions.items() if name not in ("sni_hostname", "target")}
    return _with_hidden_credentials(
        Request(
            request.method,
            URL(scheme=proxy.scheme, host=proxy.host, port=proxy.port, target=absolute_form(request.url)),
            headers=merge_headers(proxy_headers, request.headers),
            content=request.stream,
            extensions=extensions,
        )
    )


def connect_request(origin: Origin, extensions: Any, proxy: Origin, proxy_headers: Headers) -> Request:
    """Return the CONNECT request that asks `proxy` for a tunnel to `origin`.

    `extensions` are those of the request that needs the tunnel. Its time limits and listeners are for CONNECT too.
    """
    authority = _authority(origin.host, origin.port)
    headers = [(b"Host", authority), (b"Accept", b"*/*")]
    request = Request(
        b"CONNECT",
        URL(scheme=proxy.scheme, host=proxy.host, port=proxy.port, target=authority),
        headers=merge_headers(headers, proxy_headers),
    )
    for name in ("timeout", "trace"):
        if name in extensions:
            request.extensions[name] = extensions[name]
    if "total" in extensions.get("timeout", {}):
        # The dialler watches over it, and raises `ConnectTimeout`. What is left of it is in the limit for connecting.
        request.extensions["timeout"] = {name: own for name, own in extensions["timeout"].items() if name != "total"}
    observer = extensions.get("observe")
    if observer is not None:
        request.extensions["observe"] = _without_messages(observer)
    return _with_hidden_credentials(request) if "trace" in extensions or observer is not None else request


# Cached, because clients talk to few origins.
@functools.lru_cache(maxsize=1024)
def _authority(host: bytes, port: int) -> bytes:
    """Return the target of a CONNECT request, without an IPv6 zone (RFC 6874)."""
    return b"%b:%d" % (bracketed(without_zone(host)), port)


def _without_messages(observer: Observer) -> Observer:
    """Return the observer for CONNECT: what the messages of the request itself hold is reported once, and later."""

    def call(name: str, info: dict[str, Any]) -> object:
        return None if name in ("request.sent", "response.received") else observer(name, info)

    return call


def _with_hidden_credentials(request: Request) -> Request:
    """Return `request`, whose trace callback and observer see a copy without the proxy's credentials."""
    found = {name: request.extensions.get(name) for name in ("trace", "observe")}
    # One that is empty, such as a list that is callable, listens all the same.
    listeners = {name: listener for name, listener in found.items() if listener is not None}
    if not listeners:
        return request
    shown = [(name, HIDDEN if name.lower() == b"proxy-authorization" else value) for name, value in request.headers]
    if shown == request.headers:
        return request
    copy = Request(
        request.method, request.url, headers=shown, content=request.stream, extensions={**request.extensions}
    )

    def hiding(listener: Observer) -> Observer:
        def call(name: str, info: dict[str, Any]) -> Any:
            return listener(name, {**info, "request": copy} if info.get("request") is request else info)

        return call

    for name, listener in listeners.items():
        request.extensions[name] = hiding(listener)
    return request


def absolute_form(url: URL) -> bytes:
    """Return the target of a request to `url` that a proxy forwards.

    The target `*` becomes a URL without a path (RFC 9112 section 3.2.4). Other targets that are not paths have no
    absolute form and stay as they are.
    """
    if url.target == b"*":
        target = b""
    elif url.target.startswith(b"/"):
        target = url.target
    else:
        return url.target
    return bytes(URL(scheme=url.scheme, host=without_zone(url.host), port=url.port, target=target))


def merge_headers(defaults: Headers, headers: Headers) -> Headers:
    """Return `defaults` without the names that are in `headers`, followed by `headers`."""
    names = {name.lower() for name, _ in headers}
    kept = [(name, value) for name, value in defaults if name.lower() not in names]
    return [*kept, *headers]
