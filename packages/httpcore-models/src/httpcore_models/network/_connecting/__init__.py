"""Connecting sockets.

* `happy_eyeballs`: which address is tried when (RFC 8305), without I/O.
* `sockets`: a socket before and while it connects.
* `connect_sync`, `connect_async`: the I/O, for threads, and for tasks on asyncio and trio.
* `datagrams`: the same over UDP, where nothing is sent in order to connect.
* `monkeypatched`: connecting by the functions that a program has put in the place of anyio's or trio's.
"""
