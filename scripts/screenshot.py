"""Takes the README's picture of the asset graph, from a running `make demo` or from one that it starts."""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import FloatRect, Page, ViewportSize, expect, sync_playwright

from ml_assets.demo.loopback import free_port
from ml_assets.demo.web_api import WebApi

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# So narrow that Dagster draws large names in place of small print, which a README's width would shrink to
# dots; so high that the page's buttons stay out of the frame.
VIEWPORT = ViewportSize(width=1280, height=1200)
PIXELS_PER_POINT = 2
MARGIN = 24
NODES = "foreignObject"
LANDED_SECONDS = 600
GRAPH = "{ assetNodes { isObservable assetMaterializations(limit: 1) { timestamp } } }"


def take(url: str, target: Path, chromium: str) -> None:
    """Save the lineage of the Dagster at `url` as a PNG, framed on the graph."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(viewport=VIEWPORT, device_scale_factor=PIXELS_PER_POINT, color_scheme="light")
        page.goto(f"{url}/locations/ml_assets/asset-groups/default/lineage")
        expect(page.locator(NODES).first).to_be_visible(timeout=60_000)
        _settle(page)
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target, clip=_frame(page))
        browser.close()


def _settle(page: Page) -> None:
    """Wait until the zoom that fits the graph into the page has ended."""
    before = None
    while (frame := _frame(page)) != before:
        before = frame
        page.wait_for_timeout(1000)


def _frame(page: Page) -> FloatRect:
    """The rectangle around all nodes, with a margin."""
    boxes = [box for node in page.locator(NODES).all() if (box := node.bounding_box())]
    left, top = (min(box[side] for box in boxes) - MARGIN for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in boxes) + MARGIN
    bottom = max(box["y"] + box["height"] for box in boxes) + MARGIN
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def wait_for_a_landing(url: str) -> None:
    """Wait until every asset is materialized. Raises TimeoutError."""
    api, deadline = WebApi(urlsplit(url).port or 80), time.monotonic() + LANDED_SECONDS
    # The ledger is observed, and never materialized.
    while not all(
        node["assetMaterializations"] or node["isObservable"] for node in api.query(GRAPH)["assetNodes"]
    ):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not every asset of {url} was materialized within {LANDED_SECONDS} s")
        time.sleep(1)


@contextmanager
def own_demo() -> Iterator[str]:
    """Dagster's address of a demo of this checkout that runs for as long as it is needed."""
    ui, mlflow, s3 = (str(free_port()) for _ in range(3))
    command = [str(Path(sys.executable).with_name("ml-assets")), "demo", "--every", "86400"]
    ports = ["--port", ui, "--mlflow-port", mlflow, "--s3-port", s3]
    with subprocess.Popen([*command, *ports], stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None  # noqa: S101 - it was asked for as a pipe
        try:
            if not any("Ctrl-C stops everything" in line for line in demo.stdout):
                raise RuntimeError("The demo did not start; its own words are above.")
            yield f"http://127.0.0.1:{ui}"
        finally:
            demo.send_signal(signal.SIGTERM)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="Dagster's address of a running demo, such as http://127.0.0.1:3000")
    parser.add_argument("--target", type=Path, default=Path("docs/asset-graph.png"))
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("Chromium is missing; on Debian: apt-get install chromium", file=sys.stderr)
        return 1
    with nullcontext(options.url.rstrip("/")) if options.url else own_demo() as url:
        wait_for_a_landing(url)
        take(url, options.target, chromium)
    print(options.target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
