"""Run the property-based tests for a while, each round with another seed, which is printed; stop at what falls."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time

EXAMPLES = "100"
"""Examples of a test in a round; a quick run has 30."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="no round begins after so many (default: 10)")
    parser.add_argument("--seed", type=int, help="seed of the first round (default: a random one)")
    parser.add_argument("--workers", default="2", help="processes (default: 2)")
    options = parser.parse_args()
    seed = random.randrange(2**31) if options.seed is None else options.seed
    end = time.monotonic() + options.minutes * 60
    while time.monotonic() < end:
        print(f"Round with seed {seed}", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "tests/fuzz", "-n", options.workers, "-p", "no:cacheprovider"]
        environment = {**os.environ, "FUZZ_EXAMPLES": EXAMPLES}
        done = subprocess.run([*command, f"--hypothesis-seed={seed}"], env=environment, check=False)
        if done.returncode:
            print(f"It fell. The same again: make fuzz SEED={seed}")
            return done.returncode
        seed += 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
