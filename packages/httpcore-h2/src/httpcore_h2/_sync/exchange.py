# Generated from ../_async/exchange.py by tools/make_sync.py: edit that file, then run it.
"""What belongs to one request while it is on its way."""

from typing import Any

from httpcore_models import Lease, Request
from httpcore_models.lowlevel import Tracer

from .._events import Event
from .._streams import Stream


class Exchange:
    """A request, its stream, and who listens to its events."""

    __slots__ = (
        "dropped",
        "holders",
        "info",
        "is_tunnel",
        "lease",
        "read_timeout",
        "request",
        "sent",
        "stream",
        "taken",
        "tracer",
        "write_error",
        "write_timeout",
    )

    def __init__(self, request: Request, tracer: Tracer | None) -> None:
        self.request: Request = request
        self.tracer: Tracer | None = tracer
        self.stream: Stream | None = None
        # Bytes of the body since it was last looked whether the server has answered.
        self.sent: int = 0
        self.is_tunnel: bool = False
        # How many objects stand for it that the user may drop: the body, and the stream of a tunnel; and the lease that
        # a dropped body has left to the latter.
        self.holders: int = 1
        # Whether it ended since nobody would read on, without waiting until the server was told.
        self.dropped: bool = False
        self.lease: Lease | None = None
        # What was taken from the engine and not handed on yet, since its reader was interrupted in between.
        self.taken: Event | None = None
        # What the trace says of each phase.
        self.info: dict[str, Any] = {}
        # What a write on its behalf has ended with.
        self.write_error: BaseException | None = None
        timeouts = request.extensions.get("timeout", {})
        self.read_timeout: float | None = timeouts.get("read")
        self.write_timeout: float | None = timeouts.get("write")

    def opened(self, stream: Stream) -> None:
        """The request has got a stream."""
        self.stream = stream
        self.info = {"request": self.request, "stream_id": stream.id}
