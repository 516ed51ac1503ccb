"""What sync and async tracers share: the call of the callback, and the text of a debug log line."""

import inspect
from collections.abc import Callable
from typing import Any

from ._request import Request

# The values of these fields give access to accounts or sessions. RFC 9110 section 17.16 warns against logging them.
_SENSITIVE_HEADERS = {
    b"authentication-info",
    b"authorization",
    b"cookie",
    b"proxy-authenticate",
    b"proxy-authentication-info",
    b"proxy-authorization",
    b"set-cookie",
    b"www-authenticate",
    b"x-api-key",
}
_HIDDEN = b"[secure]"


def redacted(value: Any) -> Any:
    """Return `value`, a list of header pairs or a tuple that may contain such, with sensitive header values hidden."""
    if isinstance(value, tuple):
        return tuple(redacted(item) for item in value)
    if isinstance(value, list):
        return [_redacted_pair(item) for item in value]
    return value


def _redacted_pair(item: Any) -> Any:
    is_header = isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], bytes)
    return (item[0], _HIDDEN) if is_header and item[0].lower() in _SENSITIVE_HEADERS else item


def describe(event: str, info: dict[str, Any]) -> str:
    """Return the debug log line of an event. A `return_value` of `None` is left out."""
    details = [f"{key}={_shown(value)}" for key, value in info.items() if not (key == "return_value" and value is None)]
    return " ".join((event, *details))


def _shown(value: Any) -> str:
    if isinstance(value, Request):
        # As in httpcore 1.0: programs parse these lines, and a URL tells more than a log may have to keep.
        return f"<{type(value).__name__} [{value.method!r}]>"
    return repr(redacted(value))


def call_trace(callback: Callable[[str, dict[str, Any]], Any], event: str, info: dict[str, Any]) -> None:
    """Call a trace callback from sync code. Raises `TypeError` if it is async."""
    outcome = callback(event, info)
    if inspect.iscoroutine(outcome):
        outcome.close()
        raise TypeError(
            "If you are using a synchronous interface, the callback of the `trace` extension should be "
            "a normal function instead of an asynchronous function."
        )


async def async_call_trace(callback: Callable[[str, dict[str, Any]], Any], event: str, info: dict[str, Any]) -> None:
    """Call a trace callback from async code. Raises `TypeError` if it is sync."""
    outcome = callback(event, info)
    if not inspect.isawaitable(outcome):
        raise TypeError(
            "If you're using an asynchronous interface, the callback of the `trace` extension should be "
            "an asynchronous function rather than a normal function."
        )
    await outcome
