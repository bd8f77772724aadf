"""Which stages may start now: a pure function of the graph, what is done, and what is running."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ml_assets.dvc.manifest import Manifest, Stage


@dataclass(frozen=True)
class Claim:
    """What a running stage takes: so many of the run's jobs, and a pool for itself alone."""

    cpus: int = 1
    pool: str | None = None


@dataclass(frozen=True)
class Schedule:
    """The stages of one run in the order of a serial `dvc repro`, with those of them that each waits for."""

    order: tuple[str, ...]
    waits_for: Mapping[str, frozenset[str]]
    claims: Mapping[str, Claim]

    def ready(
        self, *, done: Collection[str], running: Collection[str], given_up: Collection[str] = (), jobs: int
    ) -> Iterator[str]:
        """Stages that may start beside the `running` ones, in order.

        `done` are those that ended well, `given_up` those that failed or were skipped for one that did.
        """
        taken = [self.claims[name] for name in running]
        settled = {*done, *running, *given_up}
        for name in self.order:
            if name in settled or not self.waits_for[name] <= set(done):
                continue
            if _fits(self.claims[name], taken, jobs):
                taken.append(self.claims[name])
                yield name

    def downstream(self, name: str) -> tuple[str, ...]:
        """The stages that wait for `name`, also by way of others."""
        return tuple(other for other in self.order if name in self.waits_for[other])


def make_schedule(manifest: Manifest, selected: Collection[str]) -> Schedule:
    """The schedule of the `selected` stages.

    A stage also waits for selected ones that it depends on through stages that are not selected.
    """
    ancestors: dict[str, frozenset[str]] = {}
    for stage in manifest.stages:
        # DVC does not run stages for the sake of a frozen one; of those that it runs all the same, the frozen
        # one finds what came before it.
        above = [name for name in manifest.upstream(stage) if name in ancestors or not stage.frozen]
        ancestors[stage.name] = frozenset(above).union(*(ancestors[name] for name in above))
    order = tuple(stage.name for stage in manifest.stages if stage.name in selected)
    return Schedule(
        order=order,
        waits_for={name: ancestors[name] & set(order) for name in order},
        claims={name: _claim(manifest.stage(name)) for name in order},
    )


def _claim(stage: Stage) -> Claim:
    table = stage.meta.get("dagster") or {}
    return Claim(cpus=int(table.get("cpus", 1)), pool=table.get("pool"))


def _fits(claim: Claim, taken: Sequence[Claim], jobs: int) -> bool:
    if claim.pool is not None and any(other.pool == claim.pool for other in taken):
        return False
    # A stage that wants more than there is runs alone.
    return not taken or claim.cpus + sum(other.cpus for other in taken) <= jobs
