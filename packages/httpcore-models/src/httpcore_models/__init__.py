"""The vocabulary of httpcore: requests, responses, errors, connection interfaces, tracing and the network seam.

Not here: HTTP itself (`httpcore_h11`, `httpcore_h2`), proxies (`httpcore_proxy`) and pooling (`httpcore`).
"""

from ._arguments import enforce_port as enforce_port
from ._arguments import enforce_ssl_context as enforce_ssl_context
from ._async.interfaces import AsyncConnectionInterface as AsyncConnectionInterface
from ._async.interfaces import AsyncRequestInterface as AsyncRequestInterface
from ._async.streams import AsyncBodyIterator as AsyncBodyIterator
from ._async.streams import AsyncLease as AsyncLease
from ._async.streams import AsyncResponseStream as AsyncResponseStream
from ._async.tracing import AsyncTracer as AsyncTracer
from ._async.tracing import async_get_tracer as async_get_tracer
from ._exceptions import ConnectError as ConnectError
from ._exceptions import ConnectionNotAvailable as ConnectionNotAvailable
from ._exceptions import ConnectTimeout as ConnectTimeout
from ._exceptions import LocalProtocolError as LocalProtocolError
from ._exceptions import NetworkError as NetworkError
from ._exceptions import PoolTimeout as PoolTimeout
from ._exceptions import ProtocolError as ProtocolError
from ._exceptions import ProxyError as ProxyError
from ._exceptions import ReadError as ReadError
from ._exceptions import ReadTimeout as ReadTimeout
from ._exceptions import RemoteProtocolError as RemoteProtocolError
from ._exceptions import TimeoutException as TimeoutException
from ._exceptions import UnsupportedProtocol as UnsupportedProtocol
from ._exceptions import WriteError as WriteError
from ._exceptions import WriteTimeout as WriteTimeout
from ._exceptions import map_exceptions as map_exceptions
from ._headers import HeaderTypes as HeaderTypes
from ._headers import enforce_headers as enforce_headers
from ._headers import include_request_headers as include_request_headers
from ._messages import ByteStream as ByteStream
from ._messages import Content as Content
from ._messages import Extensions as Extensions
from ._messages import Proxy as Proxy
from ._messages import Request as Request
from ._messages import Response as Response
from ._messages import enforce_url as enforce_url
from ._messages import received_response as received_response
from ._retrying import Retryable as Retryable
from ._retrying import has_replayable_body as has_replayable_body
from ._retrying import is_refused as is_refused
from ._retrying import is_shut_down as is_shut_down
from ._retrying import mark_retryable as mark_retryable
from ._retrying import may_retry as may_retry
from ._retrying import may_retry_method as may_retry_method
from ._retrying import retryable_after as retryable_after
from ._sync.interfaces import ConnectionInterface as ConnectionInterface
from ._sync.interfaces import RequestInterface as RequestInterface
from ._sync.streams import BodyIterator as BodyIterator
from ._sync.streams import Lease as Lease
from ._sync.streams import ResponseStream as ResponseStream
from ._sync.tracing import Tracer as Tracer
from ._sync.tracing import get_tracer as get_tracer
from ._trace import redacted as redacted
from ._unclosed import warn_unclosed as warn_unclosed
from ._url import URL as URL
from ._url import Origin as Origin
from ._url import bracketed as bracketed
from ._url import enforce_bytes as enforce_bytes
from ._url import is_origin_of as is_origin_of
from .network import SOCKET_OPTION as SOCKET_OPTION
from .network import AnyIOBackend as AnyIOBackend
from .network import AsyncMockBackend as AsyncMockBackend
from .network import AsyncMockStream as AsyncMockStream
from .network import AsyncNetworkBackend as AsyncNetworkBackend
from .network import AsyncNetworkStream as AsyncNetworkStream
from .network import AutoBackend as AutoBackend
from .network import MockBackend as MockBackend
from .network import MockStream as MockStream
from .network import NetworkBackend as NetworkBackend
from .network import NetworkStream as NetworkStream
from .network import SyncBackend as SyncBackend
from .network import TrioBackend as TrioBackend

__version__ = "1.0.0"
