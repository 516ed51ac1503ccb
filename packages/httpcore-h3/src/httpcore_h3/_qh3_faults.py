"""What qh3 raises, as exceptions of `httpcore_models`."""

from collections.abc import Callable
from typing import Any

from httpcore_models.lowlevel import Retryable
from qh3 import QuicConnectionError
from qh3.h3 import connection as qh3_connection

from ._codes import Code, ConnectionFault

# With `Any`, since qh3 has no types for the compression of fields.
qh3_qpack: Any = qh3_connection

# What qh3 raises on input that it does not expect, and in states in which it does not expect a call. Its own
# exceptions have no common base class. An exception of a signal handler is most likely none of these.
FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    QuicConnectionError,
    qh3_qpack.DecoderStreamError,
    qh3_qpack.DecompressionFailed,
    qh3_qpack.EncoderStreamError,
    qh3_qpack.HeaderTooLarge,
    qh3_qpack.StreamBlocked,
)


def is_fault(exc: BaseException) -> bool:
    """Whether `exc` comes out of qh3. The panics of Rust code have a class that cannot be imported."""
    return isinstance(exc, FAULTS) or type(exc).__name__ == "PanicException"


def fault(exc: BaseException, retryable: Retryable | None = None) -> ConnectionFault:
    """Return what to raise for an exception that comes out of qh3. `retryable`: see `ConnectionFault`."""
    return ConnectionFault(f"{type(exc).__name__}: {exc}", Code.INTERNAL_ERROR, retryable)


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function of qh3 returns. Raises `ConnectionFault` if it fails."""
    try:
        return function(*arguments)
    except BaseException as exc:
        if not is_fault(exc):
            raise
        raise fault(exc) from exc
