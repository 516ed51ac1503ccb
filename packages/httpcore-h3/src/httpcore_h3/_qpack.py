"""The compression of fields (QPACK, RFC 9204), without the dynamic table: no request waits for another.

Blocks are built here. qh3 decodes them, but refuses what HTTP allows: values that are no UTF-8, and those above 64 KiB.
What it refuses is decoded here.
"""

from ._codes import Code, ConnectionFault

Fields = list[tuple[bytes, bytes]]

#: How a block begins that refers to nothing in the dynamic table (RFC 9204 section 4.5.1).
PREFIX = b"\x00\x00"

# RFC 9204 appendix A.
STATIC_TABLE: tuple[tuple[bytes, bytes], ...] = (
    (b":authority", b""),
    (b":path", b"/"),
    (b"age", b"0"),
    (b"content-disposition", b""),
    (b"content-length", b"0"),
    (b"cookie", b""),
    (b"date", b""),
    (b"etag", b""),
    (b"if-modified-since", b""),
    (b"if-none-match", b""),
    (b"last-modified", b""),
    (b"link", b""),
    (b"location", b""),
    (b"referer", b""),
    (b"set-cookie", b""),
    (b":method", b"CONNECT"),
    (b":method", b"DELETE"),
    (b":method", b"GET"),
    (b":method", b"HEAD"),
    (b":method", b"OPTIONS"),
    (b":method", b"POST"),
    (b":method", b"PUT"),
    (b":scheme", b"http"),
    (b":scheme", b"https"),
    (b":status", b"103"),
    (b":status", b"200"),
    (b":status", b"304"),
    (b":status", b"404"),
    (b":status", b"503"),
    (b"accept", b"*/*"),
    (b"accept", b"application/dns-message"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"accept-ranges", b"bytes"),
    (b"access-control-allow-headers", b"cache-control"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-allow-origin", b"*"),
    (b"cache-control", b"max-age=0"),
    (b"cache-control", b"max-age=2592000"),
    (b"cache-control", b"max-age=604800"),
    (b"cache-control", b"no-cache"),
    (b"cache-control", b"no-store"),
    (b"cache-control", b"public, max-age=31536000"),
    (b"content-encoding", b"br"),
    (b"content-encoding", b"gzip"),
    (b"content-type", b"application/dns-message"),
    (b"content-type", b"application/javascript"),
    (b"content-type", b"application/json"),
    (b"content-type", b"application/x-www-form-urlencoded"),
    (b"content-type", b"image/gif"),
    (b"content-type", b"image/jpeg"),
    (b"content-type", b"image/png"),
    (b"content-type", b"text/css"),
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-type", b"text/plain"),
    (b"content-type", b"text/plain;charset=utf-8"),
    (b"range", b"bytes=0-"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"strict-transport-security", b"max-age=31536000; includesubdomains"),
    (b"strict-transport-security", b"max-age=31536000; includesubdomains; preload"),
    (b"vary", b"accept-encoding"),
    (b"vary", b"origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-xss-protection", b"1; mode=block"),
    (b":status", b"100"),
    (b":status", b"204"),
    (b":status", b"206"),
    (b":status", b"302"),
    (b":status", b"400"),
    (b":status", b"403"),
    (b":status", b"421"),
    (b":status", b"425"),
    (b":status", b"500"),
    (b"accept-language", b""),
    (b"access-control-allow-credentials", b"FALSE"),
    (b"access-control-allow-credentials", b"TRUE"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-allow-methods", b"get"),
    (b"access-control-allow-methods", b"get, post, options"),
    (b"access-control-allow-methods", b"options"),
    (b"access-control-expose-headers", b"content-length"),
    (b"access-control-request-headers", b"content-type"),
    (b"access-control-request-method", b"get"),
    (b"access-control-request-method", b"post"),
    (b"alt-svc", b"clear"),
    (b"authorization", b""),
    (b"content-security-policy", b"script-src 'none'; object-src 'none'; base-uri 'none'"),
    (b"early-data", b"1"),
    (b"expect-ct", b""),
    (b"forwarded", b""),
    (b"if-range", b""),
    (b"origin", b""),
    (b"purpose", b"prefetch"),
    (b"server", b""),
    (b"timing-allow-origin", b"*"),
    (b"upgrade-insecure-requests", b"1"),
    (b"user-agent", b""),
    (b"x-forwarded-for", b""),
    (b"x-frame-options", b"deny"),
    (b"x-frame-options", b"sameorigin"),
)

# How many bits the code of each symbol has, from 0 to 256, which is the end (RFC 7541 appendix B). The codes themselves
# follow: they count up in the order of their lengths, and then of the symbols.
_CODE_LENGTHS = bytes.fromhex(
    "0d171c1c1c1c1c1c1c181e1c1c1e1c1c1c1c1c1c1c1c1e1c1c1c1c1c1c1c1c1c060a0a0c0d06080b0a0a080b080606060505"
    "050606060606060607080f060c0a0d06070707070707070707070707070707070707070707070807080d130d0e060f050605"
    "06050606060507070606060506070605050607070707070f0b0e0d1c14161414161616171617171717171817181816171817"
    "1717171516171617171816151416161717151716161815161717151516151716171714161616171616171a1a141316171619"
    "1a1a1a1b1b1a181913151a1b1b1a1b1815151a1a1c1b1b1b14181415161515171616191918181a171a1b1a1a1b1b1b1b1b1c"
    "1b1b1b1b1b1a1e"
)
_END_OF_STRING = 256

_INDEX_OF_FIELD = {field: index for index, field in reversed(list(enumerate(STATIC_TABLE)))}
_INDEX_OF_NAME = {name: index for index, (name, _) in reversed(list(enumerate(STATIC_TABLE)))}

# An integer takes no more bytes than this: it would be too large for anything.
_MAX_INTEGER_SIZE = 6


def _symbols() -> dict[tuple[int, int], int]:
    symbols: dict[tuple[int, int], int] = {}
    code = previous = 0
    for symbol in sorted(range(len(_CODE_LENGTHS)), key=lambda symbol: (_CODE_LENGTHS[symbol], symbol)):
        length = _CODE_LENGTHS[symbol]
        code <<= length - previous
        symbols[length, code] = symbol
        code, previous = code + 1, length
    return symbols


_SYMBOLS = _symbols()
_MAX_CODE_LENGTH = max(_CODE_LENGTHS)


def encode(fields: Fields) -> bytes:
    """Return the block for `fields`. Strings are not compressed: that would take longer than it saves."""
    parts = [PREFIX]
    for field in fields:
        index = _INDEX_OF_FIELD.get(field)
        if index is not None:
            parts.append(_encode_integer(index, 6, 0xC0))
            continue
        name, value = field
        index = _INDEX_OF_NAME.get(name)
        if index is not None:
            parts.append(_encode_integer(index, 4, 0x50))
        else:
            parts += (_encode_integer(len(name), 3, 0x20), name)
        parts += (_encode_integer(len(value), 7, 0), value)
    return b"".join(parts)


def _encode_integer(value: int, bits: int, first: int) -> bytes:
    limit = (1 << bits) - 1
    if value < limit:
        return bytes((first | value,))
    encoded = [first | limit]
    value -= limit
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*encoded, value))


