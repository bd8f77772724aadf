"""Reports the sizes that style promises: median and longest file; fails above the limit."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

LIMIT = 350
MEDIAN = 150


def main() -> int:
    names = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True).stdout
    sizes = {name: len(Path(name).read_text().splitlines()) for name in names.split()}
    longest = sorted(sizes, key=lambda name: -sizes[name])[:3]
    print(
        f"{len(sizes)} files, median {statistics.median(sizes.values()):.0f} lines (aim: {MEDIAN});", end=" "
    )
    print("longest: " + ", ".join(f"{name} {sizes[name]}" for name in longest))
    too_long = [name for name, size in sizes.items() if size > LIMIT]
    if too_long:
        print(f"Over {LIMIT} lines, split them: {', '.join(too_long)}", file=sys.stderr)
    return bool(too_long)


if __name__ == "__main__":
    sys.exit(main())
