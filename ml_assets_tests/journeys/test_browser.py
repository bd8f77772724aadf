"""What a person sees in Dagster's pages, in a real browser: graph, an unchanged run, metrics, plots."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

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
# A page of a busy machine takes its time.
PATIENCE_MS = 90_000

EDGES = {
    ("raw", "processed"),
    ("processed", "features"),
    ("features", "model"),
    ("features", "evaluation"),
    ("model", "evaluation"),
    ("evaluation", "mlflow_run"),
}
NAMES = {name for edge in EDGES for name in edge}
PLOTS = {"roc", "precision_recall", "calibration", "confusion", "importance"}
# An edge is drawn as a curve from the one node's right side to the other's left: [x, y, x, y].
DRAWN_EDGES = "path[marker-end]"
ENDS = "path => (path.getAttribute('d').match(/[-\\d.]+/g) || []).map(Number)"
NODE = "node => ['x', 'y', 'width', 'height'].map(name => Number(node.getAttribute(name)))"
# Between a curve's end and the box, for the arrow.
GAP = 10

NEWEST = """
query ($path: [String!]!) { assetNodeOrError(assetKey: {path: $path}) { ... on AssetNode {
  assetMaterializations(limit: 1) {
    runId tags { key value }
    metadataEntries { label ... on TextMetadataEntry { text } ... on FloatMetadataEntry { floatValue } }
  } } } }
"""
RUN = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status assetSelection { path } } } }"


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
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        yield page
        browser.close()


def newest(checkout: Checkout, asset: str) -> Mapping[str, Any] | None:
    """Run, tags and metadata of an asset's newest materialization, as Dagster has them."""
    found = checkout.api.query(NEWEST, path=[asset])["assetNodeOrError"]["assetMaterializations"]
    return found[0] if found else None


def version(materialization: Mapping[str, Any]) -> str:
    tags = {tag["key"]: tag["value"] for tag in materialization["tags"]}
    return str(tags["dagster/data_version"])


def entries(materialization: Mapping[str, Any]) -> dict[str, Any]:
    return {
        each["label"]: each.get("text", each.get("floatValue")) for each in materialization["metadataEntries"]
    }


def test_the_lineage_page_draws_the_graph_from_raw_to_the_mlflow_run(page: Page) -> None:
    page.goto("/asset-groups")
    nodes, edges = page.locator("foreignObject"), page.locator(DRAWN_EDGES)
    # The ledger is beside the graph, and is observed.
    expect(nodes).to_have_count(len(NAMES) + 1)
    expect(edges).to_have_count(len(EDGES))
    expect(page.get_by_text("Materialized", exact=True)).to_have_count(len(NAMES))

    boxes = {_name(node): node.evaluate(NODE) for node in nodes.all()}
    assert set(boxes) == {*NAMES, "ledger"}
    assert {_joined(edge.evaluate(ENDS), boxes) for edge in edges.all()} == EDGES
    assert all(boxes[above][0] < boxes[below][0] for above, below in EDGES)


def _name(node: Locator) -> str:
    """The node's title, which is the first thing in it."""
    return node.locator("div").first.inner_text().split()[0]


def _joined(numbers: list[float], boxes: Mapping[str, list[float]]) -> tuple[str, str]:
    """The nodes whose sides the curve begins and ends at."""
    (x1, y1), (x2, y2) = numbers[:2], numbers[-2:]
    (above,) = [
        name
        for name, (x, y, width, height) in boxes.items()
        if abs(x + width - x1) <= GAP and y <= y1 <= y + height
    ]
    (below,) = [
        name for name, (x, y, _, height) in boxes.items() if abs(x - x2) <= GAP and y <= y2 <= y + height
    ]
    return above, below


def test_materialize_with_nothing_changed_runs_and_reports_unchanged_with_the_same_version(
    demo: Checkout, page: Page
) -> None:
    before, head = newest(demo, "evaluation"), demo.ledger.head()
    assert before is not None
    assert entries(before)["dvc/outcome"] == "ran"

    page.goto("/assets/evaluation")
    expect(_value(page, "dvc/outcome")).to_contain_text("ran")
    page.get_by_role("button", name="Materialize").first.click()

    expect(page.get_by_text("Launched run")).to_be_visible()
    wait_until(lambda: (newest(demo, "evaluation") or before) != before, seconds=180, what="the new event")
    after = newest(demo, "evaluation")
    assert after is not None
    _require_success(demo, after["runId"])
    assert entries(after)["dvc/outcome"] == "unchanged"
    assert version(after) == version(before)
    assert demo.ledger.head() == head
    page.reload()
    expect(_value(page, "dvc/outcome")).to_contain_text("unchanged")


def _value(page: Page, key: str) -> Locator:
    """The row of the asset page's metadata table with that key."""
    return page.get_by_role("row").filter(has=page.get_by_text(key, exact=True)).first


def _require_success(demo: Checkout, run_id: str) -> None:
    def run() -> Any:
        return demo.api.query(RUN, id=run_id)["runOrError"]

    wait_until(lambda: run()["status"] in {"SUCCESS", "FAILURE"}, seconds=120, what="the run's end")
    assert run() == {"status": "SUCCESS", "assetSelection": [{"path": ["evaluation"]}]}


def test_an_assets_page_shows_metrics_as_numbers_and_plots_as_pictures(demo: Checkout, page: Page) -> None:
    head = demo.ledger.head()
    assert head is not None
    metrics = head.model_dump()["metrics"]["evaluation/metrics.json"]
    page.goto("/assets/evaluation")

    expect(_value(page, "metrics/auc")).to_contain_text(str(metrics["auc"]))
    for plot in sorted(PLOTS):
        _value(page, f"plot/{plot}").get_by_text("Show Markdown").click()
        picture = page.get_by_role("dialog").locator("img")
        expect(picture).to_be_visible()
        assert picture.evaluate("img => img.complete && img.naturalWidth") > 200
        page.get_by_role("button", name="Close").click()
        expect(picture).to_have_count(0)


def test_a_metric_is_plotted_over_time(page: Page) -> None:
    page.goto("/assets/evaluation")
    page.get_by_text("Plots", exact=True).click()
    expect(page.get_by_text("metrics/auc", exact=True)).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
