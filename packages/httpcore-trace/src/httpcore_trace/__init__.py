"""Records what requests through httpcore and httpx did, and shows where the time went."""

from ._async.pool import AsyncRecordedPool
from ._compact import RecordedError
from ._har import har, write_har
from ._phases import Phases
from ._record import RequestRecord
from ._recorder import Recorder
from ._sync.pool import RecordedPool

__all__ = [
    "Recorder",
    "RequestRecord",
    "har",
    "write_har",
    "Phases",
    "RecordedError",
    "RecordedPool",
    "AsyncRecordedPool",
]

__version__ = "0.1.0"
