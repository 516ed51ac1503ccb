"""What concerns a connection as a whole: preface, SETTINGS, PING and GOAWAY. h2 handles all of these.

h2 sees no frame of a stream: passing them through it would cost several times as much, and an error of one stream would
end the connection.
"""

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import hpack
from httpcore_models import RemoteProtocolError

from ._events import ChangedSetting, RemoteSettingsChanged
from ._flow import MAX_FRAME_SIZE, STREAM_WINDOW
from ._frames import ACK, MAX_HEADER_LIST_SIZE, SETTINGS, Frame, build_frame

Code = h2.errors.ErrorCodes
_Setting = h2.settings.SettingCodes

# How many bytes of header fields we remember at most for compression; the default is 4096.
_MAX_HEADER_TABLE_SIZE = 64 * 1024

_SETTING_SIZE = 6
_KNOWN = frozenset(map(int, _Setting))

# How many settings a frame may hold, known or not; nghttp2 has the same limit.
_MAX_SETTINGS = 32

MAX_CONCURRENT_STREAMS = int(_Setting.MAX_CONCURRENT_STREAMS)


class ConnectionFault(RemoteProtocolError):
    """The server broke the protocol in a way that ends the connection (RFC 9113 section 5.4.1)."""

    def __init__(self, message: str, code: int = Code.PROTOCOL_ERROR) -> None:
        super().__init__(message)
        self.code = code


class Control:
    """The settings of both sides, and the frames that belong to no stream. Bytes that it returns are to be sent."""

    def __init__(self, config: h2.config.H2Configuration) -> None:
        self._h2 = h2.connection.H2Connection(config)
        self._h2.local_settings = h2.settings.Settings(
            client=True,
            initial_values={
                _Setting.ENABLE_PUSH: 0,
                _Setting.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
                _Setting.MAX_FRAME_SIZE: MAX_FRAME_SIZE,
                _Setting.MAX_HEADER_LIST_SIZE: MAX_HEADER_LIST_SIZE,
            },
        )
        # Only servers send this setting (RFC 8441 section 3), but h2 would send it for us.
        del self._h2.local_settings[_Setting.ENABLE_CONNECT_PROTOCOL]
        # h2 resizes the table of its encoder when a SETTINGS frame arrives; ours is resized before the next block.
        self.encoder: hpack.Encoder = hpack.Encoder()
        self._h2.encoder = _NoEncoder()  # type: ignore[assignment]
        self._h2.max_inbound_frame_size = MAX_FRAME_SIZE
        self._h2.decoder.max_header_list_size = MAX_HEADER_LIST_SIZE

    @property
    def decoder(self) -> hpack.Decoder:
        """The decoder of header fields, which follows our settings."""
        return self._h2.decoder

    @property
    def local_settings(self) -> h2.settings.Settings:
        """Our settings, as h2 has them."""
        return self._h2.local_settings

    @property
    def remote_settings(self) -> h2.settings.Settings:
        """The settings of the server, as h2 has them."""
        return self._h2.remote_settings

    @property
    def max_frame_size(self) -> int:
        """The longest payload of a frame that the server accepts, in bytes."""
        return self._h2.remote_settings.max_frame_size

    @property
    def header_table_size(self) -> int:
        """How many bytes of header fields both sides remember for compression."""
        # The server only offers to remember so much, and we have to remember the same.
        return min(self._h2.remote_settings.header_table_size, _MAX_HEADER_TABLE_SIZE)

    @property
    def initial_window(self) -> int:
        """How many bytes may be sent on a new stream."""
        return self._h2.remote_settings.initial_window_size

    @property
    def extended_connect(self) -> bool:
        """Whether the server accepts CONNECT requests with a `protocol` (RFC 8441 section 3)."""
        return bool(self._h2.remote_settings.get(_Setting.ENABLE_CONNECT_PROTOCOL))

    def start(self) -> bytes:
        """Return the preface and the settings (RFC 9113 section 3.4)."""
        self._h2.initiate_connection()
        return self._h2.data_to_send() or b""

    def ping(self) -> bytes:
        """Return a PING frame (RFC 9113 section 6.7)."""
        self._h2.ping(b"httpcore")
        return self._h2.data_to_send() or b""

    def goaway(self, code: int) -> bytes:
        """Return a GOAWAY frame (RFC 9113 section 6.8)."""
        self._h2.close_connection(code)
        return self._h2.data_to_send() or b""

    def receive(self, frame: Frame) -> tuple[bytes, list[RemoteSettingsChanged]]:
        """Take a SETTINGS or PING frame; return the answer and the changed settings. Raises `ConnectionFault`."""
        if frame.type == SETTINGS and not frame.flags & ACK:
            frame = _known_settings(frame)
        try:
            events = self._h2.receive_data(build_frame(*frame))
        except h2.exceptions.ProtocolError as exc:
            # h2 has prepared a GOAWAY, but sending it is up to the caller.
            self._h2.clear_outbound_data_buffer()
            raise ConnectionFault(str(exc) or type(exc).__name__, int(exc.error_code)) from exc
        changes = [
            RemoteSettingsChanged(
                {
                    int(code): ChangedSetting(int(code), change.original_value, change.new_value)
                    for code, change in event.changed_settings.items()
                }
            )
            for event in events
            if isinstance(event, h2.events.RemoteSettingsChanged)
        ]
        return self._h2.data_to_send() or b"", changes


def _known_settings(frame: Frame) -> Frame:
    """Return the frame without unknown settings: they mean nothing, but h2 would store all of them."""
    payload = frame.payload
    if len(payload) > _SETTING_SIZE * _MAX_SETTINGS:
        text = f"Received {len(payload) // _SETTING_SIZE} settings in a frame; {_MAX_SETTINGS} are allowed"
        raise ConnectionFault(text, Code.ENHANCE_YOUR_CALM)
    settings = [payload[start : start + _SETTING_SIZE] for start in range(0, len(payload), _SETTING_SIZE)]
    # h2 refuses a frame with an incomplete setting at its end.
    known = [each for each in settings if len(each) < _SETTING_SIZE or int.from_bytes(each[:2], "big") in _KNOWN]
    return frame._replace(payload=b"".join(known))


class _NoEncoder:
    """Replaces h2's encoder, which is never used, because its changes of size would accumulate."""

    header_table_size = 0


def goaway_text(code: int, last_stream_id: int, additional_data: bytes) -> str:
    """Return the text of an error that a received GOAWAY frame causes."""
    data = additional_data[:20].hex() if additional_data else None
    return f"<ConnectionTerminated error_code:{code}, last_stream_id:{last_stream_id}, additional_data:{data}>"
