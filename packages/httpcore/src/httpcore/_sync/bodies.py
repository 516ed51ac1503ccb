# Generated from ../_async/bodies.py by tools/make_sync.py: edit that file, then run it.
"""Request bodies that may have to be sent more than once."""

from collections.abc import Generator, Iterator
from typing import Any

from httpcore_models import ConnectionNotAvailable, Request
from httpcore_models.lowlevel import has_replayable_body

from .._plain_data import is_plain_data

# How many bytes of the first part are compared to recognise a body.
_COMPARED = 1024


class RewindableBody:
    """A body of unknown type, which finds out whether it can be sent from the beginning again.

    Iterating over an iterable a second time need not yield the same parts: httpx's bodies raise, and a file yields
    nothing, or its rest. So before a request is sent again, the first part is compared with the one sent before. That
    proves nothing if the body may go on where it stopped: the rest of a file of zeros begins as the whole file does.
    """

    def __init__(self, stream: Any) -> None:
        self.original = stream
        self.started = False
        self._beginning: tuple[int, bytes] | None = None
        # The iterator that `rewind()` started, and the first part that it yielded.
        self._again: tuple[Iterator[bytes], bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        self.started = True
        again, self._again = self._again, None
        iterator = self.original.__iter__() if again is None else again[0]
        try:
            if again is not None:
                yield again[1]
            for part in iterator:
                if self._beginning is None:
                    is_bytes = type(part) is bytes
                    self._beginning = (len(part), part[:_COMPARED]) if is_bytes else _beginning_of(part)
                yield part
        finally:
            # A generator that was not exhausted cleans up now. A file stays open: it belongs to the user.
            if isinstance(iterator, Generator):
                iterator.close()

    def may_go_on(self) -> bool:
        """Whether a second iteration may go on where the first one stopped, as for an object that holds a file."""
        return not is_plain_data(self.original)

    def rewind(self) -> bool:
        """Return whether the body can be sent from the beginning, and prepare for it."""
        if not self.started or self._again is not None:
            return True
        if self._beginning is None:
            return False
        iterator = self.original.__iter__()
        if iterator is self.original:
            return False
        try:
            part = iterator.__next__()
        except Exception:
            # Among them `StopAsyncIteration`: nothing is left.
            return False
        if _beginning_of(part) != self._beginning:
            if isinstance(iterator, Generator):
                iterator.close()
            return False
        self._again = iterator, part
        return True

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the user's object, for trace callbacks and subclasses of connections."""
        if name.startswith("_") or name == "original":  # which a copy in the making lacks
            raise AttributeError(name)
        return getattr(self.original, name)

    def discard(self) -> None:
        """Close the iterator that `rewind()` has started, if it was not used."""
        again, self._again = self._again, None
        if again is not None and isinstance(again[0], Generator):
            again[0].close()


def rewindable(stream: Any) -> RewindableBody | None:
    """Wrap a body so that its request can be retried, unless it is one that can always, or never, be sent again."""
    if isinstance(stream, (list, tuple)) or not hasattr(stream, "__iter__"):
        return None
    return RewindableBody(stream)


def _beginning_of(part: Any) -> tuple[int, bytes] | None:
    try:
        view = memoryview(part).cast("B")
    except TypeError:
        return None
    return view.nbytes, view[:_COMPARED].tobytes()


def _declares_length(request: Request) -> bool:
    """Whether the connection notices that a body is incomplete. Chunks of the rest look like a whole body."""
    names = {name.lower() for name, _ in request.headers}
    return b"content-length" in names and b"transfer-encoding" not in names


def can_resend_body(request: Request, exc: Exception) -> bool:
    """Whether the body of `request`, which failed with `exc`, can be sent from the beginning."""
    body = request.stream
    if has_replayable_body(request):
        return True
    if isinstance(body, RewindableBody):
        if not body.started:
            return True
        if not _declares_length(request) and body.may_go_on():
            return False
        return body.rewind()
    # The body of a GET, for instance. A connection that is not available has not started to send it.
    return isinstance(exc, ConnectionNotAvailable)
