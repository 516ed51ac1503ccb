"""The types of resolvers: what finds the addresses of a host in the place of the system's resolver."""

from collections.abc import Awaitable, Callable, Sequence

# (host, port) -> IP addresses. A zone stands behind the address, as in "fe80::1%eth0".
Resolver = Callable[[str, int], Sequence[str]]

# As above, in a coroutine; or without one, if the answer is there at once.
AsyncResolver = Callable[[str, int], Awaitable[Sequence[str]] | Sequence[str]]


class Memory:
    """What a resolver inherits from that may know an answer without asking. No thread is started for that."""

    def remembered(self, host: str, port: int) -> Sequence[str] | None:
        """Return the addresses of `host` if they are known, otherwise `None`."""
        raise NotImplementedError
