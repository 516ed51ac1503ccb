"""HTTP/3 in the pool, without I/O: which origins offer it. Loaded on use.

* `alt_svc`: the header in which servers offer it.
* `origins`: where it is offered, and where it did not work.
* `requirement`: what has to be installed.

The I/O is in `_async/http3_connection.py` and its twin.
"""
