"""Header compression (RFC 7541). hpack compresses, keeps the tables and decodes Huffman codes, but never twice.

The encoder and the decoder of a connection each keep a table of recent fields. If requests look alike, most blocks
consist only of references to this table. Such a block stands for the same fields until the table changes, so its
translation is kept until then. Fields that differ in every request would change the table each time, so they are sent
without entering it. Secrets do not enter it either: from the length of a block one could tell whether they are in the
table (RFC 7541 section 7.1.3).
"""

from collections.abc import Callable
from typing import Generic, TypeVar

import hpack
from hpack.hpack import decode_integer
from hpack.huffman_table import decode_huffman
from httpcore_models import RemoteProtocolError
from httpcore_models.multiplexing import RequestHead

T = TypeVar("T")
Headers = list[tuple[bytes, bytes]]

# Fields that differ from request to request, with the first bytes of a literal that is not indexed (RFC 7541 section
# 6.2.2). Their names are entries 4 and 28 of the static table.
_PATH = b"\x04"
_ROOT_PATH = b"\x84"
_UNINDEXED = {b"content-length": b"\x0f\x0d"}

# Secrets, with the first bytes of a literal that is never indexed (section 6.2.3). Their names are entries 23, 49 and
# 32. A long cookie cannot be guessed, and is worth compressing; h2 and nghttp2 have the same limit.
_SECRET = {b"authorization": b"\x1f\x08", b"proxy-authorization": b"\x1f\x22", b"cookie": b"\x1f\x11"}
_LONG_COOKIE = 20

_MAX_REMEMBERED = 64
_MAX_REMEMBERED_BLOCK = 1024
_MAX_REMEMBERED_STRINGS = 128
_MAX_REMEMBERED_STRING = 256

# What an entry of the table counts beyond its bytes (section 4.1).
_ENTRY_OVERHEAD = 32

# How many bytes of an integer are looked at. hpack 4.2 refuses those of more than 11 bytes; 4.0 and 4.1 take any.
_MAX_INTEGER_SIZE = 16


class FieldEncoder:
    """Compresses the fields of requests."""

    def __init__(self, encoder: hpack.Encoder) -> None:
        self._encoder = encoder
        self._known: dict[tuple[tuple[bytes, bytes], ...], bytes] = {}
        # The last request, and the block of each of its parts and of all; `None` once the table has changed since.
        self._last: RequestHead | None = None
        self._block = self._start_block = self._headers_block = b""
        # The sizes of the table that the next block has to announce: the smallest and the last (RFC 7541 section 4.2).
        self._resized: tuple[int, int] | None = None

    def resize(self, size: int) -> None:
        """Use a table of up to `size` bytes from the next block on."""
        smallest = size if self._resized is None else min(size, self._resized[0])
        self._resized = (smallest, size)
        self.forget()

    def encode(self, head: RequestHead) -> bytes:
        """Return the block of a request. What is the same object as in the last request is not compressed again."""
        last = self._last
        if head is last:
            return self._block
        if self._resized is not None:
            # hpack announces the size that it is set to, unless it is set to the same size again.
            for size in self._resized:
                if size != self._encoder.header_table_size:
                    self._encoder.header_table_size = size
            self._resized = None
        # Before what may change the table, and then forgets this.
        self._last = head
        if last is None or head.start is not last.start or head.headers is not last.headers:
            self._start_block = self._encode_indexed(head.start)
            self._headers_block = self._encode(head.headers)
        path = head.path
        if path is None:
            self._block = self._start_block + self._headers_block
        elif path == b"/":
            self._block = self._start_block + _ROOT_PATH + self._headers_block
        else:
            self._block = self._start_block + _PATH + _string(path) + self._headers_block
        return self._block

    def _encode(self, headers: Headers) -> bytes:
        parts: list[bytes] = []
        indexed: Headers = []
        for name, value in headers:
            literal = _UNINDEXED.get(name) or _SECRET.get(name)
            if literal is None or (name == b"cookie" and len(value) >= _LONG_COOKIE):
                indexed.append((name, value))
                continue
            parts.append(self._encode_indexed(indexed))
            indexed = []
            parts.append(literal + _string(value))
        parts.append(self._encode_indexed(indexed))
        return b"".join(parts)

    def _encode_indexed(self, headers: Headers) -> bytes:
        if not headers:
            return b""
        key = tuple(headers)
        block = self._known.get(key)
        if block is None:
            block = self._encoder.encode(headers)
            # A reference takes one byte, anything else takes more: with one byte per field, all are references.
            if len(block) > len(headers) or len(self._known) >= _MAX_REMEMBERED:
                self.forget()
            else:
                self._known[key] = block
        return block

    def forget(self) -> None:
        """Drop what was remembered, because the table has changed."""
        self._known.clear()
        self._last = None


