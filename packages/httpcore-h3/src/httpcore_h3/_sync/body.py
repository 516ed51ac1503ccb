# Generated from ../_async/body.py by tools/make_sync.py: edit that file, then run it.
"""The body of a response."""

from httpcore_models.multiplexing import MessageBody


class HTTP3Body(MessageBody):
    """Iterates over the body once, in parts as they arrive.

    An error or an interruption ends the stream, and only the stream. So does dropping the response without closing it,
    which issues a `ResourceWarning`.
    """
