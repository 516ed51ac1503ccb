"""Concurrency primitives in pairs: each class or function for tasks has a twin for threads with the same methods.

Only this package and `httpcore_models.network` tell asyncio and trio apart. Code that every request runs uses the event
loop's own futures. Other code uses anyio on asyncio, and trio directly.
"""

from ._cancellation import TEARDOWN_TIMEOUT as TEARDOWN_TIMEOUT
from ._cancellation import AsyncCancellableCall as AsyncCancellableCall
from ._cancellation import AsyncShield as AsyncShield
from ._cancellation import CancellableCall as CancellableCall
from ._cancellation import Shield as Shield
from ._cancellation import async_checkpoint_if_cancelled as async_checkpoint_if_cancelled
from ._event_loops import AsyncLoopAffinity as AsyncLoopAffinity
from ._event_loops import LoopAffinity as LoopAffinity
from ._event_loops import async_event_loop_handle as async_event_loop_handle
from ._event_loops import call_soon_threadsafe as call_soon_threadsafe
from ._event_loops import current_event_loop as current_event_loop
from ._events import CLOCK_RESOLUTION as CLOCK_RESOLUTION
from ._events import AsyncEvent as AsyncEvent
from ._events import Event as Event
from ._fork_count import ForkCount as ForkCount
from ._fork_count import forks as forks
from ._fork_locks import ForkLock as ForkLock
from ._imports import importing as importing
from ._libraries import anyio_or_trio as anyio_or_trio
from ._libraries import current_async_library as current_async_library
from ._libraries import require_async_library as require_async_library
from ._locks import AsyncLock as AsyncLock
from ._locks import Lock as Lock
