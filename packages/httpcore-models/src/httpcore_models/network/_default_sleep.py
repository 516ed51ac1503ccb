"""What base classes of the network do where a user's own class says nothing, as in httpcore 1.0.9."""

import time


def sleep(seconds: float) -> None:
    """Block this thread for `seconds`."""
    time.sleep(seconds)


async def async_sleep(seconds: float) -> None:
    """Raise `NotImplementedError`: a backend that does not say so may run on any async library."""
    raise NotImplementedError
