"""Where 1.0 kept the network on anyio; see `httpcore_models.network`."""

from httpcore_models.network import AnyIOBackend as AnyIOBackend
from httpcore_models.network import AnyIOStreamWrapper

AnyIOStream = AnyIOStreamWrapper
