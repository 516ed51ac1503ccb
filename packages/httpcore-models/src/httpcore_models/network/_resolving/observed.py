"""What observers are told about names that are resolved."""

from ..._observing import OBSERVER, ObservedPhase


def observed_resolution(host: str, port: int) -> ObservedPhase:
    """Return the phase in which a resolver looks for the addresses of `host`, which is a name. They are its result."""
    return ObservedPhase(OBSERVER.get(), "connect.resolve", {"host": host, "port": port})
