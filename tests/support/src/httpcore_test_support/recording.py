"""A network that plays back given bytes, and keeps what was asked of it."""

from ._async.recording import AsyncRecordingBackend, AsyncRecordingStream
from ._sync.recording import RecordingBackend, RecordingStream

__all__ = ["AsyncRecordingBackend", "AsyncRecordingStream", "RecordingBackend", "RecordingStream"]
