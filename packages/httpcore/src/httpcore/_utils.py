"""Alias of 1.0's module path: the readability probe is in `httpcore_models.network`."""

from httpcore_models.network import is_socket_readable as is_socket_readable
