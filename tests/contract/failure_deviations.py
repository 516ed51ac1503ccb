"""Errors that intentionally differ from those of httpcore 1.0.9."""

from __future__ import annotations

from typing import NamedTuple


class Departure(NamedTuple):
    """The class that is raised, what its text contains (`None`: the text of 1.0.9), and the reason."""

    kind: str
    text: str | None
    reason: str


_OWN = "Errors that reach the user are those of the library, wherever they were detected."
_REMOTE = "A server's mistake is a RemoteProtocolError."
_FIELDS = "Responses that RFC 9113, section 8, calls malformed are refused."
_REQUEST = "A request that cannot be sent as it is fails before it is sent, or as soon as the fault shows."
_PROXY = "Every proxy failure is a ProxyError."
_LIMIT = "Negotiating with a proxy is part of connecting."
_SECRET = "Errors never contain the value of a header field, which may be a secret."
_ARGUMENT = "An immediate error names the wrong argument and the expected type."
_RESET = "A reset is not an end of stream."

FAILURE_DEVIATIONS: dict[str, Departure] = {
    "bad header line": Departure(
        "httpcore.RemoteProtocolError", "illegal header line: bytearray(b'[secure]')", _SECRET
    ),
    "bad header name": Departure("httpcore.RemoteProtocolError", "bytearray(b'a b: [secure]')", _SECRET),
    "call: http proxy auth": Departure("builtins.TypeError", "proxy_auth must be a pair of", _ARGUMENT),
    "call: proxy auth of one": Departure("builtins.TypeError", "auth must be a pair of", _ARGUMENT),
    "call: proxy auth of str": Departure("builtins.TypeError", "auth must be a pair of", _ARGUMENT),
    "call: socks proxy auth": Departure("builtins.TypeError", "proxy_auth must be a pair of", _ARGUMENT),
    "call: pool connections of str": Departure("builtins.TypeError", "max_connections must be an int", _ARGUMENT),
    "call: pool proxy of str": Departure("httpcore.ArgumentTypeError", "proxy must be a Proxy", _ARGUMENT),
    "call: request content": Departure("builtins.TypeError", "content must be bytes or", _ARGUMENT),
    "call: request timeout of int": Departure("httpcore.ArgumentTypeError", "the extension 'timeout' must", _ARGUMENT),
    "port 0": Departure("httpcore.ConnectError", "port must be an int from 1 to 65535", _ARGUMENT),
    "read timeout of zero": Departure(
        "httpcore.ReadTimeout", "timed out after 0 seconds", "No time left is a timeout."
    ),
    "request body too long": Departure("httpcore.LocalProtocolError", None, _OWN),
    "request body too short": Departure("httpcore.LocalProtocolError", None, _OWN),
    "tls reset in response": Departure("httpcore.ReadError", "Connection reset by peer", _RESET),
    "tls wrong server name": Departure("httpcore.ConnectError", "label too long", _OWN),
    "too long a name": Departure("httpcore.ConnectError", None, _OWN),
    # HTTP/2.
    **{
        f"http2 {what}": Departure("httpcore.RemoteProtocolError", None, _REMOTE)
        for what in (
            "bad hpack",
            "bad settings",
            "bad window update",
            "body too long",
            "data before headers",
            "push",
            "window overflow",
        )
    },
    "http2 frame too large": Departure(
        "httpcore.RemoteProtocolError", "Received overlong frame: length 70000, max 65536", _REMOTE
    ),
    "http2 unknown stream": Departure("httpcore.RemoteProtocolError", "on stream 9, which is not open", _REMOTE),
    "http2 answered in http1": Departure("httpcore.RemoteProtocolError", "HTTP/1 instead of HTTP/2", _REMOTE),
    "http2 garbage": Departure("httpcore.RemoteProtocolError", "did not begin with a SETTINGS frame", _REMOTE),
    "http2 connection field": Departure("httpcore.RemoteProtocolError", "connection-specific header", _FIELDS),
    "http2 no status": Departure("httpcore.RemoteProtocolError", "without ':status'", _FIELDS),
    "http2 upper case": Departure("httpcore.RemoteProtocolError", "invalid header name b'A'", _FIELDS),
    "http2 request body too long": Departure("httpcore.LocalProtocolError", "Too much data for", _REQUEST),
    "http2 request body too short": Departure("httpcore.LocalProtocolError", "Too little data for", _REQUEST),
    "http2 request header name": Departure("httpcore.LocalProtocolError", "Illegal header name b'a b'", _REQUEST),
    "http2 request header value": Departure("httpcore.LocalProtocolError", "Illegal value of header b'a'", _REQUEST),
    "http2 write timeout": Departure(
        "httpcore.WriteTimeout", "timed out", "A timeout has the name of what was waited for."
    ),
    # Proxies.
    "proxy disconnects": Departure("httpcore.ProxyError", None, _PROXY),
    "proxy garbage": Departure("httpcore.ProxyError", None, _PROXY),
    "proxy resets": Departure("httpcore.ProxyError", None, _PROXY),
    "proxy silent": Departure("httpcore.ConnectTimeout", None, _LIMIT),
    "socks silent": Departure("httpcore.ConnectTimeout", "timed out", _LIMIT),
    "socks resets": Departure("httpcore.ProxyError", None, _PROXY),
    "socks bad reply": Departure("httpcore.ProxyError", None, _PROXY),
    "socks http": Departure("httpcore.ProxyError", None, _PROXY),
    "socks version 4": Departure("httpcore.ProxyError", None, _PROXY),
    **{
        f"socks {when}": Departure("httpcore.ProxyError", "Proxy closed the connection", _PROXY)
        for when in ("disconnects", "disconnects after the greeting", "short reply")
    },
    **{
        f"socks reply {code}": Departure("httpcore.ProxyError", f"Unknown reply 0x{code:02X}", _PROXY)
        for code in (9, 255)
    },
    "socks no credentials wanted": Departure(
        "httpcore.ProxyError", "Proxy closed the connection", "A proxy may do without the credentials that are given."
    ),
}

# Missing causes of 1.0.9, apart from errors of other libraries.
MISSING_CAUSES = {
    "tls client certificate missing": "The alert that the server sent is told instead of the reset behind it.",
}
