"""Run the tests that look for races and leaks again and again: `python tools/soak.py [MINUTES]`, by default for 5."""

import subprocess
import sys
import time

TESTS = (
    "tests/httpcore/test_cancellation.py",
    "tests/httpcore/test_contention.py",
    "tests/httpcore/test_pool_state_machine.py",
    "tests/h11/test_cancellation.py",
    "tests/h11/test_engine_properties.py",
)


def main(arguments: list[str]) -> int:
    """Repeat until the time is over or something fails; return the exit code."""
    deadline = time.monotonic() + 60 * float(arguments[0] if arguments else 5)
    rounds = 0
    while time.monotonic() < deadline:
        rounds += 1
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--timeout=600", "--hypothesis-profile=soak", *TESTS]
        code = subprocess.run(command, check=False).returncode
        if code:
            print(f"failed in round {rounds}", file=sys.stderr)
            return code
    print(f"{rounds} rounds without a failure")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
