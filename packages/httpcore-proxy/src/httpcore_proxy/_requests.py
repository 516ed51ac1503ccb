"""The requests that an HTTP proxy is sent: those it forwards, and CONNECT (RFC 9112 sections 3.2.2 and 3.2.3)."""

from typing import Any, TypeAlias

from httpcore_models import URL, Origin, Request
from httpcore_models.lowlevel import bracketed

# What traces show in place of credentials.
_HIDDEN = b"[secure]"

Headers: TypeAlias = list[tuple[bytes, bytes]]


def forwarded_request(request: Request, proxy: Origin, proxy_headers: Headers) -> Request:
    """Return `request` as it is sent to `proxy`, for the proxy to forward.

    Of headers that both have, those of the request are sent. What is about the connection to the origin, the TLS
    name, means nothing to the proxy.
    """
    extensions = {name: value for name, value in request.extensions.items() if name not in ("sni_hostname", "target")}
    return _hidden_in_trace(
        Request(
            request.method,
            _to_proxy(proxy, absolute_form(request.url)),
            headers=merge_headers(proxy_headers, request.headers),
            content=request.stream,
            extensions=extensions,
        )
    )


def connect_request(origin: Origin, extensions: Any, proxy: Origin, proxy_headers: Headers) -> Request:
    """Return the CONNECT request that asks `proxy` for a tunnel to `origin`.

    Of the `extensions` of the request that needs the tunnel, the tunnel shares the time limits and the trace.
    """
    authority = b"%b:%d" % (bracketed(without_zone(origin.host)), origin.port)
    return _hidden_in_trace(
        Request(
            b"CONNECT",
            _to_proxy(proxy, authority),
            headers=merge_headers([(b"Host", authority), (b"Accept", b"*/*")], proxy_headers),
            extensions={name: extensions[name] for name in ("timeout", "trace") if name in extensions},
        )
    )


def _hidden_in_trace(request: Request) -> Request:
    """Have the trace callback be given a request without the credentials that the proxy is sent."""
    trace = request.extensions.get("trace")
    shown = [(name, _HIDDEN if name.lower() == b"proxy-authorization" else value) for name, value in request.headers]
    if trace is None or shown == request.headers:
        return request
    other = Request(
        request.method, request.url, headers=shown, content=request.stream, extensions={**request.extensions}
    )

    def call(name: str, info: dict[str, Any]) -> Any:
        return trace(name, {**info, "request": other} if info.get("request") is request else info)

    request.extensions["trace"] = call
    return request


def absolute_form(url: URL) -> bytes:
    """The target of a request to `url` that a proxy forwards.

    Of targets that are no path, only `*` has such a form, which is a URL without a path (RFC 9112 section 3.2.4).
    """
    if url.target == b"*":
        target = b""
    elif url.target.startswith(b"/"):
        target = url.target
    else:
        return url.target
    return bytes(URL(scheme=url.scheme, host=without_zone(url.host), port=url.port, target=target))


def merge_headers(defaults: Headers, headers: Headers) -> Headers:
    """Return `headers` after those of `defaults` that they do not replace."""
    names = {name.lower() for name, _ in headers}
    return [*((name, value) for name, value in defaults if name.lower() not in names), *headers]


def without_zone(host: bytes) -> bytes:
    """The host without an IPv6 zone, which has a meaning on this machine only (RFC 6874 section 1)."""
    return host.partition(b"%")[0] if b":" in host else host


def _to_proxy(proxy: Origin, target: bytes) -> URL:
    return URL(scheme=proxy.scheme, host=proxy.host, port=proxy.port, target=target)
