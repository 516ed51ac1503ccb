"""Where 1.0 kept the HTTP/2 connection; see `httpcore_h2`."""

from httpcore_h2 import AsyncHTTP2Connection as AsyncHTTP2Connection
