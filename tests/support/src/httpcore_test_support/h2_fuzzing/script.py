"""What a server sends, frame by frame: mostly right, often odd, sometimes broken."""

from __future__ import annotations

from random import Random

import hpack

from .. import h2_frames as frames
from .client import Fields

__all__ = ["ServerScript", "mutated", "mutated_bytes"]

Field = tuple[bytes, bytes]

DATA, HEADERS, CONTINUATION = 0, 1, 9

_NAMES = (b"server", b"date", b"content-type", b"set-cookie", b"x-a", b"cookie", b"vary")
_ODD_FIELDS = (
    (b"content-length", b"5"),
    (b"content-length", b"0"),
    (b"content-length", b"x"),
    (b"content-length", b"+5"),
    (b"content-length", b""),
    (b"connection", b"close"),
    (b"transfer-encoding", b"chunked"),
    (b"te", b"gzip"),
    (b"X-Upper", b"1"),
    (b"x", b"a\r\nb"),
    (b"x", b"a\0b"),
    (b"x y", b"1"),
    (b"", b"1"),
    (b"x", b" padded\t"),
    (b"x", b""),
    (b"x", b"\x80\xff"),
    (b":path", b"/"),
    (b":status", b"200"),
    (b":unknown", b"1"),
    (b"host", b"a"),
)
_STATUSES = (b"200", b"200", b"200", b"200", b"204", b"304", b"404", b"100", b"103", b"101")
_ODD_STATUSES = (b"20", b"abc", b"", b"099", b"999", b"1000", b"+20", b" 200")
_BODIES = (b"", b"a", b"hello", b"hello", b"x" * 1_000)
_SETTINGS = (0, 1, 2, 100, 4_096, 16_383, 16_384, 65_535, 2**20, 2**24 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_INCREMENTS = (0, 1, 1, 1_000, 2**30, 2**31 - 1, 2**31)
_CODES = (0, 1, 2, 7, 8, 13, 999)


class ServerScript:
    """Writes frames for streams of a client. `odd` is how often something unusual is written, from 0 to 1."""

    def __init__(self, chance: Random, streams: list[int], odd: float) -> None:
        self._chance = chance
        self._streams = streams
        self._odd = odd
        self._encoder = hpack.Encoder()
        self._fields = Fields(chance, _NAMES)
        self._begun: set[int] = set()
        self._ended: set[int] = set()

    def frames(self) -> list[bytes]:
        """Return the next frame, or several that belong together."""
        kind = self._chance.choices(
            (self._headers, self._data, self._reset, self._window_update, self._settings, self._ping, self._goaway),
            (10, 12, 1, 2, 2, 1, 0.3 if self._is_odd() else 0.02),
        )[0]
        if self._is_odd() and self._chance.random() < 0.3:
            kind = self._other
        return kind()

    def _is_odd(self) -> bool:
        return self._chance.random() < self._odd

    def _stream(self, begun: bool | None = None) -> int:
        if self._is_odd():
            return self._chance.choice((0, 2, 2**31 - 1, 2**31 + 1, max(self._streams) + 2, *self._streams))
        fitting = [each for each in self._streams if each not in self._ended and begun in (None, each in self._begun)]
        return self._chance.choice(fitting or self._streams)

    def _headers(self) -> list[bytes]:
        chance = self._chance
        stream = self._stream()
        trailers = stream in self._begun
        if self._is_odd() and chance.random() < 0.3:
            trailers = not trailers
        status = chance.choice(_ODD_STATUSES if self._is_odd() and chance.random() < 0.3 else _STATUSES)
        fields = [] if trailers else [(b":status", status)]
        fields += self._fields.draw()
        if self._is_odd() or (not trailers and chance.random() < 0.1):
            fields.append((b"content-length", chance.choice((b"0", b"1", b"5", b"6", b"1000"))))
        while self._is_odd() and chance.random() < 0.7:
            fields.insert(
                chance.randint(0 if chance.random() < 0.1 else len(fields[:1]), len(fields)), chance.choice(_ODD_FIELDS)
            )
        end = trailers or chance.random() < 0.15
        if self._is_odd() and chance.random() < 0.4:
            end = not end
        if not trailers and not status.startswith(b"1"):
            self._begun.add(stream)
        self._ended.update([stream] if end else [])
        return self._block(stream, fields, end)

    def _block(self, stream: int, fields: list[Field], end: bool) -> list[bytes]:
        chance = self._chance
        if chance.random() < 0.1:
            self._encoder.header_table_size = chance.choice((0, 50, 200, 1_000, 4_096, 4_097 if self._is_odd() else 64))
        block = self._encoder.encode(fields, huffman=chance.random() < 0.7)
        if self._is_odd() and chance.random() < 0.2:
            block = mutated_bytes(block, chance)
        padding = chance.choice((0, 1, 255)) if chance.random() < 0.1 else None
        flags = (1 if end else 0) | (0 if padding is None else 8)
        start = b"" if padding is None else bytes([padding])
        if self._is_odd() and chance.random() < 0.2:
            flags |= 32
            start += chance.choice((0, 1, 5, 2**31)).to_bytes(4, "big") + b"\x10"
        parts = [block]
        if chance.random() < 0.15:
            cut = chance.randint(0, len(block))
            parts = [block[:cut], *([b""] * chance.choice((0, 0, 1, 3, 70 if self._is_odd() else 1))), block[cut:]]
        wire = [
            frames.frame(HEADERS, flags | (4 if len(parts) == 1 else 0), stream, start + parts[0] + bytes(padding or 0))
        ]
        for number, part in enumerate(parts[1:], 2):
            wire.append(frames.frame(CONTINUATION, 4 if number == len(parts) else 0, stream, part))
        if len(wire) > 1 and self._is_odd() and chance.random() < 0.3:
            wire.insert(chance.randint(1, len(wire)), chance.choice((frames.ping(), wire[-1], frames.data(1, b"x"))))
        return wire

    def _data(self) -> list[bytes]:
        chance = self._chance
        stream = self._stream(True)
        if stream not in self._begun and not self._is_odd():
            return self._headers()
        end = chance.random() < 0.2
        self._ended.update([stream] if end else [])
        padding = chance.choice((0, 1, 100, 255)) if chance.random() < 0.2 else None
        body = chance.choice(_BODIES)
        if self._is_odd() and chance.random() < 0.2:
            body = bytes(chance.choice((16_384, 65_536, 65_537)))
            padding = None
        return [frames.frame(DATA, (1 if end else 0) | (0 if padding is None else 8), stream, _padded(body, padding))]

    def _reset(self) -> list[bytes]:
        stream = self._stream()
        self._ended.add(stream)
        return [frames.frame(3, 0, stream, self._chance.choice(_CODES).to_bytes(4, "big"))]

    def _window_update(self) -> list[bytes]:
        increment = self._chance.choice(_INCREMENTS if self._is_odd() else (1, 1_000, 2**20))
        return [frames.window_update(self._chance.choice((0, self._stream())), increment)]

    def _settings(self) -> list[bytes]:
        chance = self._chance
        if chance.random() < 0.2:
            return [frames.settings_ack()]
        right = ((1, 0), (1, 4_096), (3, 100), (3, 1), (4, 0), (4, 2**20), (5, 16_384), (5, 2**20), (8, 1), (9, 5))
        values = [chance.choice(right) for _ in range(chance.choice((0, 1, 2)))]
        if self._is_odd():
            values.append((chance.choice((0, 1, 2, 3, 4, 4, 4, 5, 6, 8)), chance.choice(_SETTINGS)))
        payload = b"".join(code.to_bytes(2, "big") + value.to_bytes(4, "big") for code, value in values)
        return [frames.frame(4, 0, 0, payload)]

    def _ping(self) -> list[bytes]:
        return [frames.ping(self._chance.randbytes(8), ack=self._chance.random() < 0.3)]

    def _goaway(self) -> list[bytes]:
        last = self._chance.choice((0, 1, 2**31 - 1, *self._streams))
        return [frames.goaway(last, self._chance.choice(_CODES), self._chance.choice((b"", b"bye")))]

    def _other(self) -> list[bytes]:
        chance = self._chance
        return [
            chance.choice(
                (
                    frames.priority(self._stream() & 0x7FFFFFFF or 1),
                    frames.altsvc(),
                    frames.push_promise(1, 2),
                    frames.continuation(max(1, self._stream() & 0x7FFFFFFF), b"\x88", True),
                    frames.frame(
                        chance.randrange(13),
                        chance.randrange(256),
                        self._stream(),
                        chance.randbytes(chance.choice((0, 4, 5, 8, 20))),
                    ),
                    frames.frame(chance.choice((0xA, 0x42, 0xFF)), 0, self._stream(), b"unknown"),
                )
            )
        ]


def _padded(body: bytes, padding: int | None) -> bytes:
    return body if padding is None else bytes([padding]) + body + bytes(padding)


def mutated(wire: list[bytes], chance: Random) -> list[bytes]:
    """Return frames with an accident: one is lost, repeated, moved or damaged, and later ones know nothing of it."""
    wire = list(wire)
    place = chance.randrange(len(wire))
    kind = chance.randrange(6)
    if kind == 0:
        del wire[place]
    elif kind == 1:
        wire.insert(chance.randint(0, len(wire)), wire[place])
    elif kind == 2:
        wire.insert(chance.randint(0, len(wire) - 1), wire.pop(place))
    elif kind == 3:
        frame = wire[place]
        wire[place] = frame[:4] + bytes([frame[4] ^ chance.choice((1, 4, 8, 32, 64))]) + frame[5:]
    elif kind == 4:
        frame = wire[place]
        payload = mutated_bytes(frame[9:], chance)
        wire[place] = len(payload).to_bytes(3, "big") + frame[3:9] + payload
    else:
        frame = wire[place]
        wire[place] = frame[:3] + bytes([chance.randrange(10)]) + frame[4:]
    return wire


def mutated_bytes(data: bytes, chance: Random) -> bytes:
    """Return bytes with one bit changed, the end lost, or one byte more."""
    if not data:
        return chance.randbytes(1)
    place = chance.randrange(len(data))
    kind = chance.randrange(3)
    if kind == 0:
        return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
    if kind == 1:
        return data[:place]
    return data[:place] + chance.randbytes(1) + data[place:]
