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


def in_flight_of(core: Any) -> int:
    """Return how many bytes were sent and not acknowledged, as far as it is known, while a request is not over.

    What else may be in flight are frames of the connection, such as those that allow a download to go on.
    """
    size: int = 0 if core is None or not core.active_local_streams[0] else core.bytes_in_flight
    return size
