"""Errors of connecting that are final: a further attempt would fail in the same way."""

from typing import TypeVar

_E = TypeVar("_E", bound=BaseException)


def final(exc: _E) -> _E:
    """Mark `exc`, and return it: no attempt to connect follows, whatever the `retries` of a connection."""
    exc.__final__ = True  # type: ignore[attr-defined]
    return exc


def is_final(exc: BaseException) -> bool:
    """Whether `exc` is marked so."""
    # Not that of its class: `typing.final()` sets an attribute of this name, too.
    return vars(exc).get("__final__", False) is True
