"""The types of the request extensions, for type checkers and editors."""

from collections.abc import Callable, MutableMapping
from typing import Any, NoReturn, Protocol, TypeAlias, TypedDict

# Extensions of any kind, as requests and responses have them.
Extensions: TypeAlias = MutableMapping[str, Any]


# What the extension `observe` is: a plain function of an event's name and what there is to say about it.
Observer: TypeAlias = Callable[[str, dict[str, Any]], object]


class Timeouts(TypedDict, total=False):
    """The time limits of a request: seconds as a float, or `None` for no limit."""

    connect: float | None
    """For opening the connection: name resolution, TCP, TLS, and the negotiation with proxies."""
    read: float | None
    """For each wait for data of the response."""
    write: float | None
    """For each wait until data of the request is accepted."""
    pool: float | None
    """For the wait for a connection of the pool."""
    total: float | None
    """For the whole request, from the wait for a connection to the end of the response's body."""


class RequestExtensions(TypedDict, total=False):
    """What the extensions of a `Request` may hold: see there."""

    timeout: "Timeouts | _AnyValues | _OptionalValues"
    trace: Callable[[str, dict[str, Any]], Any] | None
    observe: Observer | None
    sni_hostname: str | bytes | None
    target: bytes | str
    protocol: bytes


# A program's own dicts, as far as a type checker can tell them from a literal with a wrong key, which gets a type such
# as `dict[str, float]`: only values of the type `Any` pass for `NoReturn`, and few dicts accept any object or `None`.


class _ObjectValues(Protocol):
    def setdefault(self, key: str, default: object, /) -> object: ...


class _OptionalValues(Protocol):
    def setdefault(self, key: str, default: None, /) -> object: ...


_AnyValues: TypeAlias = MutableMapping[str, NoReturn] | _ObjectValues

# What `Request` accepts: `RequestExtensions`, or a dict whose values have the type `Any` or `object`.
RequestExtensionTypes: TypeAlias = RequestExtensions | _AnyValues