def decode(block: bytes, max_size: int) -> Fields:
    """Return the fields of a block of up to `max_size` bytes as RFC 9114 section 4.2.2 counts them.

    Raises `ConnectionFault` if it is malformed, or refers to the dynamic table, which there is not.
    """
    if not block.startswith(PREFIX):
        raise _malformed()
    fields: Fields = []
    position, size = len(PREFIX), 0
    while position < len(block):
        first = block[position]
        if first & 0xC0 == 0xC0:
            index, position = _decode_integer(block, position, 6)
            field = _static(index)
        elif first & 0xD0 == 0x50:
            index, position = _decode_integer(block, position, 4)
            value, position = _decode_string(block, position, 7)
            field = (_static(index)[0], value)
        elif first & 0xE0 == 0x20:
            name, position = _decode_string(block, position, 3)
            value, position = _decode_string(block, position, 7)
            field = (name, value)
        else:
            raise _malformed()
        size += len(field[0]) + len(field[1]) + 32
        if size > max_size:
            raise ConnectionFault(f"Received header fields of more than {max_size} bytes", Code.EXCESSIVE_LOAD)
        fields.append(field)
    return fields


def _static(index: int) -> tuple[bytes, bytes]:
    if index >= len(STATIC_TABLE):
        raise _malformed()
    return STATIC_TABLE[index]


def _decode_integer(block: bytes, start: int, bits: int) -> tuple[int, int]:
    limit = (1 << bits) - 1
    value = block[start] & limit
    if value < limit:
        return value, start + 1
    for count, byte in enumerate(block[start + 1 : start + 1 + _MAX_INTEGER_SIZE]):
        value += (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, start + 2 + count
    raise _malformed()


def _decode_string(block: bytes, start: int, bits: int) -> tuple[bytes, int]:
    if start >= len(block):
        raise _malformed()
    is_compressed = block[start] & (1 << bits)
    size, begin = _decode_integer(block, start, bits)
    if size > len(block) - begin:
        raise _malformed()
    string = block[begin : begin + size]
    return (_decompressed(string) if is_compressed else string), begin + size


def _decompressed(string: bytes) -> bytes:
    symbols = bytearray()
    code = length = 0
    for byte in string:
        for shift in range(7, -1, -1):
            code, length = code << 1 | (byte >> shift & 1), length + 1
            symbol = _SYMBOLS.get((length, code))
            if symbol is not None:
                if symbol == _END_OF_STRING:
                    raise _malformed()
                symbols.append(symbol)
                code = length = 0
            elif length >= _MAX_CODE_LENGTH:
                raise _malformed()
    # What is left is padding: the beginning of the end of the string, of less than a byte.
    if length > 7 or code != (1 << length) - 1:
        raise _malformed()
    return bytes(symbols)


def _malformed() -> ConnectionFault:
    return ConnectionFault("Received malformed header fields", Code.QPACK_DECOMPRESSION_FAILED)
