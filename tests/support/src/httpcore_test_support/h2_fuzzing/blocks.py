"""Header blocks alone: the engine and hpack have to read the same from any block, and keep the same tables."""

from __future__ import annotations

from random import Random
from typing import Any

import hpack
from httpcore_h2._hpack import FieldDecoder
from httpcore_models import RemoteProtocolError

from .client import Fields
from .script import mutated_bytes
from .server import RandomEncoder

__all__ = ["Blocks"]

# The largest table that is allowed, and the smallest that is not.
_LARGEST, _TOO_LARGE = b"\x3f\xe1\x1f", b"\x3f\xe2\x1f"
_SIZES = (0, 40, 80, 200, 1_000, 4_096)


class Blocks:
    """The blocks of a connection. Steps in `skip` are left out."""

    def __init__(self, seed: int, skip: frozenset[int] = frozenset()) -> None:
        self._seed, self._skip = seed, skip
        self._chance = chance = Random(seed)
        self.steps: int = chance.choice((5, 20, 60))
        self.log: list[str] = []
        self._odd = chance.choice((0.0, 0.0, 0.02, 0.2))
        self._encoder = RandomEncoder(chance)
        self._fields = Fields(chance, chance.choice(((b"a",), (b"a", b"b", b"server", b"date"))))
        self._sent: list[bytes] = [b""]
        limit = chance.choice((10_000, chance.randint(50, 500)))
        self._ours, self._theirs = hpack.Decoder(limit), hpack.Decoder(limit)
        self._decoder: FieldDecoder[Any] = FieldDecoder(self._ours, list)

    def play(self) -> None:
        """Play all steps. Raises an exception if anything is wrong."""
        for number in range(self.steps):
            if number in self._skip:
                continue
            self._chance.seed(self._seed * 1_000 + number)
            block = self._block()
            self.log.append(f"{number}: {block.hex()}")
            if not self._read(block):
                break

    def _block(self) -> bytes:
        chance = self._chance
        if chance.random() < 0.1:
            self._encoder.header_table_size = chance.choice(_SIZES)
        block = self._encoder.encode(self._fields.draw(), huffman=chance.random() < 0.5)
        if chance.random() < self._odd:
            other = chance.choice((b"", _LARGEST, _TOO_LARGE)) + chance.choice(self._sent)
            block = chance.choice((mutated_bytes(block, chance), other, chance.randbytes(5)))
        self._sent.append(block)
        return block

    def _read(self, block: bytes) -> bool:
        """Compare what both read; return whether there can be another block."""
        try:
            theirs = [(bytes(name), bytes(value)) for name, value in self._theirs.decode(block, raw=True)]
        except hpack.HPACKError as exc:
            try:
                self._decoder.decode(block)
            except RemoteProtocolError:
                return False
            raise AssertionError(f"the engine has read what hpack refuses: {exc}") from exc
        assert self._decoder.decode(block) == theirs
        ours = self._ours.header_table
        table = self._theirs.header_table
        assert (ours.maxsize, list(ours.dynamic_entries)) == (table.maxsize, list(table.dynamic_entries))
        return True
