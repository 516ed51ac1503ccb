"""What the package offers if h2 is not installed: stand-ins for the classes that need it, and a clear error."""

from typing import Any

# A vendored copy has no extras.
_IS_VENDORED = __package__ != "httpcore_h2"
_HINT = f"{__package__} needs the package h2." if _IS_VENDORED else "Use 'pip install httpcore[http2]'."


def require_h2() -> None:
    """Raise `ModuleNotFoundError`, naming the extra to install, unless h2 and its dependencies are installed."""
    try:
        import h2.connection  # noqa: F401
    except ModuleNotFoundError as exc:
        raise ModuleNotFoundError(f"{exc.msg}. {_HINT}", name=exc.name, path=exc.path) from exc


def _refuse(self: object, *args: Any, **kwargs: Any) -> None:
    raise RuntimeError(f"Attempted to use http2 support, but the `h2` package is not installed. {_HINT}")


#: Stand-ins by name: classes that can be imported, but not instantiated.
STAND_INS: dict[str, type] = {
    name: type(name, (), {"__init__": _refuse})
    for name in ("AsyncHTTP2Connection", "AsyncTunnelStream", "HTTP2Connection", "TunnelStream")
}
