"""Run every benchmark; fail if one misses a limit. `make bench` calls this."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Number of benchmarks that failed."""
    failed = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name == Path(__file__).name:
            continue
        print(f"== {path.stem}", flush=True)
        if subprocess.run([sys.executable, str(path)], check=False).returncode:
            failed.append(path.stem)
    print("all limits are met" if not failed else f"limits missed or broken: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
