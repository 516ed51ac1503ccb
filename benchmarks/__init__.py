"""Compare httpcore with other clients in one interleaved run: ``python -m benchmarks --help``."""
