"""Bytes on the way: cut anywhere, and frames written in every form that means the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from random import Random

from .. import h2_frames

__all__ = ["Wire", "frames_of", "rewritten", "size_updates"]

DATA, HEADERS, SETTINGS, CONTINUATION = 0, 1, 4, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY, ACK = 1, 4, 8, 32, 1

RawFrame = tuple[int, int, int, bytes]

# Settings whose earlier values in a frame mean nothing if a later one follows, and some that nobody knows.
_REPEATABLE = (3, 4, 5, 6)
_UNKNOWN_SETTINGS = (0x7, 0x9, 0x10, 0xF000)
_UNKNOWN_TYPES = (0xA, 0xB, 0xC, 0x10, 0x42, 0xFF)


class Wire:
    """Bytes that were sent and have not arrived."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def __len__(self) -> int:
        return len(self._bytes)

    def send(self, data: bytes) -> None:
        """Put bytes on the way."""
        self._bytes += data

    def take(self, chance: Random) -> Iterator[bytes]:
        """Let a part arrive, in pieces."""
        size = len(self._bytes)
        if size > 1 and chance.random() < 0.5:
            size = min(size, chance.choice((1, 5, 9, 10, 14, 100, chance.randint(1, size), size - 1)))
        yield from self._pieces(size, chance)

    def take_all(self, chance: Random) -> Iterator[bytes]:
        """Let everything arrive, in pieces."""
        yield from self._pieces(len(self._bytes), chance)

    def _pieces(self, size: int, chance: Random) -> Iterator[bytes]:
        single = size <= 60 and chance.random() < 0.1
        while size:
            piece = 1 if single else size if chance.random() < 0.6 else chance.randint(1, size)
            data = bytes(self._bytes[:piece])
            del self._bytes[:piece]
            size -= piece
            yield data


def frames_of(data: bytes) -> Iterator[RawFrame]:
    """Cut bytes into frames; each is its type, flags, stream and payload."""
    while data:
        size = int.from_bytes(data[:3], "big")
        yield data[3], data[4], int.from_bytes(data[5:9], "big"), data[9 : 9 + size]
        data = data[9 + size :]


def rewritten(data: bytes, chance: Random) -> bytes:
    """Return frames of a server in another form that means the same, with frames in between that mean nothing."""
    written: list[bytes] = []
    block: list[bytes] = []
    head = 0
    for kind, flags, stream, payload in frames_of(data):
        if kind in (HEADERS, CONTINUATION):
            head = flags if kind == HEADERS else head
            block.append(payload)
            if flags & END_HEADERS:
                written += _block(b"".join(block), head & END_STREAM, stream, chance)
                block.clear()
        elif kind == DATA and not flags & PADDED:
            written += _data(payload, flags, stream, chance)
        elif kind == SETTINGS and not flags & ACK:
            written.append(h2_frames.frame(kind, flags, stream, _settings(payload, chance)))
        else:
            written.append(h2_frames.frame(kind, flags, stream, payload))
        if not block and chance.random() < 0.05:
            written.append(_meaningless(chance))
    return b"".join(written)


def _block(block: bytes, flags: int, stream: int, chance: Random) -> Iterator[bytes]:
    cuts = [0, len(block)]
    if chance.random() < 0.3:
        cuts += [chance.randint(0, len(block)) for _ in range(chance.choice((1, 2, 5, 40)))]
    cuts.sort()
    fragments = [block[start:end] for start, end in itertools.pairwise(cuts)]
    for number, fragment in enumerate(fragments):
        last = END_HEADERS if number == len(fragments) - 1 else 0
        if number:
            yield h2_frames.frame(CONTINUATION, last, stream, fragment)
            continue
        if chance.random() < 0.1:
            flags |= PRIORITY
            fragment = chance.choice((0, 2**31)).to_bytes(4, "big") + bytes([chance.randrange(256)]) + fragment
        if chance.random() < 0.2:
            flags |= PADDED
            padding = chance.choice((0, 1, 255))
            fragment = bytes([padding]) + fragment + bytes(padding)
        yield h2_frames.frame(HEADERS, flags | last, stream, fragment)


def _data(payload: bytes, flags: int, stream: int, chance: Random) -> Iterator[bytes]:
    while chance.random() < 0.15:
        size = chance.randint(0, len(payload))
        yield h2_frames.frame(DATA, 0, stream, payload[:size])
        payload = payload[size:]
    yield h2_frames.frame(DATA, flags, stream, payload)


def _settings(payload: bytes, chance: Random) -> bytes:
    if chance.random() < 0.2:
        payload += _setting(chance.choice(_UNKNOWN_SETTINGS), chance.randrange(2**32))
    if payload and chance.random() < 0.2:
        codes = {int.from_bytes(payload[start : start + 2], "big") for start in range(0, len(payload), 6)}
        for code in codes.intersection(_REPEATABLE):
            payload = _setting(code, chance.choice((16384, 20000, 70000))) + payload
    return payload


def _setting(code: int, value: int) -> bytes:
    return code.to_bytes(2, "big") + value.to_bytes(4, "big")


def _meaningless(chance: Random) -> bytes:
    kind = chance.randrange(3)
    if kind == 0:
        return h2_frames.priority(chance.choice((1, 3, 5, 2, 99)))
    if kind == 1:
        return h2_frames.altsvc()
    payload = chance.randbytes(chance.choice((0, 1, 20, 300)))
    return h2_frames.frame(chance.choice(_UNKNOWN_TYPES), chance.randrange(256), chance.randrange(100), payload)


def size_updates(block: bytes) -> list[int]:
    """Return the table sizes that a header block begins with (RFC 7541 section 6.3)."""
    found: list[int] = []
    while block and block[0] & 0xE0 == 0x20:
        size, length, shift = block[0] & 0x1F, 1, 0
        if size == 0x1F:
            while True:
                byte = block[length]
                size += (byte & 0x7F) << shift
                length, shift = length + 1, shift + 7
                if byte < 0x80:
                    break
        found.append(size)
        block = block[length:]
    return found
