"""Runs a benchmark: warm-ups, then pairs of which every second one begins with the other side."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.benchmark import Benchmark, Sides
from benchmarks.comparison import Comparison, Pair


def compare(benchmark: Benchmark, *, pairs: int, tell: Callable[[str], None]) -> Comparison:
    """Prepare both sides and measure `pairs` pairs; `tell` hears of each step in words.

    Raises whatever a side raises: a run that failed measures nothing.
    """
    tell(f"{benchmark.name}: preparing")
    with benchmark.prepare() as sides:
        for _ in range(benchmark.warm_ups):
            tell(f"{benchmark.name}: warming up")
            sides.theirs()
            sides.ours()
        measured: list[Pair] = []
        for pair in _measure(sides, pairs):
            measured.append(pair)
            tell(f"{benchmark.name}: pair {len(measured)} of {pairs}: {_in_words(pair, benchmark.unit)}")
    return Comparison(tuple(measured))


def _measure(sides: Sides, pairs: int) -> Iterator[Pair]:
    for number in range(pairs):
        # Whoever comes second finds warmer caches, and a laptop's processor hotter.
        if number % 2 == 0:
            ours = sides.ours()
            theirs = sides.theirs()
        else:
            theirs = sides.theirs()
            ours = sides.ours()
        yield Pair(ours=ours, theirs=theirs)


def _in_words(pair: Pair, unit: str) -> str:
    return f"{pair.ours:.2f} {unit} / {pair.theirs:.2f} {unit} = {pair.ratio:.2f}"
