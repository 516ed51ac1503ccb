"""The network backends that pools and connections use unless they are given one."""

import importlib

from httpcore_models import AsyncNetworkBackend, network
from httpcore_models.concurrency import importing
from httpcore_models.network import SyncBackend as SyncBackend


class AutoBackend(network.AutoBackend):
    """Connects with the classes that `_backends.anyio` and `_backends.trio` hold when it connects first.

    Programs replace these, with backends that refuse some hosts or, in tests, all of them.
    """

    def _backend_of(self, library: str) -> AsyncNetworkBackend:
        module, name = ("trio", "TrioBackend") if library == "trio" else ("anyio", "AnyIOBackend")
        with importing.lock:
            found = importlib.import_module(f"{__package__}._backends.{module}")
        backend: AsyncNetworkBackend = getattr(found, name)()
        return backend
