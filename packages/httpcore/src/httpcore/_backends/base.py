"""Alias of 1.0's module path: the interfaces of the network are in `httpcore_models.network`."""

from httpcore_models.network import SOCKET_OPTION as SOCKET_OPTION
from httpcore_models.network import AsyncNetworkBackend as AsyncNetworkBackend
from httpcore_models.network import AsyncNetworkStream as AsyncNetworkStream
from httpcore_models.network import NetworkBackend as NetworkBackend
from httpcore_models.network import NetworkStream as NetworkStream
