"""Network streams on sockets, by what runs them.

* Threads: `sync_stream` on any socket; `sync_plain` and `sync_tls` on the standard library's, with `sync_polled` for
  what they share; `thread_safe_close` for closing a socket that other threads use.
* Tasks on asyncio: `asyncio_stream`, with `asyncio_transport`, `asyncio_read_queue` and `asyncio_read_timer`.
* Tasks on trio: `trio_stream`.
* `wrapped`: around the streams of anyio and trio, where a program connects by these libraries' functions.
* `loop_bound`: what all async streams have in common, that is how they are closed from anywhere.
"""
