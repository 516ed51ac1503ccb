"""The body of a response."""

from httpcore_models.multiplexing import AsyncMessageBody

from .._legacy import LegacyBody


class AsyncHTTP2Body(LegacyBody, AsyncMessageBody):
    """Iterates over the body once, in parts as they arrive.

    An error or a cancellation ends the stream, and only the stream. So does dropping the response without closing it,
    which issues a `ResourceWarning`.
    """
