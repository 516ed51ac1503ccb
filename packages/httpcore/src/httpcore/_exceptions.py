"""Alias of 1.0's module path: the exceptions are in `httpcore_models`."""

from collections.abc import Mapping

from httpcore_models import ConnectError as ConnectError
from httpcore_models import ConnectionNotAvailable as ConnectionNotAvailable
from httpcore_models import ConnectTimeout as ConnectTimeout
from httpcore_models import HTTPCoreError as HTTPCoreError
from httpcore_models import LocalProtocolError as LocalProtocolError
from httpcore_models import NetworkError as NetworkError
from httpcore_models import PoolTimeout as PoolTimeout
from httpcore_models import ProtocolError as ProtocolError
from httpcore_models import ProxyError as ProxyError
from httpcore_models import ReadError as ReadError
from httpcore_models import ReadTimeout as ReadTimeout
from httpcore_models import RemoteProtocolError as RemoteProtocolError
from httpcore_models import TimeoutException as TimeoutException
from httpcore_models import UnsupportedProtocol as UnsupportedProtocol
from httpcore_models import WriteError as WriteError
from httpcore_models import WriteTimeout as WriteTimeout
from httpcore_models import map_exceptions as map_exceptions

#: The argument of `map_exceptions()`, for backends of programs.
ExceptionMapping = Mapping[type[Exception], type[Exception]]
