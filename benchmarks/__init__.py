"""Compare httpcore with its peers in one interleaved run: ``python -m benchmarks --help``."""
