"""Where 1.0 kept the mocks; see `httpcore_models.network`."""

from httpcore_models.network import AsyncMockBackend as AsyncMockBackend
from httpcore_models.network import AsyncMockStream as AsyncMockStream
from httpcore_models.network import MockBackend as MockBackend
from httpcore_models.network import MockStream as MockStream
