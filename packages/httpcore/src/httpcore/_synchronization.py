"""Where 1.0 kept locks and events; see `httpcore_models.concurrency`."""

from httpcore_models.concurrency import AsyncEvent as AsyncEvent
from httpcore_models.concurrency import AsyncLock as AsyncLock
from httpcore_models.concurrency import Event as Event
from httpcore_models.concurrency import Lock as Lock
from httpcore_models.concurrency import current_async_library as current_async_library
