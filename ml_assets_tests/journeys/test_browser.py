"""What a person sees in Dagster's pages, in a real browser: graph, an unchanged run, metrics, plots."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from ml_assets_tests.journeys.checkout import Checkout, wait_until

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing: apt-get install chromium"),
]

NAMES = ("raw", "processed", "features", "model", "evaluation", "mlflow_run")
EDGES = {
    ("raw", "processed"),
    ("processed", "features"),
    ("features", "model"),
    ("features", "evaluation"),
    ("model", "evaluation"),
    ("evaluation", "mlflow_run"),
}
# Dagster draws each edge as a path with an arrow at its end.
DRAWN_EDGES = "path[marker-end]"

GRAPH = "{ assetNodes { assetKey { path } dependencyKeys { path } } }"
NEWEST = """
query($path: [String!]!) {
  assetNodeOrError(assetKey: {path: $path}) { ... on AssetNode {
    assetMaterializations(limit: 1) {
      runId tags { key value }
      metadataEntries { label ... on TextMetadataEntry { text } ... on FloatMetadataEntry { floatValue } }
    } } } }
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A demo with nine landed days, all its pages up."""
    checkout = Checkout.make(tmp_path_factory.mktemp("browser") / "checkout")
    running = checkout.start("--history", "9", "--every", "86400")
    try:
        running.wait_until_ready()
        wait_until(lambda: newest(checkout, "mlflow_run"), seconds=300, what="the first MLflow run")
        yield checkout
    finally:
        checkout.kill_all()


@pytest.fixture
def page(demo: Checkout) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(
            base_url=f"http://127.0.0.1:{demo.ui_port}", viewport={"width": 2400, "height": 1000}
        )
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield page
        browser.close()


def newest(checkout: Checkout, asset: str) -> Mapping[str, Any] | None:
    """Run, tags and metadata of an asset's newest materialization, as Dagster has them."""
    found = checkout.api.query(NEWEST, path=[asset])["assetNodeOrError"]["assetMaterializations"]
    return found[0] if found else None


def version(materialization: Mapping[str, Any]) -> str:
    tags = {tag["key"]: tag["value"] for tag in materialization["tags"]}
    return str(tags["dagster/data_version"])


def text(materialization: Mapping[str, Any], label: str) -> str:
    return next(str(each["text"]) for each in materialization["metadataEntries"] if each["label"] == label)


def test_the_lineage_page_shows_the_graph_from_raw_to_the_mlflow_run(demo: Checkout, page: Page) -> None:
    page.goto("/asset-groups")
    nodes = page.locator("foreignObject")
    for name in NAMES:
        expect(nodes.get_by_text(name, exact=True).first).to_be_visible()
    graph = demo.api.query(GRAPH)["assetNodes"]
    edges = {
        (above["path"][-1], node["assetKey"]["path"][-1])
        for node in graph
        for above in node["dependencyKeys"]
    }
    assert edges == EDGES
    left = {name: nodes.get_by_text(name, exact=True).first.bounding_box() for name in NAMES}
    columns = [box["x"] for name in NAMES if (box := left[name])]
    assert columns == sorted(columns), "each asset stands to the right of what it reads"
    assert page.locator(DRAWN_EDGES).count() >= len(EDGES)


def test_materialize_with_nothing_changed_runs_and_reports_unchanged_with_the_same_version(
    demo: Checkout, page: Page
) -> None:
    before = newest(demo, "evaluation")
    assert before is not None
    records = demo.ledger.head()

    page.goto("/assets/evaluation")
    page.get_by_role("button", name="Materialize").first.click()

    def done() -> bool:
        now = newest(demo, "evaluation")
        return now is not None and now["runId"] != before["runId"]

    wait_until(done, seconds=120, what="the new materialization")
    after = newest(demo, "evaluation")
    assert after is not None
    assert text(after, "dvc/outcome") == "unchanged"
    assert version(after) == version(before)
    assert demo.ledger.head() == records
    page.reload()
    expect(page.get_by_text("unchanged", exact=True).first).to_be_visible()


def test_an_assets_page_shows_metrics_as_numbers_and_plots_as_pictures(page: Page) -> None:
    page.goto("/assets/evaluation")
    expect(page.get_by_text("metrics/auc", exact=True).first).to_be_visible()
    # Dagster opens Markdown in a dialog of its own.
    plots = page.get_by_text(re.compile("show markdown", re.IGNORECASE))
    expect(plots).to_have_count(5)
    plots.first.click()
    picture = page.locator("img[src^='data:image/png;base64']")
    expect(picture).to_be_visible()
    assert picture.evaluate("img => img.naturalWidth") > 100
