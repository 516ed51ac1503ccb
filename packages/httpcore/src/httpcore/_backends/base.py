"""Where 1.0 kept the network interfaces; see `httpcore_models.network`."""

from httpcore_models.network import SOCKET_OPTION as SOCKET_OPTION
from httpcore_models.network import AsyncNetworkBackend as AsyncNetworkBackend
from httpcore_models.network import AsyncNetworkStream as AsyncNetworkStream
from httpcore_models.network import NetworkBackend as NetworkBackend
from httpcore_models.network import NetworkStream as NetworkStream
