"""Where 1.0 kept requests and responses; see `httpcore_models`."""

from httpcore_models import URL as URL
from httpcore_models import ByteStream as ByteStream
from httpcore_models import Origin as Origin
from httpcore_models import Proxy as Proxy
from httpcore_models import Request as Request
from httpcore_models import Response as Response
