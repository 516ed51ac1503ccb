"""Where 1.0 kept the readability probe; see `httpcore_models.network`."""

from httpcore_models.network import is_socket_readable as is_socket_readable
