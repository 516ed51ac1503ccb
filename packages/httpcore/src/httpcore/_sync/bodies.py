# Generated from ../_async/bodies.py by tools/make_sync.py: edit that file, then run it.
"""Bodies of requests that may have to be sent more than once."""

from collections.abc import Generator, Iterator
from typing import Any

from httpcore_models import ConnectionNotAvailable, Request
from httpcore_models.lowlevel import has_replayable_body

from .._plain_data import is_plain_data

# By how many bytes at its beginning a body is known again.
_COMPARED = 1024


class RewindableBody:
    """A body of a kind that is not known, as it is sent: has it `begun`, and does it begin anew?

    An iterable does not tell whether iterating over it a second time gives the same. Bodies of httpx raise, a file that
    was read gives nothing, or its rest. So the second time the first part is looked at before the request is repeated.
    That is not enough where the source is read as it is sent: of a file of zeros, the rest begins as the file does.
    """

    def __init__(self, stream: Any) -> None:
        self.original = stream
        self.begun = False
        self._beginning: tuple[int, bytes] | None = None
        # An iterator that `rewind()` has made, and the part that it took.
        self._again: tuple[Iterator[bytes], bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self._parts()

    def _parts(self) -> Generator[bytes, None]:
        self.begun = True
        again, self._again = self._again, None
        iterator = self.original.__iter__() if again is None else again[0]
        try:
            if again is not None:
                yield again[1]
            for part in iterator:
                if self._beginning is None:
                    self._beginning = _beginning_of(part)
                yield part
        finally:
            # A generator that was left early has to run its own cleanup now. A file stays open: it is the user's.
            if isinstance(iterator, Generator):
                iterator.close()

    def reads_on(self) -> bool:
        """Whether iterating again may go on where the first time ended, as it does for what holds a file or a queue."""
        return not is_plain_data(self.original)

    def rewind(self) -> bool:
        """Return whether the body can be sent from its beginning."""
        if not self.begun or self._again is not None:
            return True
        if self._beginning is None:
            return False
        iterator = self.original.__iter__()
        if iterator is self.original:
            return False
        try:
            part = iterator.__next__()
        except Exception:
            # `StopAsyncIteration` is one: there is nothing left.
            return False
        if _beginning_of(part) != self._beginning:
            if isinstance(iterator, Generator):
                iterator.close()
            return False
        self._again = iterator, part
        return True

    def __getattr__(self, name: str) -> Any:
        """What else the object has, as the user's trace callbacks and subclasses of connections know it."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.original, name)

    def discard(self) -> None:
        """Let go of what `rewind()` has begun, should it not be sent after all."""
        again, self._again = self._again, None
        if again is not None and isinstance(again[0], Generator):
            again[0].close()


def _beginning_of(part: Any) -> tuple[int, bytes] | None:
    try:
        view = memoryview(part).cast("B")
    except TypeError:
        return None
    return view.nbytes, view[:_COMPARED].tobytes()


def _declares_length(request: Request) -> bool:
    """Whether the connection notices if less than all of the body is sent. In chunks, a rest looks like the whole."""
    names = {name.lower() for name, _ in request.headers}
    return b"content-length" in names and b"transfer-encoding" not in names


def can_resend_body(request: Request, exc: Exception) -> bool:
    """Whether the body of `request`, which failed with `exc`, can be sent from its beginning."""
    body = request.stream
    if has_replayable_body(request):
        return True
    if isinstance(body, RewindableBody):
        if not body.begun:
            return True
        if not _declares_length(request) and body.reads_on():
            return False
        return body.rewind()
    # That of a GET, say. What was not available has not begun to send it.
    return isinstance(exc, ConnectionNotAvailable)
