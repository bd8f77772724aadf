"""The schedule as a pure function: never too early, never too many, nothing forgotten."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ml_assets.dvc.manifest import Manifest, Output, Stage
from ml_assets.dvc.schedule import Schedule, make_schedule


def stage(name: str, reads: tuple[str, ...] = (), **dagster: object) -> Stage:
    return Stage(
        name=name,
        file="dvc.yaml",
        wdir=".",
        cmd=("true",),
        deps=tuple(f"{other}.txt" for other in reads),
        params={},
        outs=(Output(f"{name}.txt"),),
        meta={"dagster": dagster},
    )


def manifest(*stages: Stage) -> Manifest:
    return Manifest(stages=stages, sources=())


@st.composite
def graphs(draw: st.DrawFn) -> Manifest:
    """A pipeline whose stages read any of the stages before them."""
    count = draw(st.integers(1, 8))
    stages = []
    for number in range(count):
        reads = draw(st.sets(st.integers(0, number - 1))) if number else set()
        cpus = draw(st.integers(1, 3))
        pool = draw(st.sampled_from([None, None, "gpu"]))
        stages.append(stage(f"s{number}", tuple(f"s{n}" for n in sorted(reads)), cpus=cpus, pool=pool))
    return manifest(*stages)


def play(schedule: Schedule, jobs: int, pick: st.DataObject) -> list[tuple[str, frozenset[str]]]:
    """Run on paper, ending running stages in any order; what started beside what."""
    done: set[str] = set()
    running: set[str] = set()
    started = []
    while len(done) < len(schedule.order):
        for name in list(schedule.ready(done=done, running=running, jobs=jobs)):
            started.append((name, frozenset(running)))
            assert schedule.waits_for[name] <= done
            running.add(name)
        ended = pick.draw(st.sampled_from(sorted(running)))
        running.discard(ended)
        done.add(ended)
    return started


@given(graphs(), st.integers(1, 4), st.data())
def test_each_stage_starts_once_after_what_it_waits_for_and_within_its_claims(
    graph: Manifest, jobs: int, pick: st.DataObject
) -> None:
    schedule = make_schedule(graph, {each.name for each in graph.stages})
    started = play(schedule, jobs, pick)
    assert sorted(name for name, _ in started) == sorted(schedule.order)
    for name, beside in started:
        claims = [schedule.claims[each] for each in (name, *beside)]
        assert len(claims) == 1 or sum(claim.cpus for claim in claims) <= jobs
        pools = [claim.pool for claim in claims if claim.pool]
        assert len(pools) == len(set(pools))


@given(graphs(), st.data())
def test_with_one_job_stages_run_in_the_serial_order(graph: Manifest, pick: st.DataObject) -> None:
    schedule = make_schedule(graph, {each.name for each in graph.stages})
    assert [name for name, _ in play(schedule, 1, pick)] == list(schedule.order)


def test_a_selected_stage_waits_for_one_above_a_stage_that_is_not_selected() -> None:
    graph = manifest(stage("a"), stage("b", ("a",)), stage("c", ("b",)))
    assert make_schedule(graph, {"a", "c"}).waits_for["c"] == {"a"}


def test_a_frozen_stage_waits_for_what_a_serial_repro_runs_before_it_and_for_nothing_else() -> None:
    early, late = stage("early"), stage("late")
    frozen = replace(stage("frozen", ("early", "late")), frozen=True)
    schedule = make_schedule(manifest(early, frozen, late), {"early", "frozen", "late"})
    assert schedule.waits_for["frozen"] == {"early"}


def test_a_stage_waits_for_the_one_that_makes_its_params() -> None:
    reading = replace(stage("read"), params={"make.txt": ("lr",)})
    assert make_schedule(manifest(stage("make"), reading), {"make", "read"}).waits_for["read"] == {"make"}


def test_what_is_downstream_is_found_through_others() -> None:
    graph = manifest(stage("a"), stage("b", ("a",)), stage("c", ("b",)), stage("d"))
    schedule = make_schedule(graph, {"a", "b", "c", "d"})
    assert schedule.downstream("a") == ("b", "c")
