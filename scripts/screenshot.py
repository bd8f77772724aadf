"""Takes the README's picture of the asset graph from the pages of a running `make demo`."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Error, Page, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Wide enough for the nodes to show their kinds and their newest materialization.
VIEWPORT = {"width": 2560, "height": 900}
LAST_ASSET = "mlflow_run"
SETTLE_MS = 4000


def take(url: str, target: Path, chromium: str) -> None:
    """Save the lineage page of the Dagster at `url` as a PNG, framed on the graph."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(viewport=VIEWPORT)
        page.goto(f"{url.rstrip('/')}/asset-groups")
        page.get_by_text(LAST_ASSET).first.wait_for(timeout=60_000)
        page.wait_for_timeout(SETTLE_MS)
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target, clip=_frame(page))
        browser.close()


def _frame(page: Page) -> dict[str, float]:
    """The rectangle around all nodes, with a margin."""
    boxes = [node.bounding_box() for node in page.locator("foreignObject").all()]
    found = [box for box in boxes if box and box["width"] > 0]
    left, top = (min(box[side] for box in found) - 40 for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in found) + 40
    bottom = max(box["y"] + box["height"] for box in found) + 40
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:3000", help="Dagster's address (%(default)s)")
    parser.add_argument("--target", type=Path, default=Path("docs/asset-graph.png"))
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("Chromium is missing; on Debian: apt-get install chromium", file=sys.stderr)
        return 1
    try:
        take(options.url, options.target, chromium)
    except Error as error:
        print(
            f"{options.url} could not be pictured; is `make demo` running?\n{error.message}", file=sys.stderr
        )
        return 1
    print(options.target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
