"""Flow control of what the server sends (RFC 9113 section 5.2).

A download transfers at most one window per round trip, and a window lets the server fill our memory with data that a
slow consumer has not asked for. So the window of a stream starts small, and grows while its consumer has read most of
what has arrived: then the window may be what limits the download. All windows of a connection together may grow by a
fixed amount, and none grows by more than what is left for all others. So consumers that stall hold a bounded amount of
memory, and leave something for others. The engine cannot tell a slow network from a slow server, and lets windows grow
in both cases.

A window that has to grow first costs a large response a round trip. So one stream at a time starts with a larger window
where that may matter: on a new connection, at first over a long path, and after a large response.

The window of the connection has to limit nothing: its credit is returned as soon as bytes arrive.
"""

_MIB = 1024 * 1024

# What a stream may receive before anything is read, in bytes, and what one stream at a time may: a hundred unread
# responses take 82 MiB. And the most that a window may grow to: 5 Gbit/s at a round trip of 100 ms, more than a reader
# in Python takes in over TLS, so that the window is not what limits it.
STREAM_WINDOW = _MIB // 2
AHEAD = 32 * _MIB
MAX_STREAM_WINDOW = 64 * _MIB

# From this round trip on, in seconds, the windows of so many requests are enlarged even if no response is large. A
# server that is slow to answer looks like a long path, and a frame with each request is not free.
DISTANT = 0.005
BULK_HOPES = 16

# How much all streams of a connection may receive beyond `STREAM_WINDOW` each, in bytes, and by which factor a window
# grows at a time.
TOTAL_GROWTH = 128 * _MIB
GROWTH_FACTOR = 4

# How far a response may run ahead while its request is still being sent, in bytes: a server may echo a request whose
# sender reads nothing before all is sent. httpcore 1.0 has windows of this size.
RUN_AHEAD = 16 * _MIB

# Credit is returned in batches, in bytes: few frames, sent long before the window is exhausted. While a window grows
# they are small, because every step of the growth counts at the beginning of a response; afterwards this part of it.
FIRST_CREDIT = STREAM_WINDOW // 4
CREDIT_PART = 4

# As in Go's net/http. The credit of the connection is returned in batches too.
CONNECTION_WINDOW = 1024 * _MIB
CONNECTION_CREDIT = 32 * _MIB

# The largest payload, in bytes, that a server may put into a frame.
MAX_FRAME_SIZE = 64 * 1024

# What both sides may send at first, and the most that a window may hold, in bytes (RFC 9113 section 6.9).
DEFAULT_WINDOW = 65535
MAX_WINDOW = 2**31 - 1
