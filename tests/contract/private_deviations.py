"""Private names of 1.0.9 that are gone: what they meant, and why they are gone. The site has a summary."""

from __future__ import annotations

_DATA = "Only its own module reads this value."
_H2 = "Stream frames do not come from h2, and no lock is held across a wait."

# By module, in `_async` and `_sync` alike.
GONE_NAMES = {
    ("http11", "H11SendEvent"): _DATA,
    ("socks_proxy", "AUTH_METHODS"): _DATA,
    ("socks_proxy", "REPLY_CODES"): _DATA,
}

# By object.
GONE_ATTRIBUTES = {
    ("request in a pool", "_connection_acquired"): "A request that waits is woken by `event`.",
    **{
        ("connection of HTTP/2", name): _H2
        for name in (
            "_connection_error",
            "_connection_terminated",
            "_events",
            "_init_lock",
            "_max_streams",
            "_max_streams_semaphore",
            "_read_exception",
            "_read_lock",
            "_sent_connection_init",
            "_state_lock",
            "_used_all_stream_ids",
            "_write_exception",
            "_write_lock",
        )
    },
}
