"""A network that plays back given bytes, and records all calls."""

from ._async.recording import AsyncRecordingBackend, AsyncRecordingStream
from ._sync.recording import RecordingBackend, RecordingStream

__all__ = ["AsyncRecordingBackend", "AsyncRecordingStream", "RecordingBackend", "RecordingStream"]
