"""What is kept of an event: plain values, so that a record holds no connection, request or traceback alive."""

import re
from dataclasses import dataclass
from typing import Any

from ._redaction import redacted_url

_PLAIN = (str, int, float, bool, type(None))
_MOST_CAUSES = 5
_HEADS = ("receive_response_headers.complete", "receive_informational_response.complete")
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True)
class RecordedError:
    """What is kept of an exception. The exception itself would keep its traceback, and all that this refers to.

    * `type`: the full name of its class, such as `"httpcore.ReadTimeout"` or `"TimeoutError"`.
    * `message`: its text.
    * `cause`: what led to it, if it says so.
    """

    type: str
    message: str
    cause: "RecordedError | None" = None

    @property
    def name(self) -> str:
        """The name of its class, without the module."""
        return self.type.rpartition(".")[2]

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" if self.message else self.name


def recorded_error(exception: BaseException, depth: int = 0) -> RecordedError:
    """Return what is kept of `exception`."""
    cls = type(exception)
    name = cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    before = exception.__cause__
    cause = None if before is None or depth == _MOST_CAUSES else recorded_error(before, depth + 1)
    try:
        message = str(exception)
    except Exception:  # a class of somebody else
        message = ""
    return RecordedError(name, message, cause)


def compact(name: str, info: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of the information of an event, whose name is without the protocol."""
    kept: dict[str, Any] = {}
    for key, value in info.items():
        if key == "return_value":
            if name in _HEADS:
                kept["status"] = response_head(value)[0]
        elif key == "request":
            if name == "send_request_headers.started":
                kept["method"] = text(value.method)
        elif key == "proxy":
            kept[key] = redacted_url(str(value))
        elif isinstance(value, _PLAIN):
            kept[key] = value
        elif isinstance(value, BaseException):
            kept[key] = recorded_error(value)
        elif key == "connection":
            kept["connection_id"] = value.id
        elif key == "addresses":
            kept[key] = [str(address) for address in value]
    return kept


def response_head(value: Any) -> tuple[int, bytes | None, list[tuple[bytes, bytes]]]:
    """Return status, reason and headers from the value of an event. Only HTTP/1.1 has a version and a reason."""
    if len(value) == 4:
        _, status, reason, headers = value
        return status, reason, headers
    status, headers = value
    return status, None, headers


def text(value: Any) -> str:
    """Return `value`, text or bytes, as text. Whoever gets something else refuses it."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def url_text(url: Any) -> str:
    """Return a `URL`, or bytes or text, as text."""
    if not hasattr(url, "target"):
        return text(url)
    target = text(url.target)
    if _ABSOLUTE.match(target):
        return target  # as proxies get it
    scheme, host = text(url.scheme), text(url.host)
    port = "" if url.port is None or url.port == _DEFAULT_PORTS.get(scheme) else f":{url.port}"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}{port}{_path(target)}"


def _path(target: str) -> str:
    """Return a target as the end of a URL. That of `OPTIONS *` is empty (RFC 9110, section 7.1)."""
    if target[:1] in ("/", "?", ""):
        return target
    return "" if target == "*" else f"/{target}"
