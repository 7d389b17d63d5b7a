"""Fuzzes at length: `python tests/fuzz.py 1000000` runs the tests of `test_fuzzed_files.py` with so many inputs in all.

In portions, each with inputs of its own, so that a long run can be stopped and gone on with: `python tests/fuzz.py 1000000
--from 200000` begins at that number. What is found is a failed test with its input.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

READERS = ("recordings", "har_files", "replays", "answers_to_check", "signatures", "requests", "definitions")
PORTION = 7_000
"""Inputs of a portion, over all readers."""


def main() -> int:
    """Run the portions; the exit status of the first that fails, or 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="how many inputs, over all readers")
    parser.add_argument("--from", type=int, default=0, dest="first", help="where to begin (default: 0)")
    options = parser.parse_args()
    for start in range(options.first, options.first + options.count, PORTION):
        each = min(PORTION, options.first + options.count - start) // len(READERS)
        environment = {**os.environ, "FUZZED": str(each), "FUZZED_FROM": str(start // len(READERS))}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-n", "2"]
        done = subprocess.run([*command, str(Path(__file__).parent / "test_fuzzed_files.py")], check=False, env=environment)
        if done.returncode:
            return done.returncode
        print(f"{start + PORTION:,} inputs: nothing found", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
