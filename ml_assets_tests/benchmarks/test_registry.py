from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import benchmarks
from benchmarks.__main__ import run
from benchmarks.errors import UnknownBenchmark
from benchmarks.registry import BENCHMARKS, chosen

FOLDER = Path(benchmarks.__file__).parent


def test_without_a_name_all_are_chosen_and_with_names_these() -> None:
    assert [each.name for each in chosen(())] == list(BENCHMARKS)
    assert [each.name for each in chosen(["one-day-on-90"])] == ["one-day-on-90"]


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownBenchmark, match=r"'two-days'.*one-day-on-90"):
        chosen(["two-days"])


def test_each_benchmark_is_measured_at_least_five_times_and_says_how_to_repeat_it() -> None:
    for name, benchmark in BENCHMARKS.items():
        assert benchmark.pairs >= 5
        assert benchmark.command == f"make bench-{name}"


def test_each_benchmark_is_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in BENCHMARKS if f"`{name}`" not in readme] == []


def test_fewer_than_five_pairs_are_refused() -> None:
    done = CliRunner().invoke(run, ["definitions-load", "--pairs", "4"])
    assert done.exit_code == 2
    assert "x>=5" in done.output


def test_results_are_not_in_git() -> None:
    ignored = (FOLDER.parent / ".gitignore").read_text(encoding="utf-8")
    assert re.search(r"^/benchmarks/results\.json$", ignored, re.MULTILINE)
