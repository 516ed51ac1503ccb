"""Run the tests that search for races, leaks, odd messages and differences from 1.0.9: `soak.py [MINUTES]`.

They repeat, by default for 5 minutes. If atheris is installed, each round ends with a minute of fuzzing.
"""

import importlib.util
import subprocess
import sys
import time

TESTS = (
    "tests/httpcore/test_cancellation.py",
    "tests/httpcore/test_contention.py",
    "tests/httpcore/test_pool_state_machine.py",
    "tests/h11/test_cancellation.py",
    "tests/h11/test_engine_properties.py",
    "tests/h11/test_parsers_properties.py",
    "tests/h2/test_cancellation.py",
    "tests/h2/test_engine_fuzz.py",
    "tests/h2/test_engine_properties.py",
    "tests/h2/test_threads.py",
    "tests/h3/test_cancellation.py",
    "tests/h3/test_engine_fuzz.py",
    "tests/h3/test_threads.py",
    "tests/integration/_async/test_http3_faults.py",
    "tests/integration/_async/test_http3_paths.py",
    "tests/integration/_sync/test_http3_faults.py",
    "tests/integration/_sync/test_http3_paths.py",
    "tests/integration/test_http3_interrupted.py",
    "tests/proxy/test_cancellation.py",
    "tests/differential/test_search.py",
)
FUZZER = ("tests/h11/fuzz_parsers.py", "-max_total_time=60", "-artifact_prefix=fuzzing-")


def main(arguments: list[str]) -> int:
    """Repeat until the time is up or a test fails; return the exit code."""
    deadline = time.monotonic() + 60 * float(arguments[0] if arguments else 5)
    commands = [[sys.executable, "-m", "pytest", "-q", "-x", "--timeout=600", "--hypothesis-profile=soak", *TESTS]]
    if importlib.util.find_spec("atheris") is not None:
        commands.append([sys.executable, *FUZZER])
    rounds = 0
    while time.monotonic() < deadline:
        rounds += 1
        for command in commands:
            code = subprocess.run(command, check=False).returncode
            if code:
                print(f"failed in round {rounds}", file=sys.stderr)
                return code
    print(f"{rounds} rounds without a failure")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
