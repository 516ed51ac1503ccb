"""The package for HTTP/3, which is optional."""

from types import ModuleType


def require_h3() -> ModuleType:
    """Import and return `httpcore_h3`. Raises `ModuleNotFoundError`, naming the extra to install, if it is missing."""
    try:
        import httpcore_h3
    except ModuleNotFoundError as exc:
        hint = "To use HTTP/3, install it with `pip install httpcore[http3]`"
        raise ModuleNotFoundError(f"{exc.msg}. {hint}", name=exc.name, path=exc.path) from exc
    return httpcore_h3  # type: ignore[no-any-return,unused-ignore]
