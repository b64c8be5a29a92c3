"""``python -m media_sandbox.demo``."""

from __future__ import annotations

import sys

from media_sandbox.demo.cli import main

if __name__ == "__main__":
    sys.exit(main())
