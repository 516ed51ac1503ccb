"""How the fact files write types, failures and addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any


def hide_addresses(text: str) -> str:
    return re.sub(r"0x[0-9a-fA-F]+", "0x~", text)


def qualified_name(cls: type) -> str:
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def request_without_url(request: Any) -> str:
    """The repr of a request without the URL, which 1.0.9 did not show."""
    return re.sub(r"""(, (?:'.*'|".*"))?]>$""", "]>", repr(request))


def failure(error: BaseException) -> dict[str, str]:
    return {"raises": qualified_name(type(error)), "message": hide_addresses(str(error))}


def result_or_failure(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        return failure(error)