def _string(value: bytes) -> bytes:
    """Return a string literal (RFC 7541 section 5.2).

    It does without Huffman coding, which saves few bytes and takes much longer.
    """
    length = len(value)
    if length < 127:
        return bytes((length,)) + value
    prefix = bytearray((127,))
    length -= 127
    while length >= 128:
        prefix.append(length & 127 | 128)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + value


class FieldDecoder(Generic[T]):
    """Decompresses the fields of responses, and translates them.

    hpack keeps the table and decodes Huffman codes. Cutting the block into fields is done here, since a server that
    declares another length in each response sends a new block each time.
    """

    def __init__(self, decoder: hpack.Decoder, translate: Callable[[Headers], T]) -> None:
        """`decoder` has the table and the limits."""
        self._decoder = decoder
        self._translate = translate
        self._known: dict[bytes, T] = {}
        # Strings by their Huffman codes.
        self._strings: dict[bytes, bytes] = {}
        # Whether the block that is being decompressed has changed the table or its size.
        self._changed = False

    def decode(self, block: bytes) -> T | RemoteProtocolError:
        """Return the translation of a block, or an exception that says what is wrong with its fields.

        Raises `RemoteProtocolError` if the block cannot be decompressed; no later block can be either.
        """
        known = self._known.get(block)
        if known is not None:
            return known
        self._changed = False
        try:
            headers = self._fields(block)
        except hpack.HPACKError as exc:
            what = "Oversized" if isinstance(exc, hpack.OversizedHeaderListError) else "Error decoding"
            raise RemoteProtocolError(f"{what} header block: {exc}") from exc
        if self._changed or len(self._known) >= _MAX_REMEMBERED:
            self._known.clear()
        try:
            translation = self._translate(headers)
        except RemoteProtocolError as exc:
            return exc
        if not self._changed and len(block) <= _MAX_REMEMBERED_BLOCK:
            self._known[block] = translation
        return translation

    def _fields(self, block: bytes) -> Headers:
        """Decompress a block (RFC 7541 section 6)."""
        position, size, end, most = 0, 0, len(block), self._decoder.max_header_list_size
        entry = self._decoder.header_table.get_by_index
        fields: Headers = []
        while position < end:
            first = block[position]
            if first >= 0x80:
                if first < 0xFF:
                    field = entry(first & 0x7F)
                    position += 1
                else:
                    index, position = _integer(block, position, 0x7F)
                    field = entry(index)
            elif 0x20 <= first < 0x40:
                if fields:
                    raise hpack.HPACKDecodingError("Table size update not at the start of the block")
                position = self._resize(block, position)
                continue
            else:
                index, position = _integer(block, position, 0x3F if first >= 0x40 else 0x0F)
                if index:
                    name = entry(index)[0]
                else:
                    name, position = self._string(block, position)
                value, position = self._string(block, position)
                field = (name, value)
                if first >= 0x40:
                    self._add(name, value)
            fields.append(field)
            size += _ENTRY_OVERHEAD + len(field[0]) + len(field[1])
            if size > most:
                raise hpack.OversizedHeaderListError(f"A header list larger than {most} has been received")
        return fields

    def _add(self, name: bytes, value: bytes) -> None:
        table = self._decoder.header_table
        # Nothing stays in an empty table that is too small; nginx fills a table of size 0 with each response.
        if table.dynamic_entries or _ENTRY_OVERHEAD + len(name) + len(value) <= table.maxsize:
            self._changed = True
        table.add(name, value)

    def _resize(self, block: bytes, position: int) -> int:
        size, position = _integer(block, position, 0x1F)
        if size > self._decoder.max_allowed_table_size:
            raise hpack.InvalidTableSizeError("Encoder exceeded max allowable table size")
        self._changed = True
        self._decoder.header_table_size = size
        return position

    def _string(self, block: bytes, position: int) -> tuple[bytes, int]:
        """Return the string literal at a position, and the position after it (section 5.2)."""
        is_huffman = block[position : position + 1] >= b"\x80"
        length, position = _integer(block, position, 0x7F)
        end = position + length
        if end > len(block):
            raise hpack.HPACKDecodingError("Truncated header block")
        string = block[position:end]
        if not is_huffman:
            return string, end
        decoded = self._strings.get(string)
        if decoded is None:
            decoded = decode_huffman(string)
            if length <= _MAX_REMEMBERED_STRING:
                if len(self._strings) >= _MAX_REMEMBERED_STRINGS:
                    self._strings.clear()
                self._strings[string] = decoded
        return decoded, end


def _integer(block: bytes, position: int, mask: int) -> tuple[int, int]:
    """Return the integer in the bits `mask` and the bytes after that, and the position after it (section 5.1)."""
    rest: bytes | memoryview = b""
    if position < len(block):
        number = block[position] & mask
        if number < mask:
            return number, position + 1
        rest = memoryview(block)[position : position + _MAX_INTEGER_SIZE]
    number, size = decode_integer(rest, mask.bit_length())
    return number, position + size
