"""HTTP/3 in the pool, without I/O: which origins offer it, and which contexts for TLS can be honoured. Loaded on use.

* `alt_svc`: the header in which servers offer it.
* `origins`: where it is offered, and where it did not work.
* `contexts`: whether an `ssl.SSLContext` means the same to QUIC.
* `requirement`: what has to be installed.

The I/O is in `_async/http3_connection.py` and its twin.
"""
