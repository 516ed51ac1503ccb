"""What a connection of qh3 tells about itself and its peer. Not all releases do."""

import contextlib
import math
from typing import Any

from ._qh3_faults import FAULTS


def cipher_of(quic: Any) -> str | None:
    """Return the name of the cipher suite, if it is known."""
    with contextlib.suppress(*FAULTS):
        suite = quic.get_cipher()
        return None if suite is None else f"TLS_{suite.name}"
    return None


def peer_certificate_of(quic: Any) -> bytes | None:
    """Return the certificate of the server in DER, if it is known."""
    with contextlib.suppress(*FAULTS):
        certificate = quic.get_peercert()
        return None if certificate is None else bytes(certificate.public_bytes())
    return None


def idle_timeout_of_server(quic: Any) -> float:
    """Return how many seconds of silence the server allows, if it has a limit and the release of qh3 tells."""
    parameters = getattr(quic, "_applied_transport_parameters", None)
    milliseconds: int | None = getattr(parameters, "max_idle_timeout", None)
    return milliseconds / 1000 if milliseconds else math.inf


def is_under_way(core: Any, pending: bool) -> bool:
    """Whether the server may lack something of a request, as far as it is known. `pending`: something is to be sent.

    What was lost is not in flight any more until it is sent again. While no request is open, frames of the connection
    may be in flight, such as those that allow a download to go on.
    """
    return core is not None and core.active_local_streams[0] > 0 and (pending or core.bytes_in_flight > 0)
