"""Telling which extra to install for what is not there."""

import importlib.util


def require_http2() -> None:
    """Raise `ImportError` unless HTTP/2 is installed."""
    if importlib.util.find_spec("httpcore_h2") is None:
        raise ImportError("HTTP/2 needs the package 'httpcore-h2'. Use 'pip install httpcore[http2]'.")


def require_proxy() -> None:
    """Raise `ImportError` unless proxy support is installed."""
    if importlib.util.find_spec("httpcore_proxy") is None:
        raise ImportError("Proxies need the package 'httpcore-proxy'. Use 'pip install httpcore[socks]'.")
