"""Run all benchmarks, or those that are named: ``python tests/benchmarks/run.py [NAME]...``."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    paths = [HERE / f"bench_{name}.py" for name in names] or sorted(HERE.glob("bench_*.py"))
    return max(_run(path) for path in paths)


def _run(path: Path) -> int:
    began = time.monotonic()
    code = subprocess.run([sys.executable, str(path)], check=False).returncode
    print(f"({path.stem}: {(time.monotonic() - began) / 60:.1f} min)", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
