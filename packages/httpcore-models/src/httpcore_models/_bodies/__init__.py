"""Bodies of messages: in memory, or still being received."""

from ._async.response_stream import AsyncBodyIterator as AsyncBodyIterator
from ._async.response_stream import AsyncLease as AsyncLease
from ._async.response_stream import AsyncResponseStream as AsyncResponseStream
from ._byte_stream import EMPTY as EMPTY
from ._byte_stream import ByteStream as ByteStream
from ._sync.response_stream import BodyIterator as BodyIterator
from ._sync.response_stream import Lease as Lease
from ._sync.response_stream import ResponseStream as ResponseStream
