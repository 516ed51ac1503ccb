"""Flow control of what the server sends (RFC 9113 section 5.2).

A download transfers at most one window per round trip. The default of 64 KiB is too small for that; too large a window
lets a server fill our memory with data that a slow consumer has not asked for. The window of a stream bounds what is
held for its consumer. The window of the connection only has to keep several streams going at once: its credit is
returned as soon as bytes arrive.
"""

# As in Go's net/http: 320 Mbit/s at a round trip of 100 ms.
STREAM_WINDOW = 4 * 1024 * 1024
CONNECTION_WINDOW = 16 * 1024 * 1024

# Credit is returned half a window at a time, in bytes: few frames, sent long before the window is exhausted.
STREAM_CREDIT = STREAM_WINDOW // 2
CONNECTION_CREDIT = CONNECTION_WINDOW // 2

# The largest payload, in bytes, that a server may put into a frame.
MAX_FRAME_SIZE = 64 * 1024

# What both sides may send at first, and the most that a window may hold, in bytes (RFC 9113 section 6.9).
DEFAULT_WINDOW = 65535
MAX_WINDOW = 2**31 - 1
