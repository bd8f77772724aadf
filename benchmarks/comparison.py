"""The arithmetic of pairs: one ratio a pair, their median, and how far they are spread."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Pair:
    """One run of ours and one of theirs, made one directly after the other."""

    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs


@dataclass(frozen=True)
class Comparison:
    """At least one pair; the ratio is the median of the pairs' ratios.

    Not the ratio of the medians: what slows the machine for a while slows both runs of a pair, and cancels.
    """

    pairs: tuple[Pair, ...]

    @property
    def ratio(self) -> float:
        return median(pair.ratio for pair in self.pairs)

    @property
    def ours(self) -> float:
        """Our median."""
        return median(pair.ours for pair in self.pairs)

    @property
    def theirs(self) -> float:
        """The peer's median."""
        return median(pair.theirs for pair in self.pairs)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio of a pair."""
        ratios = [pair.ratio for pair in self.pairs]
        return min(ratios), max(ratios)
