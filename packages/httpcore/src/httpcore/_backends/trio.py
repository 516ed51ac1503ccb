"""Where 1.0 kept the network on trio; see `httpcore_models.network`."""

from httpcore_models.network import TrioBackend as TrioBackend
from httpcore_models.network import TrioStreamWrapper

TrioStream = TrioStreamWrapper
