"""What the server's streams do to requests and to the connection (RFC 9114 sections 4, 6 and 7)."""

from httpcore_models import ReadError, RemoteProtocolError
from httpcore_models.lowlevel import Retryable
from httpcore_models.multiplexing import Failure, FieldSection, SectionTranslator

from . import _frames as frames
from ._codes import Code, ConnectionFault, code_text
from ._connection_state import MAX_UNREAD, MOST_UNREAD, ConnectionState
from ._control import ServerStreams, Settings, encode_own_streams
from ._frames import RESERVED
from ._stream import Stream

# Blocks that were received before are not decoded again, since equal ones mean the same: they are this many at most, of
# this many bytes each.
_MAX_BLOCKS, _MAX_BLOCK = 32, 1024

# TLS alerts are among the errors of QUIC with these codes (RFC 9001 section 4.8). The last one says that the server
# requires a client certificate; it comes when the handshake is over for the client.
_TLS_ALERTS = range(0x100, 0x200)
_CERTIFICATE_REQUIRED = 0x100 + 116

# What qh3 reports when nothing has arrived for as long as the two sides agreed.
_IDLE_TIMEOUT = "Idle timeout"


class Receiving:
    """Takes in what QUIC has received. It is the `QUICHandler`, and the `ConnectionHandler`, of an engine."""

    def __init__(self) -> None:
        self._connection: ConnectionState
        self._server_streams = ServerStreams(self)
        self._translator = SectionTranslator()
        self._blocks: dict[bytes, FieldSection] = {}

    def attach(self, connection: ConnectionState) -> None:
        """Set the connection. It is made with this object, so it comes later."""
        self._connection = connection

    # The connection.

    def handshake_completed(self) -> None:
        """See `QUICHandler`. Our settings leave with the next datagram."""
        connection = self._connection
        quic = connection.quic
        connection.first_limit = connection.limit = quic.stream_limit
        for data in encode_own_streams():
            quic.send(quic.next_unidirectional_id(), data)
        connection.handshake_done = connection.output_urgent = True

    def terminated(self, code: int, frame_type: int | None, reason: str) -> None:
        """See `QUICHandler`."""
        connection = self._connection
        text = f": {reason}" if reason else ""
        if frame_type is not None and reason == _IDLE_TIMEOUT:
            message = "The connection was closed because nothing arrived for as long as both sides allow (idle timeout)"
            connection.fail(Failure(message, kind=ReadError), disconnected=True)
        elif frame_type is not None and code in _TLS_ALERTS:
            # A server that refuses the client has not processed its requests.
            connection.wants_fallback = connection.wants_fallback or code == _CERTIFICATE_REQUIRED
            connection.fail(Failure(f"TLS alert {code - 0x100}{text}", Retryable.ANY, ReadError))
        elif frame_type is not None:
            connection.fail(Failure(f"QUIC error 0x{code:x}{text}", kind=RemoteProtocolError), disconnected=True)
        else:
            unprocessed = None
            if code == Code.VERSION_FALLBACK:
                connection.wants_fallback, unprocessed = True, Retryable.ANY
            ended = "" if code == Code.NO_ERROR and not reason else f" ({code_text(code)}{text})"
            connection.fail(Failure(f"Server disconnected{ended}", unprocessed), disconnected=True)

    def settings_received(self, settings: Settings) -> None:
        """See `ConnectionHandler`."""
        self._connection.max_section_size = settings.max_section_size
        # It was not compared with that.
        self._connection.last_head = None

    def goaway_received(self, stream_id: int) -> None:
        """See `ConnectionHandler`: requests from this stream on were not processed (RFC 9114 section 5.2)."""
        connection = self._connection
        if stream_id % 4:
            raise ConnectionFault("Received a GOAWAY frame with the identifier of no request", Code.ID_ERROR)
        if connection.goaway is not None and stream_id > connection.goaway:
            raise ConnectionFault("Received a GOAWAY frame that takes back an earlier one", Code.ID_ERROR)
        connection.goaway = stream_id
        message = f"The server shuts the connection down (GOAWAY, first stream not processed: {stream_id})"
        connection.retire(message)
        unprocessed = Retryable.AFTER_SHUTDOWN if stream_id else Retryable.ANY
        for stream in connection.streams.values():
            if stream.id >= stream_id:
                connection.cut_off(stream, Failure(message, unprocessed))

    def refuse_stream(self, stream_id: int, code: int) -> None:
        """See `ConnectionHandler`."""
        self._connection.quic.stop(stream_id, code)

    # Streams.

    def stream_data_received(self, stream_id: int, data: bytes, end: bool) -> None:
        """See `QUICHandler`."""
        connection = self._connection
        stream = connection.streams.get(stream_id)
        if stream is None:
            if stream_id & 3:
                self._server_streams.receive(stream_id, data, end)
            return
        if stream.failure is not None or stream.remote_end:
            return
        connection.touched[stream] = None
        try:
            if data:
                for frame_type, payload in stream.reader.receive(data):
                    if frame_type == frames.DATA:
                        self._body_received(stream, payload)
                    else:
                        self._frame_received(stream, frame_type, payload)
                    if stream.failure is not None:
                        return
            if end:
                if not stream.reader.is_between_frames:
                    raise ConnectionFault("A stream has ended within a frame", Code.FRAME_ERROR)
                stream.receive_end()
        except ConnectionFault:
            raise
        except RemoteProtocolError as exc:
            self._fault(stream, str(exc))

    def _frame_received(self, stream: Stream, frame_type: int, payload: bytes) -> None:
        if frame_type == frames.HEADERS:
            if stream.trailed:
                raise ConnectionFault("Received header fields after trailers", Code.FRAME_UNEXPECTED)
            stream.receive_section(self._section(payload))
            if stream.status is not None:
                self._connection.any_response = True
        elif frame_type == frames.PUSH_PROMISE:
            raise ConnectionFault("Received pushed stream although push is disabled", Code.ID_ERROR)
        else:
            kind = "of HTTP/2 " if frame_type in RESERVED else ""
            text = f"Received a frame {kind}of type {frame_type} on the stream of a request"
            raise ConnectionFault(text, Code.FRAME_UNEXPECTED)

    def _body_received(self, stream: Stream, data: bytes) -> None:
        if stream.status is None or stream.trailed:
            place = "before the head" if stream.status is None else "after the trailers"
            raise ConnectionFault(f"Received a part of a body {place} of its response", Code.FRAME_UNEXPECTED)
        stream.expect_body(len(data))
        stream.add_body(data)
        stream.unread += len(data)
        if stream.unread > MAX_UNREAD:
            self._check_unread(stream)

    def _check_unread(self, stream: Stream) -> None:
        """See what follows from much that is unread."""
        connection = self._connection
        connection.note_unread(stream, 0)
        if stream.unread > MOST_UNREAD:
            connection.abandon(stream)
            size = stream.unread
            stream.events.clear()
            connection.note_unread(stream, -size)
            text = f"{size} bytes of the response were not read, and HTTP/3 cannot make the server wait"
            stream.failure = Failure(text, kind=ReadError)

    def _section(self, block: bytes) -> FieldSection:
        section = self._blocks.get(block)
        if section is None:
            section = self._translator.field_section(self._connection.decoder.decode(block))
            if len(block) <= _MAX_BLOCK:
                if len(self._blocks) >= _MAX_BLOCKS:
                    self._blocks.clear()
                self._blocks[block] = section
        return section

    def _fault(self, stream: Stream, message: str, code: int = Code.MESSAGE_ERROR) -> None:
        """End a stream on which the server broke the protocol (RFC 9114 section 4.1.2)."""
        stream.response_begun = True
        stream.failure = stream.failure or Failure(message)
        self._connection.abandon(stream, code)

    def stream_reset_received(self, stream_id: int, code: int) -> None:
        """See `QUICHandler`."""
        connection = self._connection
        stream = connection.streams.get(stream_id)
        if stream is None:
            if stream_id & 3:
                self._server_streams.ended(stream_id)
            return
        if stream.remote_end or stream.failure is not None:
            return
        connection.touched[stream] = None
        unprocessed = code in (Code.REQUEST_REJECTED, Code.VERSION_FALLBACK) and not stream.response_begun
        if code == Code.VERSION_FALLBACK:
            connection.wants_fallback = True
            connection.retire("The server asks for another version of HTTP")
        message = f"<StreamReset stream_id:{stream_id}, error_code:{code_text(code)}, remote_reset:True>"
        if unprocessed and code == Code.REQUEST_REJECTED:
            message = "the server refused the stream (REQUEST_REJECTED)"
        stream.failure = Failure(message, Retryable.ANY if unprocessed else None)
        connection.abandon(stream, Code.REQUEST_CANCELLED)

    def stop_sending_received(self, stream_id: int, code: int) -> None:
        """See `QUICHandler`. The response may still come (RFC 9114 section 4.1)."""
        stream = self._connection.streams.get(stream_id)
        if stream is not None:
            stream.was_reset = True
            self._connection.touched[stream] = None
