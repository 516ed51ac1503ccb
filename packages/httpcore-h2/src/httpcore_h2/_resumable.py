"""Which exceptions end a read or write without losing anything."""

from httpcore_models import ReadTimeout, WriteTimeout

# What ends the wait of a task or of a green thread and does nothing else: by its class and the top of its module.
_CANCELLATIONS = {
    ("asyncio", "CancelledError"),
    ("trio", "Cancelled"),
    ("eventlet", "Timeout"),
    ("gevent", "Timeout"),
    ("greenlet", "GreenletExit"),
}


def is_resumable(exc: BaseException) -> bool:
    """Whether a read or write that ended with `exc` has lost nothing, as at a timeout or a cancellation.

    Any other exception comes from a signal handler, at any point.
    """
    if isinstance(exc, (ReadTimeout, WriteTimeout)):
        return True
    kinds = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(exc).__mro__}
    return not kinds.isdisjoint(_CANCELLATIONS)
