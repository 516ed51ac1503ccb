"""Fuzz both parsers of the engine with atheris: `python tests/h11/fuzz_parsers.py [libFuzzer options]`.

The first bytes of an input choose the method and the cuts, the rest is the response. libFuzzer starts from the common
messages and the tricks, and finds its way by the branches that an input takes. A disagreement is an AssertionError.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import atheris  # type: ignore[import-not-found,unused-ignore]  # not available for every Python

with atheris.instrument_imports(include=["httpcore_h11", "h11"]):
    from httpcore_test_support.exchanges import cut_at
    from httpcore_test_support.h11_parsers import Step, assert_parsers_agree, exchange
    from httpcore_test_support.messages import COMMON, TRICKS

METHODS = (b"GET", b"HEAD", b"POST", b"CONNECT")
CUTS = 4


def disagreement(data: bytes) -> None:
    """Raise `AssertionError` if the parsers disagree on an input."""
    method, wire = METHODS[data[0] % len(METHODS)] if data else METHODS[0], data[1 + CUTS :]
    pieces = cut_at(wire, {cut for cut in data[1 : 1 + CUTS] if cut < len(wire)})
    assert_parsers_agree(exchange(pieces, method))
    # What the parser keeps of one response must not change how it reads the next one.
    again: list[Step] = [("next cycle",), *exchange(pieces)]
    assert_parsers_agree([*exchange(pieces, method)[:-1], *again])
    for before in (wire.replace(b"1", b"2"), wire.replace(b"a", b"bc")):
        assert_parsers_agree([*exchange([before])[:-1], *again])


def seeds() -> Iterator[bytes]:
    for method, wire in COMMON.values():
        yield bytes([METHODS.index(method) if method in METHODS else 0, 10, 20, 90, 200]) + wire[:4000]
    for wire in TRICKS.values():
        yield bytes([0, 255, 255, 255, 255]) + wire
        yield bytes([0, 15, 16, 40, 60]) + wire


def main(options: list[str]) -> None:
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds()):
            Path(corpus, str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], "-max_len=4096", *options, corpus], disagreement)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
