"""One request and its response, as far as they can be looked at alone (RFC 9114 section 4.1)."""

from httpcore_models import RemoteProtocolError
from httpcore_models.multiplexing import FieldSection, MessageStream, RequestHead, Trailers

from ._frames import FrameReader


class Stream(MessageStream):
    """One request and its response, with what has arrived of a frame.

    `was_reset` says that the server wants nothing more of the request, or that the stream was ended here.
    """

    __slots__ = ("reader", "trailed", "unread")

    def __init__(self, head: RequestHead) -> None:
        super().__init__(head)
        self.reader: FrameReader = FrameReader()
        #: How many bytes of the response have arrived and were not read.
        self.unread: int = 0
        #: Whether the trailers have arrived: nothing may follow them.
        self.trailed: bool = False

    @property
    def is_over(self) -> bool:
        """Whether both sides have ended the stream."""
        return self.remote_end and (self.local_end or self.was_reset)

    def receive_section(self, section: FieldSection) -> None:
        """Take a head or the trailers. Raises `RemoteProtocolError` if they are not allowed here."""
        if self.status is None:
            if section.status == 101:
                raise RemoteProtocolError("Received a response with the status 101, which HTTP/3 does not have")
            self.receive_fields(section, end=False)
            return
        if section.status is not None:
            raise RemoteProtocolError("Received ':status' in the middle of a response")
        self.trailed = True
        self.events.append(Trailers(section.headers.copy()))

    def receive_end(self) -> None:
        """Take the end of the response. Raises `RemoteProtocolError` if it comes too early."""
        if self.status is None:
            raise RemoteProtocolError("Received the end of a stream before a final response")
        super().receive_end()

    def take_body(self) -> bytes | None:
        """See `MessageStream`."""
        body = super().take_body()
        if body is not None:
            self.unread = 0
        return body
