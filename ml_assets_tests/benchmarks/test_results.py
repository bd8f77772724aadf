from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.benchmark import Better
from benchmarks.comparison import Comparison, Pair
from benchmarks.errors import ResultsUnreadable
from benchmarks.results import Result, keep_results, read_results
from benchmarks.table import results_table
from ml_assets_tests.benchmarks.stub import Calls, benchmark


def result(name: str = "some", *, ratio: float = 1.0, aim: float = 1.3, better: str = "lower") -> Result:
    found = Comparison((Pair(2 * ratio, 2.0),) * 5)
    return Result.of(benchmark(Calls(), name=name, aim=aim, better=Better(better)), found)


def test_the_file_is_a_list_of_what_was_promised(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    found = Comparison((Pair(1.0, 2.0), Pair(3.0, 2.0), Pair(2.0, 2.0)))
    keep_results(file, [Result.of(benchmark(Calls()), found)])
    assert json.loads(file.read_text()) == [
        {
            "name": "some",
            "ratio": 1.0,
            "aim": 1.3,
            "better": "lower",
            "ours": 2.0,
            "theirs": 2.0,
            "unit": "s",
            "peer": "the other way",
            "runs": 3,
            "spread": [0.5, 1.5],
            "command": "make bench-some",
        }
    ]


def test_one_benchmark_alone_keeps_the_results_of_the_others(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    keep_results(file, [result("first", ratio=1.0), result("second", ratio=2.0)])
    keep_results(file, [result("first", ratio=3.0)])
    assert [(each.name, each.ratio) for each in read_results(file)] == [("first", 3.0), ("second", 2.0)]


def test_nothing_else_is_left_beside_the_file(tmp_path: Path) -> None:
    keep_results(tmp_path / "results.json", [result()])
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_a_file_that_is_not_ours_is_named_with_the_remedy_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text('{"some": 1}')
    with pytest.raises(ResultsUnreadable, match=r"(?s)results\.json.*Remove the file") as caught:
        keep_results(file, [result()])
    assert caught.value.path == file
    assert file.read_text() == '{"some": 1}'


@pytest.mark.parametrize(
    ("better", "reached", "missed"),
    [("lower", (1.2, 1.3), (1.31, 2.0)), ("higher", (1.3, 1.4), (1.29, 0.5))],
)
def test_an_aim_is_reached_from_the_side_that_is_better(
    better: str, reached: tuple[float, ...], missed: tuple[float, ...]
) -> None:
    assert all(result(ratio=ratio, aim=1.3, better=better).reached for ratio in reached)
    assert not any(result(ratio=ratio, aim=1.3, better=better).reached for ratio in missed)


def test_the_table_says_ratio_range_aim_and_whether_it_was_reached() -> None:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(results_table([result(ratio=1.5, aim=1.3)]))
    shown = capture.get()
    for part in ("some", "1.50", "≤ 1.3", "missed", "3.00 s", "2.00 s", "the other way"):
        assert part in shown
