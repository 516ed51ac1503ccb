"""What observers are told about addresses that are tried."""

from ..._observing import OBSERVER, ObservedPhase
from .._resolving.system import Address, address_text


def observed_attempt(address: Address) -> ObservedPhase:
    """Return the phase in which one address of a host is tried."""
    observer = OBSERVER.get()
    info = {} if observer is None else {"address": address_text(address), "port": address.sockaddr[1]}
    return ObservedPhase(observer, "connect.attempt", info)
