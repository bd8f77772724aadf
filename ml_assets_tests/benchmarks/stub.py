"""A benchmark whose sides measure given numbers and write down when they were called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.benchmark import Benchmark, Better, Sides


@dataclass
class Calls:
    """Gives out the numbers of each side, the last one again and again; without any, the side fails."""

    ours: Sequence[float] = (1.0,)
    theirs: Sequence[float] = (1.0,)
    order: list[str] = field(default_factory=list)

    def side(self, name: str, numbers: Sequence[float]) -> Callable[[], float]:
        def measure() -> float:
            turn = self.order.count(name)
            self.order.append(name)
            if not numbers:
                raise RuntimeError(f"{name} failed")
            return numbers[min(turn, len(numbers) - 1)]

        return measure

    @contextmanager
    def prepare(self) -> Iterator[Sides]:
        self.order.append("prepared")
        try:
            yield Sides(ours=self.side("ours", self.ours), theirs=self.side("theirs", self.theirs))
        finally:
            self.order.append("cleaned up")


def benchmark(
    calls: Calls, *, name: str = "some", aim: float = 1.3, better: Better = Better.LOWER, warm_ups: int = 0
) -> Benchmark:
    return Benchmark(
        name=name,
        question="How long?",
        peer="the other way",
        aim=aim,
        better=better,
        unit="s",
        prepare=calls.prepare,
        warm_ups=warm_ups,
    )
