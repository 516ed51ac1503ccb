"""What pools and connections connect by unless they are given a backend."""

from httpcore_models import AsyncNetworkBackend, network
from httpcore_models.network import SyncBackend as SyncBackend


class AutoBackend(network.AutoBackend):
    """Connects by the backends that stand in `_backends.anyio` and `_backends.trio` when it first does.

    Programs put others in their place, which refuse some hosts, or all of them in tests.
    """

    def _backend_of(self, library: str) -> AsyncNetworkBackend:
        if library == "trio":
            from ._backends.trio import TrioBackend

            return TrioBackend()
        from ._backends.anyio import AnyIOBackend

        return AnyIOBackend()
