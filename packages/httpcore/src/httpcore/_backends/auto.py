"""Where 1.0 kept the backend that chooses by itself; see `httpcore_models.network`."""

from httpcore_models.network import AutoBackend as AutoBackend
