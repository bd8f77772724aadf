"""`python -m benchmarks [NAME …]`: run them, print a table, keep the results."""

from __future__ import annotations

import os
import signal
import sys

import click
from rich.console import Console

from benchmarks.benchmark import Benchmark
from benchmarks.clone import has_uncommitted_changes
from benchmarks.errors import BenchmarkError
from benchmarks.registry import chosen
from benchmarks.results import RESULTS, Result, keep_results
from benchmarks.runner import compare
from benchmarks.table import results_table
from ml_assets.demo.errors import DemoError

FEWEST_PAIRS = 5


@click.command()
@click.argument("names", nargs=-1)
@click.option("--pairs", type=click.IntRange(min=FEWEST_PAIRS), help="Default: each benchmark's own.")
def run(names: tuple[str, ...], pairs: int | None) -> None:
    """Measure the benchmarks NAMES (default: all) against their peers, in alternating pairs."""
    console = Console(soft_wrap=True)
    _say_what_disturbs(console)
    results = [_measure(benchmark, pairs, console) for benchmark in chosen(names)]
    console.print(results_table(results))


def _measure(benchmark: Benchmark, pairs: int | None, console: Console) -> Result:
    found = compare(benchmark, pairs=pairs or benchmark.pairs, tell=console.print)
    result = Result.of(benchmark, found)
    # One by one: what is measured stays when a later benchmark fails.
    keep_results(RESULTS, [result])
    return result


def _say_what_disturbs(console: Console) -> None:
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > cores / 2:
        console.print(f"Note: {load:.1f} processes run on {cores} cores; a busy machine spreads the ratios.")
    if has_uncommitted_changes():
        console.print("Note: uncommitted changes of this checkout are not in the clones that are measured.")


def main() -> int:
    # SIGTERM cleans up as Ctrl-C does: clones and servers must not stay behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (BenchmarkError, DemoError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    except click.Abort:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
