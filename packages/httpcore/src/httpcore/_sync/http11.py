# Generated from ../_async/http11.py by tools/make_sync.py: edit that file, then run it.
"""Where 1.0 kept the HTTP/1.1 connection; see `httpcore_h11`."""

from httpcore_h11 import HTTP11Connection as HTTP11Connection
