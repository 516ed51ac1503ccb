"""Where 1.0 kept the HTTP/1.1 connection; see `httpcore_h11`."""

from httpcore_h11 import AsyncHTTP11Connection as AsyncHTTP11Connection
