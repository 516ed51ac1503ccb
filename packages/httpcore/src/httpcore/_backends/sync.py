"""Where 1.0 kept the network for threads; see `httpcore_models.network`."""

from httpcore_models.network import SyncBackend as SyncBackend
from httpcore_models.network import SyncStream as SyncStream
