"""`sleep()` of a network backend that does not define its own, as in httpcore 1.0."""

import time


def sleep(seconds: float) -> None:
    """Block this thread for `seconds`."""
    time.sleep(seconds)


async def async_sleep(seconds: float) -> None:
    """Raise `NotImplementedError`: a user's backend may run on an async library that is not known here."""
    raise NotImplementedError
