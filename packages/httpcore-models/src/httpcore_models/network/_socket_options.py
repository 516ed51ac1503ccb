"""The type of a socket option."""

import typing

# The arguments of `socket.setsockopt()` in its three forms. A `typing.Union` of `typing.Tuple`, since its repr is part
# of the public interface of httpcore 1.0.
SOCKET_OPTION = typing.Union[  # noqa: UP007
    typing.Tuple[int, int, int],  # noqa: UP006
    typing.Tuple[int, int, typing.Union[bytes, bytearray]],  # noqa: UP006, UP007
    typing.Tuple[int, int, None, int],  # noqa: UP006
]
